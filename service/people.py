"""What callers may do with the directory: import a file of people, look people up."""

from collections.abc import Collection, Mapping

from sqlalchemy.ext.asyncio import AsyncEngine

from domain.findings import Finding
from domain.people.organisation import Employee, Organisation, appoint
from domain.people.people_file import read_people
from domain.values import EmployeeId, Frozen
from storage.database import read_transaction
from storage.people import DirectoryRefused, Imported, find_employee, load_organisation, replace_directory


class ImportResult(Frozen):
    """What became of a file: `imported` counts its people, or is None and the findings say why nothing changed."""

    dry_run: bool
    imported: Imported | None
    findings: tuple[Finding, ...] = ()


class People:
    """The directory of one company."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def import_file(
        self,
        data: bytes,
        mapping: Mapping[str, str] | None = None,
        *,
        tops: Collection[EmployeeId] = (),
        orphans_to: EmployeeId | None = None,
        dry_run: bool = False,
    ) -> ImportResult:
        """Imports a CSV file, all of it or nothing; the same file again changes nothing.

        `mapping` names headers that are not recognised (`{"name": "login"}`), `tops` those who are meant to have no
        manager, whatever the file says; people whose manager is not in the file report to `orphans_to`, where it is
        given. A dry run checks and counts, and changes nothing.
        """
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

    async def organisation(self) -> Organisation:
        """Everybody, with the lines of managers."""
        async with read_transaction(self._engine) as connection:
            return await load_organisation(connection)

    async def find(self, employee_id: EmployeeId) -> Employee | None:
        async with read_transaction(self._engine) as connection:
            return await find_employee(connection, employee_id)
