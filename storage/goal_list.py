"""Lists of goals: by any filter, and what waits for a person. Each is read page by page, from an index in the list's order."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Date,
    Select,
    Subquery,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from domain.lifecycle import State
from storage.tables import CycleRow, DelegationRow, EmployeeRow, GoalRow


class GoalLine(NamedTuple):
    """A goal as a list shows it."""

    id: str
    owner_id: str
    owner: str
    department: str
    state: str
    revision: int
    task: str | None
    assignees: list[str]
    due_at: datetime | None
    score: Decimal
    outcome: str | None
    theme: str
    seq: int


LINE = (
    select(
        GoalRow.id, GoalRow.owner_id, EmployeeRow.name, GoalRow.department, GoalRow.state, GoalRow.revision, GoalRow.task,
        GoalRow.assignees, GoalRow.due_at, GoalRow.score, GoalRow.outcome, GoalRow.theme, GoalRow.seq,
    ).join(EmployeeRow, EmployeeRow.id == GoalRow.owner_id)
)  # fmt: skip


async def list_goals(
    connection: AsyncConnection,
    *,
    cycle: str | None = None,
    owner: str | None = None,
    state: str | None = None,
    department: str | None = None,
    after: str = "",
    limit: int = 100,
    condition: ColumnElement[bool] | None = None,
) -> list[GoalLine]:
    """Goals by id, page by page: the next `limit` after the id `after`. One query.

    With a `condition` on `GoalRow`, those that it lets through.
    """
    wanted = [GoalRow.id > after]
    if condition is not None:
        wanted.append(condition)
    if owner is not None:
        wanted.append(GoalRow.owner_id == owner)
    if owner is None and (department is not None or (cycle is None and state is not None)):
        page = _merged(wanted, cycle, state, department, limit)
    else:
        page = _scanned(wanted, cycle, state, department, limit)
    query = LINE.join(page, page.c.id == GoalRow.id).order_by(GoalRow.id)
    return [_line(row) for row in await connection.execute(query)]


def _scanned(
    wanted: Sequence[ColumnElement[bool]], cycle: str | None, state: str | None, department: str | None, limit: int
) -> Subquery:
    """The page's ids, where one index holds them in order, or where the owner leaves only a few."""
    query = select(GoalRow.id).where(*wanted)
    for attribute, value in ((GoalRow.cycle_id, cycle), (GoalRow.state, state), (GoalRow.department, department)):
        if value is not None:
            query = query.where(attribute == value)
    return query.order_by(GoalRow.id).limit(limit).subquery("page")


def _merged(
    wanted: Sequence[ColumnElement[bool]], cycle: str | None, state: str | None, department: str | None, limit: int
) -> Subquery:
    """The page's ids, merged from the first ids of every cycle and state that may hold some.

    The indexes begin with the cycle, and the department's goes on with the state: within those, ids are in order. There are
    few cycles and five states, so this reads a bounded number of entries and saves an index per combination of filters.
    """
    of_cycle = aliased(CycleRow)  # a condition may use the table itself
    named = [one.value for one in State if state in (None, one)]
    states = func.unnest(literal(named, ARRAY(Text))).table_valued("state", name="states").render_derived()
    piece = select(GoalRow.id).where(GoalRow.cycle_id == of_cycle.id, GoalRow.state == states.c.state, *wanted)
    if department is not None:
        piece = piece.where(GoalRow.department == department)
    first = piece.order_by(GoalRow.id).limit(limit).correlate(of_cycle, states).lateral("first")
    query = select(first.c.id).select_from(of_cycle).join(states, true()).join(first, true())
    if cycle is not None:
        query = query.where(of_cycle.id == cycle)
    return query.order_by(first.c.id).limit(limit).subquery("page")


async def find_line(connection: AsyncConnection, goal: str) -> GoalLine | None:
    """A goal as a list shows it."""
    found = (await connection.execute(LINE.where(GoalRow.id == goal))).one_or_none()
    return _line(found) if found else None


