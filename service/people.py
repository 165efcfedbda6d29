"""Use cases of the directory: import a file of people, and read departments and people."""

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.access import Action, Caller
from domain.findings import Finding, refuses
from domain.journal import OPERATOR
from domain.people.department_findings import former_name_findings, former_names
from domain.people.listed import as_listed, findings_with, joined_again, lost_characters
from domain.people.numbers import NOTHING_SAID, Said, numbered
from domain.people.organisation import DIRECTORY_ZONE, Employee, appoint, with_new_name
from domain.people.provisioned import keep_provisioned
from domain.refusals import Code, Refusal
from domain.values import EmployeeId, Frozen, GoalId, Locale
from service.people_files import PeopleSource, read_file
from service.relations import may_see_inbox, require_colleague, require_directory, visible_goals
from storage import cycles, directory, provisioning_runs
from storage.database import read_transaction
from storage.departments import load_departments
from storage.goal_list import GoalLine
from storage.inbox import count_waiting
from storage.people import (
    DirectoryChanged,
    DirectoryRefused,
    Imported,
    directory_version,
    find_employee,
    load_organisation,
    replace_directory,
)
from storage.person_log import employment_of
from storage.person_page import newest_goals


class ImportResult(Frozen):
    """The result of an import. `imported` None: nothing was changed, and the findings say why; else they are advice."""

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


class CompanyPeople(Frozen):
    """The people who work in a company or are seconded from it, including those who left."""

    company: str
    people: tuple[Employee, ...]


class PersonsGoal(Frozen):
    """A goal on a person's page; `score` in points."""

    goal: GoalId
    state: str
    paused: bool
    outcome: str | None
    theme: str
    score: Decimal


class EmploymentChangeDocument(Frozen):
    """The day on which the directory learned that a person joined (`added`), `left` or `returned`."""

    day: date
    change: str


class PartOfHr(Frozen):
    """A part of the company of which a person is HR in a running cycle."""

    cycle: str
    part: str


class PersonPage(Frozen):
    """A person with managers, nearest first, evaluators by their stages, direct reports, and newest goals that the caller may see.

    `employment`: when they joined, left and came back. `waiting` is the number of tasks in their inbox; None for a caller who may not see it.
    """

    employee: Employee
    manager_line: tuple[Employee, ...]
    named_evaluators: tuple[Employee, ...]
    reports: tuple[Employee, ...]
    goals: tuple[PersonsGoal, ...]
    employment: tuple[EmploymentChangeDocument, ...]
    waiting: int | None
    hr_parts: tuple[PartOfHr, ...] = ()


