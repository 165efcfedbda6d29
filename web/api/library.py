"""What goals are written from: heard problems and examples."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request
from pydantic import Field

from domain.results.exemplars import Exemplar
from domain.values import Frozen, Line, Prose
from service.exemplars import Exemplars
from service.hearing import HeardProblems, Hearing
from web.bodies import JSON_ONLY, strict
from web.callers import GoalActor, Reader
from web.opened import opened_of
from web.problems import responses

router = APIRouter(tags=["library"])

_Cycle = Annotated[str, Path(max_length=100)]
_Department = Annotated[str | None, Query(max_length=200)]


class ProblemToAdd(Frozen):
    """A problem of today that the caller has heard, or has. Without `department` it is the caller's own."""

    text: Prose
    department: Line | None = None


class AddedProblem(Frozen):
    id: str


class ExemplarList(Frozen):
    """Goals to follow, without names."""

    exemplars: tuple[Exemplar, ...] = Field(description="the closest first")


@router.get("/cycles/{cycle}/problems", responses=responses(404))
async def list_problems(
    request: Request,
    caller: Reader,
    cycle: _Cycle,
    department: _Department = None,
    search: Annotated[str, Query(max_length=200)] = "",
    *,
    unanswered: bool = False,
) -> HeardProblems:
    """The problems that were heard for a cycle; with `unanswered`, those that no goal answers."""
    heard = Hearing(opened_of(request).engine)
    return await heard.list_problems(caller, cycle, department=department, search=search, unanswered=unanswered)


@router.post(
    "/cycles/{cycle}/problems",
    status_code=201,
    dependencies=[JSON_ONLY],
    responses=responses(400, 404, 409, 413, 415),
)
async def add_problem(
    request: Request,
    caller: GoalActor,
    cycle: _Cycle,
    body: strict(ProblemToAdd),  # type: ignore[valid-type]  # made at run time
    key: Annotated[str | None, Header(alias="Idempotency-Key")] = None,
) -> AddedProblem:
    """Adds a problem for a cycle that was launched. A repeat with the same `Idempotency-Key` changes nothing."""
    heard = Hearing(opened_of(request).engine)
    added = await heard.add(caller, cycle=cycle, text=body.text, department=body.department, command_id=key)
    return AddedProblem(id=added)


@router.get("/exemplars", responses=responses(404))
async def list_exemplars(
    request: Request,
    caller: Reader,
    department: _Department = None,
    words: Annotated[str, Query(max_length=200)] = "",
) -> ExemplarList:
    """Good goals of earlier cycles, by the words in them."""
    found = await Exemplars(opened_of(request).engine).search(caller, department=department, words=words)
    return ExemplarList(exemplars=tuple(found))


class Correction(Frozen):
    """The text that replaces the problem's."""

    text: Prose


class TakingBack(Frozen):
    """Why the problem is taken back."""

    reason: Prose


@router.get("/exemplars/{exemplar}", responses=responses(404))
async def read_exemplar(request: Request, caller: Reader, exemplar: Annotated[str, Path(max_length=100)]) -> Exemplar:
    """One good goal of an earlier cycle."""
    return await Exemplars(opened_of(request).engine).show(caller, exemplar)


_Problem = Annotated[str, Path(max_length=100)]


@router.post(
    "/problems/{problem}/correct",
    status_code=204,
    dependencies=[JSON_ONLY],
    responses=responses(400, 404, 413, 415),
)
async def correct_problem(
    request: Request,
    caller: GoalActor,
    problem: _Problem,
    body: strict(Correction),  # type: ignore[valid-type]  # made at run time
) -> None:
    """Replaces the text of a heard problem, by the person who added it or by HR. A repeat changes nothing."""
    await Hearing(opened_of(request).engine).correct(caller, problem, body.text)


@router.post(
    "/problems/{problem}/take_back",
    status_code=204,
    dependencies=[JSON_ONLY],
    responses=responses(400, 404, 409, 413, 415),
)
async def take_back_problem(
    request: Request,
    caller: GoalActor,
    problem: _Problem,
    body: strict(TakingBack),  # type: ignore[valid-type]  # made at run time
) -> None:
    """Takes a heard problem back, by the person who added it or by HR. Refused while goals answer it. A repeat changes nothing."""
    await Hearing(opened_of(request).engine).take_back(caller, problem, body.reason)
