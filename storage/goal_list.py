"""The list of goals with its filters. Each page is read from an index in the list's order."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, case, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.lifecycle import State
from storage.departments import names_meant
from storage.goal_pages import TASKS, page_of
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


class Filters(NamedTuple):
    """What the goals of a list have in common; None, and False: whatever it is.

    A department is found by its former names too, and with those below it. `owners`: one of these people owns the goal.
    `waits_for`: the open task has this assignee. `overdue_at`: the open task was due before that time, and the goal is not paused.
    `returned`: it is a draft that was returned for changes and not submitted again.
    """

    cycle: str | None = None
    owner: str | None = None
    state: str | None = None
    department: str | None = None
    contributor: str | None = None
    task: str | None = None
    waits_for: str | None = None
    owners: Sequence[str] | None = None
    name: str | None = None  # the owner's name begins with this; see `owners_named`
    overdue_at: datetime | None = None
    escalated: bool = False
    paused: bool = False
    returned: bool = False


async def list_goals(
    connection: AsyncConnection,
    filters: Filters = Filters(),  # noqa: B008 - a tuple, which nobody changes
    *,
    after: str = "",
    limit: int = 100,
    condition: ColumnElement[bool] | None = None,
) -> list[GoalLine]:
    """A page of goals, by id: at most `limit`, after the id `after`. One query; with a department two.

    `condition` (storage/visibility.py) limits the list to the goals that the caller may see.
    """
    given = {name: value for name, value in filters._asdict().items() if value not in (None, False)}
    if filters.department is not None:
        given["department"] = list(await names_meant(connection, filters.department))
    names = frozenset(given)
    query = _listing(names) if condition is None else _listing_of(names, condition)
    states = [one.value for one in State if filters.state in (None, one)]
    tasks = TASKS if filters.task is None else [filters.task]
    values = {**given, "states": states, "tasks": tasks, "after": after, "limit": limit}
    return [line_of(row) for row in await connection.execute(query, values)]


@cache
def _listing(given: frozenset[str]) -> Select[*tuple[Any, ...]]:
    """The query of a list with these filters. Built once: building it takes longer than PostgreSQL takes to run it."""
    return _listing_of(given, true())


def _listing_of(given: frozenset[str], condition: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    page = page_of(given, condition)
    return LINE.join(page, page.c.id == GoalRow.id).order_by(GoalRow.id)


async def find_line(connection: AsyncConnection, goal: str) -> GoalLine | None:
    """A goal as a list shows it."""
    found = (await connection.execute(LINE.where(GoalRow.id == goal))).one_or_none()
    return line_of(found) if found else None


def line_of(columns: Sequence[Any]) -> GoalLine:
    """The line from the columns of `LINE`."""
    return GoalLine(*columns)
