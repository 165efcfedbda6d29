"""Links to people's calendars: making and ending one, whose calendar a link shows, and the goals whose dates are in it.

Making and ending append to the journal.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.journal import Log
from domain.values import EmployeeId, GoalId, Locale
from storage import journal
from storage.directory import works_today
from storage.tables import CalendarLinkRow, EmployeeRow

_ORGANISATION = "@organisation"  # the actor of what follows when somebody has left
_MAX_GOALS = 100  # of a person at the same time; nobody has so many

_GOALS = text("""
SELECT id FROM goal WHERE owner_id = :person AND state IN ('active', 'in_review') AND NOT paused
UNION
SELECT id FROM goal WHERE contributors @> ARRAY[CAST(:person AS text)] AND contributors <> '{}'
    AND state IN ('active', 'in_review') AND NOT paused
ORDER BY id LIMIT :limit
""")


class Subscriber(NamedTuple):
    """Whose calendar a link shows, and in which language."""

    employee: EmployeeId
    locale: Locale


async def made_at(connection: AsyncConnection, employee: EmployeeId) -> datetime | None:
    """When the person's link was made; None if there is none."""
    query = select(CalendarLinkRow.made_at).where(CalendarLinkRow.employee_id == employee)
    found: datetime | None = await connection.scalar(query)
    return found


async def make(connection: AsyncConnection, employee: EmployeeId, secret_hash: str, now: datetime) -> None:
    """Makes the person's link, in the place of an earlier one."""
    new = {"hash": secret_hash, "made_at": now}
    row = insert(CalendarLinkRow).values(employee_id=employee, **new)
    await connection.execute(row.on_conflict_do_update(index_elements=["employee_id"], set_=new))
    facts = {"employee": employee}
    await journal.append(connection, Log.TOKENS, "calendar_link_made", actor=employee, facts=facts)


async def end(connection: AsyncConnection, employee: EmployeeId) -> bool:
    """Ends the person's link. Returns False, and changes nothing, if there is none."""
    ended = delete(CalendarLinkRow).where(CalendarLinkRow.employee_id == employee)
    return bool(
        await _record(connection, await connection.scalars(ended.returning(CalendarLinkRow.employee_id)), employee)
    )


async def end_of_leavers(connection: AsyncConnection) -> None:
    """Ends the links of those who have left, so that they do not work when somebody comes back. A repeat finds none."""
    left = select(EmployeeRow.id).where(EmployeeRow.id == CalendarLinkRow.employee_id, ~EmployeeRow.active)
    ended = delete(CalendarLinkRow).where(left.exists())
    await _record(connection, await connection.scalars(ended.returning(CalendarLinkRow.employee_id)), _ORGANISATION)


async def _record(connection: AsyncConnection, people: Iterable[str], by: str) -> list[str]:
    found = sorted(people)
    for one in found:
        await journal.append(connection, Log.TOKENS, "calendar_link_ended", actor=by, facts={"employee": one})
    return found


async def find_by_secret(connection: AsyncConnection, secret_hash: str) -> Subscriber | None:
    """Whose link has this secret, if they work here today."""
    query = (
        select(EmployeeRow.id, EmployeeRow.locale)
        .join(CalendarLinkRow, CalendarLinkRow.employee_id == EmployeeRow.id)
        .where(CalendarLinkRow.hash == secret_hash, works_today())
    )
    row = (await connection.execute(query)).one_or_none()
    return Subscriber(EmployeeId(row[0]), Locale(row[1])) if row else None


async def goals_with_dates(connection: AsyncConnection, employee: EmployeeId) -> list[GoalId]:
    """The goals that the person works on, as owner or contributor: what was approved, is not paused and not over."""
    found = await connection.scalars(_GOALS, {"person": employee, "limit": _MAX_GOALS})
    return [GoalId(one) for one in found]
