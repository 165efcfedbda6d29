"""Goals that begin while the cycle runs, and goals in which somebody else goes on."""

from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field

from domain.values import CycleId, EmployeeId, Frozen, GoalId, Line, Prose, Weight
from domain.writing.content import Content
from service.beginning import Beginnings, BeginningSource
from service.giving import Given
from service.handing_over import HandingOver, HandoverPreview, HandoverRequest
from web.api.goals import GOAL_PATH, Goal
from web.api.parameters import CyclePath, Key
from web.bodies import JSON_ONLY, strict
from web.callers import GoalActor, Reader
from web.conditions import tag
from web.opened import opened_of
from web.problems import responses

router = APIRouter(tags=["goals"])


class FromContent(Frozen):
    """The draft has this content."""

    kind: Literal["content"]
    content: Content


class FromCatalog(Frozen):
    """The draft is made of an entry of the catalogue."""

    kind: Literal["catalog"]
    entry: str = Field(max_length=100)


class FromGoal(Frozen):
    """The draft goes on with a goal of an earlier cycle."""

    kind: Literal["goal"]
    goal: GoalId = Field(max_length=300)


class GoalToBegin(Frozen):
    """The next goal of `owner` (without it, the caller). `post`: the department of an additional post to which it belongs."""

    source: Annotated[FromContent | FromCatalog | FromGoal, Field(discriminator="kind")] | None = None
    owner: EmployeeId | None = Field(default=None, max_length=100)
    post: Line | None = None


class GoalToHandOver(Frozen):
    """Who goes on with the goal, with which weight (without it, the same), and why."""

    to: EmployeeId = Field(max_length=100)
    reason: Prose
    weight: Weight | None = None
    acting_for: EmployeeId | None = Field(default=None, max_length=100)


@router.post(
    "/cycles/{cycle}/goals",
    status_code=201,
    dependencies=[JSON_ONLY],
    responses=responses(400, 404, 409, 413, 415),
)
async def begin_goal(  # noqa: PLR0917 - each is a part of the request
    request: Request,
    response: Response,
    caller: GoalActor,
    cycle: CyclePath,
    body: strict(GoalToBegin),  # type: ignore[valid-type]  # made at run time
    key: Key = None,
) -> Given:
    """Begins a goal as a draft: HR for others, owners where the cycle's rules say so. `Location` is the goal."""
    opened = opened_of(request)
    given = await Beginnings(opened.engine, await opened.temporal.client()).begin(
        caller, CycleId(cycle), _source(body), owner=body.owner, post=body.post, command_id=key
    )
    return _answer(response, given)


@router.post(f"{GOAL_PATH}/hand_over/check", dependencies=[JSON_ONLY], responses=responses(400, 404, 409, 413, 415))
async def check_handover(
    request: Request,
    caller: Reader,
    goal: Goal,
    body: strict(GoalToHandOver),  # type: ignore[valid-type]  # made at run time
) -> HandoverPreview:
    """What handing the goal over would do now. Refused as the handover would be. Changes nothing."""
    opened = opened_of(request)
    return await HandingOver(opened.engine, await opened.temporal.client()).preview(caller, goal, _handover(body))


@router.post(
    f"{GOAL_PATH}/hand_over",
    status_code=201,
    dependencies=[JSON_ONLY],
    responses=responses(400, 404, 409, 413, 415),
)
async def hand_over(  # noqa: PLR0917 - each is a part of the request
    request: Request,
    response: Response,
    caller: GoalActor,
    goal: Goal,
    body: strict(GoalToHandOver),  # type: ignore[valid-type]  # made at run time
    key: Key = None,
) -> Given:
    """Closes the goal with its points, and lets `to` go on in a new one, which is the answer. `Location` is the new goal."""
    opened = opened_of(request)
    handing = HandingOver(opened.engine, await opened.temporal.client())
    return _answer(response, await handing.hand_over(caller, goal, _handover(body), key))


def _answer(response: Response, given: Given) -> Given:
    tag(response, given.seq)
    response.headers["Location"] = f"/api/v1/goals/{given.goal}"
    return given


def _source(body: GoalToBegin) -> BeginningSource:
    match body.source:
        case FromContent(content=content):
            return BeginningSource(content=content)
        case FromCatalog(entry=entry):
            return BeginningSource(catalog=entry)
        case FromGoal(goal=goal):
            return BeginningSource(carried_from=goal)
    return BeginningSource()


def _handover(body: GoalToHandOver) -> HandoverRequest:
    weight = None if body.weight is None else str(body.weight)
    return HandoverRequest(body.to, body.reason, weight, body.acting_for)