class People:
    """The directory of the company. Every method raises a `Refusal` for a caller without permission.

    `owned` are the fields that an identity provider keeps of the people whom it provisions: an import does not change them.
    """

    def __init__(self, engine: AsyncEngine, owned: frozenset[str] = frozenset()) -> None:
        self._engine, self._owned = engine, owned

    async def import_file(
        self,
        caller: Caller,
        data: bytes,
        mapping: Mapping[str, str] | None = None,
        *,
        tops: Collection[EmployeeId] = (),
        orphans_to: EmployeeId | None = None,
        encoding: str | None = None,
        locale: Locale = Locale.JA,
        said: Said = NOTHING_SAID,
        dry_run: bool = False,
        today: date | None = None,
    ) -> ImportResult:
        """Imports a CSV file completely, or changes nothing. The same file again changes nothing.

        For the operator, who imports the first people. Raises a `Refusal` while a cycle is open: only `Reorganisation`
        changes the directory then, since it also changes the open goals. `mapping`, `encoding` and `locale`
        are as in `PeopleSource`. `tops` are people without a manager, whatever the file says. People whose manager is not in
        the file report to `orphans_to`, if it is given. `said` tells whose number is whose. A dry run only checks and counts.
        """
        on = today or datetime.now(DIRECTORY_ZONE).date()
        async with read_transaction(self._engine) as connection:
            await require_directory(connection, caller, Action.CHANGE_DIRECTORY)
            await _require_no_open_cycle(connection)
            version = await directory_version(connection)
            before = await load_organisation(connection)
            provisioned = await provisioning_runs.people(connection)
        known = before.employees
        numbers = numbered(await read_file(PeopleSource(data, mapping, encoding, locale)), known, said, on)
        file, tops = numbers.file, [numbers.id_of(one) for one in tops]
        orphans_to = numbers.id_of(orphans_to) if orphans_to else None
        if file.findings:
            placed = appoint([one.as_of(on) for one in file.placed], tops, orphans_to)
            everybody = {**known, **{one.id: one for one in placed}}
            findings = findings_with(file, everybody.values(), tops)
            return ImportResult(dry_run=dry_run, imported=None, findings=findings)
        former = former_names(file.employees, before.departments)
        kept = keep_provisioned(
            [with_new_name(one, former) for one in as_listed(file, known, on)], known, provisioned, self._owned
        )
        listed = kept.people
        advice = (
            *numbers.findings, *kept.findings, *former_name_findings(former), *lost_characters(file, known), *joined_again(known, listed, on),
        )  # fmt: skip
        if refuses(advice):
            after = {**known, **{one.id: one for one in appoint(listed, tops, orphans_to)}}
            findings = (*findings_with(file, after.values(), tops), *advice)
            return ImportResult(dry_run=dry_run, imported=None, findings=findings)
        try:
            imported = await replace_directory(
                self._engine,
                appoint(listed, tops, orphans_to),
                tops=tops,
                place=file.place,
                dry_run=dry_run,
                version=version,
                by=caller.employee or OPERATOR,
            )
        except DirectoryRefused as refused:
            return ImportResult(dry_run=dry_run, imported=None, findings=(*refused.findings, *advice))
        except DirectoryChanged as changed:
            raise Refusal(Code.DIRECTORY_CHANGED) from changed
        return ImportResult(dry_run=dry_run, imported=imported, findings=advice)

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
        """The people of a department and of those below it, with its present name. Raises a `Refusal` if the directory has nobody in it."""
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_PEOPLE)
            if found := await directory.people_of(connection, name):
                return DepartmentPeople(
                    department=(await load_departments(connection)).current(name), people=tuple(found)
                )
            known = [one.name for one in await directory.department_sizes(connection)]
        raise Refusal(Code.UNKNOWN_DEPARTMENT, department=name[:80], known=known or "-")

    async def company(self, caller: Caller, name: str) -> CompanyPeople:
        """The people who work in a company or are seconded from it. Raises a `Refusal` if there are none."""
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_PEOPLE)
            if found := await directory.people_of_company(connection, name):
                return CompanyPeople(company=name, people=tuple(found))
            known = await directory.companies(connection)
        raise Refusal(Code.UNKNOWN_COMPANY, company=name[:80], known=known or "-")

    async def person(self, caller: Caller, employee: EmployeeId, now: datetime | None = None) -> PersonPage:
        """The page of a person, by id or by employee number; `now` is when tasks are counted. Raises a `Refusal` for an unknown employee."""
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_PEOPLE)
            found = await find_employee(connection, employee)
            if found is None and (holder := await directory.holder_of(connection, employee)):
                employee, found = holder, await find_employee(connection, holder)
            if found is None:
                raise Refusal(Code.UNKNOWN_EMPLOYEE, employee=employee[:80], near="")
            goals = await newest_goals(connection, employee, condition=await visible_goals(connection, caller))
            sees_inbox = await may_see_inbox(connection, caller, employee)
            named = [one for one in found.evaluators if one]
            by_id = {one.id: one for one in await directory.employees(connection, named)}
            return PersonPage(
                employee=found,
                manager_line=tuple(await directory.manager_line_of(connection, employee)),
                named_evaluators=tuple(by_id[one] for one in named if one in by_id),
                reports=tuple(await directory.reports_of(connection, employee)),
                goals=tuple(_goal(one) for one in goals),
                employment=tuple(
                    EmploymentChangeDocument(day=one.at.astimezone(DIRECTORY_ZONE).date(), change=one.change)
                    for one in await employment_of(connection, employee)
                ),
                waiting=await count_waiting(connection, employee, now or datetime.now(UTC)) if sees_inbox else None,
                hr_parts=await _parts_of_hr(connection, employee),
            )


async def _parts_of_hr(connection: AsyncConnection, employee: EmployeeId) -> tuple[PartOfHr, ...]:
    rows = [row for row in await cycles.list_cycles(connection) if row.state.is_running]
    return tuple(
        PartOfHr(cycle=row.id, part=one.name) for row in rows for one in row.rules.hr_of if employee in one.people
    )


async def _require_no_open_cycle(connection: AsyncConnection) -> None:
    for row in await cycles.list_cycles(connection):
        if row.state.is_running:
            raise Refusal(Code.SYNC_INSTEAD, cycle=row.id)


def _goal(line: GoalLine) -> PersonsGoal:
    return PersonsGoal(
        goal=GoalId(line.id),
        state=line.state,
        paused=line.paused,
        outcome=line.outcome,
        theme=line.theme,
        score=line.score,
    )
