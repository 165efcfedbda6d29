"""Instructions to many goals: give one (202), its progress, its result at each goal."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import Field, RootModel

from domain.access import Caller
from domain.instructions import instructions as kinds
from domain.lifecycles import InstructionState
from domain.values import CycleId, EmployeeId, Frozen
from service.instruction_documents import InstructionList
from storage.instructions import Progress
from web.api.events import follow
from web.bodies import JSON_ONLY, strict
from web.callers import CycleActor, Reader
from web.opened import Opened, opened_of
from web.problems import responses

router = APIRouter(tags=["instructions"])

_Id = Annotated[str, Path(max_length=100)]
_Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key", description="the id of the instruction: a repeat with the same content changes nothing"
    ),
]


class Asked(
    RootModel[
        Annotated[
            kinds.Extend | kinds.Pause | kinds.Resume | kinds.Add | kinds.Remove | kinds.Cancel | kinds.Reopen | kinds.Close
            | kinds.Reassign | kinds.Delegate | kinds.EndDelegation,
            Field(discriminator="kind"),
        ]
    ]
):  # fmt: skip
    """An instruction. Changes of the rules and of the directory have use cases of their own."""


class Accepted(Frozen):
    """The instruction was written down. `status` and `events` are where to follow it."""

    instruction: str
    status: str
    events: str


class InstructionProgress(Frozen):
    """How far the instruction is. `failure` says why the last try failed; None if it succeeded."""

    instruction: str
    state: InstructionState
    goal_count: int
    by_result: dict[str, int]
    failure: str | None


class ResultAtGoal(Frozen):
    """What the instruction did at one goal: done, skipped, refused or failed; `code` and `detail` say why it was not done."""

    goal: str
    result: str
    code: str | None
    detail: dict[str, Any] | None


class InstructionDocument(InstructionProgress):
    """An instruction with its result at each goal."""

    kind: str
    cycle: CycleId | None
    actor: EmployeeId
    given_at: datetime
    finished_at: datetime | None
    asked: dict[str, Any]
    results: tuple[ResultAtGoal, ...]


@router.get("/instructions", responses=responses(404))
async def list_instructions(request: Request, caller: Reader, cycle: str | None = None) -> InstructionList:
    """The newest instructions; with `cycle`, those to this cycle and those to every open cycle."""
    return await opened_of(request).instructions.list_latest(caller, cycle)


@router.post(
    "/cycles/{cycle}/instructions",
    status_code=202,
    dependencies=[JSON_ONLY],
    responses=responses(400, 404, 409, 413, 415),
)
async def give_instruction(  # noqa: PLR0917 - each is a part of the request
    request: Request,
    response: Response,
    caller: CycleActor,
    cycle: Annotated[str, Path(max_length=100)],
    body: strict(Asked),  # type: ignore[valid-type]  # made at run time
    key: _Key = None,
) -> Accepted:
    """Gives an instruction to the goals of a cycle. `Location` is where to follow it."""
    instructions = await opened_of(request).acting_by_instructions()
    identity = await instructions.give(caller, body.root, CycleId(cycle), key)
    return accepted(response, identity)


def accepted(response: Response, instruction: str) -> Accepted:
    """The answer, with `Location`, that an instruction was written down."""
    where = f"/api/v1/instructions/{instruction}"
    response.headers["Location"] = where
    return Accepted(instruction=instruction, status=where, events=f"{where}/events")


@router.get("/instructions/{instruction}", responses=responses(404))
async def read_instruction(request: Request, caller: Reader, instruction: _Id) -> InstructionDocument:
    """The instruction, its progress, and its result at each goal."""
    page = await opened_of(request).instructions.read(caller, instruction)
    row = page.instruction
    return InstructionDocument(
        **dict(_progress(row.id, page.progress)),
        kind=row.kind,
        cycle=row.cycle_id,
        actor=row.actor,
        given_at=row.given_at,
        finished_at=row.finished_at,
        asked=row.asked_form,
        results=tuple(
            ResultAtGoal(goal=one.goal_id, result=one.result, code=one.code, detail=one.detail) for one in page.results
        ),
    )


async def _require_shown(request: Request, caller: Reader, instruction: _Id) -> None:
    """What is refused is refused before a stream begins, which can no longer say so."""
    await opened_of(request).instructions.progress(caller, instruction)


@router.get(
    "/instructions/{instruction}/events",
    response_class=EventSourceResponse,
    responses=responses(404),
    dependencies=[Depends(_require_shown)],
)
async def follow_instruction(request: Request, caller: Reader, instruction: _Id) -> AsyncIterator[ServerSentEvent]:
    """The progress: events `progress`, then `done`."""
    opened = opened_of(request)

    async def read() -> tuple[Frozen, bool]:
        return await _read_progress(opened, caller, instruction)

    async for event in follow(read, opened.stopping):
        yield event


async def _read_progress(opened: Opened, caller: Caller, instruction: str) -> tuple[Frozen, bool]:
    found = await opened.instructions.progress(caller, instruction)
    return _progress(instruction, found), found.state in {InstructionState.DONE, InstructionState.ENDED}


def _progress(instruction: str, found: Progress) -> InstructionProgress:
    return InstructionProgress(
        instruction=instruction,
        state=found.state,
        goal_count=found.total,
        by_result=found.by_result,
        failure=found.failure,
    )
