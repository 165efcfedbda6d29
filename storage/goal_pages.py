"""The ids of a page of the list of goals, read from an index in the order of ids. What is read is bounded for any filters.

Which way is taken depends on the filters that are given, not on their values: so there is one query for each set of filters.
"""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Integer,
    Select,
    Subquery,
    Text,
    any_,
    bindparam,
    cast,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from domain.policy.policy import TaskKind
from storage.arrays import EMPTY, is_one_of
from storage.people_search import name_begins_with, spellings_of_number
from storage.tables import CycleRow, EmployeeRow, GoalRow

TASKS = [one.value for one in TaskKind]
_FEW = frozenset(
    {"owner", "owners", "contributor", "waits_for"}
)  # filters that leave only a few goals, or ids in order
_FLAGS = frozenset({"overdue_at", "escalated", "paused", "returned"})  # each has an index of such goals
_MOST_OWNERS = 1_000

_COLUMNS = {"cycle": GoalRow.cycle_id, "owner": GoalRow.owner_id, "state": GoalRow.state, "task": GoalRow.task}
_DEPARTMENTS = bindparam("department", type_=ARRAY(Text))
_CONTRIBUTOR = bindparam("contributor", type_=Text)
_WAITS_FOR = bindparam("waits_for", type_=Text)
_LIMIT = bindparam("limit", type_=Integer)
_AFTER = GoalRow.id > bindparam("after", type_=Text)


async def owners_named(connection: AsyncConnection, words: str) -> list[str] | None:
    """Whose name begins with the words, or whose id or employee number they are. None: more than a thousand people. One query."""
    numbers = spellings_of_number(words)
    is_meant = or_(name_begins_with(words), is_one_of(EmployeeRow.id, numbers), is_one_of(EmployeeRow.number, numbers))
    found = list(await connection.scalars(select(EmployeeRow.id).where(is_meant).limit(_MOST_OWNERS + 1)))
    return None if len(found) > _MOST_OWNERS else sorted(found)


def page_of(given: frozenset[str], condition: ColumnElement[bool]) -> Subquery:
    """The ids of a page with the `given` filters; those of `Filters` in goal_list.py, whose values are parameters."""
    if _FEW & given:
        return _page_by_scan(given, condition)
    if _FLAGS & given:
        return _page_by_cycle(given, condition)
    is_merged = {"department", "task"} & given or (given - {"name"}) == {"state"}
    return _page_by_merge(given, condition) if is_merged else _page_by_scan(given, condition)


def _chosen(given: frozenset[str]) -> list[ColumnElement[bool]]:
    """The conditions of the filters."""
    chosen: list[ColumnElement[bool]] = [
        _COLUMNS[name] == bindparam(name, type_=Text) for name in sorted(given & _COLUMNS.keys())
    ]
    if "contributor" in given:  # the first condition is that of the index
        chosen += [
            GoalRow.contributors != EMPTY,
            GoalRow.contributors.overlap(cast(array([_CONTRIBUTOR]), ARRAY(Text))),
        ]
    if "department" in given:
        chosen.append(GoalRow.department == any_(_DEPARTMENTS))
    if "owners" in given:
        chosen.append(GoalRow.owner_id == any_(bindparam("owners", type_=ARRAY(Text))))
    if "waits_for" in given:
        chosen.append(GoalRow.id == any_(_ids_of_assignee()))
    if "name" in given:
        begins = name_begins_with(bindparam("name", type_=Text))
        chosen.append(
            select(EmployeeRow.id).where(EmployeeRow.id == GoalRow.owner_id, begins).correlate(GoalRow).exists()
        )
    return [*chosen, *_flags(given)]


def _flags(given: frozenset[str]) -> list[Any]:
    chosen: list[Any] = []  # conditions, and columns that are conditions
    if "overdue_at" in given:
        due = bindparam("overdue_at", type_=DateTime(timezone=True))
        chosen += [GoalRow.task.is_not(None), _is_of_tasks(), ~GoalRow.paused, GoalRow.due_at < due]
    if "escalated" in given:
        chosen.append(GoalRow.escalated)
    if "paused" in given:
        chosen.append(GoalRow.paused)
    if "returned" in given:
        chosen += [GoalRow.returned, GoalRow.state == "draft"]
    return chosen


def _is_of_tasks() -> ColumnElement[bool]:
    """The task is the one that is asked for, or any: the index of due dates has it before the date."""
    is_one: ColumnElement[bool] = GoalRow.task == any_(bindparam("tasks", type_=ARRAY(Text)))
    return is_one


def _ids_of_assignee() -> Any:
    """As an array: PostgreSQL then finds them by the index of assignees, and never reads a whole cycle to find a few of them."""
    goal = aliased(GoalRow)
    theirs = select(goal.id).where(
        goal.task.is_not(None), goal.assignees.overlap(cast(array([_WAITS_FOR]), ARRAY(Text)))
    )
    return func.array(theirs.scalar_subquery())


def _page_by_scan(given: frozenset[str], condition: ColumnElement[bool]) -> Subquery:
    """The ids of the page, if one index holds them in order, or if a filter leaves only a few goals."""
    query = select(GoalRow.id).where(_AFTER, condition, *_chosen(given))
    return query.order_by(GoalRow.id).limit(_LIMIT).subquery("page")


def _page_by_cycle(given: frozenset[str], condition: ColumnElement[bool]) -> Subquery:
    """The ids of the page, merged from the first ids of each cycle that a flag marks: its index begins with the cycle."""
    of_cycle = aliased(CycleRow)
    query = select(GoalRow.id).where(GoalRow.cycle_id == of_cycle.id, _AFTER, condition, *_chosen(given - {"cycle"}))
    return _merged(given, of_cycle, [], query)


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
        _AFTER,
        condition,
        *_chosen(given - {"cycle", "state", "department"}),
    )
    groups: list[Any] = [states]
    if "department" in given:
        names = func.unnest(_DEPARTMENTS).table_valued("name", name="names").render_derived()
        candidates = candidates.where(GoalRow.department == names.c.name)
        groups.append(names)
    return _merged(given, of_cycle, groups, candidates)


def _merged(given: frozenset[str], of_cycle: Any, groups: list[Any], candidates: Select[str]) -> Subquery:
    """The first of the candidates of each cycle and group, in order."""
    first = candidates.order_by(GoalRow.id).limit(_LIMIT).correlate(of_cycle, *groups).lateral("first")
    query = select(first.c.id).select_from(of_cycle)
    for group in (*groups, first):
        query = query.join(group, true())
    if "cycle" in given:
        query = query.where(of_cycle.id == bindparam("cycle", type_=Text))
    return query.order_by(first.c.id).limit(_LIMIT).subquery("page")
