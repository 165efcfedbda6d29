"""Use cases of lessons (見直し): what an earlier cycle taught is listed, and taken over into the hearing of another one."""

import secrets
from typing import TYPE_CHECKING

from domain.access import Action, Caller, actor_of
from domain.refusals import Code, Refusal
from domain.results.lessons import CauseCount, Lesson, count_causes, lesson_id, lesson_of
from domain.values import Frozen, GoalId
from service.cycle_lookup import require_cycle
from service.exemplars import known_names
from service.hearing import checked_id, checked_text, department_of_problem
from service.relations import require_colleague, visible_goal, visible_goals
from storage import hearing, lessons
from storage.database import read_transaction

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine


class OpenProblem(Frozen):
    """A problem of the earlier hearing that no goal answered."""

    id: str
    department: str
    text: str
    taken_as: str | None = None  # the problem of the next cycle that was taken over from it


class LessonList(Frozen):
    """What the earlier cycle taught, by department. Of reviews only those of goals that the caller may see."""

    cause_counts: tuple[CauseCount, ...]
    lessons: tuple[Lesson, ...]
    problems: tuple[OpenProblem, ...]


class Lessons:
    """Every method raises a `Refusal` for a caller without permission, and for an unknown earlier cycle."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def list_lessons(
        self, caller: Caller, earlier: str, cycle: str, *, department: str | None = None
    ) -> LessonList:
        """What the cycle `earlier` taught; `taken_as` says what was taken over into the hearing of `cycle`."""
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_LIBRARY)
            await require_cycle(connection, earlier)
            taken = await lessons.taken_over(connection, cycle)
            found = [lesson for _, lesson in await _of_reviews(connection, caller, earlier, department=department)]
            heard = await hearing.find_all(connection, earlier, department=department, unanswered=True)
        return LessonList(
            cause_counts=count_causes(found),
            lessons=tuple(_taken(one, taken) for one in found if one.as_problem),
            problems=tuple(
                OpenProblem(id=one.id, department=one.department, text=one.text, taken_as=taken.get(one.id))
                for one in sorted(heard, key=lambda one: one.department)
            ),
        )

    async def take_over(
        self,
        caller: Caller,
        lesson: str,
        earlier: str,
        cycle: str,
        *,
        text: str | None = None,
        department: str | None = None,
        planned: bool = False,
    ) -> str:
        """Adds a lesson to the hearing of `cycle` as a problem with its source, and returns the problem's id.

        `text` and `department` are instead of the lesson's own. A problem that no goal answered is taken over by every
        colleague; what a review says, by HR of its goal or by the owner. Keyed by lesson and cycle: a repeat adds nothing.
        """
        speaker = actor_of(caller)
        async with self._engine.begin() as connection:
            await require_colleague(connection, caller, Action.HEAR)
            await require_cycle(connection, earlier)
            if not planned:
                await require_cycle(connection, cycle)
            found = await _require_lesson(connection, caller, lesson, earlier, cycle)
            where = await department_of_problem(connection, speaker, department or found.department)
            return await hearing.add(
                connection,
                cycle=checked_id("cycle", cycle),
                department=where,
                problem=checked_text("text", text or found.text),
                heard_as=found.heard_as,
                by=speaker,
                command_id=secrets.token_hex(8),
                source=found.id,
            )


class _Found(Frozen):
    """What is taken over."""

    id: str
    department: str
    text: str
    heard_as: str


async def _require_lesson(
    connection: "AsyncConnection", caller: Caller, lesson: str, earlier: str, cycle: str
) -> _Found:
    """The problem or the review that the caller may take over. Raises a `Refusal`."""
    if earlier != cycle:
        for one in await hearing.find_all(connection, earlier, unanswered=True):
            if one.id == lesson:
                return _Found(id=one.id, department=one.department, text=one.text, heard_as=one.heard_as)
        for goal, found in await _of_reviews(connection, caller, earlier, only=lesson):
            if found.as_problem:
                await visible_goal(connection, caller, goal, Action.TAKE_OVER_LESSON)
                return _Found(id=found.id, department=found.department, text=found.as_problem, heard_as="review")
    raise Refusal(Code.NO_SUCH_LESSON, lesson=lesson[:40], cycle=earlier)


async def _of_reviews(
    connection: "AsyncConnection",
    caller: Caller,
    earlier: str,
    *,
    department: str | None = None,
    only: str | None = None,
) -> list[tuple[GoalId, Lesson]]:
    """The lessons of the reviews that the caller may see, each with its goal; with `only`, the one with this id."""
    names, condition = await known_names(connection), await visible_goals(connection, caller)
    return [
        (GoalId(one.goal), lesson_of(one.hash, one.department, one.body, one.erased, names))
        for one in await lessons.last_reviews(connection, earlier, condition, department=department)
        if only in (None, lesson_id(one.hash))
    ]


def _taken(lesson: Lesson, taken: dict[str, str]) -> Lesson:
    return lesson.model_copy(update={"taken_as": taken.get(lesson.id)})
