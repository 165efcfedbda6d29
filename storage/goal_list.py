"""The list of goals with its filters. Each page is read from an index in the list's order."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Subquery,
    Text,
    any_,
    bindparam,
    case,
    cast,
    func,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from domain.lifecycle import State
from storage.arrays import EMPTY
from storage.departments import names_meant
from storage.tables import CycleRow, EmployeeRow, GoalRow


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
    return [line_of(row) for row in rows]


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
    return line_of(found) if found else None


def line_of(columns: Sequence[Any]) -> GoalLine:
    """The line from the columns of `LINE`."""
    return GoalLine(*columns)
