"""What HR may ask of many goals at once: give an instruction, see how far it is, give it again where it did not go through."""

import secrets
from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from domain import instructions as asked_for
from domain.goal import Delegation
from domain.instructions import Asked
from domain.policy import Policy
from domain.refusals import Code, Refusal
from domain.values import CycleId, EmployeeId
from storage import cycles, delegations, instructions
from storage.instructions import Progress, Result
from storage.people import load_organisation
from storage.tables import CycleRow, InstructionRow

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine
    from temporalio.client import Client

ASKED: TypeAdapter[Asked] = TypeAdapter(Asked)


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

    async def latest(self, cycle: str | None = None) -> list[InstructionRow]:
        return await instructions.latest(self._engine, cycle)

    async def require(self, instruction: str) -> InstructionRow:
        """The instruction; raises a `Refusal` where there is none."""
        found = await instructions.find(self._engine, instruction)
        if found is None:
            raise Refusal(Code.UNKNOWN_INSTRUCTION, instruction=instruction[:80])
        return found

    async def progress(self, instruction: str) -> Progress:
        found = await instructions.progress(self._engine, instruction)
        if found is None:
            raise Refusal(Code.UNKNOWN_INSTRUCTION, instruction=instruction[:80])
        return found

    async def results(self, instruction: str, *wanted: str) -> list[Result]:
        """The goals at which it ended so: `done`, `skipped`, `refused`, or still `waiting`."""
        return await instructions.results(self._engine, instruction, *wanted)


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
        row = await self._require_cycle(asked, cycle) if cycle else None
        await self._require_actor(asked, actor, row)
        if row:
            await self._require_known(asked, row)
        identity = instruction or secrets.token_hex(8)
        await self._write(identity, asked, actor, cycle)
        await start(self._temporal, identity)
        return identity

    async def _write(self, identity: str, asked: Asked, actor: EmployeeId, cycle: CycleId | None) -> None:
        form = asked.model_dump(mode="json")
        async with self._engine.begin() as connection:
            new = await instructions.write(connection, identity, kind=asked.kind, cycle=cycle, asked=form, actor=actor)
            if new and isinstance(asked, asked_for.Delegate):
                standing = await delegations.add(connection, _row(identity, asked.delegation, asked.reason, actor))
                if standing:
                    raise _chain(asked.delegation, standing)
        if new:
            return
        known = await self.require(identity)
        if (known.asked, known.actor, known.cycle_id) != (form, actor, cycle):
            raise Refusal(Code.INSTRUCTION_TAKEN, instruction=identity)

    async def _require_cycle(self, asked: Asked, cycle: CycleId) -> CycleRow:
        row = await cycles.find_cycle(self._engine, cycle)
        if row is None:
            raise Refusal(Code.UNKNOWN_CYCLE, cycle=cycle[:80])
        ended = row.state in ("closed", "cancelled")
        whole = asked.selection.is_everybody
        if ended != isinstance(asked, asked_for.Reopen) and (whole or ended):
            raise Refusal(Code.CYCLE_STATE, state=row.state, needed="open" if ended else "closed")
        return row

    async def _require_actor(self, asked: Asked, actor: EmployeeId, row: CycleRow | None) -> None:
        """HR of the cycle, of every open one where none is named; people delegate for themselves."""
        if isinstance(asked, asked_for.Delegate) and actor == asked.delegation.delegator:
            return
        rows = [row] if row else [one for one in await cycles.list_cycles(self._engine) if one.state == "open"]
        if not rows:
            raise Refusal(Code.NO_OPEN_CYCLE)
        for one in rows:
            hr = Policy.model_validate(one.policy_now or one.policy).hr
            if actor not in hr:
                raise Refusal(Code.NOT_ALLOWED, actor=actor, allowed=", ".join(hr))

    async def _require_known(self, asked: Asked, row: CycleRow) -> None:
        """Everybody and every department that is named is in the cycle; who is to be added is in the directory."""
        people, departments = await cycles.names_in(self._engine, row.id)
        if isinstance(asked, asked_for.Add):
            if asked.selection.is_everybody:
                raise Refusal(Code.SELECTION_EMPTY)
            organisation = await load_organisation(self._engine)
            people = {one.id for one in organisation.employees.values() if one.active}
            departments = {one.department for one in organisation.employees.values() if one.active}
        for kind, named, known in (
            ("person", asked.selection.people, people),
            ("department", asked.selection.departments, departments),
        ):
            if unknown := [one for one in named if one not in known]:
                near = get_close_matches(unknown[0], sorted(known), n=1)
                raise Refusal(Code.NOT_IN_CYCLE, kind=kind, named=", ".join(unknown[:5]), near=near[0] if near else "-")


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
    said = f"{standing.delegator_id} → {standing.to_id} ({standing.first} – {standing.last})"
    return Refusal(
        Code.DELEGATION,
        why=f"代理の代理になります({said})。その期間を避けるか、別の人を選んでください。",
        why_en=f"it would make a delegate of a delegate ({said}): choose other days, or somebody else than {asked.to}",
    )


def people_of(names: Sequence[str]) -> tuple[EmployeeId, ...]:
    return tuple(EmployeeId(one) for one in dict.fromkeys(names))
