"""Use cases of a new people file: compare it with the directory, show its effects on open goals, apply it."""

import hashlib
import secrets
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from domain.access import Action, Caller, actor_of
from domain.findings import Finding, refuses
from domain.instructions.reorganisation import Difference, FieldChange, compare
from domain.people.department_changes import ShownChange, changes_of_renaming, shown_changes
from domain.people.department_findings import (
    former_name_findings,
    former_names,
    renaming_findings,
    suggested_renamings,
)
from domain.people.listed import as_listed, findings_with, joined_again, lost_characters
from domain.people.numbers import NOTHING_SAID, Said, numbered
from domain.people.organisation import DIRECTORY_ZONE, Organisation, appoint, with_new_name
from domain.people.people_file import PeopleFile
from domain.people.provisioned import keep_provisioned
from domain.refusals import Code, Refusal
from domain.values import EmployeeId, Frozen, Locale
from service.people_files import PeopleSource, read_file
from service.relations import require_hr_everywhere
from service.sync_effects import Effect, effects_of, findings_on, forgotten_leaves, open_cycles
from storage import instructions, people, provisioning_runs
from storage.database import read_transaction
from storage.people import load_organisation
from texts.findings import FindingDocument, documents_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
    from temporalio.client import Client

_LARGE_SHARE = 0.2  # of the active people; if more people leave, the file is probably wrong


class ChangeDocument(Frozen):
    """A change of one person: the department, the site, the manager's id or the last day, before and after."""

    employee: EmployeeId
    before: str | date | None
    after: str | date | None


class DepartmentChangeDocument(Frozen):
    """A change of a department, by its new name: added, renamed, merged, id, parent or head; the old value and the new one."""

    change: str
    department: str
    old: str | None
    new: str | None


class SyncDocument(Frozen):
    """A comparison for programs: people by id, changes, and the effects of applying the file."""

    joined: tuple[EmployeeId, ...]
    left: tuple[EmployeeId, ...]
    leaving: tuple[ChangeDocument, ...]
    moved: tuple[ChangeDocument, ...]
    sites: tuple[ChangeDocument, ...]
    managers: tuple[ChangeDocument, ...]
    evaluator_changes: tuple[ChangeDocument, ...]
    leave_changes: tuple[ChangeDocument, ...]
    number_changes: tuple[ChangeDocument, ...]
    post_changes: tuple[ChangeDocument, ...]
    other: tuple[EmployeeId, ...]
    absent: tuple[EmployeeId, ...]
    findings: tuple[FindingDocument, ...]
    effects: tuple[Effect, ...]
    department_changes: tuple[DepartmentChangeDocument, ...]
    company_changes: tuple[ChangeDocument, ...] = ()
    joining_changes: tuple[ChangeDocument, ...] = ()


