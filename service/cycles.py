"""What HR may do with a cycle: check it, launch it, see how far it is, retry what failed, close it."""

import asyncio
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from domain.cycle.checks import check_cycle
from domain.cycle.file import CycleFile, read_cycle_file
from domain.findings import Finding, refuse, refuses
from domain.lifecycles import CycleEvent
from domain.policy.policy import Policy
from domain.refusals import Code, Refusal
from domain.values import CycleId, EmployeeId
from service.answers import ANSWER_SECONDS, NoAnswer, answer_of
from service.calendars import freeze
from storage import cycles
from storage.database import read_transaction
from storage.directory import stream_active_people
from storage.goals import open_goals
from storage.people import load_organisation

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
    from temporalio.client import Client

    from workflows.cycle import CycleProgress


class Checked(NamedTuple):
    """A cycle file and what stands against it; `people` take part and get `goals` drafts."""

    file: CycleFile | None
    policy: Policy | None
    findings: tuple[Finding, ...]
    people: int
    goals: int
    already_launched: bool  # the same file, under the same id: launching again changes nothing


_NOTHING = Checked(file=None, policy=None, findings=(), people=0, goals=0, already_launched=False)


class CycleReads:
    """What needs the database only, and so is answered while Temporal is down."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def check(self, data: bytes, today: date, starts: date | None = None) -> Checked:
        """Everything that stands against launching the cycle file `data`; writes nothing."""
        file = read_cycle_file(data)
        if not isinstance(file, CycleFile):
            return _NOTHING._replace(findings=file)
        if starts:
            file = file.moved_to(starts)
        async with read_transaction(self._engine) as connection:
            taken = await cycles.find_cycle(connection, file.cycle.id)
        if taken and taken.file == file:
            return _NOTHING._replace(file=file, policy=taken.launched_policy, already_launched=True)
        async with read_transaction(self._engine) as connection:
            organisation = await load_organisation(connection)
        findings = list(check_cycle(file, organisation, today))
        if taken:
            findings.append(_taken(file.cycle.id))
        policy, problems = (None, []) if refuses(findings) else _freeze(file)
        findings += problems
        people = list(file.participants(organisation))
        goals = sum(len(file.drafts_for(person.department)) for person in people)
        return Checked(file, policy, tuple(findings), len(people), goals, already_launched=False)

    async def require(self, cycle: CycleId) -> cycles.Cycle:
        """The cycle; raises a `Refusal` where there is none."""
        async with read_transaction(self._engine) as connection:
            found = await cycles.find_cycle(connection, cycle)
        if found is None:
            raise Refusal(Code.UNKNOWN_CYCLE, cycle=cycle[:80])
        return found

    async def status(self, cycle: CycleId, now: datetime) -> cycles.Counts:
        """How many participants and goals are where; raises a `Refusal` for a cycle that does not exist."""
        await self.require(cycle)
        async with read_transaction(self._engine) as connection:
            return await cycles.counts(connection, cycle, now)

    async def has_open_goals(self, cycle: CycleId) -> bool:
        async with read_transaction(self._engine) as connection:
            return bool(await open_goals(connection, cycle, "", 1))

    async def find_all(self) -> list[cycles.Cycle]:
        async with read_transaction(self._engine) as connection:
            return await cycles.list_cycles(connection)

    async def time_zones(self) -> dict[str, str]:
        """The time zone in which each cycle counts its days, by the cycle's id."""
        async with read_transaction(self._engine) as connection:
            return await cycles.time_zones(connection)


