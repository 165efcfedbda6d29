"""Documents about cycles, for screens and for programs: `--json` prints them unchanged."""

from datetime import datetime

from domain.lifecycles import CycleState, ParticipantState
from domain.people.departments import Departments
from domain.policy.policy import HrOfPart
from domain.results.department_totals import roll_up
from domain.values import CycleId, EmployeeId, Frozen
from storage.cycles import Cycle, CycleCounts
from storage.person_log import Names


class CycleSummary(Frozen):
    """A cycle as a list shows it. `time_zone` is the time zone in which it counts days."""

    cycle: CycleId
    name: str
    state: CycleState
    launched_by: EmployeeId
    launched_by_name: str | None  # None: not in the directory
    launched_at: datetime
    closed_at: datetime | None
    time_zone: str


class CycleList(Frozen):
    """The cycles, the latest launch first."""

    cycles: tuple[CycleSummary, ...]


class FailedLaunch(Frozen):
    """A participant whose launch failed, and why."""

    employee: EmployeeId
    reason: str


class HeardProblemCounts(Frozen):
    """The number of problems from hearings of the cycle, and the ids of those that no goal answers."""

    heard: int
    unanswered: tuple[str, ...]


class DepartmentCounts(Frozen):
    """A department in the tree and its goals by state; `with_below`: those of the departments below are counted too."""

    department: str
    depth: int
    with_below: bool
    counts: dict[str, int]


class CycleStatus(CycleSummary):
    """The progress of a cycle: participants by state, goals by department and state, overdue tasks, paused goals, failed launches."""

    participants: dict[str, int]
    goals: dict[str, dict[str, int]]
    overdue: int
    paused: int
    failed: tuple[FailedLaunch, ...]
    problems: HeardProblemCounts
    departments: tuple[DepartmentCounts, ...]
    hr_of: tuple[HrOfPart, ...] = ()

    @property
    def people(self) -> int:
        return sum(self.participants.values())

    @property
    def is_launching(self) -> bool:
        """Whether participants are being launched: at first, or because they joined or were tried again."""
        to_come = (ParticipantState.WAITING, ParticipantState.WRITTEN)
        return self.state is CycleState.LAUNCHING or (
            self.state is CycleState.OPEN and any(self.participants.get(one) for one in to_come)
        )

    @property
    def number_of_goals(self) -> int:
        return sum(number for by_state in self.goals.values() for number in by_state.values())


def summary_of(cycle: Cycle, names: Names) -> CycleSummary:
    """`names` holds the name that the person who launched it had then."""
    return CycleSummary(
        cycle=cycle.id,
        name=cycle.name,
        state=cycle.state,
        launched_by=cycle.launched_by,
        launched_by_name=names.get((cycle.launched_by, cycle.launched_at)),
        launched_at=cycle.launched_at,
        closed_at=cycle.closed_at,
        time_zone=cycle.time_zone,
    )


def status_of(
    summary: CycleSummary,
    counts: CycleCounts,
    problems: HeardProblemCounts,
    departments: Departments,
    hr_of: tuple[HrOfPart, ...] = (),
) -> CycleStatus:
    """While the cycle runs, goals are counted under the present names of departments; afterwards, under the names of then."""
    goals: dict[str, dict[str, int]] = {}
    for name, state, number in counts.goals:
        of = goals.setdefault(name if summary.closed_at else departments.current(name), {})
        of[state] = of.get(state, 0) + number
    return CycleStatus(
        **dict(summary),
        participants=counts.participants,
        goals=goals,
        overdue=counts.overdue,
        paused=counts.paused,
        failed=tuple(FailedLaunch(employee=EmployeeId(one), reason=reason) for one, reason in counts.failed),
        problems=problems,
        departments=tuple(DepartmentCounts(**row._asdict()) for row in roll_up(goals, departments)),
        hr_of=hr_of,
    )
