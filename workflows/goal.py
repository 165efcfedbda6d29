"""`GoalWorkflow`: one goal, from its first draft to its last review. Hosts the domain; decides nothing itself."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

from temporalio import workflow
from temporalio.common import RawValue, SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

with workflow.unsafe.imports_passed_through():
    from pydantic import StringConstraints, ValidationError

    from domain.commitments import SEED_PATTERN, salts_from
    from domain.cycle.launch import shared_policy
    from domain.goal import commands
    from domain.goal.adoption import ForgedEntry, adopt
    from domain.goal.alarms import next_alarm, ring
    from domain.goal.decide import decide, stamp
    from domain.goal.events import Event, SignOffRefused
    from domain.goal.goal import Goal, Outcome, Task
    from domain.goal.rebuilding import is_same
    from domain.goal.scoring import attainment, score
    from domain.lifecycle import EventKind, State
    from domain.refusals import Code, Refusal
    from domain.values import CommandId, EmployeeId, Frozen, GoalId, Moment, Number, Share
    from domain.writing.content import Content
    from workflows.failures import as_application_error, invalid
    from workflows.recording import Position, Recorder, recording_of, require_size, salted
    from workflows.timeouts import ALARM_RETRY, RECORD_LOCAL_WAIT, RECORD_RETRY, RECORD_TIMEOUT, REOPEN_WAIT

CYCLE = SearchAttributeKey.for_keyword("MeguriCycle")
OWNER = SearchAttributeKey.for_keyword("MeguriOwner")
DEPARTMENT = SearchAttributeKey.for_keyword("MeguriDepartment")

_AT_ONCE = timedelta(0)


def goal_workflow_id(goal: GoalId) -> str:
    return f"goal/{goal}"


def attributes_of(goal: Goal) -> TypedSearchAttributes:
    """The search attributes of a goal, for Temporal's own screens."""
    return TypedSearchAttributes(
        [
            SearchAttributePair(CYCLE, goal.cycle),
            SearchAttributePair(OWNER, goal.owner),
            SearchAttributePair(DEPARTMENT, goal.department),
        ]
    )


class GoalStart(Frozen):
    """The goal as it is when a run begins: a new draft, the next revision, or a closed goal that is to be reopened.

    `seed` is secret: the starter takes it from the system's source of randomness. The salts of the run's texts are made from it.
    The run's own random numbers would not do: they follow from its id, which many can read.
    """

    goal: Goal
    seed: Annotated[str, StringConstraints(pattern=SEED_PATTERN)]


class Receipt(Frozen):
    """The answer to a command: the end of the goal's ledger. `head` is the hash of its last entry."""

    seq: int
    revision: int
    state: State
    head: str
    score: Number


class GoalView(Frozen):
    """The goal as its workflow sees it now."""

    id: GoalId
    seq: int
    head: str
    revision: int
    state: State
    paused: bool
    content: Content
    task: Task | None
    due_at: Moment | None
    done: tuple[int, ...]
    value: Number | None
    met: tuple[int, ...]
    attainment: Share
    score: Number
    outcome: Outcome | None
    next_alarm: Moment | None


class TimelineEntry(Frozen):
    """One line of the timeline."""

    seq: int
    at: Moment
    kind: EventKind
    actor: EmployeeId
    acting_for: EmployeeId | None = None


class GoalResult(Frozen):
    """How the goal ended."""

    goal: GoalId
    outcome: Outcome | None
    score: Number
    seq: int
    head: str


