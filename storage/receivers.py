"""Receivers of events: the systems that get ledger entries. Each change appends to the journal, without addresses and secrets."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.journal import Log
from storage import journal
from storage.tables import HookReceiverRow

OF_SETTINGS = "settings"  # the id of the receiver that the settings name

_ALIVE = HookReceiverRow.deleted_at.is_(None)
# The time with a receiver that did not take an entry begins anew when it is sent to again.
_BEGIN_ANEW = text("""
UPDATE hook_event SET failing_since = NULL, retry_at = NULL
WHERE receiver_id = :receiver AND sent_at IS NULL AND gave_up_at IS NULL AND failing_since IS NOT NULL
""")


class Receiver(NamedTuple):
    """A receiver as it is stored. `url` is None for the one of the settings, `kinds` where it gets all of them."""

    id: str
    url: str | None
    kinds: tuple[str, ...] | None
    paused_at: datetime | None
    generation: int
    earlier_until: datetime | None
    key_id: str | None
    created_by: str | None
    created_at: datetime

    def __repr__(self) -> str:
        return f"Receiver({self.id})"


_COLUMNS = (
    HookReceiverRow.id, HookReceiverRow.url, HookReceiverRow.kinds, HookReceiverRow.paused_at, HookReceiverRow.generation,
    HookReceiverRow.earlier_until, HookReceiverRow.key_id, HookReceiverRow.created_by, HookReceiverRow.created_at,
)  # fmt: skip


async def list_receivers(connection: AsyncConnection) -> list[Receiver]:
    """All that are not deleted, the oldest first."""
    query = select(*_COLUMNS).where(_ALIVE).order_by(HookReceiverRow.created_at, HookReceiverRow.id)
    return [_receiver(row) for row in await connection.execute(query)]


async def find(connection: AsyncConnection, receiver: str, *, lock: bool = False) -> Receiver | None:
    """The receiver, unless it was deleted. `lock`: others who change it wait until the transaction ends."""
    query = select(*_COLUMNS).where(HookReceiverRow.id == receiver, _ALIVE)
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    return _receiver(row) if row else None


async def find_by_url(connection: AsyncConnection, url: str) -> str | None:
    """The id of the receiver at this address."""
    found: str | None = await connection.scalar(select(HookReceiverRow.id).where(HookReceiverRow.url == url, _ALIVE))
    return found


async def switch_on_settings(connection: AsyncConnection, now: datetime) -> None:
    """Makes the receiver of the settings, if it was never made. Entries that are older than `now` are not sent to it."""
    row = insert(HookReceiverRow).values(id=OF_SETTINGS, since=now, created_at=now)
    await connection.execute(row.on_conflict_do_nothing(index_elements=["id"]))


async def add(connection: AsyncConnection, receiver: Receiver) -> bool:
    """Adds a receiver; entries that are older are not sent to it. Returns False, and changes nothing, if its address is taken."""
    values = receiver._asdict() | {"since": receiver.created_at}
    row = insert(HookReceiverRow).values(values).on_conflict_do_nothing().returning(HookReceiverRow.id)
    if await connection.scalar(row) is None:
        return False
    await _append(connection, "hook_made", receiver, by=receiver.created_by or "")
    return True


async def save(connection: AsyncConnection, kind: str, before: Receiver, after: Receiver, *, by: str) -> None:
    """Replaces the receiver, which the transaction has locked, by its changed form; `kind` names the entry of the journal. No entry where nothing changes."""
    if before == after:
        return
    await connection.execute(update(HookReceiverRow).where(HookReceiverRow.id == before.id).values(after._asdict()))
    if before.paused_at and not after.paused_at:
        await connection.execute(_BEGIN_ANEW, {"receiver": before.id})
    await _append(connection, kind, after, by=by, url_changed=before.url != after.url)


async def delete(connection: AsyncConnection, receiver: Receiver, *, by: str) -> None:
    """Ends a receiver. What was sent to it stays recorded; what was not is never sent."""
    ended = update(HookReceiverRow).where(HookReceiverRow.id == receiver.id, _ALIVE).values(deleted_at=func.now())
    if (await connection.execute(ended)).rowcount:
        await _append(connection, "hook_deleted", receiver, by=by)


async def _append(connection: AsyncConnection, kind: str, one: Receiver, by: str, **more: object) -> None:
    """The path of an address may hold a key, so the entry has the host only."""
    facts: dict[str, Any] = {
        "hook": one.id,
        "host": urlsplit(one.url).hostname if one.url else None,
        "kinds": list(one.kinds) if one.kinds is not None else None,
        "paused": one.paused_at is not None,
        "generation": one.generation,
        **more,
    }
    await journal.append(connection, Log.HOOKS, kind, actor=by, facts=facts)


def _receiver(row: Sequence[Any]) -> Receiver:
    one = Receiver(*row)
    return one._replace(kinds=tuple(one.kinds) if one.kinds is not None else None)
