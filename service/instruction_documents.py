"""What people and programs read of instructions and delegations: `--json` prints the lists as they are."""

from datetime import date, datetime
from typing import NamedTuple

from domain.lifecycles import InstructionState
from domain.values import CycleId, EmployeeId, Frozen
from storage.instructions import Instruction, InstructionResult, Progress

NOT_DONE = ("refused", "failed")  # results that somebody must look at


class InstructionSummary(Frozen):
    """An instruction in a line; without a cycle it went to every open one."""

    id: str
    kind: str
    cycle_id: CycleId | None
    actor: EmployeeId
    state: InstructionState
    given_at: datetime
    finished_at: datetime | None


class InstructionList(Frozen):
    """Instructions, the newest first."""

    instructions: tuple[InstructionSummary, ...]


class InstructionPage(NamedTuple):
    """An instruction, how far it is, and its result at each goal, by the goal's id."""

    instruction: Instruction
    progress: Progress
    results: tuple[InstructionResult, ...]

    @property
    def not_done(self) -> tuple[InstructionResult, ...]:
        """The goals that refused, or that could not be reached."""
        return tuple(one for one in self.results if one.result in NOT_DONE)


class ListedDelegation(Frozen):
    """`to_id` may act for `delegator_id` from `first` to `last`, both included."""

    id: str
    delegator_id: EmployeeId
    to_id: EmployeeId
    first: date
    last: date
    reason: str | None
    given_by: EmployeeId


class DelegationList(Frozen):
    """Delegations by their first day, and the names of the people in them, by id."""

    delegations: tuple[ListedDelegation, ...]
    names: dict[str, str]


def summary_of(row: Instruction) -> InstructionSummary:
    return InstructionSummary(
        id=row.id,
        kind=row.kind,
        cycle_id=row.cycle_id,
        actor=row.actor,
        state=row.state,
        given_at=row.given_at,
        finished_at=row.finished_at,
    )