@workflow.defn
class GoalWorkflow:
    @workflow.init
    def __init__(self, start: GoalStart) -> None:
        self._goal = start.goal.model_copy(update={"policy": shared_policy(start.goal.policy)})
        self._alarm = next_alarm(start.goal)
        self._salts = salts_from(start.seed)
        self._turn = asyncio.Lock()  # one at a time: commands, signals and alarms decide on the state they change
        self._timeline: list[TimelineEntry] = []  # of this run
        self._show_state()

    @workflow.run
    async def run(self, start: GoalStart) -> GoalResult:
        if start.goal.is_closed:
            await self._wait_for_reopening()
        while self._is_this_runs_business(start):
            await self._ring_when_due()
        await workflow.wait_condition(workflow.all_handlers_finished)
        if not self._goal.is_closed:
            workflow.continue_as_new(GoalStart(goal=self._goal, seed=next(self._salts)))
        goal = self._goal
        return GoalResult(goal=goal.id, outcome=goal.outcome, score=score(goal), seq=goal.seq, head=goal.head)

    # Every command is an update of its own name: approve, submit, …
    @workflow.update(dynamic=True)
    async def command(self, name: str, args: Sequence[RawValue]) -> Receipt:
        try:
            return await self._carry_out(_read(name, args))
        except Refusal as refusal:  # the state moved between validator and turn; anything else would retry for ever
            raise as_application_error(refusal) from refusal

    @command.validator
    def refuse(self, name: str, args: Sequence[RawValue]) -> None:
        try:
            command = _read(name, args)
            if not self._is_behind(command):  # else the handler asks the ledger first
                decide(self._goal, command, workflow.now())
        except Refusal as refusal:  # leaves no trace in the history
            raise as_application_error(refusal) from refusal

    @workflow.signal
    async def sign_off(self, payload: RawValue) -> None:
        """Another system's approval (`SignOff`). A refusal is recorded: nobody waits to hear it, so it must not be lost."""
        command = commands.Command.model_construct(id=CommandId(f"signal:{workflow.uuid4()}"), actor=commands.SYSTEM)
        try:
            command = _read_sign_off(payload)
            await self._carry_out(command)
        except Refusal as refusal:
            await self._record_refusal(command, refusal)

    async def _record_refusal(self, command: commands.Command, refused: Refusal) -> None:
        body = SignOffRefused(code=refused.code, fields=refused.message.fields)
        try:
            async with self._turn:
                while command.id not in self._goal.commands:
                    if await self._record(stamp(self._goal, (body,), command, workflow.now()), command):
                        break
        except Refusal as refusal:  # the ledger was altered: the alarm was raised, and nothing can be recorded
            workflow.logger.error("sign_off_refusal_not_recorded", extra={"code": refusal.code})

    @workflow.query
    def snapshot(self) -> GoalView:
        goal = self._goal
        return GoalView(
            id=goal.id, seq=goal.seq, head=goal.head, revision=goal.revision, state=goal.state, paused=goal.is_paused,
            content=goal.content, task=goal.task, due_at=goal.due_at, done=goal.done, value=goal.value, met=goal.met,
            attainment=attainment(goal), score=score(goal), outcome=goal.outcome,
            next_alarm=self._alarm.at if self._alarm else None,
        )  # fmt: skip

    @workflow.query
    def timeline(self) -> tuple[TimelineEntry, ...]:
        """What happened in this revision."""
        return tuple(self._timeline)

    def _is_this_runs_business(self, start: GoalStart) -> bool:
        same_revision = self._goal.revision == start.goal.revision
        return same_revision and not self._goal.is_closed and not workflow.info().is_continue_as_new_suggested()

    async def _wait_for_reopening(self) -> None:
        try:
            await workflow.wait_condition(lambda: not self._goal.is_closed, timeout=REOPEN_WAIT)
        except TimeoutError:
            workflow.logger.info("reopening_did_not_come")

    async def _ring_when_due(self) -> None:
        """Sleeps until the next alarm. One that moves later leaves the timer: it wakes early, once, and sleeps again."""
        armed = self._alarm
        wait = armed.at - workflow.now() if armed else None
        if armed and wait is not None and wait <= _AT_ONCE:
            await self._ring()
            return
        run = self._goal.revision

        def woken() -> bool:
            earlier = self._alarm is not None and (armed is None or self._alarm.at < armed.at)
            return earlier or self._goal.is_closed or self._goal.revision != run or self._history_is_long()

        try:
            await workflow.wait_condition(woken, timeout=wait)
        except TimeoutError:
            return  # the loop looks at the alarm as it is now

    def _history_is_long(self) -> bool:
        return workflow.info().is_continue_as_new_suggested()

    async def _ring(self) -> None:
        try:
            async with self._turn:
                if self._alarm and (events := ring(self._goal, self._alarm, workflow.now())):
                    await self._record(events)
        except (
            Refusal
        ) as refusal:  # the ledger was altered: the activity raised the alarm, and the clock does not give up
            workflow.logger.error("alarm_not_recorded", extra={"code": refusal.code})
            await workflow.sleep(ALARM_RETRY)

    async def _carry_out(self, command: commands.Command) -> Receipt:
        async with self._turn:
            if self._is_behind(command):
                await self._catch_up(command)
            # Decided again after an adoption, on the state that was adopted; a command that was recorded brings nothing.
            while events := decide(self._goal, command, workflow.now()):
                if await self._record(events, command):
                    break
        goal = self._goal
        return Receipt(seq=goal.seq, revision=goal.revision, state=goal.state, head=goal.head, score=score(goal))

    def _is_behind(self, command: commands.Command) -> bool:
        """Whether the sender saw an entry that this workflow does not know: committed, but its worker died with the
        task.
        """
        return getattr(command, "expected_seq", None) is not None and command.expected_seq > self._goal.seq  # type: ignore[attr-defined] # of those that have it

    async def _catch_up(self, command: commands.Command) -> None:
        found = await workflow.execute_local_activity_method(
            Recorder.read_behind,
            Position(goal=self._goal.id, seq=self._goal.seq),
            start_to_close_timeout=RECORD_TIMEOUT,
            retry_policy=RECORD_RETRY,
            local_retry_threshold=RECORD_LOCAL_WAIT,
        )
        self._adopt(found.adopted, command)

    async def _record(self, events: tuple[Event, ...], command: commands.Command | None = None) -> bool:
        """Records the events, or adopts the entries that the ledger has at their numbers. Returns whether the command
        is done. `command` made the events; None: an alarm made them.
        """
        before = self._goal
        events = salted(events, self._salts)
        after, recording = recording_of(before, events)
        if command and not after.is_closed:
            require_size(recording)
        found = await workflow.execute_local_activity_method(
            Recorder.record,
            recording,
            start_to_close_timeout=RECORD_TIMEOUT,
            retry_policy=RECORD_RETRY,
            local_retry_threshold=RECORD_LOCAL_WAIT,
        )
        if found and found.known:
            if command and found.adopted and not is_same(command, found.adopted):
                raise Refusal(Code.COMMAND_ID_USED, command_id=command.id, seq=found.adopted[0].seq)
            return True
        if found and found.refused:  # it conflicts with another goal, or the ledger was altered; nothing was stored
            raise Refusal(found.refused.code, **found.refused.fields)
        if found:
            self._adopt(found.adopted, command)
        else:
            self._move_on(after, events)
        return found is None

    def _adopt(self, entries: tuple[Event, ...], command: commands.Command | None) -> None:
        """Takes over entries of the ledger. Raises a `Refusal`, and changes nothing, if this goal would not have made one."""
        try:
            after = adopt(self._goal, entries, command, workflow.now())
        except ForgedEntry as error:
            workflow.logger.error("entry_not_adopted", extra={"goal_id": self._goal.id, "seq": error.seq})
            raise Refusal(Code.ENTRY_FORGED, seq=error.seq) from error
        self._move_on(after, entries)

    def _move_on(self, after: Goal, events: tuple[Event, ...]) -> None:
        self._goal, self._alarm = after, next_alarm(after)
        self._timeline += [_entry(event) for event in events]
        self._show_state()

    def _show_state(self) -> None:
        """For Temporal's own screens; costs no event. Lists by state come from PostgreSQL."""
        workflow.set_current_details(f"{self._goal.state}, revision {self._goal.revision}, entry {self._goal.seq}")


