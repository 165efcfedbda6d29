"""Use case of managers: their direct reports with their goals, and what waits for the manager."""

from datetime import date, datetime
from typing import TYPE_CHECKING

from domain.access import Action, Caller
from domain.people.organisation import DIRECTORY_ZONE, Employee
from domain.refusals import Code, Refusal
from domain.values import EmployeeId, Frozen
from service.goal_documents import ListedGoal, listed_goal
from service.relations import require_own, visible_goals
from storage import cycles, team
from storage.cycles import TimeZones
from storage.database import read_transaction
from storage.inbox import workload
from storage.people import find_employee

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

PAGE = 20  # reports
_MOST_GOALS = 20  # of each report; the rules of a cycle allow no more


class Workload(Frozen):
    """The decisions that wait for a person now, also those in somebody else's name. `oldest_due`: the earliest deadline among them."""

    approvals: int
    verdicts: int
    overdue: int
    oldest_due: datetime | None


class TeamMember(Frozen):
    """A direct report. `away_until`: the last day of the present leave, if it is known; `leaves`: the last working day.

    `goals` are those of running cycles that the caller may see, at most 20, by id; `goal_count` and `late` count all of them.
    """

    employee: EmployeeId
    name: str
    department: str
    away: bool
    away_until: date | None
    leaves: date | None
    goals: tuple[ListedGoal, ...]
    goal_count: int
    late: int


class TeamPage(Frozen):
    """A page of a manager's direct reports, by id. `next` is the value of `after` for the next page; None on the last page."""

    manager: EmployeeId
    name: str
    workload: Workload
    reports: tuple[TeamMember, ...]
    next: EmployeeId | None


class Team:
    """Every method raises a `Refusal` for an unknown employee, and for a caller who may not see the team."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def read(
        self, caller: Caller, manager: EmployeeId, now: datetime, *, after: str = "", limit: int = PAGE
    ) -> TeamPage:
        """The next direct reports after the id `after`, with their goals, and the manager's own workload at `now`."""
        async with read_transaction(self._engine) as connection:
            await require_own(connection, caller, Action.SEE_TEAM, manager)
            person = await find_employee(connection, manager)
            if person is None:
                raise Refusal(Code.UNKNOWN_EMPLOYEE, employee=manager[:80], near="")
            reports = await team.reports_page(connection, manager, after=after, limit=limit)
            condition = await visible_goals(connection, caller)
            found = await team.goals_of_each(connection, [one.id for one in reports], now, condition, most=_MOST_GOALS)
            zones = await cycles.time_zones(connection)
            waiting = await workload(connection, manager, now)
        members = tuple(_member(one, found.get(one.id, team.NO_GOALS), zones, now) for one in reports)
        return TeamPage(
            manager=manager,
            name=person.name,
            workload=Workload(**waiting._asdict()),
            reports=members,
            next=members[-1].employee if len(members) == limit else None,
        )


def _member(one: Employee, found: team.ReportsGoals, zones: dict[str, TimeZones], now: datetime) -> TeamMember:
    today = now.astimezone(DIRECTORY_ZONE).date()
    leave = next((leave for leave in one.every_leave if leave.is_on(today)), None)
    return TeamMember(
        employee=EmployeeId(one.id),
        name=one.name,
        department=one.department,
        away=leave is not None,
        away_until=leave and leave.last,
        leaves=one.leaves,
        goals=tuple(listed_goal(line, zones, now) for line in found.lines),
        goal_count=found.goals,
        late=found.late,
    )
