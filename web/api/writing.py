"""Help for people who write a goal: the catalogue, a draft, a check by the writing rules, and the form of a review."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request

from domain.values import Frozen, GoalId, Number, Weight
from domain.writing import catalog
from domain.writing.catalog import CatalogEntry
from domain.writing.content import Content
from service.review_form import ReviewDocument
from service.writing import CheckDocument, DraftSource, Writing
from web.api.goals import GOAL_PATH, Goal
from web.bodies import JSON_ONLY, strict
from web.callers import Reader
from web.opened import opened_of
from web.problems import responses

router = APIRouter(tags=["writing"])

_Id = Annotated[str | None, Query(max_length=100)]


class CatalogList(Frozen):
    """Measures by department."""

    entries: tuple[CatalogEntry, ...]


class DraftDocument(Frozen):
    """A content to edit. `seen` is the version of the goal from which it was made, for `If-Match`."""

    goal: GoalId
    seen: int
    content: Content


class ToCheck(Frozen):
    """What is checked for the goal; without `content`, the goal as it is."""

    content: Content | None = None


@router.get("/catalog", responses=responses(404))
async def list_catalog(
    caller: Reader,  # noqa: ARG001 - the catalogue comes with the program, so whoever is let in may read it
    department: Annotated[str | None, Query(max_length=200, examples=["経理"])] = None,
    words: Annotated[str, Query(max_length=200)] = "",
) -> CatalogList:
    """The measures that contain all words: those of the department and those for all departments."""
    return CatalogList(entries=catalog.search(words, department))


@router.get("/catalog/{department}/{entry}", responses=responses(404))
async def read_catalog_entry(
    caller: Reader,  # noqa: ARG001 - as above
    department: Annotated[str, Path(max_length=100)],
    entry: Annotated[str, Path(max_length=100)],
) -> CatalogEntry:
    """One measure: how it is counted, an example of its numbers, and a plan to reach them."""
    return catalog.find(f"{department}/{entry}")


@router.get(f"{GOAL_PATH}/draft", responses=responses(404, 409))
async def draft_goal(  # noqa: PLR0917 - the values of the draft
    request: Request,
    caller: Reader,
    goal: Goal,
    entry: Annotated[str | None, Query(max_length=100, description="an entry of the catalogue")] = None,
    exemplar: Annotated[str | None, Query(max_length=100, description="an example, instead of `entry`")] = None,
    baseline: Number | None = None,
    target: Number | None = None,
    parent: _Id = None,
    answers: Annotated[
        list[str] | None, Query(max_length=20, description="heard problems that the goal answers")
    ] = None,
) -> DraftDocument:
    """A content to edit: the goal's own, or one made from the catalogue or an example, with dates within the cycle. Changes nothing."""
    source = DraftSource(entry, exemplar, baseline, target, parent, tuple(answers or ()))
    made = await Writing(opened_of(request).engine).draft(caller, goal, source)
    return DraftDocument(goal=goal, seen=made.seen, content=made.content)


@router.post(f"{GOAL_PATH}/check", dependencies=[JSON_ONLY], responses=responses(400, 404, 413, 415))
async def check_goal(
    request: Request,
    caller: Reader,
    goal: Goal,
    body: strict(ToCheck),  # type: ignore[valid-type]  # made at run time
) -> CheckDocument:
    """The findings of the writing rules, also in relation to the owner's other goals. Changes nothing."""
    return (await Writing(opened_of(request).engine).check(caller, goal, body.content)).document()


@router.get(f"{GOAL_PATH}/review", responses=responses(404))
async def read_review_form(
    request: Request, caller: Reader, goal: Goal, new_target: Number | None = None, new_weight: Weight | None = None
) -> ReviewDocument:
    """The form of a review. `new_target` and `new_weight` are those of a reset, to see it beside the goal."""
    return (await opened_of(request).goals.review_form(caller, goal, new_target, new_weight)).document()
