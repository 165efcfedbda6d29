"""A new file of people against the directory: compare it, say what it would do to open goals, apply it."""

import secrets
from collections import Counter
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from domain.findings import Finding, advise, refuses
from domain.goal import commands as ask
from domain.goal.goal import Delegation, Goal
from domain.goal.tasks import addressees_after
from domain.instructions.instructions import Skipped, Sync
from domain.instructions.reorganisation import Context, Difference, command_of, compare, leavers_due
from domain.people.organisation import Employee, Organisation, appoint
from domain.people.people_file import PeopleFile, read_people
from domain.reasons import LEFT
from domain.refusals import Code, Refusal
from domain.values import EmployeeId
from storage import cycles, delegations, instructions, people
from storage.cycles import Cycle
from storage.database import read_transaction
from storage.goals import load_aggregates, open_goals_of
from storage.people import load_organisation

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine
    from temporalio.client import Client

OFFICE = ZoneInfo("Asia/Tokyo")  # whose day it is when somebody's last one is over
_AFTER_MIDNIGHT = time(0, 5)
_MANY = 0.2  # of the active people: more who leave at once are more likely a wrong file
_FAR = timedelta(days=3660)


class Effect(NamedTuple):
    """What applying would do to the open goals of one cycle."""

    cycle: str
    closed: int  # of those who left
    settled: int  # by a move: a new revision begins
    readdressed: int  # open tasks that go to somebody else
    relined: int  # other managers, department or site
    drafts: int  # of those who join


class Compared(NamedTuple):
    """The difference, what stands against it or is worth a look, and what it would do; `version` is of the directory."""

    difference: Difference | None
    findings: tuple[Finding, ...]
    effects: tuple[Effect, ...]
    version: str
    many: int  # how many leave, where that is more than a fifth of everybody; else 0


