"""Hearing: what managers and staff say is a problem today (現状の課題), before goals are written."""

import secrets
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from domain.access import Action, Caller, actor_of
from domain.messages import did_you_mean
from domain.refusals import Code, Refusal
from domain.values import EmployeeId, Frozen, Id, Prose
from service.relations import require_colleague
from storage import hearing
from storage.database import read_transaction
from storage.directory import department_sizes, has_reports
from storage.people import find_employee

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

_PROSE: TypeAdapter[str] = TypeAdapter(Prose)
_ID: TypeAdapter[str] = TypeAdapter(Id)


class HeardProblem(Frozen):
    """A problem as a list shows it; `answers` counts the goals that name it and were not given up, drafts included."""

    id: str
    department: str
    text: str
    heard_as: str
    added_by: EmployeeId
    name: str  # of the person who added it
    answers: int


class HeardProblems(Frozen):
    """The problems of a cycle, in the order in which they were added."""

    problems: tuple[HeardProblem, ...]


class Hearing:
    """What a caller may do with the problems of a cycle. Every method raises a `Refusal` for a caller who may not."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def add(
        self, caller: Caller, *, cycle: str, text: str, department: str | None = None, command_id: str | None = None
    ) -> str:
        """Adds a problem for a cycle, which may not be launched yet, and returns its id. By the command id, once.

        Without a department it is the caller's own. Somebody who leads others is heard as a manager. Raises `Refusal`.
        """
        speaker = actor_of(caller)
        async with self._engine.begin() as connection:
            where = await _department(connection, speaker, department)
            await require_colleague(connection, caller, Action.HEAR)
            return await hearing.add(
                connection,
                cycle=_checked(_ID, "cycle", cycle),
                department=where,
                problem=_checked(_PROSE, "text", text),
                heard_as="manager" if await has_reports(connection, speaker) else "staff",
                by=speaker,
                command_id=command_id or secrets.token_hex(8),
            )

    async def list_problems(
        self, caller: Caller, cycle: str, *, department: str | None = None, search: str = "", unanswered: bool = False
    ) -> HeardProblems:
        """The problems of a cycle; with `unanswered`, those that no goal names."""
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_LIBRARY)
            found = await hearing.find_all(
                connection, cycle, department=department, search=search, unanswered=unanswered
            )
        return HeardProblems(problems=tuple(HeardProblem.model_validate(one._asdict()) for one in found))


async def _department(connection: "AsyncConnection", speaker: EmployeeId, named: str | None) -> str:
    """Where the problem is: as named, else the speaker's own; raises a `Refusal` for a department without people."""
    found = await find_employee(connection, speaker)
    if found is None or not found.active:
        raise Refusal(Code.UNKNOWN_EMPLOYEE, employee=speaker[:80], near="")
    known = [one.name for one in await department_sizes(connection) if one.active]
    where = named or found.department
    if where not in known:
        raise Refusal(Code.NOT_IN_CYCLE, kind="department", named=where[:80], near=did_you_mean(where, known))
    return where


def _checked(kind: TypeAdapter[str], where: str, given: str) -> str:
    try:
        return kind.validate_python(given)
    except ValidationError as error:
        from workflows.failures import invalid

        raise invalid(error, where) from error
