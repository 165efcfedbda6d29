"""Forms that people have filled in and not sent. Nothing of them is in the journal."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import delete, func, or_, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.values import EmployeeId
from storage.tables import EmployeeRow, UnsentFormRow

_NEXT_NUMBER = text("DEFAULT")  # of the identity column


class KeptForm(NamedTuple):
    """A form as it is kept."""

    place: str
    fields: Mapping[str, Any]
    seen: int | None
    version: int
    saved_at: datetime

    def __repr__(self) -> str:
        return f"KeptForm({self.place}, {self.version})"  # what a person typed must not come into a log


class KeptPlace(NamedTuple):
    """Which form is kept, without its texts."""

    place: str
    seen: int | None
    version: int
    saved_at: datetime


_COLUMNS = (
    UnsentFormRow.place, UnsentFormRow.fields, UnsentFormRow.seen, UnsentFormRow.version, UnsentFormRow.saved_at,
)  # fmt: skip


async def lock(connection: AsyncConnection, employee: EmployeeId) -> None:
    """Lets one transaction at a time change the forms of the person, until it ends: for the version, and for their number."""
    await connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"unsent:{employee}", 0))))


async def find(connection: AsyncConnection, employee: EmployeeId, place: str) -> KeptForm | None:
    """What is kept of this form of the person."""
    query = select(*_COLUMNS).where(_is(employee, place))
    row = (await connection.execute(query)).one_or_none()
    return KeptForm(*row) if row else None


async def list_places(connection: AsyncConnection, employee: EmployeeId, limit: int) -> list[KeptPlace]:
    """The forms that are kept for the person, the one that was changed last first."""
    columns = (UnsentFormRow.place, UnsentFormRow.seen, UnsentFormRow.version, UnsentFormRow.saved_at)
    query = select(*columns).where(UnsentFormRow.employee_id == employee)
    rows = await connection.execute(query.order_by(UnsentFormRow.saved_at.desc(), UnsentFormRow.place).limit(limit))
    return [KeptPlace(*row) for row in rows]


async def count(connection: AsyncConnection, employee: EmployeeId) -> int:
    query = select(func.count()).select_from(UnsentFormRow).where(UnsentFormRow.employee_id == employee)
    return await connection.scalar(query) or 0


async def save(
    connection: AsyncConnection,
    employee: EmployeeId,
    place: str,
    fields: Mapping[str, Any],
    *,
    seen: int | None,
    now: datetime,
) -> KeptForm:
    """Keeps these fields, in the place of earlier ones, with a new version. The caller holds the lock, and has compared the version."""
    values = {"fields": dict(fields), "seen": seen, "saved_at": now}
    row = insert(UnsentFormRow).values(employee_id=employee, place=place, **values)
    row = row.on_conflict_do_update(index_elements=["employee_id", "place"], set_={**values, "version": _NEXT_NUMBER})
    return KeptForm(*(await connection.execute(row.returning(*_COLUMNS))).one())


async def forget(connection: AsyncConnection, employee: EmployeeId, place: str) -> None:
    """Deletes what is kept of this form. A repeat changes nothing."""
    await connection.execute(delete(UnsentFormRow).where(_is(employee, place)))


async def delete_of_leavers(connection: AsyncConnection) -> None:
    """Deletes the forms of those who have left. A repeat finds none."""
    left = select(EmployeeRow.id).where(EmployeeRow.id == UnsentFormRow.employee_id, ~EmployeeRow.active)
    await connection.execute(delete(UnsentFormRow).where(left.exists()))


async def delete_old(connection: AsyncConnection, before: datetime, most: int) -> int:
    """Deletes at most so many forms that were not changed since `before`, or whose person has left; returns how many.

    A person who leaves while they type can have one: `delete_of_leavers` does not see a transaction that is still open.
    """
    over = (
        select(UnsentFormRow.employee_id, UnsentFormRow.place)
        .join(EmployeeRow, EmployeeRow.id == UnsentFormRow.employee_id)
        .where(or_(UnsentFormRow.saved_at < before, ~EmployeeRow.active))
        .limit(most)
        .with_for_update(of=UnsentFormRow, skip_locked=True)
    )
    key = tuple_(UnsentFormRow.employee_id, UnsentFormRow.place)
    return (await connection.execute(delete(UnsentFormRow).where(key.in_(over)))).rowcount


def _is(employee: EmployeeId, place: str) -> Any:
    return (UnsentFormRow.employee_id == employee) & (UnsentFormRow.place == place)
