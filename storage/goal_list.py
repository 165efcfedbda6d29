"""Lists of goals: by any filter, and what waits for a person. Each is read page by page, from an index in the list's order."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    Integer,
    Select,
    Subquery,
    Text,
    and_,
    bindparam,
    case,
    cast,
    func,
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
    filters = {"cycle": cycle, "owner": owner, "state": state, "department": department}
    given = {name: value for name, value in filters.items() if value is not None}
    query = _listing(frozenset(given)) if condition is None else _listing_of(frozenset(given), condition)
    states = [one.value for one in State if state in (None, one)]
    rows = await connection.execute(query, {**given, "states": states, "after": after, "limit": limit})
    return [_line(row) for row in rows]


_COLUMNS = {
    "cycle": GoalRow.cycle_id, "owner": GoalRow.owner_id, "state": GoalRow.state, "department": GoalRow.department,
}  # fmt: skip
_LIMIT = bindparam("limit", type_=Integer)


@cache
def _listing(given: frozenset[str]) -> Select[*tuple[Any, ...]]:
    """The query of a list with these filters. Made once: making it takes longer than PostgreSQL takes to answer it."""
    return _listing_of(given, true())


def _listing_of(given: frozenset[str], condition: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    is_merged = "owner" not in given and ("department" in given or given == {"state"})
    page = _merged(given, condition) if is_merged else _scanned(given, condition)
    return LINE.join(page, page.c.id == GoalRow.id).order_by(GoalRow.id)


def _scanned(given: frozenset[str], condition: ColumnElement[bool]) -> Subquery:
    """The page's ids, where one index holds them in order, or where the owner leaves only a few."""
    chosen = (_COLUMNS[name] == bindparam(name, type_=Text) for name in sorted(given))
    query = select(GoalRow.id).where(GoalRow.id > bindparam("after", type_=Text), condition, *chosen)
    return query.order_by(GoalRow.id).limit(_LIMIT).subquery("page")


def _merged(given: frozenset[str], condition: ColumnElement[bool]) -> Subquery:
    """The page's ids, merged from the first ids of every cycle and state that may hold some.

    The indexes begin with the cycle, and the department's goes on with the state: within those, ids are in order. There are
    few cycles and five states, so this reads a bounded number of entries and saves an index per combination of filters.
    """
    of_cycle = aliased(CycleRow)  # a condition may use the table itself
    named = bindparam("states", type_=ARRAY(Text))
    states = func.unnest(named).table_valued("state", name="states").render_derived()
    piece = select(GoalRow.id).where(
        GoalRow.cycle_id == of_cycle.id,
        GoalRow.state == states.c.state,
        GoalRow.id > bindparam("after", type_=Text),
        condition,
    )
    if "department" in given:
        piece = piece.where(GoalRow.department == bindparam("department", type_=Text))
    first = piece.order_by(GoalRow.id).limit(_LIMIT).correlate(of_cycle, states).lateral("first")
    query = select(first.c.id).select_from(of_cycle).join(states, true()).join(first, true())
    if "cycle" in given:
        query = query.where(of_cycle.id == bindparam("cycle", type_=Text))
    return query.order_by(first.c.id).limit(_LIMIT).subquery("page")


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
    delegators = await _delegators(connection, employee, now)
    asked = {"employee": employee, "asked": [employee, *delegators], "now": now, "limit": limit}
    place = {} if after is None else {"due_at": after.due_at, "after": after.id}
    rows = await connection.execute(_inbox(acts_for_others=bool(delegators), behind=bool(place)), asked | place)
    return [InboxLine(_line(row[:-1]), row[-1]) for row in rows]


async def count_waiting(connection: AsyncConnection, employee: str, now: datetime) -> int:
    """How many goals the inbox holds. Two queries."""
    delegators = await _delegators(connection, employee, now)
    asked = {"employee": employee, "asked": [employee, *delegators], "now": now}
    return (await connection.execute(_inbox_size(acts_for_others=bool(delegators)), asked)).scalar_one()


@cache
def _inbox(*, acts_for_others: bool, behind: bool) -> Select[*tuple[Any, ...]]:
    """The query of a page; made once, as those of the lists."""
    query = _waiting(acts_for_others=acts_for_others)
    if behind:
        place = tuple_(bindparam("due_at", type_=GoalRow.due_at.type), bindparam("after", type_=Text))
        query = query.where(tuple_(GoalRow.due_at, GoalRow.id) > place)
    page = query.order_by(GoalRow.due_at, GoalRow.id).limit(_LIMIT).subquery("page")
    lines = LINE.add_columns(page.c.acting_for).join(page, page.c.id == GoalRow.id)
    return lines.order_by(GoalRow.due_at, GoalRow.id)


@cache
def _inbox_size(*, acts_for_others: bool) -> Select[int]:
    return select(func.count()).select_from(_waiting(acts_for_others=acts_for_others).subquery())


def _waiting(*, acts_for_others: bool) -> Select[str, str | None]:
    employee = bindparam("employee", type_=Text)
    is_asked = employee == func.any(GoalRow.assignees)
    acting_for = _acting_for() if acts_for_others else null()
    query = (
        select(GoalRow.id, case((is_asked, null()), else_=acting_for).label("acting_for"))
        .join(CycleRow, CycleRow.id == GoalRow.cycle_id)
        .where(GoalRow.task.is_not(None), GoalRow.assignees.overlap(bindparam("asked", type_=ARRAY(Text))))
    )
    if not acts_for_others:
        return query
    return query.where(or_(is_asked, and_(GoalRow.owner_id != employee, acting_for.is_not(None))))


def _acting_for() -> ColumnElement[str | None]:
    """The first of the goal's assignees for whom the person acts."""
    rules = func.coalesce(GoalRow.policy, CycleRow.policy)
    site_of_owner = func.jsonb_extract_path_text(GoalRow.aggregate, "sites", GoalRow.owner_id)
    zone = func.coalesce(
        func.jsonb_extract_path_text(rules, "sites", site_of_owner, "timezone"),
        func.jsonb_extract_path_text(rules, "calendar", "timezone"),
    )
    today = cast(func.timezone(zone, bindparam("now", type_=DateTime(timezone=True))), Date)
    return (
        select(func.min(DelegationRow.delegator_id))
        .where(
            DelegationRow.to_id == bindparam("employee", type_=Text),
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
    asked = {"employee": employee, "tomorrow": day + one_day, "yesterday": day - one_day}
    return list((await connection.execute(_DELEGATORS, asked)).scalars())


_DELEGATORS = (
    select(DelegationRow.delegator_id)
    .where(
        DelegationRow.to_id == bindparam("employee", type_=Text),
        DelegationRow.first <= bindparam("tomorrow", type_=Date),
        DelegationRow.last >= bindparam("yesterday", type_=Date),
    )
    .distinct()
    .order_by(DelegationRow.delegator_id)
)


def _line(columns: Sequence[Any]) -> GoalLine:
    return GoalLine(*columns)
