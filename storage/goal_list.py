"""Lists of goals: the goal list with its filters, and a person's inbox. Each page is read from an index in the list's order."""

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
    any_,
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
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from domain.lifecycle import State
from storage.arrays import EMPTY
from storage.departments import names_meant
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
    cycle: str
    paused: bool  # nothing is due, and the due date moves when the goal is resumed
    site: str | None  # whose business days count for the task; None: the calendar of the rules
    own_zone: str | None  # the time zone of the task by the goal's own rules; None: the cycle's rules apply
    gone: bool  # the owner has left the company
    shared_with: list[str]  # the contributors


def _own_zone() -> ColumnElement[str | None]:
    """The time zone of the task's site in the goal's own rules, which most goals do not have."""
    site = func.jsonb_extract_path_text(GoalRow.aggregate, "task", "site")
    return func.coalesce(
        func.jsonb_extract_path_text(GoalRow.policy, "sites", site, "timezone"),
        func.jsonb_extract_path_text(GoalRow.policy, "calendar", "timezone"),
    )


def _owner() -> ColumnElement[str]:
    """The owner's name: of a closed goal the name when its cycle closed, of others the present name."""
    closed_at = select(CycleRow.closed_at).where(CycleRow.id == GoalRow.cycle_id).correlate(GoalRow).scalar_subquery()
    then = func.name_at(GoalRow.owner_id, closed_at)
    return case((GoalRow.state == State.CLOSED.value, then), else_=EmployeeRow.name)


LINE = (
    select(
        GoalRow.id, GoalRow.owner_id, _owner(), GoalRow.department, GoalRow.state, GoalRow.revision, GoalRow.task,
        GoalRow.assignees, GoalRow.due_at, GoalRow.score, GoalRow.outcome, GoalRow.theme, GoalRow.seq,
        GoalRow.cycle_id, GoalRow.paused, func.jsonb_extract_path_text(GoalRow.aggregate, "task", "site"), _own_zone(),
        func.jsonb_extract_path_text(GoalRow.aggregate, "gone_on").is_not(None),
        GoalRow.contributors,
    ).join(EmployeeRow, EmployeeRow.id == GoalRow.owner_id)
)  # fmt: skip


async def list_goals(
    connection: AsyncConnection,
    *,
    cycle: str | None = None,
    owner: str | None = None,
    state: str | None = None,
    department: str | None = None,
    contributor: str | None = None,
    after: str = "",
    limit: int = 100,
    condition: ColumnElement[bool] | None = None,
) -> list[GoalLine]:
    """A page of goals, by id: at most `limit`, after the id `after`. One query; with a department two.

    A department is found by its former names too, and with those below it.

    `condition` (storage/visibility.py) limits the list to the goals that the caller may see.
    """
    names = None if department is None else list(await names_meant(connection, department))
    filters = {"cycle": cycle, "owner": owner, "state": state, "department": names, "contributor": contributor}
    given = {name: value for name, value in filters.items() if value is not None}
    query = _listing(frozenset(given)) if condition is None else _listing_of(frozenset(given), condition)
    states = [one.value for one in State if state in (None, one)]
    rows = await connection.execute(query, {**given, "states": states, "after": after, "limit": limit})
    return [_line(row) for row in rows]


_COLUMNS = {"cycle": GoalRow.cycle_id, "owner": GoalRow.owner_id, "state": GoalRow.state}
_DEPARTMENTS = bindparam("department", type_=ARRAY(Text))
_CONTRIBUTOR = bindparam("contributor", type_=Text)
_LIMIT = bindparam("limit", type_=Integer)


@cache
def _listing(given: frozenset[str]) -> Select[*tuple[Any, ...]]:
    """The query of a list with these filters. Built once: building it takes longer than PostgreSQL takes to run it."""
    return _listing_of(given, true())


