"""Use cases of cycles: check a cycle file, launch the cycle, read its progress, retry failed launches."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from domain.access import Action, Caller, actor_of
from domain.cycle.carry_over import Carried, carry_over_findings, drafts_beside
from domain.cycle.checks import check_cycle
from domain.cycle.file import CycleFile, read_cycle_file
from domain.cycle.overlaps import RunningCycle, overlap_findings
from domain.cycle.participation import Participation, participation_of
from domain.findings import Finding, refuse, refuses
from domain.people.organisation import DIRECTORY_ZONE, Organisation
from domain.people.posts import departments_of
from domain.policy.policy import Policy
from domain.values import CycleId, EmployeeId
from service.calendars import freeze
from service.carry_over import carried_goals, earlier_cycle
from service.cycle_documents import CycleList, CycleStatus, HeardProblemCounts, status_of, summary_of
from service.cycle_lookup import require_cycle
from service.cycle_updates import CycleUpdates
from service.leaving import start_leaving_days
from service.relations import require_colleague, require_hr, require_hr_of
from storage import cycles, hearing
from storage.database import read_transaction
from storage.departments import load_departments
from storage.directory import stream_active_people
from storage.people import load_organisation
from storage.person_log import names_at

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
    from temporalio.client import Client

    from workflows.cycle import CycleProgress


class Checked(NamedTuple):
    """A cycle file and the findings about it. `people`: number of participants; `goals`: number of their drafts.

    `participation`: who of the company is left out; None for a file that cannot be read, or was launched already.
    """

    file: CycleFile | None
    policy: Policy | None
    findings: tuple[Finding, ...]
    people: int
    goals: int
    already_launched: bool  # a cycle with this id was launched from the same file: launching again changes nothing
    participation: Participation | None = None


_NOTHING = Checked(file=None, policy=None, findings=(), people=0, goals=0, already_launched=False)


class CycleReads:
    """Reads that need only the database, and so also work while Temporal is down. Each method is one read transaction.

    Every method raises a `Refusal` for a caller without permission, and for an unknown cycle.
    """

    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def check(
        self, caller: Caller, data: bytes, today: date, starts: date | None = None, *, confirmed: bool = False
    ) -> Checked:
        """All findings about the cycle file `data`, as of `today`; writes nothing. `starts` moves all dates of the file.

        `confirmed`: a running cycle from the same file, for the same people at the same time, is no reason to refuse.
        """
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_CYCLE)
            file = read_cycle_file(data)
            if not isinstance(file, CycleFile):
                return _NOTHING._replace(findings=file)
            file = file.moved_to(starts) if starts else file
            taken = await cycles.find_cycle(connection, file.cycle.id)
            if taken and taken.file == file:
                return _NOTHING._replace(file=file, policy=taken.launched_policy, already_launched=True)
            organisation = await load_organisation(connection, as_of=datetime.now(DIRECTORY_ZONE).date())
            running = [
                RunningCycle(row.id, row.file, row.rules.closes)
                for row in await cycles.list_cycles(connection)
                if row.state.is_running
            ]
            carried = await carried_goals(connection, file)
            overlaps = [*overlap_findings(file, running, organisation, confirmed=confirmed)]
            overlaps += await _carry_over_findings(connection, file, organisation, carried)
        return _checked(file, organisation, today, overlaps, carried, is_taken=taken is not None)

    async def list_cycles(self, caller: Caller) -> CycleList:
        """All cycles, the latest launch first."""
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_CYCLE)
            rows = await cycles.list_cycles(connection)
            names = await names_at(connection, [(row.launched_by, row.launched_at) for row in rows])
        return CycleList(cycles=tuple(summary_of(row, names) for row in rows))

    async def status(self, caller: Caller, cycle: CycleId, now: datetime) -> CycleStatus:
        """The numbers of participants and goals by state, and of tasks that are overdue at `now`."""
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_CYCLE)
            row = await require_cycle(connection, cycle)
            names = await names_at(connection, [(row.launched_by, row.launched_at)])
            counts = await cycles.counts(connection, cycle, now)
            problems = await hearing.find_all(connection, cycle)
            departments = await load_departments(connection)
        unanswered = tuple(one.id for one in problems if not one.answers)
        heard = HeardProblemCounts(heard=len(problems), unanswered=unanswered)
        return status_of(summary_of(row, names), counts, heard, departments, row.rules.hr_of)


class Cycles(CycleReads):
    """Use cases that also need Temporal. Methods that use the workflow raise `NoAnswer` if no worker runs."""

    def __init__(self, engine: "AsyncEngine", temporal: "Client") -> None:
        super().__init__(engine)
        self._temporal = temporal
        self._updates = CycleUpdates(engine, temporal)

    async def launch(self, caller: Caller, checked: Checked, now: datetime) -> None:
        """Writes the cycle with its participants and starts its workflow. Keyed by the cycle's id: a repeat changes nothing.

        The caller must be HR by the file. Raises `ValueError` for a file that was not checked or has errors.
        """
        if checked.file is None or checked.policy is None or refuses(checked.findings):
            raise ValueError("a cycle is launched only after a check without errors")
        async with self._engine.begin() as connection:
            await require_hr_of(connection, caller, Action.START_CYCLE, checked.policy.hr)
            if earlier := checked.file.cycle.carry_over:  # HR of the new cycle sees what is taken over
                hr = (await require_cycle(connection, earlier)).rules.hr
                await require_hr_of(connection, caller, Action.START_CYCLE, hr)
            await _write(connection, checked.file, checked.policy, actor_of(caller), now)
        await self._updates.start(checked.file.cycle.id)
        await start_leaving_days(self._engine, self._temporal)  # an import before the launch started none

    async def retry(self, caller: Caller, cycle: CycleId) -> "CycleProgress":
        """HR: launches the participants again whose launch failed."""
        async with read_transaction(self._engine) as connection:
            await require_hr(connection, caller, Action.STEER_CYCLE, cycle)
        return await self._updates.retry(cycle)

    async def progress(self, caller: Caller, cycle: CycleId) -> "CycleProgress":
        """The progress that the cycle's workflow reports."""
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_CYCLE)
            await require_cycle(connection, cycle)
        return await self._updates.progress(cycle)


