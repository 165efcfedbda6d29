"""Delegations: who may act for whom, from which day to which day."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Date, bindparam, delete, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.journal import Log
from storage import journal
from storage.arrays import is_one_of
from storage.tables import DelegationRow

_ADD_LOCK = (
    0x64656C65  # key of the advisory lock: two delegations that would form a chain together are added one by one
)

_ORGANISATION = "@organisation"  # the actor of what follows when somebody's last day is over

# Somebody without a last day left yesterday at the latest: they are not active today.
_END = text("""
    WITH concerned AS (
        SELECT d.id, d.first, min(LEAST(COALESCE(e.leaves, :yesterday), :yesterday)) AS ended
        FROM delegation d JOIN employee e ON e.id IN (d.delegator_id, d.to_id)
        WHERE (NOT e.active OR e.leaves <= :yesterday) GROUP BY d.id, d.first
    ), removed AS (
        DELETE FROM delegation d USING concerned c WHERE c.id = d.id AND c.ended < c.first RETURNING d.id
    ), shortened AS (
        UPDATE delegation d SET last = c.ended FROM concerned c
        WHERE c.id = d.id AND c.ended >= c.first AND d.last > c.ended RETURNING d.id
    )
    SELECT id FROM removed UNION ALL SELECT id FROM shortened
""").bindparams(bindparam("yesterday", type_=Date))


class StoredDelegation(NamedTuple):
    """A delegation for all goals: `to_id` may act for `delegator_id` from `first` to `last`, both included."""

    id: str
    delegator_id: str
    to_id: str
    first: date
    last: date
    reason: str | None
    given_by: str
    own_goals: bool = False  # also for the delegator's own goals


_COLUMNS = (
    DelegationRow.id, DelegationRow.delegator_id, DelegationRow.to_id, DelegationRow.first, DelegationRow.last,
    DelegationRow.reason, DelegationRow.given_by, DelegationRow.own_goals,
)  # fmt: skip


async def overlapping(
    connection: AsyncConnection, first: date, last: date, people: Sequence[str] | None = None
) -> list[StoredDelegation]:
    """The delegations that hold on some day from `first` to `last`; with `people`, only those from or to these people."""
    query = select(*_COLUMNS).where(DelegationRow.first <= last, DelegationRow.last >= first)
    if people is not None:
        query = query.where(is_one_of(DelegationRow.delegator_id, people) | is_one_of(DelegationRow.to_id, people))
    found = await connection.execute(query.order_by(DelegationRow.first, DelegationRow.id))
    return [StoredDelegation(*row) for row in found]


async def end(connection: AsyncConnection, delegator: str, to: str, *, by: str) -> int:
    """Removes the delegations from `delegator` to `to`; returns how many. Appends to the journal if there were any."""
    which = (DelegationRow.delegator_id == delegator) & (DelegationRow.to_id == to)
    removed = await connection.scalars(delete(DelegationRow).where(which).returning(DelegationRow.id))
    ended = sorted(removed)
    if ended:
        await journal.append(connection, Log.DELEGATIONS, "delegations_ended", actor=by, facts={"delegations": ended})
    return len(ended)


async def end_of_leavers(connection: AsyncConnection, today: date) -> int:
    """Ends the delegations from and to people who left, on their last day; removes those that had not begun. Returns how many.

    Appends to the journal if there were any. A repeat finds none.
    """
    found = await connection.execute(_END, {"yesterday": today - timedelta(days=1)})
    ended = sorted(found.scalars())
    if ended:
        facts = {"delegations": ended, "today": today.isoformat()}
        await journal.append(connection, Log.DELEGATIONS, "people_left", actor=_ORGANISATION, facts=facts)
    return len(ended)


def _is_same(one: StoredDelegation, delegation: dict[str, Any]) -> bool:
    return all(
        getattr(one, field) == delegation[field] for field in ("delegator_id", "to_id", "first", "last", "own_goals")
    )


async def add(connection: AsyncConnection, delegation: dict[str, Any]) -> StoredDelegation | None:
    """Adds the delegation and returns None, or adds nothing and returns the delegation with which it would form a chain.

    In a chain a delegate has a delegate on the same day; a circle is a chain that ends where it begins. Keyed by the
    delegation's id, so a repeat adds nothing; nor does the same delegation under another id. A new one is in the journal.
    """
    await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADD_LOCK})
    near = await overlapping(
        connection, delegation["first"], delegation["last"], [delegation["delegator_id"], delegation["to_id"]]
    )
    for one in near:
        chained = one.delegator_id == delegation["to_id"] or one.to_id == delegation["delegator_id"]
        if chained and one.id != delegation["id"]:
            return one
    if any(_is_same(one, delegation) for one in near):
        return None
    made = await connection.scalar(
        upsert(DelegationRow).values(delegation).on_conflict_do_nothing().returning(DelegationRow.id)
    )
    if made is not None:
        await _write_down(connection, delegation)
    return None


async def _write_down(connection: AsyncConnection, delegation: dict[str, Any]) -> None:
    facts = {
        "delegation": delegation["id"],
        "delegator": delegation["delegator_id"],
        "to": delegation["to_id"],
        "first": delegation["first"].isoformat(),
        "last": delegation["last"].isoformat(),
        "own_goals": delegation["own_goals"],
    }
    texts = {"reason": delegation["reason"]}
    actor = delegation["given_by"]
    await journal.append(connection, Log.DELEGATIONS, "delegation_given", actor=actor, facts=facts, texts=texts)
