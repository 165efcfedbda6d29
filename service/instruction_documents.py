"""Documents about instructions and delegations, for screens and for programs: `--json` prints the lists unchanged."""

from datetime import date, datetime
from typing import NamedTuple

from domain.lifecycles import InstructionState
from domain.values import CycleId, EmployeeId, Frozen
from storage.instructions import Instruction, InstructionResult, Progress

NOT_DONE = ("refused", "failed")  # results that need attention


class InstructionSummary(Frozen):
    """An instruction as a list shows it. `cycle_id` None: it concerns every open cycle."""

    id: str
    kind: str
    cycle_id: CycleId | None
    actor: EmployeeId
    state: InstructionState
    given_at: datetime
    finished_at: datetime | None
    time_zone: str  # of the cycle: for reading the times


class InstructionList(Frozen):
    """Instructions, the newest first."""

    instructions: tuple[InstructionSummary, ...]


class InstructionPage(NamedTuple):
    """An instruction, its progress, and its result at each goal, by the goal's id."""

    instruction: Instruction
    progress: Progress
    results: tuple[InstructionResult, ...]
    time_zone: str  # of the cycle

    @property
    def not_done(self) -> tuple[InstructionResult, ...]:
        """The results at goals that refused, or that did not answer."""
        return tuple(one for one in self.results if one.result in NOT_DONE)


class ListedDelegation(Frozen):
    """A delegation: `to_id` may act for `delegator_id` from `first` to `last`, both included."""

    id: str
    delegator_id: EmployeeId
    to_id: EmployeeId
    first: date
    last: date
    reason: str | None
    given_by: EmployeeId
    own_goals: bool  # also for the delegator's own goals


class DelegationList(Frozen):
    """Delegations by their first day, and the names of the people in them, by id."""

    delegations: tuple[ListedDelegation, ...]
    names: dict[str, str]


def summary_of(row: Instruction, time_zone: str) -> InstructionSummary:
    return InstructionSummary(
        id=row.id,
        kind=row.kind,
        cycle_id=row.cycle_id,
        actor=row.actor,
        state=row.state,
        given_at=row.given_at,
        finished_at=row.finished_at,
        time_zone=time_zone,
    )
