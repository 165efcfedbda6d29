"""A goal under random sequences of commands and alarms: the invariants hold after every step."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import accumulate, pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.goal import commands
from domain.goal.adoption import ForgedEntry, adopt
from domain.goal.alarms import Alarm, next_alarm, ring
from domain.goal.commands import COMMANDS, SYSTEM, Command
from domain.goal.decide import decide
from domain.goal.events import Event
from domain.goal.evolve import created_goal, evolve, evolve_all
from domain.goal.goal import Goal, Outcome
from domain.goal.ledger import Link, chain, genesis, verify
from domain.goal.rebuilding import is_same
from domain.goal.scoring import calibrated, divided, score
from domain.lifecycle import EventKind
from domain.policy.policy import Policy, TaskKind
from domain.refusals import Refusal
from domain.values import EmployeeId
from tests.domain.any_command import (
    FIELDS,
    JOINT,
    LINES,
    PEOPLE,
    POLICIES,
    REVIEWERS,
    SHARINGS,
    SITES,
    STAGES,
    WEIGHTS,
    any_command,
)
from tests.domain.builders import (
    CONTENT,
    DEPUTY,
    GOAL_ID,
    HR,
    LAUNCH,
    MANAGER,
    NUMBERS,
    OWNER,
    PICTURE,
    STRANGER,
    approve,
    change_line,
    content,
    created,
    delegate,
    fresh_id,
    refusal,
    resume,
    self_review,
    verdict,
)
from tests.domain.command_cases import CASES


def fitting(goal: Goal, turn: int) -> Command:
    """A permitted command that moves the goal to another state, so that the sequences reach late states."""
    if goal.is_closed:
        return commands.Reopen(id=fresh_id(), actor=HR, reason="訂正")
    return resume() if goal.is_paused else _awaited_by_its_task(goal, turn)


SHARED = content(
    contributors=SHARINGS[1], steps=(CONTENT.steps[0].model_copy(update={"by": STRANGER}), CONTENT.steps[1])
)


def _awaited_by_its_task(goal: Goal, turn: int) -> Command:
    deciders = [one for one in goal.task.assignees if one not in goal.sharers] if goal.task else []
    by = deciders[turn % len(deciders)] if deciders else MANAGER
    match goal.task and goal.task.kind:
        case TaskKind.DRAFT:
            return commands.Submit(id=fresh_id(), actor=OWNER, content=SHARED if turn % 2 else CONTENT)
        case TaskKind.APPROVAL:
            return approve(goal, by)
        case TaskKind.STEP if turn % 2:
            step = goal.next_step or 0
            return commands.CompleteStep(id=fresh_id(), actor=goal.content.steps[step].by or OWNER, step=step)
        case TaskKind.SELF_REVIEW:
            return self_review()
        case TaskKind.VERDICT:
            said = ("continue", "unrealistic", "achieved")[turn % 3]
            return verdict(goal, said, by, bonus=turn % 2 if goal.policy.max_bonus > goal.bonus else 0)
        case _:
            return commands.CallReview(id=fresh_id(), actor=OWNER, reason="相談")


JUDGEMENTS = {
    EventKind.STAGE_APPROVED, EventKind.APPROVED, EventKind.RETURNED, EventKind.CONTINUED, EventKind.RESET, EventKind.CLOSED,
    EventKind.ADJUSTED, EventKind.EXEMPLAR_MARKED, EventKind.HANDED_OVER,
}  # fmt: skip


class GoalUnderAnything(RuleBasedStateMachine):
    """The state machine of Hypothesis: the goal, its ledger as it would be stored, and the clock."""

    goal: Goal
    first_policy: Policy
    ledger: list[Event]
    now: datetime
    most: Decimal
    points_of: dict[EmployeeId, Decimal]
    last: Command | None

    @initialize(
        rules=POLICIES,
        line=LINES,
        sites=SITES,
        steering=st.fixed_dictionaries(
            {"slot": st.sampled_from([None, 0, 7]), "stages": STAGES, "reviewers": REVIEWERS, "joint": JOINT}
        ),
        written=st.fixed_dictionaries(
            {
                "measure": st.sampled_from([NUMBERS, PICTURE]),
                "weight": WEIGHTS,
                "contributors": st.sampled_from(SHARINGS),
            }
        ),
    )
    def launch(
        self,
        rules: Policy,
        line: tuple[EmployeeId, ...],
        sites: dict[EmployeeId, str],
        steering: dict[str, Any],
        written: dict[str, Any],
    ) -> None:
        first = created(line=line, content=content(**written), sites=sites or None, **steering)
        self.now, self.last, self.most, self.ledger, self.first_policy = LAUNCH, None, Decimal(0), [first], rules
        self.goal, self.points_of = created_goal(GOAL_ID, rules, first), {}

    def _record(self, events: tuple[Event, ...]) -> None:
        if events:  # a workflow that finds them in the ledger, without the command that made them, takes them over
            assert adopt(self.goal, events, None, self.now) == evolve_all(self.goal, events)
            assert self._forged(events)
        for event in events:
            assert event.seq == len(self.ledger) + 1
            self.goal = evolve(self.goal, event)
            self.ledger.append(event)
            if event.kind is EventKind.REPORT_UNDONE:  # the owner's own mistake: the only way to fewer points
                self.most, self.points_of = score(self.goal), {}
            assert score(self.goal) >= self.most
            now = divided(self.goal)
            assert all(
                now.get(one, 0) >= points for one, points in self.points_of.items()
            )  # also whoever is no contributor any more
            self.most, self.points_of = score(self.goal), now

    def _forged(self, events: tuple[Event, ...]) -> bool:
        """Whether the same entries are refused if they say that another person made them, or a later moment."""
        changes: tuple[dict[str, Any], ...] = (
            {"actor": "z0"},
            {"acting_for": "z0"},
            {"at": self.now + timedelta(days=1)},
        )
        change = changes[self.goal.seq % len(changes)]
        with pytest.raises(ForgedEntry):
            adopt(self.goal, [event.model_copy(update=change) for event in events], None, self.now)
        return True

    def _ask(self, command: Command) -> None:
        try:
            events = decide(self.goal, command, self.now)
        except Refusal as said:
            refusal(self.goal, command, self.now, said.code)
        else:
            assert len({event.kind for event in events}) == len(events)  # the ledger takes a kind once per command
            self._record(events)
            assert not events or is_same(command, events)
            self.last = command if events else self.last

    @rule(command=any_command())
    def somebody_asks_for_something(self, command: Command) -> None:
        self._ask(command)

    @rule(name=st.sampled_from(sorted(COMMANDS)))
    def somebody_who_may_asks_for_it(self, name: str) -> None:
        self._ask(CASES[name].make(self.goal))

    @precondition(lambda self: len(self.ledger) > 6)  # it ends the goal for good
    @rule(actor=PEOPLE, to=PEOPLE, turn=st.integers(0, 4))
    def somebody_hands_it_over(self, actor: EmployeeId, to: EmployeeId, turn: int) -> None:
        if turn == 0:
            given = {"id": fresh_id(), "actor": actor, "to": to, "successor": f"2026-q4/{to}/2", "reason": "異動"}
            self._ask(commands.HandOver.model_validate(given))

    @rule()
    def the_goal_above_is_handed_over(self) -> None:
        if above := self.goal.content.parent:
            fields = {"before": above, "parent": f"{above.rpartition('/')[0]}/9"}
            self._ask(commands.FollowParent.model_validate({"id": fresh_id(), "actor": SYSTEM} | fields))

    @rule(fields=FIELDS["change_line"])
    def the_organisation_changes_and_the_news_comes_twice(self, fields: dict[str, Any]) -> None:
        for _ in range(2):
            before = self.goal
            self._ask(commands.ChangeLine.model_validate({"id": fresh_id(), "actor": HR} | fields))
        assert self.goal == before

    @rule(value=st.integers(0, 12), met=st.sets(st.integers(0, 3)))
    def the_owner_reports(self, value: int, met: set[int]) -> None:
        picture = self.goal.content.measure and self.goal.content.measure.kind == "qualitative"
        said = {"met": sorted(met)} if picture else {"value": value}
        self._ask(commands.ReportProgress.model_validate({"id": fresh_id(), "actor": OWNER} | said))

    @rule(turn=st.integers(0, 5))
    def somebody_does_what_is_awaited(self, turn: int) -> None:
        self._ask(fitting(self.goal, turn))

    @precondition(lambda self: self.goal.contributors and self.goal.next_step is not None)
    @rule(actor=PEOPLE)
    def somebody_completes_the_next_step(self, actor: EmployeeId) -> None:
        self._ask(commands.CompleteStep(id=fresh_id(), actor=actor, step=self.goal.next_step or 0))

    @precondition(lambda self: self.goal.contributors)
    @rule(turn=st.integers(0, 3))
    def a_contributor_leaves(self, turn: int) -> None:
        leaver = self.goal.contributors[turn % len(self.goal.contributors)]
        before = divided(self.goal)
        self._ask(change_line(self.goal, left=[leaver]))
        assert self.goal.is_closed or leaver not in self.goal.contributors
        assert divided(self.goal).get(leaver, Decimal(0)) == before[leaver]

    @rule(actor=PEOPLE)
    def somebody_is_absent(self, actor: EmployeeId) -> None:
        self._ask(delegate(actor, DEPUTY))
        self._ask(approve(self.goal, DEPUTY, acting_for=actor))

    @precondition(lambda self: self.last is not None)
    @rule()
    def the_answer_is_lost_and_the_command_comes_again(self) -> None:
        assert self.last is not None
        if self.last.id in self.goal.commands:  # later, the ledger's unique key answers
            assert decide(self.goal, self.last, self.now) == ()

    @rule(hours=st.sampled_from([1, 8, 24, 72, 240]))
    def time_passes(self, hours: int) -> None:
        until = self.now + timedelta(hours=hours)
        for alarm in self._alarms_until(until):
            self.now = max(self.now, alarm.at)
            assert ring(self.goal, alarm, alarm.at - timedelta(seconds=1)) == ()
            self._record(ring(self.goal, alarm, self.now))
        self.now = until

    @rule(hours=st.sampled_from([2, 100, 400]))
    def an_outage_holds_everything_up(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        for alarm in self._alarms_until(self.now):
            self._record(ring(self.goal, alarm, self.now))

    def _alarms_until(self, moment: datetime) -> Iterator[Alarm]:
        """The alarms in order, each after the one before has rung. Each must change the goal, or it would ring for ever."""
        before = len(self.ledger)
        while (alarm := next_alarm(self.goal)) and alarm.at <= moment:
            yield alarm
            assert len(self.ledger) > before
            before += 1
            assert before < 2_000

    @invariant()
    def a_task_fits_its_state_and_somebody_has_it(self) -> None:
        task = self.goal.task
        if task is None:
            no_step = self.goal.next_step is None or self.goal.gone
            assert self.goal.is_closed or (self.goal.state == "active" and no_step)
            return
        fits = {
            "draft": {TaskKind.DRAFT},
            "pending_approval": {TaskKind.APPROVAL},
            "active": {TaskKind.STEP},
            "in_review": {TaskKind.SELF_REVIEW, TaskKind.VERDICT},
        }
        assert task.kind in fits[self.goal.state]
        assert task.assignees
        assert len(set(task.assignees)) == len(task.assignees)
        if task.parts:
            assert set(task.assignees) == {one for part in task.parts if part.is_awaited for one in part.assignees}
            assert not {part.agreed for part in task.parts} - {None, *self.goal.signed}
            everybody_signed = {*self.goal.policy.hr} <= {*self.goal.signed, *self.goal.sharers}
            assert all(part.agreed or part.assignees or everybody_signed for part in task.parts)
            assert everybody_signed or not {*task.assignees} & {*self.goal.signed}
        if task.kind in {TaskKind.APPROVAL, TaskKind.VERDICT}:
            assert not {*self.goal.sharers} & {*task.assignees}

    @invariant()
    def the_points_of_a_goal_are_divided_to_the_last_hundredth(self) -> None:
        assert sum(self.goal.shares.values()) == 100
        assert min(self.goal.shares.values()) > 0
        assert sum(divided(self.goal).values()) == score(self.goal)
        assert sum(divided(self.goal, calibrated(self.goal)).values()) == calibrated(self.goal)
        assert min(divided(self.goal).values()) >= 0
        if credited := self.goal.credited:
            assert sum(one.score for one in credited.values()) == score(self.goal)
            assert sum(one.final for one in credited.values()) == calibrated(self.goal)
        else:
            assert not self.goal.contributors

    @invariant()
    def an_owner_who_has_left_is_asked_for_nothing_and_somebody_else_gives_the_verdict(self) -> None:
        goal = self.goal
        if not goal.gone or goal.is_closed:
            return
        assert goal.state in ("active", "in_review")
        if goal.state == "in_review":
            assert goal.task is not None
            assert goal.task.kind is TaskKind.VERDICT
        if goal.task:
            assert goal.owner not in goal.task.assignees

    @invariant()
    def a_goal_that_waits_for_a_last_verdict_is_closed_by_it(self) -> None:
        for event in self.ledger[-1:]:
            if event.kind in {EventKind.CONTINUED, EventKind.RESET}:
                assert not self.goal.ends_with_verdict(self.goal.calendar.day_of(event.at))

    @invariant()
    def a_step_is_completed_by_the_owner_or_by_who_does_it(self) -> None:
        steps = self.goal.content.steps
        event = self.ledger[-1]
        if event.kind is EventKind.STEP_COMPLETED:
            number = getattr(event.body, "step", 0)
            assert (event.acting_for or event.actor) in {self.goal.owner, steps[number].by}

    @invariant()
    def nobody_signs_twice_in_a_round_or_for_their_own_goal(self) -> None:
        signers: list[EmployeeId] = []
        contributors: set[EmployeeId] = set()
        for event in self.ledger:
            if written := getattr(event.body, "content", None):
                contributors = {one.person for one in written.contributors or ()}
            if event.kind in JUDGEMENTS and getattr(event.body, "verdict", "-") is not None:
                assert not contributors & {event.actor, event.acting_for}
            contributors -= {*(getattr(event.body, "released", None) or ())}
            if event.kind in {EventKind.SUBMITTED, EventKind.REOPENED}:
                signers = []
            elif event.kind in {EventKind.STAGE_APPROVED, EventKind.APPROVED}:
                signers += {event.actor, event.acting_for or event.actor}
        assert len(signers) == len(set(signers))
        assert self.goal.owner not in signers

    @invariant()
    def a_deadline_is_a_working_day_of_whoever_has_the_task(self) -> None:
        task = self.goal.task
        if task and task.site != "berlin":  # rules may take a site away, and the days that were counted stay
            assert self.goal.policy.calendar.is_business_day(task.due)

    @invariant()
    def a_closed_goal_is_over(self) -> None:
        if self.goal.is_closed:
            assert self.goal.task is None
            assert self.goal.outcome is not None
            assert next_alarm(self.goal) is None
            assert (self.goal.outcome is Outcome.HANDED_OVER) == (self.goal.handed_to is not None)
        else:
            assert self.goal.outcome is None

    @invariant()
    def every_open_goal_has_a_next_alarm_unless_it_is_paused(self) -> None:
        assert (next_alarm(self.goal) is None) == (self.goal.is_closed or self.goal.is_paused)

    @invariant()
    def what_is_remembered_stays_small(self) -> None:
        assert Goal.model_validate_json(self.goal.model_dump_json()) == self.goal  # limits of the model included

    def teardown(self) -> None:
        if not hasattr(self, "goal"):
            return
        stored = [event.model_dump_json(exclude_none=True) for event in self.ledger]
        read = [Event.model_validate_json(text) for text in stored]
        assert read == self.ledger
        assert [event.seq for event in read] == list(range(1, len(read) + 1))
        assert evolve_all(created_goal(GOAL_ID, self.first_policy, read[0]), read[1:]) == self.goal

        heads = list(accumulate(read, lambda head, event: chain(head, event.json_form), initial=genesis(GOAL_ID)))
        links = [Link(e.seq, e.json_form, *pair) for e, pair in zip(read, pairwise(heads), strict=True)]
        assert verify(GOAL_ID, links) is None
        assert heads[-1] == self.goal.head


GoalUnderAnything.TestCase.settings = settings(
    max_examples=200,
    stateful_step_count=40,
    deadline=None,  # two cores are shared
    suppress_health_check=[HealthCheck.too_slow],
)
TestGoalUnderAnything = GoalUnderAnything.TestCase
