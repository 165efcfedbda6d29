"""Standing delegations: who may act for whom, from when to when, wherever the delegator is asked."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import DelegationRow

_ONE_AT_A_TIME = 0x64656C65  # key of the advisory lock: two that would close a circle together take turns


class Standing(NamedTuple):
    id: str
    delegator_id: str
    to_id: str
    first: date
    last: date
    reason: str | None
    given_by: str


_COLUMNS = (
    DelegationRow.id, DelegationRow.delegator_id, DelegationRow.to_id, DelegationRow.first, DelegationRow.last,
    DelegationRow.reason, DelegationRow.given_by,
)  # fmt: skip


async def overlapping(
    connection: AsyncConnection, first: date, last: date, people: Sequence[str] | None = None
) -> list[Standing]:
    """The delegations that hold on some day from `first` to `last`; with `people`, those from or to them."""
    return await _overlapping(connection, first, last, people)


async def _overlapping(
    connection: AsyncConnection, first: date, last: date, people: Sequence[str] | None
) -> list[Standing]:
    query = select(*_COLUMNS).where(DelegationRow.first <= last, DelegationRow.last >= first)
    if people is not None:
        query = query.where(DelegationRow.delegator_id.in_(people) | DelegationRow.to_id.in_(people))
    found = await connection.execute(query.order_by(DelegationRow.first, DelegationRow.id))
    return [Standing(*row) for row in found]


async def add(connection: AsyncConnection, delegation: dict[str, Any]) -> Standing | None:
    """Adds the delegation, unless it would make a chain at some day: the one that stands in its way is the answer.

    A chain is a delegate who has a delegate; a circle is one that closes. The same id again adds nothing.
    """
    await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})
    near = await _overlapping(
        connection, delegation["first"], delegation["last"], [delegation["delegator_id"], delegation["to_id"]]
    )
    for one in near:
        chained = one.delegator_id == delegation["to_id"] or one.to_id == delegation["delegator_id"]
        if chained and one.id != delegation["id"]:
            return one
    await connection.execute(upsert(DelegationRow).values(delegation).on_conflict_do_nothing())
    return None
