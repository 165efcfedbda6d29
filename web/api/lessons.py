"""What an earlier cycle taught, for the hearing of the next one."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field

from domain.values import Frozen, Line, Prose
from service.lessons import LessonList, Lessons
from web.api.parameters import CyclePath, Department
from web.bodies import JSON_ONLY, strict
from web.callers import GoalActor, Reader
from web.opened import opened_of
from web.problems import responses

router = APIRouter(tags=["library"])


class LessonToTake(Frozen):
    """A lesson of the cycle `earlier`. `text` and `department` replace those of the lesson."""

    lesson: str = Field(max_length=100)
    earlier: str = Field(max_length=100)
    text: Prose | None = None
    department: Line | None = None


class TakenLesson(Frozen):
    """The heard problem that the lesson became."""

    problem: str
    source: str


@router.get("/cycles/{cycle}/lessons", responses=responses(404))
async def list_lessons(
    request: Request,
    caller: Reader,
    cycle: CyclePath,
    earlier: Annotated[str, Query(max_length=100, description="the cycle that taught them")],
    department: Department = None,
) -> LessonList:
    """Causes and improvements of the reviews that the caller may see, and problems that no goal answered.

    `taken_as` says what was taken over into the hearing of `cycle`.
    """
    return await Lessons(opened_of(request).engine).list_lessons(caller, earlier, cycle, department=department)


@router.post(
    "/cycles/{cycle}/lessons",
    dependencies=[JSON_ONLY],
    responses=responses(400, 404, 409, 413, 415),
)
async def take_over_lesson(
    request: Request,
    caller: GoalActor,
    cycle: CyclePath,
    body: strict(LessonToTake),  # type: ignore[valid-type]  # made at run time
) -> TakenLesson:
    """Takes a lesson over as a heard problem of `cycle`. A repeat adds nothing and returns the same problem."""
    problem = await Lessons(opened_of(request).engine).take_over(
        caller, body.lesson, body.earlier, cycle, text=body.text, department=body.department
    )
    return TakenLesson(problem=problem, source=body.lesson)
