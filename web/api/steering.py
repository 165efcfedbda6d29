"""What happens to instructions and launches afterwards: ended, or tried again; and their numbers before they are given."""

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field

from domain.values import CycleId, Frozen, Prose
from service.instruction_preview import InstructionPreview, InstructionPreviews
from web.api.cycles import Launched, launched
from web.api.instructions import Accepted, Asked, accepted
from web.api.parameters import CyclePath
from web.bodies import JSON_ONLY, strict
from web.callers import CycleActor, GoalActor, Reader
from web.opened import opened_of
from web.problems import responses

router = APIRouter(tags=["instructions"])

_Id = Annotated[str, Path(max_length=100)]


class Ending(Frozen):
    """Why the instruction is ended."""

    reason: Prose


class CheckedInstruction(InstructionPreview):
    """`moved_due`: the day to which a due date moves because it is a day off, by site; `""` is the cycle's own calendar."""

    moved_due: dict[str, date] = Field(default_factory=dict)


@router.post(
    "/cycles/{cycle}/instructions/check", dependencies=[JSON_ONLY], responses=responses(400, 404, 409, 413, 415)
)
async def check_instruction(
    request: Request,
    caller: Reader,
    cycle: CyclePath,
    body: strict(Asked),  # type: ignore[valid-type]  # made at run time
) -> CheckedInstruction:
    """What the instruction would concern if it were for everybody in the cycle, in numbers. Refused as giving it would be."""
    previews = InstructionPreviews(opened_of(request).engine)
    found = await previews.preview(caller, body.root, CycleId(cycle))
    return CheckedInstruction(**dict(found), moved_due=await previews.moved_due(body.root, CycleId(cycle)))


@router.post(
    "/instructions/{instruction}/end",
    status_code=202,
    dependencies=[JSON_ONLY],
    responses=responses(400, 404, 409, 413, 415),
)
async def end_instruction(
    request: Request,
    response: Response,
    caller: GoalActor,
    instruction: _Id,
    body: strict(Ending),  # type: ignore[valid-type]  # made at run time
) -> Accepted:
    """Ends an instruction that is not done, by who may give it. Goals that have a result keep it; the others are not asked."""
    instructions = await opened_of(request).acting_by_instructions()
    await instructions.end(caller, instruction, body.reason, datetime.now(UTC))
    return accepted(response, instruction)


@router.post("/instructions/{instruction}/retry", status_code=202, responses=responses(404, 409))
async def retry_instruction(request: Request, response: Response, caller: GoalActor, instruction: _Id) -> Accepted:
    """Asks the goals again that failed, or that were not asked because the instruction was ended; by who may give it."""
    await (await opened_of(request).acting_by_instructions()).retry(caller, instruction)
    return accepted(response, instruction)


@router.post("/cycles/{cycle}/retry", status_code=202, responses=responses(404, 409))
async def retry_launch(request: Request, response: Response, caller: CycleActor, cycle: CyclePath) -> Launched:
    """HR: launches the participants again whose launch failed."""
    await (await opened_of(request).acting_on_cycles()).retry(caller, CycleId(cycle))
    return launched(response, CycleId(cycle))
