"""Delegations: who acts for whom, from when to when. They are instructions to every open cycle."""

from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response
from pydantic import Field

from domain.access import person_of
from domain.goal.goal import Delegation
from domain.instructions.instructions import Delegate, EndDelegation
from domain.values import Day, EmployeeId, Frozen, Prose
from service.answers import compose
from service.instruction_documents import DelegationList
from web.api.instructions import Accepted, accepted
from web.api.parameters import Key
from web.bodies import JSON_ONLY, strict
from web.callers import GoalActor, Reader
from web.opened import opened_of
from web.problems import responses

router = APIRouter(tags=["delegations"])


class DelegationToGive(Frozen):
    """`to` may act for `delegator` (without it, the caller) from `first` to `last`, both included."""

    to: EmployeeId = Field(max_length=100)
    first: Day
    last: Day
    reason: Prose
    delegator: EmployeeId | None = Field(default=None, max_length=100)
    own_goals: bool = Field(default=False, description="also for the delegator's own goals")


class DelegationToEnd(Frozen):
    """The delegations from `delegator` (without it, the caller) to `to` end at once."""

    to: EmployeeId = Field(max_length=100)
    reason: Prose
    delegator: EmployeeId | None = Field(default=None, max_length=100)


@router.get("/delegations", responses=responses(404))
async def list_delegations(request: Request, caller: Reader, employee: str | None = None) -> DelegationList:
    """The delegations from or to one employee, or of everybody, that hold today or within a year."""
    one = EmployeeId(employee) if employee is not None else None
    return await opened_of(request).instructions.list_delegations(caller, one, datetime.now(UTC))


@router.post("/delegations", status_code=202, dependencies=[JSON_ONLY], responses=responses(400, 404, 409, 413, 415))
async def delegate(
    request: Request,
    response: Response,
    caller: GoalActor,
    body: strict(DelegationToGive),  # type: ignore[valid-type]  # made at run time
    key: Key = None,
) -> Accepted:
    """Delegates for oneself; HR for anybody. `Location` is where to follow how the open goals hear of it."""
    delegation = Delegation(
        delegator=body.delegator or person_of(caller), to=body.to, first=body.first, last=body.last,
        own_goals=body.own_goals,
    )  # fmt: skip
    asked = compose(Delegate, {"delegation": delegation, "reason": body.reason})
    given = await (await opened_of(request).acting_by_instructions()).give(caller, asked, None, key)
    return accepted(response, given)


@router.post(
    "/delegations/end", status_code=202, dependencies=[JSON_ONLY], responses=responses(400, 404, 409, 413, 415)
)
async def end_delegation(
    request: Request,
    response: Response,
    caller: GoalActor,
    body: strict(DelegationToEnd),  # type: ignore[valid-type]  # made at run time
    key: Key = None,
) -> Accepted:
    """Ends delegations at once, by either of the two, or by HR. `Location` is where to follow how the open goals hear of it."""
    delegator = body.delegator or person_of(caller)
    asked = compose(EndDelegation, {"delegator": delegator, "to": body.to, "reason": body.reason})
    given = await (await opened_of(request).acting_by_instructions()).give(caller, asked, None, key)
    return accepted(response, given)
