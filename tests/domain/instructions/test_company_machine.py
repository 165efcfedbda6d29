"""A small company under random sequences of people files, leaves, renamings, delegations and work: the invariants of its goals hold.

Each change goes the way of the product: a file is compared, refused where it has findings, and each goal gets the command that the
instruction would send.
"""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain.cycle.evaluators import evaluators_of, rules_of
from domain.cycle.launch import first_draft
from domain.cycle.leavers import last_day_for_goals
from domain.findings import refuses
from domain.goal import commands
from domain.goal.alarms import next_alarm, ring
from domain.goal.decide import decide
from domain.goal.events import Approved, Closed, Event, StageApproved, Submitted
from domain.goal.evolve import evolve
from domain.goal.goal import Delegation, Goal
from domain.goal.scoring import score
from domain.instructions.instructions import Skipped, Sync
from domain.instructions.placement_check import PlacementCheck, placement_of
from domain.instructions.reorganisation import Difference, SyncContext, compare, sync_command_for
from domain.lifecycle import EventKind, State
from domain.people.department_changes import changes_of_renaming
from domain.people.departments import NO_CHANGE, Department, DepartmentChange, Departments
from domain.people.leave import Leave
from domain.people.organisation import Employee, Organisation
from domain.people.posts import Post
from domain.policy.policy import TaskKind
from domain.refusals import Refusal
from domain.values import CycleId, EmployeeId, GoalId
from tests.domain.builders import CONTENT, LAUNCH, TOKYO, fresh_id, policy

TOP, HR, HR_TOO, HEAD, BOSS, CHIEF, OWNER, MEMBER, OTHER = (EmployeeId(f"c{n}") for n in range(9))
EVERYBODY = (TOP, HR, HR_TOO, HEAD, BOSS, CHIEF, OWNER, MEMBER, OTHER)
LED_BY = {HR: TOP, HR_TOO: TOP, HEAD: TOP, BOSS: HEAD, CHIEF: BOSS, OWNER: CHIEF, MEMBER: CHIEF, OTHER: BOSS}
OWNERS = (OWNER, MEMBER, CHIEF)
DEPARTMENTS = ("経理部", "人事部", "総務部")
DECISIONS = (TaskKind.APPROVAL, TaskKind.VERDICT)
APPROVAL = st.sampled_from(  # stages that ask one person, and some that ask several who must all agree
    [
        *({"approval_stages": stages} for stages in (1, 2, 3)),
        {"approval_stages": 1, "stages": ({"all": ["line", "line 2"]},)},
        {"approval_stages": 1, "stages": ({"all": ["head", "line", "person c3"]},)},
        {"approval_stages": 2, "stages": ({"all": ["evaluator 1", "evaluator 2"]}, {})},
        {"approval_stages": 2, "stages": ({}, {"all": ["line", "title 部長", "person c8"]})},
    ]
)
RULES = st.fixed_dictionaries(
    {
        "review_stage": st.sampled_from([1, 2]),
        "leavers": st.sampled_from(["settle", "verdict", "keep"]),
        "moves_settle": st.booleans(),
        "self_review": st.booleans(),
    }
)
PEOPLE = st.sampled_from(EVERYBODY)
SOMEBODY = st.none() | PEOPLE
DAYS = st.integers(-3, 20)
POSTS = st.builds(Post, department=st.sampled_from(DEPARTMENTS), manager_id=SOMEBODY, evaluators=st.tuples(SOMEBODY))
CHANGES = st.one_of(
    st.fixed_dictionaries({"active": st.booleans()}),
    st.fixed_dictionaries({"manager_id": PEOPLE}),
    st.fixed_dictionaries({"department": st.sampled_from(DEPARTMENTS)}),
    st.fixed_dictionaries({"evaluators": st.lists(SOMEBODY, max_size=3).map(tuple)}),
    st.fixed_dictionaries({"posts": st.lists(POSTS, max_size=2).map(tuple)}),
    st.fixed_dictionaries({"away": st.none() | st.tuples(DAYS, st.none() | DAYS), "deputy_id": SOMEBODY}),
    st.fixed_dictionaries({"further": st.none() | st.tuples(DAYS, st.none() | DAYS)}),
    st.fixed_dictionaries({"leaves_in": st.none() | DAYS}),
)


