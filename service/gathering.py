"""Applies what the identity provider wants: all changes since the last time are one comparison and one instruction, as with a file of people.

A change that the comparison refuses is set aside with its findings, and the others are applied. It is compared again with the
next change, and at the latest after an hour.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.access import Action, Caller, Door, actor_of
from domain.findings import Finding, refuse_with
from domain.people.organisation import DIRECTORY_ZONE
from domain.people.provisioned import Gathered, Provisioned, rows_of, said_of
from domain.people.wanted import members_of
from domain.reasons import PROVISIONED
from domain.refusals import Code, Refusal
from domain.roles import CompanyRole
from domain.values import EmployeeId, Locale
from service.gathered import Run, blamed_for, departments_of_groups, desired, resources_by_person, tops_of
from service.instruction_start import start
from service.relations import require_hr_everywhere
from service.reorganisation import Compared, Comparing, Directory, apply_difference, compare_file, read_directory
from storage import instructions, provisioned, provisioning_runs, roles
from storage.advisory_locks import try_advisory_lock
from storage.database import read_transaction
from storage.provisioned import Resource
from storage.provisioning_runs import Run as RunRow
from storage.provisioning_runs import Settled

if TYPE_CHECKING:
    from temporalio.client import Client

_LOCK = 0x5343494D  # held by the process that gathers
_AGAIN = timedelta(hours=1)  # after which refused changes are compared again
_LONGEST = 10  # times the quiet time: changes that never pause are applied after it
_WAITS = (Code.DIRECTORY_CHANGED, Code.SYNC_RUNNING)  # another change of the directory comes first

Refused = Mapping[str, Sequence[Finding]]  # by resource


class Outcome(NamedTuple):
    """What a run did. `instruction` None: the directory agreed already, or everything was refused."""

    instruction: str | None
    resources: int
    refused: Refused


class Gathering:
    """`quiet` is the time without a change after which changes are applied; `owned` are fields of the directory."""

    def __init__(
        self,
        engine: AsyncEngine,
        temporal: "Client",
        *,
        quiet: timedelta,
        owned: frozenset[str],
        locale: Locale = Locale.JA,
    ) -> None:
        self._engine, self._temporal = engine, temporal
        self._quiet, self._owned, self._locale = quiet, owned, locale

    async def run_due(self, now: datetime) -> Outcome | None:
        """Applies the changes if it is time; None if it is not, or if another process does it."""
        async with read_transaction(self._engine) as connection:
            found = await provisioning_runs.waiting(connection)
            latest = next(iter(await provisioning_runs.latest_runs(connection, 1)), None)
            left = await provisioning_runs.unfinished(connection)
        for instruction in left:
            await start(self._temporal, instruction)  # a process may have ended between writing it and starting it
        is_due = found.last is not None and (
            found.last <= now - self._quiet or (found.first or now) <= now - self._quiet * _LONGEST
        )
        is_again = found.refused > 0 and (latest is None or latest.at <= now - _AGAIN)
        return await self.run(now) if is_due or (is_again and not found.pending) else None

    async def apply_now(self, now: datetime, caller: Caller, *, many_leave: bool = False) -> Outcome | None:
        """Applies the changes in the caller's name. Raises a `Refusal` for a caller without permission or name, and while the directory changes."""
        actor_of(caller)
        async with read_transaction(self._engine) as connection:
            await require_hr_everywhere(connection, caller, Action.CHANGE_DIRECTORY)
            if running := await instructions.unfinished(connection, "sync"):
                raise Refusal(Code.SYNC_RUNNING, instruction=running)
        return await self.run(now, caller=caller, many_leave=many_leave)

    async def run(self, now: datetime, *, caller: Caller | None = None, many_leave: bool = False) -> Outcome | None:
        """Applies the changes in the name of the caller; without one, of the owner of the token that made the newest change.

        `many_leave`: more than a fifth of the people have really left.
        """
        async with try_advisory_lock(self._engine, _LOCK) as is_ours:
            if not is_ours:
                return None
            async with read_transaction(self._engine) as connection:
                if await instructions.unfinished(connection, "sync"):
                    return None
                run = await self._begin(connection, now, caller)
                if not run.stored:
                    return None
                gathered, compared, refused = await self._compare(connection, run, many_leave=many_leave)
            try:
                return await self._apply(run, gathered, compared, refused)
            except Refusal as refusal:
                if refusal.code not in _WAITS:
                    raise
                return None

    async def _begin(self, connection: AsyncConnection, now: datetime, caller: Caller | None) -> Run:
        stored = await provisioning_runs.gathered(connection)
        newest = max(stored, key=lambda one: one.pending_at or one.changed_at, default=None)
        actor = EmployeeId(newest.changed_by) if newest else None
        directory = await read_directory(connection)
        known = directory.organisation.employees
        number_of, resource_of = {}, {}
        for resource, (number, employee) in (await provisioning_runs.numbers(connection)).items():
            one = known.get(EmployeeId(employee)) if employee else None
            if employee:
                resource_of[employee] = resource
            number_of[resource] = number or (one and (one.number or one.id)) or ""
        groups = await provisioned.groups_with(connection, [one.id for one in stored])
        return Run(
            now,
            caller or Caller(door=Door.WORKER, employee=actor),
            directory,
            stored,
            Provisioned(known, number_of, resource_of),
            departments_of_groups(groups, stored),
            await roles.active(connection, CompanyRole.DIRECTORY),
            groups,
            self._renamed(directory, groups),
        )

    def _renamed(self, directory: Directory, groups: Sequence[Resource]) -> dict[str, str]:
        """The groups with another name than before, where the directory has a department of the old name and none of the new one."""
        used = {one.department for one in directory.organisation.employees.values() if one.active}
        if "department" not in self._owned:
            return {}
        names = [((one.applied or {}).get("displayName"), one.attributes["displayName"]) for one in groups]
        return {old: new for old, new in names if old and old != new and old in used and new not in used}

    async def _compare(
        self, connection: AsyncConnection, run: Run, *, many_leave: bool
    ) -> tuple[Gathered, Compared | None, dict[str, list[Finding]]]:
        """Compares, and sets aside what is refused, until nothing is."""
        refused: dict[str, list[Finding]] = {}
        try:
            await require_hr_everywhere(connection, run.caller, Action.CHANGE_DIRECTORY)
        except Refusal as refusal:
            why = refuse_with(str(refusal.code), "", refusal.message)
            return self._rows(run, ()), None, {one.id: [why] for one in run.stored}
        while True:
            gathered = self._rows(run, refused)
            refused |= {resource: [finding] for resource, finding in gathered.unready.items()}
            on = run.now.astimezone(DIRECTORY_ZONE).date()
            how = Comparing(run.now, on, tops=tops_of(run, gathered), said=gathered.said, renamed=run.renamed)
            compared = await compare_file(connection, run.directory, gathered.file, how)
            blamed = dict(blamed_for(run, gathered, compared, many_leave=many_leave))
            if not blamed:
                return gathered, compared, refused
            for resource, finding in blamed.items():
                refused.setdefault(resource, []).extend(finding)

    def _rows(self, run: Run, without: Collection[str]) -> Gathered:
        on = run.now.astimezone(DIRECTORY_ZONE).date()
        rows = [desired(one, run.department_of) for one in run.stored if one.id not in without]
        return rows_of(rows, run.known, self._owned, on, self._locale)

    async def _apply(self, run: Run, gathered: Gathered, compared: Compared | None, refused: Refused) -> Outcome:
        """Writes the instruction and what became of each resource in one transaction, so that a killed process leaves both or none."""
        settled = list(_settled(run, gathered, refused))
        if compared is None or compared.difference is None or compared.is_empty:
            async with self._engine.begin() as connection:
                await self._note(connection, run, settled, None)
            return Outcome(None, len(run.stored), refused)
        instruction = _name_of(run.stored)

        async def also(connection: AsyncConnection) -> None:
            await self._note(connection, run, settled, instruction)

        await apply_difference(
            self._engine,
            self._temporal,
            difference=compared.difference,
            version=compared.version,
            actor=run.caller.employee or EmployeeId(""),
            reason=PROVISIONED,
            instruction=instruction,
            also=also,
        )
        return Outcome(instruction, len(run.stored), refused)

    @staticmethod
    async def _note(connection: AsyncConnection, run: Run, settled: Sequence[Settled], instruction: str | None) -> None:
        await provisioning_runs.settle(connection, settled)
        refused = sum(one.refused is not None for one in settled)
        actor = run.caller.employee or ""
        await provisioning_runs.add_run(connection, RunRow(run.now, actor, instruction, len(run.stored), refused))


def _settled(run: Run, gathered: Gathered, refused: Refused) -> Iterator[Settled]:
    ids = {resource: one for one, resource in resources_by_person(run, gathered).items()}
    for one in run.stored:
        if found := refused.get(one.id):
            forms = [finding.model_dump(mode="json") for finding in found]
            yield Settled(one.id, one.pending_at, None, None, forms)
            continue
        wanted = desired(one, run.department_of).wanted
        said = {name: str(value) if name != "active" else value for name, value in said_of(wanted).items()}
        yield Settled(one.id, one.pending_at, EmployeeId(ids[one.id]) if one.id in ids else None, said, None)
    for group in run.groups:
        if not refused.keys() & set(members_of(group.attributes)):
            yield Settled(group.id, None, None, {"displayName": group.attributes["displayName"]}, None)


def _name_of(stored: Sequence[Resource]) -> str:
    """The id of the instruction: the same for the same changes."""
    said = repr(sorted((one.id, str(one.pending_at or one.changed_at)) for one in stored))
    return f"scim-{hashlib.sha256(said.encode()).hexdigest()[:12]}"
