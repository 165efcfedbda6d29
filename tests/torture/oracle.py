"""What must be true after the torture, found from the stores alone and the answers that the driver got."""

from collections import Counter, defaultdict
from collections.abc import Iterable

from sqlalchemy import text

from tests.acceptance.servers_of_test import Site, entries_of
from tests.channels.mail_server import Mailbox
from tests.torture.driver import Answer, Sent

# Commands that the goal may acknowledge without an entry, because nothing changes.
_MAY_CHANGE_NOTHING = frozenset({"reassign", "delegate", "revise", "mark_exemplar"})


async def wrong_in_ledgers(site: Site, goals: Iterable[str], sent: list[Sent]) -> list[str]:
    """Each acknowledged command is in its goal's ledger once, no other one is there that was refused, and all stores agree.

    `entries_of` asserts for each goal: the chain holds, the projection is the fold of the ledger, and the workflow's snapshot
    has the ledger's end.
    """
    found: list[str] = []
    by_goal = defaultdict(list)
    for one in sent:
        by_goal[one.goal].append(one)
    heads = await _heads(site)
    for goal in goals:
        try:
            entries = await entries_of(site, goal)  # type: ignore[arg-type] # the driver's goals are plain text
        except AssertionError as error:
            found.append(f"{goal}: the stores disagree: {error}")
            continue
        kinds = Counter((entry.command, entry.kind) for entry in entries)
        found += [f"{goal}: {key} is recorded {n} times" for key, n in kinds.items() if n > 1]
        found += _wrong_answers(by_goal[goal], {command for command, _ in kinds}, heads)
    return found


def _wrong_answers(sent: list[Sent], recorded: set[str], heads: dict[tuple[str, int], str]) -> list[str]:
    found = []
    for one in sent:
        if one.answer is Answer.ACKNOWLEDGED:
            if one.id not in recorded and one.name not in _MAY_CHANGE_NOTHING:
                found.append(f"{one.goal}: {one.name} {one.id} was acknowledged and is lost")
            if heads.get((one.goal, one.seq)) != one.head:
                found.append(f"{one.goal}: the receipt of {one.id} names an entry {one.seq} that is not the ledger's")
        elif one.answer is Answer.REFUSED and one.id in recorded:
            found.append(f"{one.goal}: {one.name} {one.id} was refused ({one.code}) and is recorded")
    return found


async def _heads(site: Site) -> dict[tuple[str, int], str]:
    async with site.engine.connect() as connection:
        rows = await connection.execute(text("SELECT goal_id, seq, hash FROM goal_event"))
        return {(row[0], row[1]): row[2] for row in rows}


async def wrong_in_notices(site: Site, mailbox: Mailbox, kills: int) -> list[str]:
    """Each notice is in the outbox once and was sent; a mail comes twice at most where a kill fell between sending and recording.

    A worker sends four messages at a time, so a kill can repeat four.
    """
    async with site.engine.connect() as connection:
        events = await connection.execute(
            text(
                "SELECT goal_id, facts->>'seq', kind, recipient_id FROM outbox GROUP BY 1, 2, 3, 4 HAVING count(*) > 1"
            )
        )
        found = [f"{row[0]}: {row[2]} of entry {row[1]} is told to {row[3]} more than once" for row in events]
        sent = {
            row[0] for row in await connection.execute(text("SELECT message_id FROM outbox WHERE sent_at IS NOT NULL"))
        }
        left = await connection.execute(
            text("SELECT count(*) FROM outbox WHERE sent_at IS NULL AND withdrawn_at IS NULL AND gave_up_at IS NULL")
        )
        unsent = left.scalar_one()
    if unsent:
        found.append(f"{unsent} notices were not sent")
    arrived = Counter(mailbox.message_ids)
    found += [f"the message {one} is recorded as sent and never arrived" for one in sent if not _arrived(one, arrived)]
    repeated = sum(arrived.values()) - len(arrived)
    if repeated > 4 * kills:
        found.append(f"{repeated} mails came again, with {kills} kills")
    return found


def _arrived(message_id: str | None, arrived: Counter[str]) -> bool:
    return message_id is not None and any(message_id in one for one in arrived)