class CompanyUnderAnything(RuleBasedStateMachine):
    people: dict[EmployeeId, Employee]
    departments: Departments
    goals: dict[GoalId, Goal]
    now: datetime
    standing: tuple[Delegation, ...]
    closed_by_leaving: set[GoalId]
    signed: dict[GoalId, list[EmployeeId]]

    @initialize(rules=RULES, approval=APPROVAL)
    def launch(self, rules: dict[str, Any], approval: dict[str, Any]) -> None:
        frozen = policy(hr=(HR, HR_TOO), **rules, **approval)
        self.people = {
            one: Employee(
                id=one,
                name=f"名 {one}",
                department=DEPARTMENTS[n % 3],
                manager_id=LED_BY.get(one),
                title="部長" if one in (HEAD, BOSS) else None,
            )
            for n, one in enumerate(EVERYBODY)
        }
        heads = {"経理部": HEAD, "総務部": CHIEF}
        self.departments = Departments(Department(id=one, name=one, head_id=heads.get(one)) for one in DEPARTMENTS)
        self.now, self.goals, self.standing = LAUNCH, {}, ()
        self.closed_by_leaving, self.signed = set(), {}
        organisation = self.organisation
        for owner in OWNERS:
            goal, _ = first_draft(
                cycle=CycleId("q"),
                policy=frozen,
                owner=owner,
                department=self.people[owner].department,
                line=organisation.active_line(owner),
                evaluators=evaluators_of(owner, organisation, rules_of(frozen.review_stage, frozen.stages)),
                leaves=last_day_for_goals(self.people[owner], frozen.leavers),
                number=1,
                content=CONTENT,
                launched_by=HR,
                now=self.now,
            )
            self.goals[goal.id] = goal

    @property
    def today(self) -> date:
        return TOKYO.day_of(self.now)

    @property
    def organisation(self) -> Organisation:
        return Organisation((one.as_of(self.today) for one in self.people.values()), self.today, self.departments)

    @rule(who=PEOPLE, change=CHANGES)
    def apply_a_file(self, who: EmployeeId, change: dict[str, Any]) -> None:
        """One row of a file. A file with findings that refuse changes nothing, as one that takes the last HR away."""
        if who == HR_TOO and ({"active", "leaves_in"} & set(change)):
            return
        self._apply([_changed(self.people[who], change, self.today)], NO_CHANGE)

    @rule(old=st.sampled_from(DEPARTMENTS), new=st.sampled_from([*DEPARTMENTS, "管理部"]))
    def rename_a_department(self, old: str, new: str) -> None:
        """A new name, or one of another department, which merges the two."""
        if old == new or old not in {one.name for one in self.departments.by_id.values()}:
            return
        change = changes_of_renaming({old: new}, self.departments)
        if self._apply([], change):  # refused where somebody would have two posts in one department
            assert all(goal.department != old for goal in self.goals.values() if not goal.is_closed)

    @rule(days=st.integers(1, 12))
    def days_pass(self, days: int) -> None:
        """Alarms ring on each day; people whose last day is over have left, leaves begin and end."""
        for _ in range(days):
            self.now += timedelta(days=1)
            for goal in tuple(self.goals.values()):
                self._ring(goal)
            self._sync(compare(self.people.values(), (), self.today))

    @rule(owner=st.sampled_from(OWNERS), turn=st.integers(0, 5))
    def work(self, owner: EmployeeId, turn: int) -> None:
        goal = self.goals[GoalId(f"q/{owner}/1")]
        if goal.is_closed or goal.is_paused:
            return
        self._ask(goal, _work_on(goal, turn))

    @rule(to=PEOPLE, delegator=PEOPLE, days=st.integers(0, 20))
    def delegate(self, to: EmployeeId, delegator: EmployeeId, days: int) -> None:
        if to == delegator or not (self._works(to) and self._works(delegator)):
            return
        last = self.today + timedelta(days=days)
        self.standing = (*self.standing, Delegation(delegator=delegator, to=to, first=self.today, last=last))[-5:]
        fields = {"actor": HR, "delegator": delegator, "to": to, "first": self.today, "last": last}
        for goal in tuple(self.goals.values()):
            self._ask(goal, commands.Delegate(id=fresh_id(), **fields))

    @rule(owner=st.sampled_from(OWNERS), to=PEOPLE, turn=st.integers(0, 3))
    def reassign(self, owner: EmployeeId, to: EmployeeId, turn: int) -> None:
        if not self._works(to):
            return
        goal = self.goals[GoalId(f"q/{owner}/1")]
        asked = goal.task.assignees if goal.task else ()
        whom = {"person": asked[turn % len(asked)], "to": to} if turn and asked else {"assignees": (to,)}
        fields = {"id": fresh_id(), "actor": HR_TOO, "reason": "交代"}
        self._ask(goal, commands.Reassign.model_validate(fields | whom))

    @invariant()
    def somebody_who_works_here_is_asked_and_nobody_decides_for_themselves(self) -> None:
        for goal in getattr(self, "goals", {}).values():
            if goal.is_closed:
                assert goal.task is None
                continue
            if goal.task is None:
                assert goal.state is State.ACTIVE
                assert goal.gone or goal.next_step is None
                continue
            assert goal.task.assignees
            assert len(set(goal.task.assignees)) == len(goal.task.assignees)
            assert any(map(self._works, goal.task.assignees)), goal.task
            if goal.task.kind in DECISIONS:
                assert goal.owner not in goal.task.assignees
            else:
                assert not goal.gone

    @invariant()
    def everybody_who_must_agree_is_asked_or_has_agreed_or_hr_is_asked_instead(self) -> None:
        for goal in getattr(self, "goals", {}).values():
            for part in goal.task.parts if goal.task else ():
                if part.agreed is None:
                    everybody_signed = {HR, HR_TOO} <= {*goal.signed, goal.owner}
                    assert any(map(self._works, part.assignees)) or (everybody_signed and not part.assignees)
                    assert not {*part.assignees} & {*goal.signed, goal.owner}
                else:
                    assert part.agreed in goal.signed

    @invariant()
    def nobody_is_asked_about_the_goals_of_somebody_above_them(self) -> None:
        for goal in getattr(self, "goals", {}).values():
            if not goal.is_closed:
                for one in goal.evaluators:
                    assert goal.owner not in (one, *self.organisation.manager_line(one))

    @invariant()
    def every_goal_stands_as_the_directory_says(self) -> None:
        # HR who has left is still asked beside the others, until the next file, or until the rules name somebody else.
        if hasattr(self, "goals") and self._works(HR):
            check = PlacementCheck(self.organisation)
            assert not [
                goal.id for goal in self.goals.values() if not goal.is_closed and check.differs(placement_of(goal))
            ]

    def _works(self, one: EmployeeId) -> bool:
        return self.people[one].works_on(self.today)

    def _apply(self, rows: list[Employee], change: DepartmentChange) -> bool:
        difference = compare(self.people.values(), rows, self.today, departments=change)
        if refuses((*Organisation(difference.after).findings(), *difference.findings)):
            return False
        self.departments = change.applied_to(self.departments)
        self._sync(difference)
        return True

    def _sync(self, difference: Difference) -> None:
        self.people = {one.id: one for one in difference.after}
        self.standing = tuple(one for one in self.standing if self._works(one.delegator) and self._works(one.to))
        asked, organisation = difference.sync("組織変更"), self.organisation
        for goal in tuple(self.goals.values()):
            self._sync_goal(goal, asked, organisation)
            after = self.goals[goal.id]
            again = self._command(after, asked, organisation)
            assert isinstance(again, Skipped) or not self._works(HR), "a repeat changes nothing"

    def _sync_goal(self, goal: Goal, asked: Sync, organisation: Organisation) -> None:
        command = self._command(goal, asked, organisation)
        if isinstance(command, commands.Reopen):
            self._ask(goal, command)
            goal = self.goals[goal.id]
            command = Skipped(code="closed") if goal.is_closed else self._command(goal, asked, organisation)
        if not isinstance(command, Skipped):
            self._record(goal, decide(goal, command.model_copy(update={"id": fresh_id()}), self.now))

    def _command(self, goal: Goal, asked: Sync, organisation: Organisation) -> commands.Command | Skipped:
        back = self.closed_by_leaving if goal.owner in asked.joined and goal.policy.closes >= self.today else ()
        return sync_command_for(goal, asked, HR_TOO, SyncContext(organisation, self.standing, self.today, back))

    def _ring(self, goal: Goal) -> None:
        for _ in range(20):
            alarm = next_alarm(goal)
            if alarm is None or alarm.at > self.now:
                return
            self._record(goal, ring(goal, alarm, self.now))
            goal = self.goals[goal.id]

    def _ask(self, goal: Goal, command: commands.Command) -> None:
        try:
            events = decide(goal, command.model_copy(update={"id": fresh_id()}), self.now)
        except Refusal:
            return
        self._record(goal, events)

    def _record(self, goal: Goal, events: tuple[Event, ...]) -> None:
        for event in events:
            before = score(goal)
            goal = evolve(goal, event)
            assert score(goal) >= max(before, Decimal(0))
            self._note(goal, event)
        self.goals[goal.id] = goal

    def _note(self, goal: Goal, event: Event) -> None:
        """Who has signed in this round, and why the goal was closed."""
        match event.body:
            case Submitted():
                self.signed[goal.id] = []
            case StageApproved() | Approved():
                signers = [one for one in (event.actor, event.acting_for) if one]
                assert not set(signers) & {*self.signed.get(goal.id, ()), goal.owner}
                self.signed.setdefault(goal.id, []).extend(signers)
            case Closed(removed=True):
                self.closed_by_leaving.add(goal.id)
            case _ if event.kind is EventKind.REOPENED:
                self.closed_by_leaving.discard(goal.id)


