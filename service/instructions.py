"""Use cases of instructions to many goals: give one, see the latest ones, how far one is, and its result at each goal."""

import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from domain.access import Action, Caller, actor_of
from domain.goal.goal import Delegation
from domain.instructions.instructions import AnyInstruction, Delegate
from domain.messages import message
from domain.refusals import Code, Refusal
from domain.values import CycleId, EmployeeId
from service.instruction_documents import (
    DelegationList,
    InstructionList,
    InstructionPage,
    ListedDelegation,
    summary_of,
)
from service.instruction_rules import require_valid
from service.instruction_start import start
from service.projection import names_by_id
from service.relations import require_colleague
from storage import cycles, delegations, instructions
from storage.database import read_transaction
from storage.instructions import Instruction, Progress

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
    from temporalio.client import Client

_YEAR = timedelta(days=366)


class InstructionReads:
    """What needs the database only. Each method reads on one transaction and raises a `Refusal` for a caller who may not."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def list_latest(self, caller: Caller, cycle: str | None = None) -> InstructionList:
        """The newest instructions to one cycle (None: to any), those to every open cycle included."""
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_CYCLE)
            rows = await instructions.latest(connection, cycle)
        return InstructionList(instructions=tuple(summary_of(row) for row in rows))

    async def look(self, caller: Caller, instruction: str) -> InstructionPage:
        """The instruction, its progress, and its result at each goal. A `Refusal` for one that does not exist."""
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_CYCLE)
            found = await _require(connection, instruction)
            progress = await _progress(connection, instruction)
            return InstructionPage(found, progress, tuple(await instructions.results(connection, instruction)))

    async def progress(self, caller: Caller, instruction: str) -> Progress:
        """How many goals of the instruction have which result. A `Refusal` for one that does not exist."""
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_CYCLE)
            return await _progress(connection, instruction)

    async def list_delegations(self, caller: Caller, employee: EmployeeId | None, now: datetime) -> DelegationList:
        """The delegations from or to one employee (None: all) that hold today or in the year to come."""
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_PEOPLE)
            zones = (await cycles.time_zones(connection)).values()
            today = min((now.astimezone(ZoneInfo(zone)).date() for zone in zones), default=now.date())  # somewhere
            found = await delegations.overlapping(connection, today, today + _YEAR, [employee] if employee else None)
            names = await names_by_id(connection, {one.delegator_id for one in found} | {one.to_id for one in found})
        return DelegationList(
            delegations=tuple(ListedDelegation.model_validate(one._asdict()) for one in found), names=names
        )


class Instructions(InstructionReads):
    """What needs Temporal too."""

    def __init__(self, engine: "AsyncEngine", temporal: "Client") -> None:
        super().__init__(engine)
        self._temporal = temporal

    async def give(
        self, caller: Caller, asked: AnyInstruction, cycle: CycleId | None = None, instruction: str | None = None
    ) -> str:
        """Writes the instruction down and starts carrying it out; its id. Without a cycle it goes to every open one.

        The same id with the same content is one instruction, however often it is given. Raises a `Refusal` where the
        caller may not, the cycle is in the wrong state, somebody named is unknown, or the id belongs to another instruction.
        """
        identity = instruction or secrets.token_hex(8)
        if not (instruction and await self._is_repeated(caller, asked, cycle, instruction)):
            await self._write(identity, caller, asked, cycle)
        await start(self._temporal, identity)
        return identity

    async def _is_repeated(
        self, caller: Caller, asked: AnyInstruction, cycle: CycleId | None, instruction: str
    ) -> bool:
        """Whether it is written already; its rules are not checked again then, since it changed what they look at."""
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
                standing = await delegations.add(connection, _row(identity, asked.delegation, asked.reason, actor))
                if standing:
                    raise _chain(asked.delegation, standing)


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
    }


def _chain(asked: Delegation, standing: delegations.StoredDelegation) -> Refusal:
    why = message(
        "part.delegate_chained",
        delegator=standing.delegator_id,
        to=standing.to_id,
        first=standing.first,
        last=standing.last,
        other=asked.to,
    )
    return Refusal(Code.DELEGATION, why=why)
