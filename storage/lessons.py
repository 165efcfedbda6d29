"""The last self-review of each goal of a cycle, and which problems were taken over from where."""

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.commitments import open_texts
from domain.lifecycle import EventKind
from storage.tables import GoalEventRow, GoalRow, ProblemRow


class Review(NamedTuple):
    """A self-review: its goal, the hash of its entry, and its body with its texts; `erased` are the places of those that were erased."""

    goal: str
    department: str
    hash: str
    body: dict[str, Any]
    erased: tuple[str, ...]


async def last_reviews(
    connection: AsyncConnection,
    cycle: str,
    condition: ColumnElement[bool],
    *,
    department: str | None = None,
) -> list[Review]:
    """The last self-review of each goal of the cycle for which the condition is true, by department and goal."""
    query = (
        select(GoalRow.id, GoalRow.department, GoalEventRow.hash, GoalEventRow.body, GoalEventRow.texts)
        .join(GoalEventRow, GoalEventRow.goal_id == GoalRow.id)
        .where(GoalRow.cycle_id == cycle, condition, GoalEventRow.body["kind"].astext == EventKind.SELF_REVIEWED)
        .ext(distinct_on(GoalRow.department, GoalRow.id))
        .order_by(GoalRow.department, GoalRow.id, GoalEventRow.seq.desc())
    )
    if department is not None:
        query = query.where(GoalRow.department == department)
    found = []
    for goal, where, digest, body, texts in await connection.execute(query):
        opened, erased = open_texts(body, texts or {})
        found.append(Review(goal, where, digest, opened, tuple(erased)))
    return found


async def taken_over(connection: AsyncConnection, cycle: str) -> dict[str, str]:
    """The problems of the cycle that were taken over and not taken back, by their source."""
    query = select(ProblemRow.source, ProblemRow.id).where(
        ProblemRow.cycle_id == cycle, ProblemRow.source.is_not(None), ProblemRow.taken_back_at.is_(None)
    )
    return {row[0]: row[1] for row in await connection.execute(query) if row[0]}