def _listing_of(given: frozenset[str], condition: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    is_merged = not {"owner", "contributor"} & given and ("department" in given or given == {"state"})
    page = _page_by_merge(given, condition) if is_merged else _page_by_scan(given, condition)
    return LINE.join(page, page.c.id == GoalRow.id).order_by(GoalRow.id)


def _page_by_scan(given: frozenset[str], condition: ColumnElement[bool]) -> Subquery:
    """The ids of the page, if one index holds them in order, or if an owner filter leaves only a few goals."""
    chosen = [_COLUMNS[name] == bindparam(name, type_=Text) for name in sorted(given & _COLUMNS.keys())]
    if "contributor" in given:  # the first condition is that of the index
        chosen += [
            GoalRow.contributors != EMPTY,
            GoalRow.contributors.overlap(cast(array([_CONTRIBUTOR]), ARRAY(Text))),
        ]
    if "department" in given:
        chosen.append(GoalRow.department == any_(_DEPARTMENTS))
    query = select(GoalRow.id).where(GoalRow.id > bindparam("after", type_=Text), condition, *chosen)
    return query.order_by(GoalRow.id).limit(_LIMIT).subquery("page")


def _page_by_merge(given: frozenset[str], condition: ColumnElement[bool]) -> Subquery:
    """The ids of the page, merged from the first ids of each cycle and state, and of each name of the departments.

    The indexes begin with the cycle and the state (or with the cycle, the department and the state); within these, ids are in
    order. There are few cycles and five states, so the query reads a bounded number of index entries. The alternative would
    be one index per combination of filters.
    """
    of_cycle = aliased(CycleRow)  # an alias: `condition` may use the table itself
    state_names = bindparam("states", type_=ARRAY(Text))
    states = func.unnest(state_names).table_valued("state", name="states").render_derived()
    candidates = select(GoalRow.id).where(
        GoalRow.cycle_id == of_cycle.id,
        GoalRow.state == states.c.state,
        GoalRow.id > bindparam("after", type_=Text),
        condition,
    )
    groups: list[Any] = [of_cycle, states]
    if "department" in given:
        names = func.unnest(_DEPARTMENTS).table_valued("name", name="names").render_derived()
        candidates = candidates.where(GoalRow.department == names.c.name)
        groups.append(names)
    first = candidates.order_by(GoalRow.id).limit(_LIMIT).correlate(*groups).lateral("first")
    query = select(first.c.id).select_from(of_cycle)
    for group in (*groups[1:], first):
        query = query.join(group, true())
    if "cycle" in given:
        query = query.where(of_cycle.id == bindparam("cycle", type_=Text))
    return query.order_by(first.c.id).limit(_LIMIT).subquery("page")


async def find_line(connection: AsyncConnection, goal: str) -> GoalLine | None:
    """A goal as a list shows it."""
    found = (await connection.execute(LINE.where(GoalRow.id == goal))).one_or_none()
    return _line(found) if found else None


class InboxLine(NamedTuple):
    """A goal with a task for a person. `acting_for` is the assignee for whom the person acts; None: the person is an assignee."""

    goal: GoalLine
    acting_for: str | None


class InboxKey(NamedTuple):
    """The position of a line in an inbox, which is ordered by due date and goal id."""

    due_at: datetime
    id: str


async def inbox(
    connection: AsyncConnection, employee: str, now: datetime, *, after: InboxKey | None = None, limit: int = 100
) -> list[InboxLine]:
    """A page of the goals with a task for this person, or for somebody for whom this person acts at `now`. Two queries.

    The earliest due date comes first; at most `limit` lines, after the position `after`. A delegation holds from its first day
    to its last, in the time zone of the goal's owner. A delegate does not act for somebody else in the delegate's own goal.
    """
    delegators = await _delegators(connection, employee, now)
    values = {"employee": employee, "assignees": [employee, *delegators], "now": now, "limit": limit}
    key = {} if after is None else {"due_at": after.due_at, "after": after.id}
    rows = await connection.execute(_inbox(acts_for_others=bool(delegators), has_key=bool(key)), values | key)
    return [InboxLine(_line(row[:-1]), row[-1]) for row in rows]


async def count_waiting(connection: AsyncConnection, employee: str, now: datetime) -> int:
    """The number of goals in the person's inbox. Two queries."""
    delegators = await _delegators(connection, employee, now)
    values = {"employee": employee, "assignees": [employee, *delegators], "now": now}
    return (await connection.execute(_inbox_size(acts_for_others=bool(delegators)), values)).scalar_one()


@cache
def _inbox(*, acts_for_others: bool, has_key: bool) -> Select[*tuple[Any, ...]]:
    """The query of a page; built once, like the queries of the lists."""
    query = _goals_with_task(acts_for_others=acts_for_others)
    if has_key:
        key = tuple_(bindparam("due_at", type_=GoalRow.due_at.type), bindparam("after", type_=Text))
        query = query.where(tuple_(GoalRow.due_at, GoalRow.id) > key)
    page = query.order_by(GoalRow.due_at, GoalRow.id).limit(_LIMIT).subquery("page")
    lines = LINE.add_columns(page.c.acting_for).join(page, page.c.id == GoalRow.id)
    return lines.order_by(GoalRow.due_at, GoalRow.id)


@cache
def _inbox_size(*, acts_for_others: bool) -> Select[int]:
    return select(func.count()).select_from(_goals_with_task(acts_for_others=acts_for_others).subquery())


def _goals_with_task(*, acts_for_others: bool) -> Select[str, str | None]:
    employee = bindparam("employee", type_=Text)
    is_assignee = employee == func.any(GoalRow.assignees)
    acting_for = _acting_for() if acts_for_others else null()
    query = (
        select(GoalRow.id, case((is_assignee, null()), else_=acting_for).label("acting_for"))
        .join(CycleRow, CycleRow.id == GoalRow.cycle_id)
        .where(GoalRow.task.is_not(None), GoalRow.assignees.overlap(bindparam("assignees", type_=ARRAY(Text))))
    )
    if not acts_for_others:
        return query
    return query.where(or_(is_assignee, and_(GoalRow.owner_id != employee, acting_for.is_not(None))))


def _acting_for() -> ColumnElement[str | None]:
    """The assignee of the goal for whom the person acts; of several, the first by id."""
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
    """The people for whom the person acts at `now` in any time zone: the local date may be a day earlier or later."""
    day, one_day = now.astimezone(UTC).date(), timedelta(days=1)
    values = {"employee": employee, "tomorrow": day + one_day, "yesterday": day - one_day}
    return list((await connection.execute(_DELEGATORS, values)).scalars())


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
