"""New rules for a running cycle: a changed cycle file is compared with the cycle, and what was compared is applied."""

import hashlib
from datetime import UTC, date, datetime
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from domain.access import Caller
from domain.goal.goal import Outcome
from domain.instructions.instructions import Selection
from domain.values import CycleId, EmployeeId, Frozen, GoalId, Id, Line
from service.amending import Amending, Amendment
from service.answers import compose
from texts.findings import FindingDocument, documents_of
from texts.say import BothTexts, say_both
from web.api.cycles import FILE
from web.api.parameters import CyclePath, Key
from web.bodies import FileBody, QueryDay
from web.callers import CycleActor, Reader
from web.conditions import SeenMissing
from web.opened import opened_of
from web.problems import FileRefused, OtherComparison, responses

router = APIRouter(tags=["cycles"])

_AMENDMENTS = "/cycles/{cycle}/amendments"


class Asked(NamedTuple):
    """What of the request says which goals get which rules."""

    cycle: CycleId
    data: bytes
    starts: date | None
    selection: Selection


async def _asked(
    data: FileBody,
    cycle: CyclePath,
    starts: Annotated[QueryDay | None, Query(description="moves all dates of the file, as at the launch")] = None,
    department: Annotated[list[Line] | None, Query(max_length=100, description="only goals of these")] = None,
    person: Annotated[list[Id] | None, Query(max_length=1000, description="only goals of these")] = None,
) -> Asked:
    selection = compose(Selection, {"departments": tuple(department or ()), "people": tuple(person or ())})
    return Asked(CycleId(cycle), data, starts, selection)


_Asked = Annotated[Asked, Depends(_asked)]


class RuleChange(Frozen):
    """A rule by its key in the cycle file, before and after."""

    rule: str
    before: BothTexts
    after: BothTexts


class DueChange(Frozen):
    """An open task whose due date would change."""

    goal: GoalId
    owner: EmployeeId
    department: str
    before: date
    after: date


class EndingGoal(Frozen):
    """A goal that would end at once."""

    goal: GoalId
    owner: EmployeeId
    department: str
    outcome: Outcome


class HrChange(Frozen):
    """A goal that would ask other HR of its owner's part of the company; nobody: HR of the cycle."""

    goal: GoalId
    owner: EmployeeId
    department: str
    before: tuple[EmployeeId, ...]
    after: tuple[EmployeeId, ...]


class ComparedRules(Frozen):
    """What the file would change. `goals`: how many get other rules; `misfits`: those for which the new rules would be invalid."""

    rules: tuple[RuleChange, ...]
    goals: int
    dues: tuple[DueChange, ...]
    ending: tuple[EndingGoal, ...]
    reviews_now: tuple[GoalId, ...]  # their review would open at once
    hr_changes: tuple[HrChange, ...]
    misfits: tuple[GoalId, ...]
    findings: tuple[FindingDocument, ...]


class AmendmentAccepted(Frozen):
    """The instruction that brings the new rules to the goals; all None where the rules are the same."""

    instruction: str | None
    status: str | None
    events: str | None


@router.post(f"{_AMENDMENTS}/check", openapi_extra=FILE, responses=responses(404, 409, 413))
async def check_amendment(request: Request, response: Response, caller: Reader, asked: _Asked) -> ComparedRules:
    """HR: how the file's rules differ from the cycle's, and what that does to goals. Writes nothing.

    `ETag` stands for the cycle's rules, the file and the parameters: `POST /cycles/{cycle}/amendments` wants it.
    """
    found = await _compare(request, caller, asked)
    response.headers["ETag"] = _tag(found, asked)
    return _document(found)


@router.post(
    _AMENDMENTS,
    status_code=202,
    openapi_extra=FILE,
    responses=responses(404, 409, 412, 413, 428),
)
async def amend_cycle(  # noqa: PLR0917 - each is a part of the request
    request: Request,
    response: Response,
    caller: CycleActor,
    asked: _Asked,
    reason: Annotated[str, Query(min_length=1, max_length=1000, description="stands in each goal's ledger")],
    if_match: Annotated[str | None, Header(description="the `ETag` of the check")] = None,
    key: Key = None,
) -> AmendmentAccepted:
    """HR: applies the rules that were compared. `Location` is where to follow it."""
    found = await _compare(request, caller, asked)
    if if_match is None:
        raise SeenMissing
    if if_match != _tag(found, asked):
        raise OtherComparison
    if not found.rules:
        return AmendmentAccepted(instruction=None, status=None, events=None)
    instructions = await opened_of(request).acting_by_instructions()
    given = await instructions.give(caller, found.instruction(asked.selection, reason), asked.cycle, key)
    where = f"/api/v1/instructions/{given}"
    response.headers["Location"] = where
    return AmendmentAccepted(instruction=given, status=where, events=f"{where}/events")


async def _compare(request: Request, caller: Caller, asked: Asked) -> Amendment:
    """Raises `FileRefused` for a file with errors."""
    found = await Amending(opened_of(request).engine).compare(
        caller, asked.cycle, asked.data, asked.selection, now=datetime.now(UTC), starts=asked.starts
    )
    if found.after is None:
        raise FileRefused(found.findings)
    return found


def _tag(found: Amendment, asked: Asked) -> str:
    before = found.before.model_dump_json() if found.before else ""
    said = repr((before, asked.starts, asked.selection.model_dump_json()))
    return f'"{hashlib.sha256(said.encode() + asked.data).hexdigest()[:32]}"'


def _document(found: Amendment) -> ComparedRules:
    return ComparedRules(
        rules=tuple(
            RuleChange(rule=one.rule, before=say_both(one.before), after=say_both(one.after)) for one in found.rules
        ),
        goals=found.goals,
        dues=tuple(DueChange(**one._asdict()) for one in found.dues),
        ending=tuple(EndingGoal(**one._asdict()) for one in found.ending),
        reviews_now=found.reviews_now,
        hr_changes=tuple(HrChange(**one._asdict()) for one in found.hr),
        misfits=found.misfits,
        findings=tuple(documents_of(found.findings)),
    )