class Cycles(CycleReads):
    def __init__(self, engine: "AsyncEngine", temporal: "Client") -> None:
        super().__init__(engine)
        self._temporal = temporal

    async def launch(self, checked: Checked, launched_by: EmployeeId, now: datetime) -> None:
        """Writes the cycle with its participants and starts its workflow. Launching twice changes nothing."""
        file, policy = checked.file, checked.policy
        if file is None or policy is None or refuses(checked.findings):
            raise ValueError("a cycle is launched after its check found nothing against it")
        if launched_by not in policy.hr:
            raise Refusal(Code.NOT_ALLOWED, actor=launched_by, allowed=policy.hr)
        async with read_transaction(self._engine) as connection:
            participants = await _participants(connection, file)
        row = {
            "id": file.cycle.id,
            "name": file.cycle.name,
            "file": file.model_dump(mode="json"),
            "policy": policy.model_dump(mode="json"),
            "launched_by": launched_by,
            "launched_at": now,
        }
        async with self._engine.begin() as connection:
            await cycles.create_cycle(connection, row, participants)
        await self._start(file.cycle.id)

    async def _start(self, cycle: CycleId, *, again: bool = False) -> None:
        """Starts the cycle's workflow from what the database holds; a launch that was cut off before it is mended so."""
        from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
        from temporalio.exceptions import WorkflowAlreadyStartedError

        from workflows.cycle import CycleStart, CycleWorkflow, cycle_workflow_id
        from workflows.queues import BULK, BULK_PRIORITY

        row = await self.require(cycle)
        if not row.state.is_running:
            return  # its workflow may be gone from Temporal by now, and would be started again
        async with read_transaction(self._engine) as connection:
            counts = await cycles.counts(connection, cycle, row.launched_at)
        start = CycleStart(
            cycle=cycle,
            launched_by=row.launched_by,
            settles_at=await self._settles_at(cycle, row.rules),
            people=sum(counts.participants.values()),
        )
        try:
            await self._temporal.start_workflow(
                CycleWorkflow.run,
                start,
                id=cycle_workflow_id(cycle),
                task_queue=BULK,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE
                if again
                else WorkflowIDReusePolicy.REJECT_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                priority=BULK_PRIORITY,
            )
        except WorkflowAlreadyStartedError:
            return  # it ran and has ended

    async def reopen(self, cycle: CycleId) -> None:
        """Opens a cycle that ended and starts its workflow again, to settle it on its day. A cycle that is open stays open."""
        row = await self.require(cycle)
        async with self._engine.begin() as connection:
            await cycles.move(connection, cycle, CycleEvent.REOPENED, row.launched_at)
        await self._start(cycle, again=True)

    async def launch_more(self, cycle: CycleId) -> None:
        """Launches the participants who wait; answers at once."""
        await self._update(cycle, "launch_more", result=None)

    async def retime(self, cycle: CycleId) -> None:
        """Tells the cycle's workflow when to settle by the rules as they are now, and by those of single goals."""
        row = await self.require(cycle)
        await self._update(cycle, "retime", await self._settles_at(cycle, row.rules), result=None)

    async def _settles_at(self, cycle: CycleId, policy: Policy) -> datetime:
        """A goal that was given a later last day than its cycle is not settled before it."""
        from workflows.timeouts import SETTLE_AFTER

        async with read_transaction(self._engine) as connection:
            last = max(policy.closes, await cycles.last_day(connection, cycle) or policy.closes)
        return policy.calendar.opening(policy.calendar.on_or_after(last)) + SETTLE_AFTER

    async def end(self, cycle: CycleId, state: Literal["closed", "cancelled"], actor: EmployeeId, reason: str) -> None:
        """Ends a cycle whose goals were closed one by one; one that has ended stays as it is."""
        from workflows.cycle import EndCycle

        if (await self.require(cycle)).state.is_running:
            await self._update(cycle, "end", EndCycle(state=state, actor=actor, reason=reason), result=None)

    async def retry(self, cycle: CycleId) -> "CycleProgress":
        """Launches again those whose launch failed, and only those."""
        from workflows.cycle import CycleProgress

        progress: CycleProgress = await self._update(cycle, "retry", result=CycleProgress)
        return progress

    async def progress(self, cycle: CycleId) -> "CycleProgress":
        """How far the cycle's workflow says it is; raises `NoAnswer` where no worker runs."""
        from temporalio.service import RPCError, RPCStatusCode

        from workflows.cycle import CycleProgress, cycle_workflow_id

        handle = self._temporal.get_workflow_handle(cycle_workflow_id(cycle))
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                progress: CycleProgress = await handle.query("progress", result_type=CycleProgress)
        except TimeoutError as error:
            raise NoAnswer(None, ANSWER_SECONDS) from error
        except RPCError as error:
            if error.status in (RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED):
                raise NoAnswer(None, ANSWER_SECONDS) from error
            raise
        return progress

    async def _update(self, cycle: CycleId, name: str, *args: object, result: type | None) -> Any:
        from temporalio.client import WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
        from temporalio.exceptions import ApplicationError
        from temporalio.service import RPCError, RPCStatusCode

        from workflows.cycle import cycle_workflow_id
        from workflows.failures import as_refusal

        row = await self.require(cycle)
        handle = self._temporal.get_workflow_handle(cycle_workflow_id(cycle))
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await answer_of(handle.execute_update(name, args=args, result_type=result))
        except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError) as error:
            raise NoAnswer(None, ANSWER_SECONDS) from error
        except WorkflowUpdateFailedError as error:
            if isinstance(error.cause, ApplicationError) and (refusal := as_refusal(error.cause)):
                raise refusal from error
            raise
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                raise Refusal(Code.CYCLE_BUSY, phase=row.state) from error
            raise


async def _participants(connection: "AsyncConnection", file: CycleFile) -> list[cycles.Participant]:
    """Everybody who takes part, in the order of their ids; streamed, since that may be the whole company."""
    participants, slot = [], 0
    async for one in stream_active_people(connection):
        if file.includes(one.id, one.department):
            participants.append(cycles.Participant(one.id, one.department, slot))
            slot += len(file.drafts_for(one.department))
    return participants


def _freeze(file: CycleFile) -> tuple[Policy | None, list[Finding]]:
    """The policy with its public holidays, or why there is none."""
    frozen = freeze(file)
    return (frozen, []) if isinstance(frozen, Policy) else (None, list(frozen))


def _taken(cycle: CycleId) -> Finding:
    return refuse("cycle_taken", "cycle.id", cycle=cycle)
