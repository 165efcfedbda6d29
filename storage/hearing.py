"""Problems that managers and staff named in hearings, and the goals that answer them."""

from typing import NamedTuple

from sqlalchemy import ColumnElement, Subquery, and_, func, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.journal import Log
from storage import journal
from storage.arrays import is_one_of
from storage.departments import names_meant
from storage.tables import GoalRow, ProblemRow

_ABANDONED = ("withdrawn", "lapsed", "removed", "cancelled", "handed_over")


class Problem(NamedTuple):
    """A problem as a list shows it. `answers` counts the goals that name it: drafts too, abandoned goals not."""

    id: str
    department: str
    text: str
    heard_as: str
    added_by: str
    name: str  # when the problem was added
    answers: int
    source: str | None = None  # the problem or the review of an earlier cycle from which it was taken over


class HeardIn(NamedTuple):
    """A problem with the cycle for which it was heard."""

    id: str
    cycle: str
    text: str
    added_by: str
    is_taken_back: bool


async def add(
    connection: AsyncConnection,
    *,
    cycle: str,
    department: str,
    problem: str,
    heard_as: str,
    by: str,
    command_id: str,
    source: str | None = None,
) -> str:
    """Adds a problem and returns its id. Keyed by `command_id`: a repeat adds nothing and returns the same id.

    Keyed by cycle and `source` too, where it was taken over: until it is taken back, a second one adds nothing.

    Appends to the journal, with `by` as the actor, if the problem is new.
    """
    row = {
        "cycle_id": cycle,
        "department": department,
        "text": problem,
        "heard_as": heard_as,
        "added_by": by,
        "command_id": command_id,
        "source": source,
    }
    made = await connection.scalar(upsert(ProblemRow).values(row).on_conflict_do_nothing().returning(ProblemRow.id))
    if made is not None:
        facts = {"problem": made, "cycle": cycle, "department": department, "heard_as": heard_as, "command": command_id}
        facts |= {"source": source} if source else {}
        await journal.append(connection, Log.HEARINGS, "problem_added", actor=by, facts=facts, texts={"text": problem})
        return str(made)
    repeated = ProblemRow.command_id == command_id
    if source is None:
        return str(await connection.scalar(select(ProblemRow.id).where(repeated)))
    same = (ProblemRow.cycle_id == cycle) & (ProblemRow.source == source) & ProblemRow.taken_back_at.is_(None)
    found = await connection.execute(select(ProblemRow.id).where(repeated | same).order_by(same.desc()).limit(1))
    return str(found.scalar_one())


async def lock(connection: AsyncConnection, problem: str) -> HeardIn | None:
    """The problem; None if it is unknown. Nobody changes it, and no goal begins to answer it, until the transaction ends."""
    columns = (
        ProblemRow.id,
        ProblemRow.cycle_id,
        ProblemRow.text,
        ProblemRow.added_by,
        ProblemRow.taken_back_at.is_not(None),
    )
    query = select(*columns).where(ProblemRow.id == problem).with_for_update()
    row = (await connection.execute(query)).one_or_none()
    return HeardIn(*row) if row else None


async def correct(connection: AsyncConnection, before: HeardIn, to: str, *, by: str) -> None:
    """Replaces the text of a locked problem. The journal keeps both texts. Changes nothing if the text is the same."""
    if to != before.text:
        await connection.execute(update(ProblemRow).where(ProblemRow.id == before.id).values(text=to))
        await _note(connection, "problem_corrected", before, by, {"text": to})


async def take_back(connection: AsyncConnection, problem: HeardIn, reason: str, *, by: str) -> int:
    """Takes a locked problem back, which no list shows from then on. If goals answer it, returns how many and changes nothing.

    A repeat changes nothing.
    """
    if problem.is_taken_back:
        return 0
    answered = _answered(problem.cycle)
    goals = await connection.scalar(select(answered.c.goals).where(answered.c.problem == problem.id))
    if goals:
        return int(goals)
    await connection.execute(update(ProblemRow).where(ProblemRow.id == problem.id).values(taken_back_at=func.now()))
    await _note(connection, "problem_taken_back", problem, by, {"reason": reason})
    return 0


async def _note(
    connection: AsyncConnection, kind: str, problem: HeardIn, by: str, texts: dict[str, str | None]
) -> None:
    facts = {"problem": problem.id, "cycle": problem.cycle}
    await journal.append(connection, Log.HEARINGS, kind, actor=by, facts=facts, texts=texts)


async def find_all(
    connection: AsyncConnection,
    cycle: str,
    *,
    department: str | None = None,
    search: str = "",
    unanswered: bool = False,
) -> list[Problem]:
    """The problems of a cycle, oldest first, without those that were taken back. `unanswered`: only those that no goal answers."""
    answered = _answered(cycle)
    answers = func.coalesce(answered.c.goals, 0)
    query = (
        select(
            ProblemRow.id, ProblemRow.department, ProblemRow.text, ProblemRow.heard_as, ProblemRow.added_by,
            func.name_at(ProblemRow.added_by, ProblemRow.added_at), answers.label("answers"),
            ProblemRow.source,
        )
        .outerjoin(answered, answered.c.problem == ProblemRow.id)
        .where(ProblemRow.cycle_id == cycle, ProblemRow.taken_back_at.is_(None))
        .order_by(ProblemRow.number)
    )  # fmt: skip
    if department is not None:
        query = query.where(is_one_of(ProblemRow.department, await names_meant(connection, department)))
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
