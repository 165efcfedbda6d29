"""Goals: lists, one goal, its score, and every command that people give to one goal."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from pydantic import create_model

from domain.goal import commands
from domain.goal.commands import Command
from domain.lifecycle import State
from domain.policy.policy import TaskKind
from domain.values import Frozen, GoalId
from service.giving import Given, Submitted
from service.giving import Request as Asked
from service.goal_documents import GoalDocument, GoalFilter, GoalList, ScoreDocument
from web.bodies import JSON_ONLY, strict
from web.callers import GoalActor, Reader
from web.conditions import Seen, tag
from web.opened import opened_of
from web.problems import responses

router = APIRouter(tags=["goals"])

_Segment = Annotated[str, Path(max_length=100)]


def _goal_id(cycle: _Segment, owner: _Segment, number: _Segment) -> GoalId:
    return GoalId(f"{cycle}/{owner}/{number}")


Goal = Annotated[GoalId, Depends(_goal_id)]
GOAL_PATH = "/goals/{cycle}/{owner}/{number}"
_Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="the id of the command: a repeat with the same id and content has the same result and changes nothing",
    ),
]


@router.get("/goals", responses=responses(404))
async def list_goals(  # noqa: PLR0917 - the filters
    request: Request,
    caller: Reader,
    cycle: str | None = None,
    owner: str | None = None,
    state: State | None = None,
    department: str | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    after: Annotated[str, Query(max_length=300, description="`next` of the page before")] = "",
    task: Annotated[TaskKind | None, Query(description="goals with an open task of this kind")] = None,
    waits_for: Annotated[str | None, Query(description="goals whose open task waits for this employee")] = None,
    person: Annotated[
        str | None,
        Query(max_length=100, description="the beginning of the owner's name, or their whole id or employee number"),
    ] = None,
    *,
    overdue: Annotated[bool, Query(description="only goals with an overdue task, and not paused")] = False,
    escalated: Annotated[bool, Query(description="only goals whose open task was escalated")] = False,
    paused: Annotated[bool, Query(description="only paused goals")] = False,
    returned: Annotated[
        bool, Query(description="only drafts that were returned for changes, and not submitted again")
    ] = False,
) -> GoalList:
    """A page of the goals that the caller may see, by id."""
    wanted = GoalFilter(
        cycle, owner, state and state.value, department, limit, after,
        overdue=overdue, escalated=escalated, paused=paused, returned=returned,
        task=task, waits_for=waits_for, words=person,
    )  # fmt: skip
    return await opened_of(request).goals.list_goals(caller, wanted)


@router.get(GOAL_PATH, responses=responses(404))
async def read_goal(request: Request, response: Response, caller: Reader, goal: Goal) -> GoalDocument:
    """One goal with the last entries of its ledger. `ETag` is the number of the last entry."""
    page = await opened_of(request).goals.look(caller, goal)
    tag(response, page.goal.seq)
    return page.document()


@router.get(f"{GOAL_PATH}/score", responses=responses(404))
async def read_score(request: Request, caller: Reader, goal: Goal) -> ScoreDocument:
    """How the goal's score is made, in points."""
    return (await opened_of(request).goals.score_sheet(caller, goal)).document()


# Commands that people give to one goal. Others are given by instructions, by the clock, or by use cases of their own.
OFFERED: tuple[type[Command], ...] = (
    commands.Revise, commands.Submit, commands.Recall, commands.Approve, commands.ReturnForChanges, commands.ReportProgress,
    commands.CompleteStep, commands.UndoReport, commands.CallReview, commands.SubmitSelfReview, commands.DecideReview,
    commands.Withdraw, commands.Comment, commands.Reassign, commands.Extend, commands.Pause, commands.Resume, commands.Reopen,
    commands.Close, commands.Adjust, commands.MarkExemplar,
)  # fmt: skip
_FROM_ELSEWHERE = ("id", "actor", "expected_seq")  # the header, the token, `If-Match`


def body_of(command: type[Command]) -> type[Frozen]:
    """The command's own fields, and in whose name it is given."""
    own: dict[str, Any] = {
        name: (field.annotation, field) for name, field in command.model_fields.items() if name not in _FROM_ELSEWHERE
    }
    return create_model(f"{command.__name__}Body", __base__=Frozen, __doc__=None, **own)


async def _give(request: Request, response: Response, caller: GoalActor, goal: GoalId, asked: Asked) -> Given:
    use_cases = await opened_of(request).acting_on_goals()
    given = await (use_cases.submit if asked.name == commands.Submit.name else use_cases.give)(caller, goal, asked)
    tag(response, given.seq)
    return given


def asked_of(name: str, body: Frozen, seen: int | None, key: str | None) -> Asked:
    """The request of a command with this body."""
    fields = {one: getattr(body, one) for one in body.model_fields_set}
    return Asked(name, fields, fields.pop("acting_for", None), seen, key)


def _route_for(command: type[Command]) -> Callable[..., Awaitable[Given]]:
    name, body_type = command.name, strict(body_of(command))

    async def give_seen(  # noqa: PLR0917 - as the two below
        request: Request,
        response: Response,
        caller: GoalActor,
        goal: Goal,
        seen: Seen,
        body: body_type,  # type: ignore[valid-type]  # made at run time
        key: _Key = None,
    ) -> Given:
        return await _give(request, response, caller, goal, asked_of(name, body, seen, key))

    async def give(  # noqa: PLR0917 - each is a part of the request
        request: Request,
        response: Response,
        caller: GoalActor,
        goal: Goal,
        body: body_type,  # type: ignore[valid-type]  # made at run time
        key: _Key = None,
    ) -> Given:
        return await _give(request, response, caller, goal, asked_of(name, body, None, key))

    return give_seen if "expected_seq" in command.model_fields else give


for _command in OFFERED:
    _decides = "expected_seq" in _command.model_fields
    router.add_api_route(
        f"{GOAL_PATH}/{_command.name}",
        _route_for(_command),
        methods=["POST"],
        operation_id=_command.name,
        summary=_command.name.replace("_", " ").capitalize(),
        description=_command.__doc__,
        dependencies=[JSON_ONLY],
        response_model=Submitted if _command is commands.Submit else Given,
        responses=responses(400, 404, 409, 413, 415, *((412, 428) if _decides else ())),
    )