async def _carry_over_findings(
    connection: "AsyncConnection", file: CycleFile, organisation: Organisation, carried: Carried
) -> list[Finding]:
    named = file.cycle.carry_over
    if named is None:
        return []
    known = [row.id for row in await cycles.list_cycles(connection)]
    people = {one.id for one in file.participants(organisation)}
    earlier = await earlier_cycle(connection, file)
    return list(carry_over_findings(named, earlier, known, carried, people))


def _checked(
    file: CycleFile,
    organisation: Organisation,
    today: date,
    others: Sequence[Finding],
    carried: Carried,
    *,
    is_taken: bool,
) -> Checked:
    findings = [*check_cycle(file, organisation, today), *others]
    if is_taken:
        findings.append(refuse("cycle_taken", "cycle.id", cycle=file.cycle.id))
    policy, problems = (None, []) if refuses(findings) else _freeze(file)
    people = list(file.participants(organisation))
    drafts = partial(file.drafts_of_posts, departments=organisation.departments)
    goals = 0
    for one in people:
        posts, theirs = departments_of(one.posts), carried.get(one.id, ())
        beside = drafts_beside(drafts(one.department, posts), theirs, one.department, posts, organisation.departments)
        goals += len(theirs) + len(beside)
    everybody = participation_of(file, organisation)
    return Checked(
        file, policy, (*findings, *problems), len(people), goals, already_launched=False, participation=everybody
    )


async def _participants(connection: "AsyncConnection", file: CycleFile) -> list[cycles.Participant]:
    """All participants, by id. The people are streamed, since they may be the whole company."""
    participants, slot, carried = [], 0, await carried_goals(connection, file)
    known = await load_departments(connection)
    async for one in stream_active_people(connection):
        if file.includes(one.id, one.department, known, company=one.company):
            participants.append(cycles.Participant(one.id, one.department, slot))
            drafts, theirs = file.drafts_of_posts(one.department, one.posts, departments=known), carried.get(one.id, ())
            slot += len(theirs) + len(drafts_beside(drafts, theirs, one.department, one.posts, known))
    return participants


def _freeze(file: CycleFile) -> tuple[Policy | None, list[Finding]]:
    """The policy with its public holidays, or the findings."""
    frozen = freeze(file)
    return (frozen, []) if isinstance(frozen, Policy) else (None, list(frozen))


async def _write(
    connection: "AsyncConnection", file: CycleFile, policy: Policy, launched_by: EmployeeId, now: datetime
) -> None:
    participants = await _participants(connection, file)
    row = {
        "id": file.cycle.id,
        "name": file.name,
        "file": file.model_dump(mode="json"),
        "policy": policy.model_dump(mode="json"),
        "launched_by": launched_by,
        "launched_at": now,
    }
    await cycles.create_cycle(connection, row, participants)
