"""Use cases of instructions to many goals: give one; read the latest ones, the progress of one, and its results."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from domain.access import Action, Caller, actor_of
from domain.goal.goal import Delegation
from domain.instructions.instructions import AnyInstruction, Delegate, EndDelegation
from domain.lifecycles import InstructionState
from domain.messages import message
from domain.refusals import Code, Refusal
from domain.values import CycleId, EmployeeId
from service.cycle_lookup import require_cycle
from service.instruction_documents import (
    DelegationList,
    InstructionList,
    InstructionPage,
    ListedDelegation,
    summary_of,
)
from service.instruction_rules import require_may_steer, require_valid
from service.instruction_start import start, stop
from service.projection import names_by_id
from service.relations import require_colleague
from storage import cycles, delegations, instruction_course, instructions
from storage.database import read_transaction
from storage.instructions import Instruction, Progress
from storage.people import find_employee
from workflows.failures import invalid
from workflows.instruction import InstructionStart

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
    from temporalio.client import Client

_YEAR = timedelta(days=366)


class InstructionReads:
    """Reads that need only the database. Each method is one read transaction, and raises a `Refusal` for a caller without permission."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def list_latest(self, caller: Caller, cycle: str | None = None) -> InstructionList:
        """The newest instructions; with `cycle`, those to this cycle and those to every open cycle."""
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_CYCLE)
            if cycle is not None:
                await require_cycle(connection, cycle)
            rows = await instructions.latest(connection, cycle)
            zones = await cycles.time_zones(connection)
        return InstructionList(instructions=tuple(summary_of(row, _zone(row, zones)) for row in rows))

    async def read(self, caller: Caller, instruction: str) -> InstructionPage:
        """The instruction, its progress, and its result at each goal. Raises a `Refusal` for an unknown one."""
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_CYCLE)
            found = await _require(connection, instruction)
            progress = await _progress(connection, instruction)
            results = tuple(await instructions.results(connection, instruction))
            return InstructionPage(found, progress, results, _zone(found, await cycles.time_zones(connection)))

    async def progress(self, caller: Caller, instruction: str) -> Progress:
        """The numbers of the instruction's goals by result. Raises a `Refusal` for an unknown instruction."""
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_CYCLE)
            return await _progress(connection, instruction)

    async def list_delegations(self, caller: Caller, employee: EmployeeId | None, now: datetime) -> DelegationList:
        """The delegations from or to one employee (None: all) that hold today or within a year."""
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_PEOPLE)
            if employee is not None and await find_employee(connection, employee) is None:
                raise Refusal(Code.UNKNOWN_EMPLOYEE, employee=employee[:80], near="")
            zones = {one for cycle in (await cycles.time_zones(connection)).values() for one in cycle.all()}
            today = min((now.astimezone(ZoneInfo(zone)).date() for zone in zones), default=now.date())  # the earliest
            found = await delegations.overlapping(connection, today, today + _YEAR, [employee] if employee else None)
            names = await names_by_id(connection, {one.delegator_id for one in found} | {one.to_id for one in found})
        return DelegationList(
            delegations=tuple(ListedDelegation.model_validate(one._asdict()) for one in found), names=names
        )