class Reorganisation:
    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def compare(
        self,
        data: bytes,
        mapping: Mapping[str, str] | None = None,
        *,
        tops: Collection[EmployeeId] = (),
        orphans_to: EmployeeId | None = None,
        absent_left: bool = False,
        today: date | None = None,
    ) -> Compared:
        """Compares the file with the directory; writes nothing. A column that the file has not says nothing of anybody."""
        async with read_transaction(self._engine) as connection:
            version = await people.version_of(connection)
        file = read_people(data, mapping)
        if file.findings:
            return Compared(None, file.findings, (), version, 0)
        async with read_transaction(self._engine) as connection:
            before = await load_organisation(connection)
        given = appoint(_filled(file, before), tops, orphans_to)
        on = today or datetime.now(OFFICE).date()
        difference = compare(before.employees.values(), given, on, absent_left=absent_left)
        findings = (*Organisation(difference.after).findings(tops=tops, place=file.place), *difference.findings)
        if refuses(findings):
            return Compared(None, findings, (), version, 0)
        findings += await self._worth_a_look(difference, on)
        active = sum(one.active for one in before.employees.values())
        many = len(difference.left) if len(difference.left) > active * _MANY else 0
        return Compared(difference, findings, await self._effects(difference, on), version, many)

    async def _worth_a_look(self, difference: Difference, today: date) -> tuple[Finding, ...]:
        left = set(difference.left)
        hr = [
            advise("hr_left", member, person=member, cycle=row.id)
            for row in await self._open_cycles()
            for member in sorted(set(row.rules.hr) & left)
        ]
        async with read_transaction(self._engine) as connection:
            standing = [
                advise(
                    "delegation_left",
                    one.to_id if one.to_id in left else one.delegator_id,
                    delegator=one.delegator_id,
                    to=one.to_id,
                    last=one.last,
                )
                for one in await delegations.overlapping(connection, today, today + _FAR, sorted(left))
            ]
        return (*hr, *standing, *await self._strange_sites(difference))

    async def _strange_sites(self, difference: Difference) -> list[Finding]:
        """Sites that a cycle does not know: their people count by its own calendar until they are added."""
        concerned = {*difference.joined, *(one.employee for one in difference.sites)}
        used = {one.site for one in difference.after if one.site and one.id in concerned}
        return [
            advise("site_unknown", site, text="finding.cycle_without_site", cycle=row.id, site=site)
            for row in await self._open_cycles()
            for site in sorted(used - set(row.rules.sites))
        ]

    async def _effects(self, difference: Difference, today: date) -> tuple[Effect, ...]:
        asked = difference.sync("-")
        after = Organisation(difference.after)
        async with read_transaction(self._engine) as connection:
            standing = tuple(
                Delegation(
                    delegator=EmployeeId(one.delegator_id), to=EmployeeId(one.to_id), first=one.first, last=one.last
                )
                for one in await delegations.overlapping(connection, today, today + _FAR)
            )
        counts: dict[str, Counter[str]] = {row.id: Counter() for row in await self._open_cycles()}
        async with read_transaction(self._engine) as connection:
            forms = await load_aggregates(connection, ids=await open_goals_of(connection, asked.touched))
        for form in forms:
            goal = Goal.model_validate(form)
            command = command_of(goal, asked, goal.policy.hr[0], Context(after, standing, today))
            if goal.cycle in counts:
                counts[goal.cycle].update(_told(goal, command))
        await self._count_drafts(counts, asked, after)
        return tuple(
            Effect(cycle, *(count[name] for name in Effect._fields[1:])) for cycle, count in sorted(counts.items())
        )

    async def _count_drafts(self, counts: dict[str, Counter[str]], asked: Sync, after: Organisation) -> None:
        from domain.cycle.file import CycleFile

        for row in await self._open_cycles():
            if row.rules.joiners_get_drafts:
                file = CycleFile.model_validate(row.file)
                new = [one for one in file.participants(after) if one.id in asked.joined]
                counts[row.id]["drafts"] += sum(len(file.drafts_for(one.department)) for one in new)

    async def _open_cycles(self) -> list[Cycle]:
        async with read_transaction(self._engine) as connection:
            return [row for row in await cycles.list_cycles(connection) if row.state.is_running]

    async def apply(
        self, temporal: "Client", compared: Compared, actor: EmployeeId, reason: str, instruction: str | None = None
    ) -> str:
        """Writes what was compared and starts carrying it out: the directory first, then the goals; the instruction's id.

        Raises a `Refusal` where the actor is not HR of every open cycle, another change is being applied, or the directory
        is not the one that was compared.
        """
        from service.instructions import start

        if compared.difference is None:
            raise ValueError("a file is applied after its comparison found nothing against it")
        for row in await self._open_cycles():
            if actor not in (hr := row.rules.hr):
                raise Refusal(Code.NOT_ALLOWED, actor=actor, allowed=hr)
        asked, identity = compared.difference.sync(reason), instruction or f"sync-{secrets.token_hex(6)}"
        async with self._engine.begin() as connection:
            if not await people.stage(connection, identity, compared.difference.changed, compared.version):
                raise Refusal(Code.DIRECTORY_CHANGED)
            if running := await instructions.unfinished(connection, asked.kind):
                raise Refusal(Code.SYNC_RUNNING, instruction=running)
            await instructions.write(
                connection, identity, kind=asked.kind, cycle=None, asked=asked.model_dump(mode="json"), actor=actor
            )
        await start(temporal, identity)
        return identity

    async def process_leavers(self, temporal: "Client", last_day: date, actor: EmployeeId, now: datetime) -> int:
        """Lets those go whose last day has passed; how many. The instruction's id is the day's, so a repeat is harmless."""
        from service.instructions import start

        identity = f"leaving-{last_day}"
        async with read_transaction(self._engine) as connection:
            is_written = await instructions.find(connection, identity) is not None
            version = await people.version_of(connection)
            before = await load_organisation(connection)
        if is_written:
            await start(temporal, identity)
            return 0
        gone = leavers_due(before.employees.values(), now.astimezone(OFFICE).date())
        if not gone:
            return 0
        difference = compare(before.employees.values(), gone, now.astimezone(OFFICE).date())
        await self.apply(temporal, Compared(difference, (), (), version, 0), actor, LEFT, identity)
        return len(gone)


def _told(goal: Goal, command: ask.Command | Skipped) -> list[str]:
    if isinstance(command, ask.Close):
        return ["closed"]
    if not isinstance(command, ask.ChangeLine):
        return []
    told = ["relined"]
    if command.settle and command.department != goal.department:
        return [*told, "settled"]
    if goal.task and addressees_after(goal, command.line, command.replaced) != goal.task.assignees:
        told.append("readdressed")
    return told


def _filled(file: PeopleFile, before: Organisation) -> list[Employee]:
    """The file's people, with what the directory says where the file has no column for it."""
    silent = set(Employee.model_fields) - file.fields
    filled = []
    for one in file.employees:
        known = before.employees.get(one.id)
        kept = {name: getattr(known, name) for name in silent} if known else {}
        filled.append(one.model_copy(update=kept))
    return filled


async def start_leaving(temporal: "Client", last_day: date, actor: EmployeeId) -> None:
    """Starts what sees to those who leave after `last_day`, asleep until that day is over; one per day."""
    from temporalio.common import WorkflowIDConflictPolicy

    from workflows.leaving import LeavingStart, LeavingWorkflow, leaving_workflow_id
    from workflows.queues import BULK, BULK_PRIORITY

    over = datetime.combine(last_day + timedelta(days=1), _AFTER_MIDNIGHT, OFFICE)
    await temporal.start_workflow(
        LeavingWorkflow.run,
        LeavingStart(last_day=last_day, actor=actor),
        id=leaving_workflow_id(last_day),
        task_queue=BULK,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        start_delay=max(over - datetime.now(UTC), timedelta(0)),
        priority=BULK_PRIORITY,
    )