class Compared(NamedTuple):
    """The difference, its findings, and its effects; `version` is the version of the directory that was compared.

    `difference` None: the findings say why. `many`: the number of leavers if they are more than a fifth of the active people, else 0.
    """

    difference: Difference | None
    findings: tuple[Finding, ...]
    effects: tuple[Effect, ...]
    version: str
    many: int
    departments: tuple[ShownChange, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether the directory and every open goal agree with the file already."""
        return self.difference is not None and self.difference.is_empty and not any(map(_changes_goals, self.effects))

    def tag(self, data: bytes, *said: object) -> str:
        """A digest of the directory's version, the file and what was said about it: another one means another comparison."""
        return hashlib.sha256(repr((self.version, *said)).encode() + data).hexdigest()[:32]

    def document(self) -> SyncDocument:
        """The comparison for programs. Raises `ValueError` if there is no difference."""
        if (found := self.difference) is None:
            raise ValueError("a file with errors has no difference to print")
        return SyncDocument(
            joined=found.joined,
            left=found.left,
            leaving=_changes(found.leaving),
            moved=_changes(found.moved),
            sites=_changes(found.sites),
            managers=_changes(found.managers),
            evaluator_changes=_changes(found.evaluators),
            leave_changes=_changes(found.leave),
            number_changes=_changes(found.numbers),
            post_changes=_changes(found.posts),
            other=found.other,
            absent=found.absent,
            findings=tuple(documents_of(self.findings)),
            effects=self.effects,
            department_changes=tuple(
                DepartmentChangeDocument(change=kind, department=name, old=before, new=after)
                for kind, name, before, after in self.departments
            ),
            company_changes=_changes(found.companies),
            joining_changes=_changes(found.joining),
        )


class Directory(NamedTuple):
    """The directory as it is compared."""

    version: str
    organisation: Organisation


class Comparing(NamedTuple):
    """What is said about a file, see `Reorganisation.compare`. `on` is the day, `owned` are fields that the identity provider keeps."""

    now: datetime
    on: date
    tops: tuple[EmployeeId, ...] = ()
    orphans_to: EmployeeId | None = None
    said: Said = NOTHING_SAID
    absent_left: bool = False
    renamed: Mapping[str, str] = MappingProxyType({})
    owned: frozenset[str] = frozenset()


class Reorganisation:
    """A file with all people of the company. Every method raises a `Refusal` for a caller without permission.

    `owned` are the fields of the directory that an identity provider keeps: of people whom it provisions, a file does not change them.
    """

    def __init__(self, engine: "AsyncEngine", owned: frozenset[str] = frozenset()) -> None:
        self._engine, self._owned = engine, owned

    async def compare(
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
        absent_left: bool = False,
        today: date | None = None,
        renamed: Mapping[str, str] | None = None,
    ) -> Compared:
        """Compares the file with the directory; writes nothing. Fields for which the file has no column do not change.

        `said` tells whose number is whose, where the file is unclear. `renamed` gives departments that have another name now: by the
        old name the new one. Their people do not move.
        """
        now = datetime.now(UTC)
        on = today or now.astimezone(DIRECTORY_ZONE).date()
        async with read_transaction(self._engine) as connection:
            await require_hr_everywhere(connection, caller, Action.CHANGE_DIRECTORY)
            before = await read_directory(connection)
            read = await read_file(PeopleSource(data, mapping, encoding, locale))
            how = Comparing(now, on, tuple(tops), orphans_to, said, absent_left, renamed or {}, self._owned)
            return await compare_file(connection, before, read, how)

    async def apply(
        self, caller: Caller, temporal: "Client", compared: Compared, reason: str, instruction: str | None = None
    ) -> str:
        """Starts an instruction that changes the directory and then the goals; returns its id.

        The caller must be HR of every open cycle. Raises a `Refusal` also if another change is being applied, or if the
        directory has changed since the comparison.
        """
        actor = actor_of(caller)
        if compared.difference is None:
            raise ValueError("a file is applied after its comparison found no errors")
        async with read_transaction(self._engine) as connection:
            await require_hr_everywhere(connection, caller, Action.CHANGE_DIRECTORY)
        return await apply_difference(
            self._engine,
            temporal,
            difference=compared.difference,
            version=compared.version,
            actor=actor,
            reason=reason,
            instruction=instruction or f"sync-{secrets.token_hex(6)}",
        )


async def read_directory(connection: "AsyncConnection") -> Directory:
    """The directory with its version, which is read first: a change in between is then noticed when the difference is applied."""
    version = await people.directory_version(connection)
    return Directory(version, await load_organisation(connection))


async def compare_file(
    connection: "AsyncConnection", directory: Directory, read: PeopleFile, how: Comparing
) -> Compared:
    """Compares what was read with the directory; writes nothing."""
    before, on, renamed = directory.organisation, how.on, how.renamed
    numbers = numbered(read, before.employees, how.said, on)
    file, tops = numbers.file, [numbers.id_of(one) for one in how.tops]
    orphans_to = numbers.id_of(how.orphans_to) if how.orphans_to else None
    if file.findings:
        placed = appoint(file.placed, tops, orphans_to)
        after = compare(before.employees.values(), placed, on, absent_left=how.absent_left).after
        return Compared(None, findings_with(file, after, tops), (), directory.version, 0)
    former = former_names(file.employees, before.departments, renamed)
    listed = [with_new_name(one, former) for one in as_listed(file, before.employees, on)]
    kept = keep_provisioned(listed, before.employees, await _provisioned(connection, how.owned), how.owned)
    listed = [*kept.people, *(kept.absent if how.absent_left else ())]
    given = appoint(listed, tops, orphans_to)
    departments = changes_of_renaming(renamed, before.departments)
    difference = compare(before.employees.values(), given, on, absent_left=how.absent_left, departments=departments)
    lines = Organisation(difference.after).findings(tops=tops, place=file.place)
    findings = (*numbers.findings, *lines, *lost_characters(file, before.employees), *difference.findings)
    findings += (*former_name_findings(former), *department_findings(difference, before, renamed), *kept.findings)
    if refuses(findings):
        return Compared(None, findings, (), directory.version, 0)
    cycles = await open_cycles(connection)
    findings += joined_again(before.employees, difference.changed, on)
    findings += (
        *await findings_on(connection, difference, cycles, on),
        *forgotten_leaves(before.employees, difference, cycles, on),
    )
    if refuses(findings):
        return Compared(None, findings, (), directory.version, 0)
    effects = await effects_of(connection, difference, cycles, how.now, before.departments)
    shown = shown_changes(difference.departments, before.departments)
    return Compared(difference, findings, effects, directory.version, _many_leave(difference, before), shown)


async def _provisioned(connection: "AsyncConnection", owned: frozenset[str]) -> set[EmployeeId]:
    """The people of whom the identity provider has the say about fields of the directory."""
    return await provisioning_runs.people(connection) if owned else set()


async def apply_difference(
    engine: "AsyncEngine",
    temporal: "Client",
    *,
    difference: Difference,
    version: str,
    actor: EmployeeId,
    reason: str,
    instruction: str,
    also: "Callable[[AsyncConnection], Awaitable[None]] | None" = None,
) -> str:
    """Writes the instruction with the employees to change, starts its workflow, and returns its id.

    `also` writes in the same transaction. Raises a `Refusal` if another change is being applied, or if the directory has another version.
    """
    from service.instruction_start import start

    sync = difference.sync(reason)
    async with engine.begin() as connection:
        if not await people.stage(connection, instruction, difference.changed, version):
            raise Refusal(Code.DIRECTORY_CHANGED)
        if running := await instructions.unfinished(connection, sync.kind):
            raise Refusal(Code.SYNC_RUNNING, instruction=running)
        await instructions.write(
            connection, instruction, kind=sync.kind, cycle=None, asked=sync.model_dump(mode="json"), actor=actor
        )
        if also:
            await also(connection)
    await start(temporal, instruction)
    return instruction


def department_findings(
    difference: Difference, before: Organisation, renamed: Mapping[str, str]
) -> tuple[Finding, ...]:
    """What is wrong with the new names, and which renamings nobody named."""
    people, after = before.employees.values(), {one.id: one for one in difference.after}
    return (
        *renaming_findings(renamed, before.departments, people, difference.after),
        *suggested_renamings(people, after, renamed, before.departments),
    )


def _changes(changes: tuple[FieldChange, ...]) -> tuple[ChangeDocument, ...]:
    return tuple(ChangeDocument.model_validate(one._asdict()) for one in changes)


def _changes_goals(effect: Effect) -> bool:
    return bool(effect.closed or effect.relined or effect.refused or effect.reopened)


def _many_leave(difference: Difference, before: Organisation) -> int:
    active = sum(one.active for one in before.employees.values())
    return len(difference.left) if len(difference.left) > active * _LARGE_SHARE else 0
