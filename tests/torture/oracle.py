"""What must be true after the torture, found from the stores alone and the answers that the driver got."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from tests.acceptance.servers_of_test import Site, entries_of
from tests.channels.mail_server import Mailbox
from tests.torture.driver import Answer, Sent

# Commands that the goal may acknowledge without an entry, because nothing changes.
_MAY_CHANGE_NOTHING = frozenset({"reassign", "delegate", "revise", "mark_exemplar"})


async def is_recorded(site: Site, goal: str, command_id: str) -> bool:
    """Whether the goal's ledger holds the command. Waits until the database answers."""
    query = text("SELECT EXISTS (SELECT FROM goal_event WHERE goal_id = :goal AND command_id = :command)")
    while True:
        try:
            async with site.engine.connect() as connection:
                return bool((await connection.execute(query, {"goal": goal, "command": command_id})).scalar_one())
        except (SQLAlchemyError, OSError):
            await asyncio.sleep(0.2)


async def wrong_in_ledgers(
    site: Site, goals: Iterable[str], sent: list[Sent], faults: Sequence[tuple[float, float]]
) -> list[str]:
    """Each acknowledged command is in its goal's ledger once, none is there that was refused, and all stores agree.

    A command may be refused though it is recorded in two cases: it was on its way during a fault (`faults` are pairs of
    monotonic seconds), or it is sent again later than the goal remembers its id. `service/` asks the ledger then.

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
        found += wrong_answers(by_goal[goal], {command for command, _ in kinds}, heads, faults)
    return found


def wrong_answers(
    sent: list[Sent],
    recorded: set[str],
    heads: Mapping[tuple[str, int], str],
    faults: Sequence[tuple[float, float]],
) -> list[str]:
    """The answers about one goal that do not agree with its ledger, which holds the commands `recorded`."""
    found, answers = [], defaultdict(list)
    for one in sent:
        answers[one.id].append(one)
        if one.answer is Answer.ACKNOWLEDGED and one.id not in recorded and one.name not in _MAY_CHANGE_NOTHING:
            found.append(f"{one.goal}: {one.name} {one.id} was acknowledged and is lost")
        if one.answer is Answer.ACKNOWLEDGED and heads.get((one.goal, one.seq)) != one.head:
            found.append(f"{one.goal}: the receipt of {one.id} names an entry {one.seq} that is not the ledger's")
    for first, *later in answers.values():
        said = f"{first.goal}: {first.name} {first.id} is recorded and was refused ({first.code})"
        if first.id in recorded and {first.answer, *(one.answer for one in later)} == {Answer.REFUSED}:
            found.append(said)
        if first.answer is Answer.RECORDED and not any(
            began <= first.answered_at and first.asked_at <= ended for began, ended in faults
        ):
            found.append(f"{said} without a fault")
    return found


async def wrong_in_begun(site: Site, made: Mapping[str, str | None]) -> list[str]:
    """What is wrong with the goals that HR began or handed over; a handover may need several tries, whose ids have a suffix."""
    query = text("""
        SELECT split_part(e.command_id, ':', 1), array_agg(g.id)
        FROM goal g JOIN goal_event e ON e.goal_id = g.id AND e.seq = 1 GROUP BY 1
    """)
    async with site.engine.connect() as connection:
        return wrong_begun(made, {row[0]: row[1] for row in await connection.execute(query)})


def wrong_begun(made: Mapping[str, str | None], begun: Mapping[str, list[str]]) -> list[str]:
    """Each command began one goal, that of the answer; one that was refused (None) began none."""
    return [
        f"{command} was answered with {goal} and began {begun.get(command)}"
        for command, goal in made.items()
        if begun.get(command) != (None if goal is None else [goal])
    ]


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
            row[0]
            for row in await connection.execute(
                text("SELECT message_id FROM outbox WHERE sent_at IS NOT NULL AND channel = 'mail'")
            )
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