def _entry(event: Event) -> TimelineEntry:
    return TimelineEntry(seq=event.seq, at=event.at, kind=event.kind, actor=event.actor, acting_for=event.acting_for)


def _read(name: str, args: Sequence[RawValue]) -> commands.Command:
    """The command that an update's JSON holds; its id is the update's."""
    known = commands.COMMANDS | commands.FROM_WITHIN
    if name not in known:
        raise Refusal(Code.UNKNOWN_COMMAND, command=name[:40], known=commands.COMMANDS)
    info = workflow.current_update_info()
    data = args[0].payload.data if args else b"{}"
    if len(data) > commands.MAX_COMMAND_BYTES:
        raise Refusal(Code.TOO_LARGE, size=len(data), most=commands.MAX_COMMAND_BYTES)
    try:
        command = known[name].model_validate_json(data, strict=True)
    except ValidationError as error:
        raise invalid(error) from error
    return command.model_copy(update={"id": CommandId(info.id if info else "-")})


def _read_sign_off(payload: RawValue) -> commands.Approve:
    try:
        sign_off = commands.SignOff.model_validate_json(payload.payload.data, strict=True)
    except ValidationError as error:
        raise invalid(error) from error
    return commands.Approve(
        id=sign_off.id, actor=sign_off.actor, expected_seq=sign_off.expected_seq, comment=sign_off.comment
    )
