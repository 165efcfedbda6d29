"""Use cases of hearings: current problems (現状の課題) that managers and staff name before goals are written."""

import secrets
from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from domain.access import Action, Caller, actor_of, person_of
from domain.messages import did_you_mean
from domain.people.organisation import DIRECTORY_ZONE
from domain.refusals import Code, Refusal
from domain.values import SILENT, EmployeeId, Frozen, Id, Prose
from service.cycle_lookup import require_cycle
from service.relations import require_colleague, require_person
from storage import hearing
from storage.database import read_transaction
from storage.departments import load_departments
from storage.directory import department_sizes, has_reports
from storage.people import find_employee

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

_PROSE: TypeAdapter[str] = TypeAdapter(Prose, config=SILENT)
_ID: TypeAdapter[str] = TypeAdapter(Id, config=SILENT)


class HeardProblem(Frozen):
    """A problem as a list shows it. `answers` counts the goals that name it: drafts too, abandoned goals not."""

    id: str
    department: str
    text: str
    heard_as: str
    added_by: EmployeeId
    name: str  # of `added_by`, when the problem was added
    answers: int
    source: str | None = None  # the problem or the review of an earlier cycle from which it was taken over


class HeardProblems(Frozen):
    """The problems of a cycle, oldest first."""

    problems: tuple[HeardProblem, ...]


class Hearing:
    """The problems of a cycle. Every method raises a `Refusal` for a caller without permission."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def add(
        self,
        caller: Caller,
        *,
        cycle: str,
        text: str,
        department: str | None = None,
        command_id: str | None = None,
        planned: bool = False,
    ) -> str:
        """Adds a problem for a cycle and returns its id. Keyed by the command's id.

        An unknown cycle is refused, unless it is `planned`: hearings may come before the launch. Without `department` it is the caller's own. A caller with reports is heard as a manager, others as staff.
        """
        speaker = person_of(caller)
        async with self._engine.begin() as connection:
            where = await department_of_problem(connection, speaker, department)
            await require_colleague(connection, caller, Action.HEAR)
            if not planned:
                await require_cycle(connection, cycle)
            return await hearing.add(
                connection,
                cycle=checked_id("cycle", cycle),
                department=where,
                problem=checked_text("text", text),
                heard_as="manager" if await has_reports(connection, speaker) else "staff",
                by=speaker,
                command_id=command_id or secrets.token_hex(8),
            )

    async def correct(self, caller: Caller, problem: str, text: str) -> None:
        """Replaces the text of a problem. Whoever added it may, and HR of an open cycle. The journal keeps both texts."""
        async with self._engine.begin() as connection:
            found = await _require_problem(connection, caller, problem)
            if found.is_taken_back:
                raise Refusal(Code.NO_SUCH_PROBLEM, problem=found.id)
            await hearing.correct(connection, found, checked_text("text", text), by=actor_of(caller))

    async def take_back(self, caller: Caller, problem: str, reason: str) -> None:
        """Takes a problem back: no list shows it, and no goal can answer it any more. The same callers may as for `correct`.

        Refused while goals answer it. A repeat changes nothing.
        """
        async with self._engine.begin() as connection:
            found = await _require_problem(connection, caller, problem)
            why = checked_text("reason", reason)
            if goals := await hearing.take_back(connection, found, why, by=actor_of(caller)):
                raise Refusal(Code.PROBLEM_ANSWERED, problem=problem, goals=goals)

    async def list_problems(
        self, caller: Caller, cycle: str, *, department: str | None = None, search: str = "", unanswered: bool = False
    ) -> HeardProblems:
        """The problems of a cycle; with `unanswered`, only those that no goal answers."""
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_LIBRARY)
            await _require_heard(connection, cycle)
            found = await hearing.find_all(
                connection, cycle, department=department, search=search, unanswered=unanswered
            )
        return HeardProblems(problems=tuple(HeardProblem.model_validate(one._asdict()) for one in found))


async def _require_problem(connection: "AsyncConnection", caller: Caller, problem: str) -> hearing.HeardIn:
    """The problem, which nobody else changes until the transaction ends. Raises a `Refusal`, also for an unknown problem."""
    found = await hearing.lock(connection, problem)
    if found is None:
        await require_colleague(connection, caller, Action.SEE_LIBRARY)
        raise Refusal(Code.NO_SUCH_PROBLEM, problem=problem[:80])
    await require_person(connection, caller, Action.CORRECT_HEARD, EmployeeId(found.added_by))
    return found


async def _require_heard(connection: "AsyncConnection", cycle: str) -> None:
    """Raises a `Refusal` for a cycle that is unknown and for which nothing was heard: an empty list would hide a misspelling."""
    if not await hearing.find_all(connection, cycle):
        await require_cycle(connection, cycle)


async def department_of_problem(connection: "AsyncConnection", speaker: EmployeeId, named: str | None) -> str:
    """The named department, else the speaker's own. Raises a `Refusal` for a department without active people."""
    found = await find_employee(connection, speaker)
    if found is None or not found.works_on(datetime.now(DIRECTORY_ZONE).date()):
        raise Refusal(Code.UNKNOWN_EMPLOYEE, employee=speaker[:80], near="")
    known = [one.name for one in await department_sizes(connection) if one.active]
    department = (await load_departments(connection)).current(named or found.department)
    if department not in known:
        near = did_you_mean(department, known)
        raise Refusal(Code.NOT_IN_CYCLE, kind="department", named=department[:80], near=near)
    return department


def checked_id(where: str, given: str) -> str:
    """The id. Raises a `Refusal` that names the field `where` if it is no id."""
    return _checked(_ID, where, given)


def checked_text(where: str, given: str) -> str:
    """The text without space around it. Raises a `Refusal` that names the field `where` if it is empty or too long."""
    return _checked(_PROSE, where, given)


def _checked(kind: TypeAdapter[str], where: str, given: str) -> str:
    try:
        return kind.validate_python(given)
    except ValidationError as error:
        from workflows.failures import invalid

        raise invalid(error, where) from error
