"""Use cases of departments: show their tree, and compare a department file with the directory."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from domain.access import Action, Caller
from domain.findings import refuses
from domain.instructions.reorganisation import compare
from domain.people.department_changes import changes_of_file, shown_changes
from domain.people.department_findings import file_findings
from domain.people.departments import Department, Departments
from domain.people.organisation import DIRECTORY_ZONE
from domain.values import EmployeeId, Frozen
from service.people_files import read_department_file
from service.relations import require_colleague, require_hr_everywhere
from service.reorganisation import Compared
from service.sync_effects import effects_of, open_cycles
from storage import directory, people
from storage.database import read_transaction
from storage.departments import load_departments
from storage.people import load_organisation, names_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine


class DepartmentLine(Frozen):
    """A department in the tree. `active` are its own active people, `active_below_count` also those of the departments below it; `parent` is an id."""

    department_id: str
    department: str
    depth: int
    parent: str | None
    department_head: EmployeeId | None
    department_head_name: str | None
    active: int
    active_below_count: int
    former_names: tuple[str, ...]


class DepartmentTree(Frozen):
    """Every department, from the top down."""

    departments: tuple[DepartmentLine, ...]


class DepartmentRecords:
    """The departments of the company. Every method raises a `Refusal` for a caller without permission."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def tree(self, caller: Caller) -> DepartmentTree:
        """All departments with their heads and numbers of active people."""
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_PEOPLE)
            found = await load_departments(connection)
            sizes = {one.name: one.active for one in await directory.department_sizes(connection)}
            names = await names_of(connection, {one.head_id for one in found.by_id.values() if one.head_id})
        return DepartmentTree(departments=tuple(_line(depth, one, found, sizes, names) for depth, one in found.tree()))

    async def compare(
        self,
        caller: Caller,
        data: bytes,
        mapping: Mapping[str, str] | None = None,
        *,
        encoding: str | None = None,
        today: date | None = None,
    ) -> Compared:
        """Compares a department file with the directory; writes nothing. `Reorganisation.apply` applies the comparison.

        Departments that are not in the file stay. Fields for which the file has no column do not change.
        """
        now = datetime.now(UTC)
        on = today or now.astimezone(DIRECTORY_ZONE).date()
        async with read_transaction(self._engine) as connection:
            await require_hr_everywhere(connection, caller, Action.CHANGE_DIRECTORY)
            version = await people.directory_version(connection)
            file = await read_department_file(data, mapping, encoding)
            if file.findings:
                return Compared(None, file.findings, (), version, 0)
            before = await load_organisation(connection)
            change = changes_of_file(file.rows, before.departments, file.fields)
            findings = tuple(file_findings(file, change, before.departments, before.employees))
            if refuses(findings):
                return Compared(None, findings, (), version, 0)
            difference = compare(before.employees.values(), (), on, departments=change)._replace(absent=())
            effects = await effects_of(connection, difference, await open_cycles(connection), now, before.departments)
        findings += difference.findings
        return Compared(difference, findings, effects, version, 0, shown_changes(change, before.departments))


def _line(
    depth: int, one: Department, found: Departments, sizes: Mapping[str, int], names: Mapping[EmployeeId, str]
) -> DepartmentLine:
    return DepartmentLine(
        department_id=one.id,
        department=one.name,
        depth=depth,
        parent=one.parent_id,
        department_head=one.head_id,
        department_head_name=names.get(one.head_id) if one.head_id else None,
        active=sizes.get(one.name, 0),
        active_below_count=sum(sizes.get(below.name, 0) for below in found.with_below(one)),
        former_names=one.former,
    )
