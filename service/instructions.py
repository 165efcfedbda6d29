"""What HR may ask of many goals at once: give an instruction, see how far it is, give it again where it did not go through."""

import secrets
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from domain.goal.goal import Delegation
from domain.instructions import instructions as asked_for
from domain.instructions.instructions import Asked
from domain.lifecycles import ENDED, CycleState
from domain.messages import did_you_mean, message
from domain.policy.policy import Policy
from domain.refusals import Code, Refusal
from domain.values import CycleId, EmployeeId
from storage import cycles, delegations, directory, instructions
from storage.cycles import Cycle
from storage.database import read_transaction
from storage.instructions import Instruction, Progress, Result

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
    from temporalio.client import Client

_FAREST = timedelta(days=366)  # as for one goal: domain/goal/steering.py


def compose(kind: type[Any], fields: dict[str, Any]) -> Any:
    """The instruction with these fields; those that are None are left out. Raises a `Refusal` for what does not fit."""
    from workflows.failures import invalid

    try:
        return kind.model_validate({name: value for name, value in fields.items() if value is not None})
    except ValidationError as error:
        raise invalid(error) from error


class InstructionReads:
    """What needs the database only."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def latest(self, cycle: str | None = None) -> list[Instruction]:
        async with read_transaction(self._engine) as connection:
            return await instructions.latest(connection, cycle)

    async def require(self, instruction: str) -> Instruction:
        """The instruction; raises a `Refusal` where there is none."""
        async with read_transaction(self._engine) as connection:
            found = await instructions.find(connection, instruction)
        if found is None:
            raise Refusal(Code.UNKNOWN_INSTRUCTION, instruction=instruction[:80])
        return found

    async def progress(self, instruction: str) -> Progress:
        async with read_transaction(self._engine) as connection:
            found = await instructions.progress(connection, instruction)
        if found is None:
            raise Refusal(Code.UNKNOWN_INSTRUCTION, instruction=instruction[:80])
        return found

    async def results(self, instruction: str, *wanted: str) -> list[Result]:
        """The goals at which it ended so: `done`, `skipped`, `refused`, or still `waiting`."""
        async with read_transaction(self._engine) as connection:
            return await instructions.results(connection, instruction, *wanted)


class Instructions(InstructionReads):
    def __init__(self, engine: "AsyncEngine", temporal: "Client") -> None:
        super().__init__(engine)
        self._temporal = temporal

    async def give(
        self, asked: Asked, actor: EmployeeId, cycle: CycleId | None = None, instruction: str | None = None
    ) -> str:
        """Writes the instruction down and starts carrying it out; its id. Without a cycle it goes to every open one.

        The same id with the same content is one instruction, however often it is given. Raises a `Refusal` where the
        actor may not, the cycle is in no state for it, somebody named is unknown, or the id stands for something else.
        """
        identity = instruction or secrets.token_hex(8)
        if instruction and await self._is_written(instruction):  # it changed what is looked at below
            await self._require_same(identity, asked, actor, cycle)
            await start(self._temporal, identity)
            return identity
        row = await self._require_cycle(asked, cycle) if cycle else None
        await self._require_actor(asked, actor, row)
        if row:
            await self._require_known(asked, row)
        await self._require_people(asked)
        if isinstance(asked, asked_for.Delegate):
            await self._require_period(asked.delegation)
        await self._write(identity, asked, actor, cycle)
        await start(self._temporal, identity)
        return identity

    async def _is_written(self, instruction: str) -> bool:
        async with read_transaction(self._engine) as connection:
            return await instructions.find(connection, instruction) is not None

    async def _write(self, identity: str, asked: Asked, actor: EmployeeId, cycle: CycleId | None) -> None:
        form = asked.model_dump(mode="json")
        async with self._engine.begin() as connection:
            new = await instructions.write(connection, identity, kind=asked.kind, cycle=cycle, asked=form, actor=actor)
            if new and isinstance(asked, asked_for.Delegate):
                standing = await delegations.add(connection, _row(identity, asked.delegation, asked.reason, actor))
                if standing:
                    raise _chain(asked.delegation, standing)
        if not new:
            await self._require_same(identity, asked, actor, cycle)

    async def _require_same(self, identity: str, asked: Asked, actor: EmployeeId, cycle: CycleId | None) -> None:
        known = await self.require(identity)
        if (known.asked_form, known.actor, known.cycle_id) != (asked.model_dump(mode="json"), actor, cycle):
            raise Refusal(Code.INSTRUCTION_TAKEN, instruction=identity)

    async def _require_cycle(self, asked: Asked, cycle: CycleId) -> Cycle:
        async with read_transaction(self._engine) as connection:
            row = await cycles.find_cycle(connection, cycle)
        if row is None:
            raise Refusal(Code.UNKNOWN_CYCLE, cycle=cycle[:80])
        reopens, whole = isinstance(asked, asked_for.Reopen), asked.selection.is_everybody
        if row.state is CycleState.LAUNCHING or (row.state in ENDED and not reopens):
            raise Refusal(Code.CYCLE_STATE, state=row.state, needed=CycleState.OPEN)
        if row.state is CycleState.OPEN and reopens and whole:
            raise Refusal(Code.CYCLE_STATE, state=row.state, needed=CycleState.CLOSED)
        if whole and isinstance(asked, asked_for.Reopen | asked_for.Extend):
            _require_day(asked, row.rules)
        return row

    async def _require_actor(self, asked: Asked, actor: EmployeeId, row: Cycle | None) -> None:
        """HR of the cycle, of every open one where none is named; people delegate for themselves."""
        if isinstance(asked, asked_for.Delegate) and actor == asked.delegation.delegator:
            return
        async with read_transaction(self._engine) as connection:
            rows = (
                [row] if row else [one for one in await cycles.list_cycles(connection) if one.state is CycleState.OPEN]
            )
        if not rows:
            raise Refusal(Code.NO_OPEN_CYCLE)
        for one in rows:
            hr = one.rules.hr
            if actor not in hr:
                raise Refusal(Code.NOT_ALLOWED, actor=actor, allowed=hr)

    async def _require_known(self, asked: Asked, row: Cycle) -> None:
        """Everybody and every department that is named is in the cycle; who is to be added is in the directory."""
        reopens = isinstance(asked, asked_for.Reopen)
        async with read_transaction(self._engine) as connection:
            people, departments = await cycles.names_in(connection, row.id, removed=reopens)
        if isinstance(asked, asked_for.Add):
            if asked.selection.is_everybody:
                raise Refusal(Code.SELECTION_EMPTY)
            async with read_transaction(self._engine) as connection:
                await _require_active(connection, asked.selection.people)
                departments = await directory.active_departments(connection)
        else:
            _require_in("person", asked.selection.people, people)
        _require_in("department", asked.selection.departments, departments)

    async def _require_people(self, asked: Asked) -> None:
        """Who hands over is in the directory; who takes over is still here."""
        if isinstance(asked, asked_for.Delegate):
            before, after = asked.delegation.delegator, asked.delegation.to
        elif isinstance(asked, asked_for.Reassign):
            before, after = asked.person, asked.to
        else:
            return
        async with read_transaction(self._engine) as connection:
            await _require_employee(connection, before)
            await _require_active(connection, [after])

    async def _require_period(self, delegation: Delegation) -> None:
        """The days are counted where the open cycles count theirs."""
        async with read_transaction(self._engine) as connection:
            zones = [Policy.model_validate(one).calendar for one in (await cycles.policies(connection)).values()]
        now = datetime.now(UTC)
        today = min((zone.day_of(now) for zone in zones), default=now.date())
        for wrong, why in (
            (delegation.to == delegation.delegator, "part.delegate_self"),
            (delegation.last < delegation.first, "part.delegate_order"),
            (delegation.last < today, "part.delegate_past"),
        ):
            if wrong:
                raise Refusal(Code.DELEGATION, why=message(why))


async def start(temporal: "Client", instruction: str) -> None:
    """Starts what carries the instruction out; one that runs, or ran, is left alone."""
    from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
    from temporalio.exceptions import WorkflowAlreadyStartedError

    from workflows.instruction import InstructionStart, InstructionWorkflow, instruction_workflow_id
    from workflows.queues import BULK, BULK_PRIORITY

    try:
        await temporal.start_workflow(
            InstructionWorkflow.run,
            InstructionStart(instruction=instruction),
            id=instruction_workflow_id(instruction),
            task_queue=BULK,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            priority=BULK_PRIORITY,
        )
    except WorkflowAlreadyStartedError:
        return  # it has ended


async def _require_active(connection: "AsyncConnection", people: Collection[EmployeeId]) -> None:
    """All of them work here; the refusal names an id that looks like the first one that does not."""
    active = {one.id for one in await directory.active_people(connection, people=people)}
    if unknown := [one for one in people if one not in active]:
        near = await directory.ids_near(connection, unknown[0])
        working = {one.id for one in await directory.active_people(connection, people=near)}
        _require_in("person", unknown, working)


async def _require_employee(connection: "AsyncConnection", employee: EmployeeId) -> None:
    """The directory has them, at work or not."""
    if not await directory.employees(connection, [employee]):
        _require_in("person", [employee], await directory.ids_near(connection, employee))


def _require_in(kind: str, named: Collection[str], known: Collection[str]) -> None:
    if unknown := [one for one in named if one not in known]:
        near = did_you_mean(unknown[0], known)
        if kind == "person":
            raise Refusal(Code.UNKNOWN_EMPLOYEE, employee=unknown[0][:80], near=near)
        raise Refusal(Code.NOT_IN_CYCLE, kind=kind, named=[one[:80] for one in unknown[:5]], near=near)


def _require_day(asked: asked_for.Reopen | asked_for.Extend, policy: Policy) -> None:
    """What each goal would say of the new last day, before the cycle's own is moved."""
    today = policy.calendar.day_of(datetime.now(UTC))
    if asked.closes is None:
        if isinstance(asked, asked_for.Reopen) and today > policy.closes:
            raise Refusal(Code.CYCLE_OVER, closes=policy.closes)
        return
    first = policy.closes if isinstance(asked, asked_for.Extend) else max(policy.closes, today)
    last = (policy.closes if isinstance(asked, asked_for.Extend) else today) + _FAREST
    if not first <= asked.closes <= last:
        raise Refusal(Code.DATE_OUTSIDE, day=asked.closes, first=first, last=last)


def _row(identity: str, delegation: Delegation, reason: str, actor: EmployeeId) -> dict[str, Any]:
    return {
        "id": identity,
        "delegator_id": delegation.delegator,
        "to_id": delegation.to,
        "first": delegation.first,
        "last": delegation.last,
        "reason": reason,
        "given_by": actor,
    }


def _chain(asked: Delegation, standing: delegations.Standing) -> Refusal:
    why = message(
        "part.delegate_chained",
        delegator=standing.delegator_id,
        to=standing.to_id,
        first=standing.first,
        last=standing.last,
        other=asked.to,
    )
    return Refusal(Code.DELEGATION, why=why)