class Instructions(InstructionReads):
    """Use cases that also need Temporal."""

    def __init__(self, engine: "AsyncEngine", temporal: "Client") -> None:
        super().__init__(engine)
        self._temporal = temporal

    async def give(
        self, caller: Caller, asked: AnyInstruction, cycle: CycleId | None = None, instruction: str | None = None
    ) -> str:
        """Writes the instruction, starts its workflow, and returns its id. Without `cycle` it concerns every open cycle.

        Keyed by the id `instruction`: a repeat with the same content changes nothing. Raises a `Refusal` if the caller has
        no permission, the cycle is in the wrong state, a named person is unknown, or the id belongs to another instruction.
        """
        identity = _valid_id(instruction) if instruction else secrets.token_hex(8)
        if not (instruction and await self._is_repeated(caller, asked, cycle, instruction)):
            await self._write(identity, caller, asked, cycle)
        await start(self._temporal, identity)
        return identity

    async def end(self, caller: Caller, instruction: str, reason: str, now: datetime) -> None:
        """Ends an instruction that is not done. Goals that have a result keep it; the others are not asked, and the cycle
        itself does not change.

        Raises a `Refusal` if the caller may not give the instruction, or if it is over.
        """
        by = actor_of(caller)
        async with self._engine.begin() as connection:
            found = await _require(connection, instruction)
            await require_may_steer(connection, caller, found)
            if not await instruction_course.end(connection, found.id, by=by, why=reason, at=now):
                raise Refusal(Code.INSTRUCTION_OVER, instruction=found.id)
        await stop(self._temporal, found.id)

    async def retry(self, caller: Caller, instruction: str) -> None:
        """Asks the goals again that failed, or that were not asked because the instruction was ended.

        Raises a `Refusal` if the caller may not give the instruction, if it is not over, or if no goal failed.
        """
        by = actor_of(caller)
        async with self._engine.begin() as connection:
            found = await _require(connection, instruction)
            await require_may_steer(connection, caller, found)
            if not found.is_over:
                raise Refusal(Code.INSTRUCTION_RUNNING, instruction=found.id)
            if found.state is InstructionState.DONE and not await instructions.results(connection, found.id, "failed"):
                raise Refusal(Code.NOTHING_FAILED, instruction=found.id)
            await instruction_course.ask_again(connection, found.id, by=by)
        await start(self._temporal, found.id, again=True)

    async def _is_repeated(
        self, caller: Caller, asked: AnyInstruction, cycle: CycleId | None, instruction: str
    ) -> bool:
        """Whether the instruction is written already. Then it is not checked again: it may have changed what the checks read."""
        async with read_transaction(self._engine) as connection:
            known = await instructions.find(connection, instruction)
        if known is not None:
            _require_same(known, caller, asked, cycle)
        return known is not None

    async def _write(self, identity: str, caller: Caller, asked: AnyInstruction, cycle: CycleId | None) -> None:
        form, actor = asked.model_dump(mode="json"), actor_of(caller)
        async with self._engine.begin() as connection:
            await require_valid(connection, caller, asked, cycle)
            new = await instructions.write(connection, identity, kind=asked.kind, cycle=cycle, asked=form, actor=actor)
            if not new:
                _require_same(await _require(connection, identity), caller, asked, cycle)
            elif isinstance(asked, Delegate):
                existing = await delegations.add(connection, _row(identity, asked.delegation, asked.reason, actor))
                if existing:
                    raise _chain(asked.delegation, existing)
            elif isinstance(asked, EndDelegation) and not await delegations.end(
                connection, asked.delegator, asked.to, by=actor
            ):
                raise Refusal(
                    Code.DELEGATION, why=message("part.delegate_none", delegator=asked.delegator, to=asked.to)
                )


def _valid_id(instruction: str) -> str:
    """The id, which names a workflow too. Raises a `Refusal` before anything is written."""
    try:
        return InstructionStart(instruction=instruction).instruction
    except ValidationError as error:
        raise invalid(error) from error


async def _require(connection: "AsyncConnection", instruction: str) -> Instruction:
    found = await instructions.find(connection, instruction)
    if found is None:
        raise Refusal(Code.UNKNOWN_INSTRUCTION, instruction=instruction[:80])
    return found


async def _progress(connection: "AsyncConnection", instruction: str) -> Progress:
    found = await instructions.progress(connection, instruction)
    if found is None:
        raise Refusal(Code.UNKNOWN_INSTRUCTION, instruction=instruction[:80])
    return found


def _zone(row: Instruction, zones: Mapping[str, cycles.TimeZones]) -> str:
    """The time zone of the instruction's cycle. An instruction to every cycle has that of the latest one."""
    found = zones.get(row.cycle_id or "") or next(iter(zones.values()), None)
    return found.calendar if found else "UTC"


def _require_same(known: Instruction, caller: Caller, asked: AnyInstruction, cycle: CycleId | None) -> None:
    given = (asked.model_dump(mode="json"), actor_of(caller), cycle)
    if (known.asked_form, known.actor, known.cycle_id) != given:
        raise Refusal(Code.INSTRUCTION_TAKEN, instruction=known.id)


def _row(identity: str, delegation: Delegation, reason: str, actor: EmployeeId) -> dict[str, Any]:
    return {
        "id": identity,
        "delegator_id": delegation.delegator,
        "to_id": delegation.to,
        "first": delegation.first,
        "last": delegation.last,
        "reason": reason,
        "given_by": actor,
        "own_goals": delegation.own_goals,
    }


def _chain(asked: Delegation, existing: delegations.StoredDelegation) -> Refusal:
    """The refusal of a delegation that would form a chain with an existing one."""
    why = message(
        "part.delegate_chained",
        delegator=existing.delegator_id,
        to=existing.to_id,
        first=existing.first,
        last=existing.last,
        other=asked.to,
    )
    return Refusal(Code.DELEGATION, why=why)
