"""Problems that managers and staff named in hearings, and the goals that answer them."""

from typing import NamedTuple

from sqlalchemy import ColumnElement, Subquery, and_, func, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.journal import Log
from storage import journal
from storage.tables import GoalRow, ProblemRow

_ABANDONED = ("withdrawn", "lapsed", "removed", "cancelled")


class Problem(NamedTuple):
    """A problem as a list shows it. `answers` counts the goals that name it: drafts too, abandoned goals not."""

    id: str
    department: str
    text: str
    heard_as: str
    added_by: str
    name: str  # when the problem was added
    answers: int


async def add(
    connection: AsyncConnection, *, cycle: str, department: str, problem: str, heard_as: str, by: str, command_id: str
) -> str:
    """Adds a problem and returns its id. Keyed by `command_id`: a repeat adds nothing and returns the same id.

    Appends to the journal, with `by` as the actor, if the problem is new.
    """
    row = {
        "cycle_id": cycle,
        "department": department,
        "text": problem,
        "heard_as": heard_as,
        "added_by": by,
        "command_id": command_id,
    }
    made = await connection.scalar(
        upsert(ProblemRow).values(row).on_conflict_do_nothing(index_elements=["command_id"]).returning(ProblemRow.id)
    )
    if made is not None:
        facts = {"problem": made, "cycle": cycle, "department": department, "heard_as": heard_as, "command": command_id}
        await journal.append(connection, Log.HEARINGS, "problem_added", actor=by, facts=facts, texts={"text": problem})
        return str(made)
    found = await connection.execute(select(ProblemRow.id).where(ProblemRow.command_id == command_id))
    return str(found.scalar_one())


async def find_all(
    connection: AsyncConnection,
    cycle: str,
    *,
    department: str | None = None,
    search: str = "",
    unanswered: bool = False,
) -> list[Problem]:
    """The problems of a cycle, oldest first. `unanswered`: only those that no goal answers."""
    answered = _answered(cycle)
    answers = func.coalesce(answered.c.goals, 0)
    query = (
        select(
            ProblemRow.id, ProblemRow.department, ProblemRow.text, ProblemRow.heard_as, ProblemRow.added_by,
            func.name_at(ProblemRow.added_by, ProblemRow.added_at), answers.label("answers"),
        )
        .outerjoin(answered, answered.c.problem == ProblemRow.id)
        .where(ProblemRow.cycle_id == cycle)
        .order_by(ProblemRow.number)
    )  # fmt: skip
    if department is not None:
        query = query.where(ProblemRow.department == department)
    if search:
        query = query.where(ProblemRow.text.icontains(search, autoescape=True))
    if unanswered:
        query = query.where(answers == 0)
    return [Problem(*row) for row in await connection.execute(query)]


def _answered(cycle: str) -> Subquery:
    """The number of goals that name each problem. Reads the goals once that name any, not once for each problem.

    The condition on `answers` repeats that of the partial index `goal_by_answer`.
    """
    named = (
        select(func.unnest(GoalRow.answers).label("problem"))
        .where(GoalRow.cycle_id == cycle, text("answers <> '{}'"), _is_not_abandoned())
        .subquery()
    )
    return select(named.c.problem, func.count().label("goals")).group_by(named.c.problem).subquery()


def _is_not_abandoned() -> ColumnElement[bool]:
    return and_(func.coalesce(GoalRow.outcome, text("''")).not_in(_ABANDONED))
