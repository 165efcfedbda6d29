"""A person's inbox: the goals with a task for them, or for somebody for whom they act. Each page is read in the order of due dates."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    func,
    null,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.policy.policy import TaskKind
from storage.goal_list import LINE, GoalLine, line_of
from storage.tables import CycleRow, DelegationRow, GoalRow

_DECISIONS = (TaskKind.APPROVAL, TaskKind.VERDICT)
_LIMIT = bindparam("limit", type_=Integer)


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
    to its last, in the time zone of the goal's owner. A delegate does not act for somebody else in the delegate's own goal,
    and for an owner or a contributor only where the delegation covers their own goals.
    """
    delegators = await _delegators(connection, employee, now)
    values = {"employee": employee, "assignees": [employee, *delegators], "now": now, "limit": limit}
    key = {} if after is None else {"due_at": after.due_at, "after": after.id}
    rows = await connection.execute(_inbox(acts_for_others=bool(delegators), has_key=bool(key)), values | key)
    return [InboxLine(line_of(row[:-1]), row[-1]) for row in rows]


async def count_waiting(connection: AsyncConnection, employee: str, now: datetime) -> int:
    """The number of goals in the person's inbox. Two queries."""
    delegators = await _delegators(connection, employee, now)
    values = {"employee": employee, "assignees": [employee, *delegators], "now": now}
    return (await connection.execute(_inbox_size(acts_for_others=bool(delegators)), values)).scalar_one()


class Workload(NamedTuple):
    """The decisions that wait for a person, and that they can make now: those of paused goals are not counted."""

    approvals: int
    verdicts: int
    overdue: int
    oldest_due: datetime | None


async def workload(connection: AsyncConnection, employee: str, now: datetime) -> Workload:
    """The approvals and verdicts in the person's inbox. Two queries."""
    delegators = await _delegators(connection, employee, now)
    values = {"employee": employee, "assignees": [employee, *delegators], "now": now}
    return Workload(*(await connection.execute(_workload(acts_for_others=bool(delegators)), values)).one())


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


@cache
def _workload(*, acts_for_others: bool) -> Select[int, int, int, datetime | None]:
    tasks = _goals_with_task(acts_for_others=acts_for_others).add_columns(GoalRow.task, GoalRow.due_at)
    one = tasks.where(GoalRow.task.in_(_DECISIONS), ~GoalRow.paused).subquery()
    is_overdue = one.c.due_at < bindparam("now", type_=DateTime(timezone=True))
    return select(
        func.count().filter(one.c.task == TaskKind.APPROVAL),
        func.count().filter(one.c.task == TaskKind.VERDICT),
        func.count().filter(is_overdue),
        func.min(one.c.due_at),
    )


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
            or_(
                DelegationRow.own_goals,
                and_(
                    DelegationRow.delegator_id != GoalRow.owner_id,
                    DelegationRow.delegator_id != func.all(GoalRow.contributors),
                ),
            ),
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
