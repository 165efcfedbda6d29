"""Reading goals: lists, one goal, what waits on a person, the ledger. Reads go around the domain."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, Text, any_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.delegations import overlapping
from storage.ledger import event_of
from storage.tables import CycleRow, EmployeeRow, GoalEventRow, GoalRow


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


_LINE = (
    select(
        GoalRow.id, GoalRow.owner_id, EmployeeRow.name, GoalRow.department, GoalRow.state, GoalRow.revision, GoalRow.task,
        GoalRow.assignees, GoalRow.due_at, GoalRow.score, GoalRow.outcome,
        GoalRow.theme, GoalRow.seq,
    ).join(EmployeeRow, EmployeeRow.id == GoalRow.owner_id)
)  # fmt: skip
_RULES = func.coalesce(GoalRow.policy, CycleRow.policy)
_SITE_OF_OWNER = func.jsonb_extract_path_text(GoalRow.aggregate, "sites", GoalRow.owner_id)
_ZONE = func.coalesce(  # in which it is today for the goal
    func.jsonb_extract_path_text(_RULES, "sites", _SITE_OF_OWNER, "timezone"),
    func.jsonb_extract_path_text(_RULES, "calendar", "timezone"),
)


async def _lines(connection: AsyncConnection, query: Select[*tuple[Any, ...]]) -> list[GoalLine]:
    return [GoalLine(*row) for row in await connection.execute(query)]


async def list_goals(
    connection: AsyncConnection,
    *,
    cycle: str | None = None,
    owner: str | None = None,
    state: str | None = None,
    department: str | None = None,
    after: str = "",
    limit: int = 100,
    condition: ColumnElement[bool],
) -> list[GoalLine]:
    """Goals by id, page by page: the next `limit` after the id `after`; those that `condition` lets through (visibility.py)."""
    query = _LINE.where(GoalRow.id > after, condition).order_by(GoalRow.id).limit(limit)
    for column, value in (
        (GoalRow.cycle_id, cycle),
        (GoalRow.owner_id, owner),
        (GoalRow.state, state),
        (GoalRow.department, department),
    ):
        if value is not None:
            query = query.where(column == value)
    return await _lines(connection, query)


async def find_line(connection: AsyncConnection, goal: str) -> GoalLine | None:
    """A goal as a list shows it."""
    return next(iter(await _lines(connection, _LINE.where(GoalRow.id == goal))), None)


class InboxLine(NamedTuple):
    """A goal that waits on a person; `acting_for` is empty where it waits on themselves."""

    goal: GoalLine
    acting_for: str | None


async def inbox(connection: AsyncConnection, employee: str, now: datetime) -> list[InboxLine]:
    """The goals that wait on a person, or on those for whom the person acts now; the most urgent first.

    A delegation holds from its first day to its last, in the time zone of the goal's owner. Nobody acts for somebody else
    in a goal of their own.
    """
    today, one_day = now.astimezone(UTC).date(), timedelta(days=1)  # somewhere it may be yesterday or tomorrow
    around = await overlapping(connection, today - one_day, today + one_day, [employee])
    delegations = [one for one in around if one.to_id == employee]
    asked = [employee, *sorted({one.delegator_id for one in delegations})]
    query = _LINE.add_columns(_ZONE).join(CycleRow, CycleRow.id == GoalRow.cycle_id)
    query = query.where(GoalRow.task.is_not(None), GoalRow.assignees.overlap(asked))
    found = []
    for *columns, zone in await connection.execute(query.order_by(GoalRow.due_at, GoalRow.id)):
        line, day = GoalLine(*columns), now.astimezone(ZoneInfo(zone)).date()
        acted_for = {one.delegator_id for one in delegations if one.first <= day <= one.last}
        if employee in line.assignees:
            found.append(InboxLine(line, None))
        elif line.owner_id != employee and (delegators := acted_for.intersection(line.assignees)):
            found.append(InboxLine(line, min(delegators)))
    return found


async def open_goals(connection: AsyncConnection, cycle: str, after: str, limit: int) -> list[str]:
    """The next goals of a cycle, by id, that are not closed."""
    query = (
        select(GoalRow.id)
        .where(GoalRow.cycle_id == cycle, GoalRow.id > after, GoalRow.state != "closed")
        .order_by(GoalRow.id)
        .limit(limit)
    )
    return list((await connection.execute(query)).scalars())


async def open_goals_of(connection: AsyncConnection, people: Sequence[str]) -> list[str]:
    """The goals, by id, that are not closed and in which one of these people has a part: owner, manager or assignee."""
    named = any_(literal(list(people), ARRAY(Text)))
    query = (
        select(GoalRow.id)
        .where(
            GoalRow.state != "closed",
            (GoalRow.owner_id == named) | GoalRow.assignees.overlap(list(people)) | GoalRow.line.overlap(list(people)),
        )
        .order_by(GoalRow.id)
    )
    return list((await connection.execute(query)).scalars())


async def load_aggregates(
    connection: AsyncConnection, *, ids: Sequence[str] = (), owners: Sequence[str] = (), cycle: str | None = None
) -> list[dict[str, Any]]:
    """Goals whole, as JSON with their policy: by id, or a cycle's by owner."""
    query = select(GoalRow.aggregate, func.coalesce(GoalRow.policy, CycleRow.policy)).join(
        CycleRow, CycleRow.id == GoalRow.cycle_id
    )
    if cycle is not None:
        query = query.where(GoalRow.cycle_id == cycle, GoalRow.owner_id.in_(owners))
    else:
        query = query.where(GoalRow.id.in_(ids))
    return [
        {**aggregate, "policy": policy} for aggregate, policy in await connection.execute(query.order_by(GoalRow.id))
    ]