class InboxLine(NamedTuple):
    """A goal that waits on a person; `acting_for` is empty where it waits on themselves."""

    goal: GoalLine
    acting_for: str | None


class InboxKey(NamedTuple):
    """The place of a line in the order of an inbox."""

    due_at: datetime
    id: str


async def inbox(
    connection: AsyncConnection, employee: str, now: datetime, *, after: InboxKey | None = None, limit: int = 100
) -> list[InboxLine]:
    """The goals that wait on a person, or on those for whom the person acts now; the most urgent first. Two queries.

    The next `limit` after the place `after`. A delegation holds from its first day to its last, in the time zone of the
    goal's owner. Nobody acts for somebody else in a goal of their own.
    """
    asked = [employee, *await _delegators(connection, employee, now)]
    page = _waiting(employee, asked, now, after).order_by(GoalRow.due_at, GoalRow.id).limit(limit).subquery("page")
    query = LINE.add_columns(page.c.acting_for).join(page, page.c.id == GoalRow.id)
    rows = await connection.execute(query.order_by(GoalRow.due_at, GoalRow.id))
    return [InboxLine(_line(row[:-1]), row[-1]) for row in rows]


async def count_waiting(connection: AsyncConnection, employee: str, now: datetime) -> int:
    """How many goals the inbox holds. Two queries."""
    asked = [employee, *await _delegators(connection, employee, now)]
    waiting = _waiting(employee, asked, now, None).subquery()
    return (await connection.execute(select(func.count()).select_from(waiting))).scalar_one()


def _waiting(employee: str, asked: Sequence[str], now: datetime, after: InboxKey | None) -> Select[str, str | None]:
    is_asked = GoalRow.assignees.contains([employee])
    acting_for = _acting_for(employee, now)
    query = (
        select(GoalRow.id, case((is_asked, null()), else_=acting_for).label("acting_for"))
        .join(CycleRow, CycleRow.id == GoalRow.cycle_id)
        .where(GoalRow.task.is_not(None), GoalRow.assignees.overlap(list(asked)))
    )
    if len(asked) > 1:
        query = query.where(or_(is_asked, and_(GoalRow.owner_id != employee, acting_for.is_not(None))))
    if after is not None:
        query = query.where(tuple_(GoalRow.due_at, GoalRow.id) > tuple_(*after))
    return query


def _acting_for(employee: str, now: datetime) -> ColumnElement[str | None]:
    """The first of the goal's assignees for whom the person acts."""
    rules = func.coalesce(GoalRow.policy, CycleRow.policy)
    site_of_owner = func.jsonb_extract_path_text(GoalRow.aggregate, "sites", GoalRow.owner_id)
    zone = func.coalesce(
        func.jsonb_extract_path_text(rules, "sites", site_of_owner, "timezone"),
        func.jsonb_extract_path_text(rules, "calendar", "timezone"),
    )
    today = cast(func.timezone(zone, now), Date)
    return (
        select(func.min(DelegationRow.delegator_id))
        .where(
            DelegationRow.to_id == employee,
            DelegationRow.delegator_id == func.any(GoalRow.assignees),
            DelegationRow.first <= today,
            DelegationRow.last >= today,
        )
        .correlate(GoalRow, CycleRow)
        .scalar_subquery()
    )


async def _delegators(connection: AsyncConnection, employee: str, now: datetime) -> list[str]:
    """Those for whom the person acts now in some time zone: it may be yesterday or tomorrow there."""
    day, one_day = now.astimezone(UTC).date(), timedelta(days=1)
    query = (
        select(DelegationRow.delegator_id)
        .where(
            DelegationRow.to_id == employee, DelegationRow.first <= day + one_day, DelegationRow.last >= day - one_day
        )
        .distinct()
    )
    return sorted((await connection.execute(query)).scalars())


def _line(columns: Sequence[Any]) -> GoalLine:
    return GoalLine(*columns)