def _changed(one: Employee, change: dict[str, Any], today: date) -> Employee:
    fields = dict(change)
    if "away" in fields:
        away = fields.pop("away")
        first, last = away or (None, None)
        fields["away_from"] = None if first is None else today + timedelta(days=first)
        fields["away_until"] = None if last is None else today + timedelta(days=last)
    if "further" in fields:
        away = fields.pop("further")
        spells = [[None if n is None else today + timedelta(days=n) for n in away]] if away else []
        fields["further_leaves"] = tuple(Leave(first=first, last=last) for first, last in spells)
    if "leaves_in" in fields:
        days = fields.pop("leaves_in")
        fields["leaves"] = None if days is None else today + timedelta(days=days)
    if fields.get("active") and one.leaves and one.leaves < today:
        fields["leaves"] = None
    return replace(one, **fields)


def _work_on(goal: Goal, turn: int) -> commands.Command:  # noqa: PLR0911 - one case per task
    kind = goal.task.kind if goal.task else None
    assignees = goal.task.assignees if goal.task else (HR_TOO,)
    by = {"id": fresh_id(), "actor": assignees[turn % len(assignees)]}
    match kind:
        case TaskKind.DRAFT:
            return commands.Submit(**by)
        case TaskKind.APPROVAL if turn == 0:
            return commands.ReturnForChanges(**by, expected_seq=goal.seq, comment="具体的に")
        case TaskKind.APPROVAL:
            return commands.Approve(**by, expected_seq=goal.seq)
        case TaskKind.STEP if turn % 2:
            return commands.CompleteStep(**by, step=goal.next_step or 0)
        case TaskKind.SELF_REVIEW:
            return commands.SubmitSelfReview(**by, progress="順調", went_well="分担")
        case TaskKind.VERDICT:
            said = ("continue", "unrealistic", "achieved")[turn % 3]
            return commands.DecideReview(**by, verdict=said, expected_seq=goal.seq, comment="対象を絞る")
    return commands.CallReview(id=fresh_id(), actor=goal.owner, reason="相談")


CompanyUnderAnything.TestCase.settings = settings(
    max_examples=300, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
)
TestCompany = CompanyUnderAnything.TestCase
