"""Many commands to goals in one request, each with a result of its own."""

from collections.abc import Iterable, Mapping
from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import Field, JsonValue, create_model

from domain.goal.commands import CommandIdText
from domain.refusals import Refusal
from domain.values import Frozen, GoalId, Locale
from service.answers import NoAnswer
from service.bulk import BulkCommands, RowOutcome, RowResult
from service.giving import Given, NotReady
from service.message_names import names_in_messages
from texts.findings import FindingDocument, documents_of
from texts.say import say
from web.api.goals import OFFERED, asked_of, body_of
from web.bodies import JSON_ONLY, strict
from web.callers import GoalActor
from web.locales import locale_of
from web.opened import opened_of
from web.problems import responses, status_of

router = APIRouter(tags=["goals"])

MOST_ROWS = 100


class Row(Frozen):
    """One command to one goal. `key` is its id, as `Idempotency-Key` is where it comes alone."""

    goal: GoalId = Field(max_length=300)
    key: CommandIdText


class SeenRow(Row):
    """A command that decides on what its sender saw: `seen` is the goal's version, as in `If-Match`."""

    seen: int = Field(ge=1, le=2**31 - 1)


def _row_of(command: Any) -> Any:
    base = SeenRow if "expected_seq" in command.model_fields else Row
    fields: dict[str, Any] = {"command": (Literal[command.name], ...), "body": (body_of(command), ...)}
    return create_model(f"{command.__name__}Row", __base__=base, __doc__=command.__doc__, **fields)


AnyRow: Any = Annotated[reduce(or_, (_row_of(one) for one in OFFERED)), Field(discriminator="command")]


class ManyCommands(Frozen):
    """The commands. Those to one goal are carried out in their order."""

    commands: tuple[AnyRow, ...] = Field(min_length=1, max_length=MOST_ROWS)


class RowProblem(Frozen):
    """Why a command was not carried out, as it would be answered where it comes alone."""

    status: int
    code: str
    detail: str
    fields: dict[str, JsonValue]
    findings: tuple[FindingDocument, ...]


class RowDocument(Frozen):
    """The result of one command: the goal after it, or the problem."""

    goal: GoalId
    key: str
    result: RowOutcome
    given: Given | None
    problem: RowProblem | None


class ManyResults(Frozen):
    """The results in the order of the commands."""

    results: tuple[RowDocument, ...]


@router.post("/goals/commands", dependencies=[JSON_ONLY], responses=responses(400, 413, 415))
async def give_commands(
    request: Request,
    caller: GoalActor,
    body: strict(ManyCommands),  # type: ignore[valid-type]  # made at run time
) -> ManyResults:
    """Up to 100 commands, each committed by itself: one that is refused stops no other. A repeat of the whole changes nothing.

    A body with a mistake in any row is refused as a whole, before anything is carried out.
    """
    opened, rows = opened_of(request), body.commands
    wanted = [(one.goal, asked_of(one.command, one.body, getattr(one, "seen", None), one.key)) for one in rows]
    found = await BulkCommands(opened.engine, await opened.temporal.client()).give_each(caller, wanted)
    problems = await _problems(request, found)
    return ManyResults(
        results=tuple(
            RowDocument(goal=row.goal, key=row.key, result=one.outcome, given=one.given, problem=problem)
            for row, one, problem in zip(rows, found, problems, strict=True)
        )
    )


async def _problems(request: Request, found: Iterable[RowResult]) -> list[RowProblem | None]:
    reasons = [one.reason for one in found]
    names = await names_in_messages(opened_of(request).engine, [one.message for one in reasons if one])
    return [_problem(one, names, locale_of(request)) if one else None for one in reasons]


def _problem(reason: Refusal | NoAnswer, names: Mapping[str, str], locale: Locale) -> RowProblem:
    return RowProblem(
        status=status_of(reason),
        code=reason.code,
        detail=say(reason.message, locale, names),
        fields=reason.fields if isinstance(reason, Refusal) else {},
        findings=tuple(documents_of(reason.refusing)) if isinstance(reason, NotReady) else (),
    )