async def load_cycle(
    connection: AsyncConnection,
    cycle: str,
    *,
    owner: str | None = None,
    department: str | None = None,
    exemplars: bool = False,
    condition: ColumnElement[bool] | None = None,
) -> list[tuple[dict[str, Any], dict[str, Any] | None]]:
    """A cycle's goals whole, by id, each with its own policy where it has one; else the cycle's holds.

    With a `condition`, those that it lets through (visibility.py).
    """
    query = select(GoalRow.aggregate, GoalRow.policy).where(GoalRow.cycle_id == cycle).order_by(GoalRow.id)
    if owner is not None:
        query = query.where(GoalRow.owner_id == owner)
    if department is not None:
        query = query.where(GoalRow.department == department)
    if condition is not None:
        query = query.where(condition)
    if exemplars:
        query = query.where(GoalRow.exemplar)
    return [(aggregate, policy) for aggregate, policy in await connection.execute(query)]


_REVIEW_KINDS = ("self_reviewed", "continued", "reset", "closed")


async def read_reviews(connection: AsyncConnection, cycle: str) -> dict[str, list[dict[str, Any]]]:
    """The self-reviews and verdicts of a cycle's goals, each goal's in order."""
    query = (
        select(GoalEventRow.goal_id, GoalEventRow.body)
        .join(GoalRow, GoalRow.id == GoalEventRow.goal_id)
        .where(GoalRow.cycle_id == cycle, GoalEventRow.kind.in_(_REVIEW_KINDS))
        .order_by(GoalEventRow.goal_id, GoalEventRow.seq)
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for goal, body in await connection.execute(query):
        found.setdefault(goal, []).append(body)
    return found


class LedgerLine(NamedTuple):
    """One entry of the ledger, with what proves it."""

    event: dict[str, Any]
    kind: str
    prev_hash: str
    hash: str
    recorded_at: datetime


async def read_ledger(connection: AsyncConnection, goal: str, after: int = 0) -> list[LedgerLine]:
    """A goal's ledger behind the entry `after`, in order."""
    query = (
        select(GoalEventRow.__table__)
        .where(GoalEventRow.goal_id == goal, GoalEventRow.seq > after)
        .order_by(GoalEventRow.seq)
    )
    rows = [dict(row) for row in (await connection.execute(query)).mappings()]
    return [LedgerLine(event_of(row), row["kind"], row["prev_hash"], row["hash"], row["recorded_at"]) for row in rows]
