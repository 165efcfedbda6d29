"""Use cases of the directory: import a file of people, and read departments and people."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncEngine

from domain.access import Action, Caller
from domain.findings import Finding
from domain.people.organisation import Employee, appoint
from domain.people.people_file import read_people
from domain.refusals import Code, Refusal
from domain.values import EmployeeId, Frozen, GoalId
from service.relations import may_see_inbox, require_colleague, require_directory, visible_goals
from storage import directory
from storage.database import read_transaction
from storage.goal_list import GoalLine, count_waiting
from storage.people import DirectoryRefused, Imported, find_employee, replace_directory
from storage.person_page import newest_goals


class ImportResult(Frozen):
    """The result of an import. `imported` None: nothing was changed, and the findings say why."""

    dry_run: bool
    imported: Imported | None
    findings: tuple[Finding, ...] = ()


class Department(Frozen):
    """A department and its number of active people."""

    department: str
    active: int


class Departments(Frozen):
    """The numbers of active people and of all people, including those who left; and the departments, by name."""

    active: int
    people: int
    departments: tuple[Department, ...]


class DepartmentPeople(Frozen):
    """The people of one department, including those who left."""

    department: str
    people: tuple[Employee, ...]


class PersonsGoal(Frozen):
    """A goal on a person's page; `score` in points."""

    goal: GoalId
    state: str
    paused: bool
    outcome: str | None
    theme: str
    score: Decimal


class PersonPage(Frozen):
    """A person with their managers, nearest first, their direct reports, and their newest goals that the caller may see.

    `waiting` is the number of tasks in their inbox; None for a caller who may not see it.
    """

    employee: Employee
    manager_line: tuple[Employee, ...]
    reports: tuple[Employee, ...]
    goals: tuple[PersonsGoal, ...]
    waiting: int | None


class People:
    """The directory of the company. Every method raises a `Refusal` for a caller without permission."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def import_file(
        self,
        caller: Caller,
        data: bytes,
        mapping: Mapping[str, str] | None = None,
        *,
        tops: Collection[EmployeeId] = (),
        orphans_to: EmployeeId | None = None,
        dry_run: bool = False,
    ) -> ImportResult:
        """Imports a CSV file completely, or changes nothing. The same file again changes nothing.

        For HR of an open cycle; while no cycle is open, for the operator, who imports the first people. `mapping` gives the
        header of a field that is not recognised (`{"name": "login"}`). `tops` are people without a manager, whatever the
        file says. People whose manager is not in the file report to `orphans_to`, if it is given. A dry run only checks
        and counts.
        """
        async with read_transaction(self._engine) as connection:
            await require_directory(connection, caller, Action.CHANGE_DIRECTORY)
        file = read_people(data, mapping)
        if file.findings:
            return ImportResult(dry_run=dry_run, imported=None, findings=file.findings)
        try:
            imported = await replace_directory(
                self._engine, appoint(file.employees, tops, orphans_to), tops=tops, place=file.place, dry_run=dry_run
            )
        except DirectoryRefused as refused:
            return ImportResult(dry_run=dry_run, imported=None, findings=refused.findings)
        return ImportResult(dry_run=dry_run, imported=imported)

    async def departments(self, caller: Caller) -> Departments:
        """The departments with their sizes."""
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_PEOPLE)
            found = await directory.department_sizes(connection)
        return Departments(
            active=sum(one.active for one in found),
            people=sum(one.people for one in found),
            departments=tuple(Department(department=one.name, active=one.active) for one in found),
        )

    async def department(self, caller: Caller, name: str) -> DepartmentPeople:
        """The people of a department. Raises a `Refusal` if the directory has nobody in it."""
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_PEOPLE)
            if found := await directory.people_of(connection, name):
                return DepartmentPeople(department=name, people=tuple(found))
            known = [one.name for one in await directory.department_sizes(connection)]
        raise Refusal(Code.UNKNOWN_DEPARTMENT, department=name[:80], known=known or "-")

    async def person(self, caller: Caller, employee: EmployeeId, now: datetime | None = None) -> PersonPage:
        """The page of a person; `now` is when tasks are counted. Raises a `Refusal` for an unknown employee."""
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_PEOPLE)
            found = await find_employee(connection, employee)
            if found is None:
                raise Refusal(Code.UNKNOWN_EMPLOYEE, employee=employee[:80], near="")
            goals = await newest_goals(connection, employee, condition=await visible_goals(connection, caller))
            sees_inbox = await may_see_inbox(connection, caller, employee)
            return PersonPage(
                employee=found,
                manager_line=tuple(await directory.manager_line_of(connection, employee)),
                reports=tuple(await directory.reports_of(connection, employee)),
                goals=tuple(_goal(one) for one in goals),
                waiting=await count_waiting(connection, employee, now or datetime.now(UTC)) if sees_inbox else None,
            )


def _goal(line: GoalLine) -> PersonsGoal:
    return PersonsGoal(
        goal=GoalId(line.id),
        state=line.state,
        paused=line.paused,
        outcome=line.outcome,
        theme=line.theme,
        score=line.score,
    )
