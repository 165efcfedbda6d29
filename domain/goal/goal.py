"""The aggregate: one person's goal in one cycle, with all data that the decisions about it need."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from enum import StrEnum

from pydantic import Field

from domain.lifecycle import EventKind, State
from domain.policy.calendar import BusinessCalendar
from domain.policy.policy import Leavers, Policy, TaskKind
from domain.values import CommandId, CycleId, EmployeeId, Frozen, GoalId, Moment, Number, Share
from domain.writing.content import Content, NumericMeasure

REMEMBERED_COMMANDS = 16  # enough for usual retries; later ones are found by the ledger's unique key
REMEMBERED_CHANGES = 6
MAX_DELEGATIONS = 100  # of a goal, that have not ended
REMEMBERED_REPORTS = 5  # as many of the newest reports can be taken back


Chain = tuple[EmployeeId, ...]
"""Who is asked for something, and then the managers above them, nearest first, whom an escalation asks."""


class Outcome(StrEnum):
    """How a goal ended."""

    ACHIEVED = "achieved"
    UNREALISTIC = "unrealistic"  # closed, and not reset
    SETTLED = "settled"  # worked on until it was closed; its points count
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"  # the cycle ended while it was a draft or waited for approval
    REMOVED = "removed"  # its owner left, or was removed from the cycle, while it was a draft or waited for approval
    CANCELLED = "cancelled"  # by HR, with the cycle or alone
    HANDED_OVER = "handed_over"  # somebody else goes on with it in a goal of their own; its points count


class RepairStep(StrEnum):
    """What a repair did, when PostgreSQL and Temporal did not agree about a goal."""

    LEDGER_FILLED = "ledger_filled"  # entries that Temporal's history has and the ledger had lost
    ENTRIES_ADOPTED = "entries_adopted"  # by the workflow, which had lost them
    WORKFLOW_STARTED = "workflow_started"  # from the ledger


class Part(Frozen):
    """One of the people who must all agree in a joint stage, with their chain."""

    signer: EmployeeId | None = None  # the first of the chain; None: HR
    assignees: tuple[EmployeeId, ...]  # of whom one must agree
    climbed: int = 0  # number of people of the chain that escalation has passed
    agreed: EmployeeId | None = None  # who agreed, or in whose name

    @property
    def is_awaited(self) -> bool:
        return self.agreed is None and bool(self.assignees)


class Task(Frozen):
    """The one thing that the goal waits for now."""

    kind: TaskKind
    assignees: tuple[EmployeeId, ...]
    opened: date
    due: date  # a business day; the deadline is its closing hour
    rung: int = 0  # the next rung of the ladder
    climbed: int = 0  # number of managers of the line, from the nearest, that escalation has passed
    site: str | None = None  # whose business days count: the first assignee's
    parts: tuple[Part, ...] = ()  # of a joint stage; `assignees` are those of the parts that are awaited


class Delegation(Frozen):
    """`to` may act for `delegator` from `first` to `last`, both included."""

    delegator: EmployeeId
    to: EmployeeId
    first: date
    last: date
    own_goals: bool = (
        False  # also for the delegator's own goals; without it, for approving and reviewing goals of others
    )


class Report(Frozen):
    """What was reported of the measure before a newer report."""

    value: Number | None = None
    met: tuple[int, ...] = ()


class MaterialChange(Frozen):
    """An event that a person must have seen before they decide; `fields` are the content's fields that it changed."""

    seq: int
    kind: EventKind
    fields: tuple[str, ...] = ()


class Credit(Frozen):
    """A person's part of the points of a shared goal: of its score, and of what counts after HR's adjustments."""

    score: Number
    final: Number


class Goal(Frozen):
    """A goal after the event `seq` of its ledger. Only `created_goal` and `evolve` make one."""

    id: GoalId
    cycle: CycleId
    owner: EmployeeId
    department: str
    line: tuple[EmployeeId, ...]  # managers, nearest first
    policy: Policy
    seq: int  # of the last event
    head: str  # its hash
    state: State
    revision: int = 1
    content: Content
    written: int = 1  # number of the ledger entry that holds the content
    task: Task | None = None
    stage: int = 0  # the stage that is asked for, from 0
    signed: tuple[EmployeeId, ...] = ()  # who approved them: delegates, and the people they acted for
    done: tuple[int, ...] = ()  # steps of this revision
    value: Number | None = None  # of a numeric measure, as last reported
    met: tuple[int, ...] = ()  # criteria of a qualitative one
    earlier: tuple[Report, ...] = Field(
        default=(), max_length=REMEMBERED_REPORTS
    )  # since the last verdict, oldest first
    reviewed_steps: tuple[int, ...] = ()  # steps that were done when the last verdict was given
    attained: Share = Decimal(0)  # share of the measure that a verdict confirmed; never decreases
    bonus: int = 0  # of this revision
    banked: Number = Decimal(0)  # points of earlier revisions
    active_since: Moment | None = None  # reviews that were due before do not open
    reviewed_through: date | None = None  # the latest review date whose review was opened
    self_reviewed: bool = False  # in the open review
    paused_on: date | None = None  # since then without a break, by HR, by the owner's absence, or by both
    pause_reason: str | None = None  # of HR's pause
    away: bool = False  # the owner is on leave
    delegations: tuple[Delegation, ...] = ()
    outcome: Outcome | None = None
    closed_from: State | None = None  # the state before it was closed, to which reopening returns
    commands: tuple[CommandId, ...] = Field(default=(), max_length=REMEMBERED_COMMANDS)
    changes: tuple[MaterialChange, ...] = Field(default=(), max_length=REMEMBERED_CHANGES)
    sites: dict[EmployeeId, str] = Field(default_factory=dict)  # of the owner, managers and HR, if they have one
    adjusted: Number = Decimal(0)  # points of calibration; not part of the score
    exemplar: bool = False  # shown to the company, without names
    slot: int | None = None  # number that spreads the cycle's alarms (alarms.py); None: the goal's id is used
    stages: tuple[Chain, ...] = ()  # of the approval; an empty one, and one that is missing, follows the line
    reviewers: Chain = ()  # of the verdict; empty: the line
    joint: tuple[
        tuple[Chain, ...], ...
    ] = ()  # the chains of a stage that asks several people; empty: one, as `stages` says
    leaves: date | None = None  # the owner's last day, where the rules ask for a verdict before it
    gone_on: date | None = None  # the day on which the goal learned that its owner has left; None: the owner works here
    additional: bool = False  # its department is that of an additional post (兼務) of the owner
    carried_from: GoalId | None = None  # a goal of another cycle, whose content it began with
    handed_from: GoalId | None = None  # the goal of an earlier owner, whose remaining content it began with
    handed_to: GoalId | None = None  # the goal in which somebody else goes on
    part_hr: tuple[EmployeeId, ...] = ()  # HR of the owner's part of the company, without the owner; empty: the cycle's
    hr_left: tuple[EmployeeId, ...] = ()  # HR of the cycle who do not work here any more: they are not asked
    earned: dict[EmployeeId, Number] | None = None  # points of each person before the shares last changed
    credited: dict[EmployeeId, Credit] | None = (
        None  # the points of each person, where somebody beside the owner has some
    )

    @property
    def contributors(self) -> tuple[EmployeeId, ...]:
        """The people who work on the goal with its owner. They decide nothing on it."""
        return tuple(one.person for one in self.content.contributors or ())

    @property
    def sharers(self) -> tuple[EmployeeId, ...]:
        """The owner and the contributors: the goal's points are theirs."""
        return (self.owner, *self.contributors)

    @property
    def shares(self) -> dict[EmployeeId, int]:
        """The share of each in percent, the owner first. They add up to 100."""
        given = {one.person: one.share for one in self.content.contributors or ()}
        return {self.owner: 100 - sum(given.values())} | given

    @property
    def is_closed(self) -> bool:
        return self.state is State.CLOSED

    @property
    def is_paused(self) -> bool:
        return self.paused_on is not None

    @property
    def is_paused_by_hr(self) -> bool:
        return self.pause_reason is not None

    @property
    def gone(self) -> bool:
        """Whether the owner has left the company. Nothing is asked of them."""
        return self.gone_on is not None

    @property
    def last_review_on(self) -> date | None:
        """The day on which the last review opens because the owner leaves; None if the rules ask for none.

        It leaves the full time for the self-review and the verdict up to the last day. After the last day it is the day on
        which the goal learned of it. Who works until the cycle closes has the reviews of the cycle.
        """
        if self.policy.leavers is not Leavers.VERDICT:
            return None
        if self.gone_on is not None:
            return self.gone_on
        if self.leaves is None or self.leaves >= self.policy.closes:
            return None
        kinds = (TaskKind.SELF_REVIEW, TaskKind.VERDICT) if self.policy.self_review else (TaskKind.VERDICT,)
        return self.calendar.add(self.leaves, -sum(self.policy.ladders[kind].due_in for kind in kinds))

    def ends_with_verdict(self, day: date) -> bool:
        """Whether a verdict on that day closes the goal, because its owner leaves or has left."""
        return self.last_review_on is not None and self.last_review_on <= day

    @property
    def next_step(self) -> int | None:
        """The first step that is not done."""
        return next((n for n in range(len(self.content.steps)) if n not in self.done), None)

    @property
    def due_at(self) -> Moment | None:
        """The open task's deadline."""
        return self.policy.calendar_at(self.task.site).closing(self.task.due) if self.task else None

    @property
    def task_zone(self) -> str:
        """The time zone of the site whose business days count for the open task; of the owner's site if there is no task."""
        return (self.policy.calendar_at(self.task.site) if self.task else self.calendar).timezone

    @property
    def calendar(self) -> BusinessCalendar:
        """The owner's calendar. It decides what day it is for this goal."""
        return self.calendar_of(self.owner)

    def calendar_of(self, person: EmployeeId) -> BusinessCalendar:
        return self.policy.calendar_at(self.sites.get(person))

    def delegates(self, people: Iterable[EmployeeId], day: date) -> tuple[EmployeeId, ...]:
        """The people who may act for one of `people` on that day."""
        delegators = set(people)
        return tuple(
            one.to
            for one in self.delegations
            if one.delegator in delegators
            and one.first <= day <= one.last
            and (one.own_goals or one.delegator not in self.sharers)
        )

    @property
    def evaluators(self) -> tuple[EmployeeId, ...]:
        """Everybody in the chains of the stages and of the verdict, each once."""
        joint = (chain for chains in self.joint for chain in chains)
        return tuple(dict.fromkeys(one for chain in (*self.stages, self.reviewers, *joint) for one in chain))

    @property
    def asked_of(self) -> tuple[EmployeeId, ...]:
        """Everybody whom the goal may ask, beside an assignee that HR chose: owner, managers, evaluators, HR; each once."""
        return tuple(dict.fromkeys((self.owner, *self.line, *self.evaluators, *self.hr)))

    def asks(self, stage: int) -> bool:
        """Whether the rules ask for that stage (from 0) of this goal's approval."""
        if stage >= len(self.policy.stages):
            return True
        rule, measure = self.policy.stages[stage], self.content.measure
        if rule.weight_over is not None and self.content.weight <= rule.weight_over:
            return False
        if rule.measure is not None and (measure is None or measure.kind != rule.measure):
            return False
        return rule.target_over is None or (isinstance(measure, NumericMeasure) and measure.target > rule.target_over)

    def next_stage(self, after: int) -> int | None:
        """The next stage that the rules ask for, behind the stage `after`; None if there is none."""
        return next((stage for stage in range(after + 1, self.policy.approval_stages) if self.asks(stage)), None)

    def chain_of_stage(self, stage: int) -> Chain:
        """Who is asked for that stage (from 0) of the approval, and who is above them."""
        own = self.stages[stage] if stage < len(self.stages) else ()
        return self.deciding(own) or self.deciding(self.line)[stage:]

    def deciding(self, chain: Chain) -> Chain:
        """The part of the chain that may decide on the goal: nobody signs for themselves or for a boss, so it begins above the
        highest contributor.
        """
        contributors = self.contributors
        highest = max((place for place, one in enumerate(chain, start=1) if one in contributors), default=0)
        return chain[highest:]

    def joint_chains(self, stage: int) -> tuple[Chain, ...]:
        """The chains of a joint stage; none if the stage asks one person."""
        return tuple(map(self.deciding, self.joint[stage])) if stage < len(self.joint) else ()

    def chains_of_stage(self, stage: int) -> tuple[Chain, ...]:
        """The chain of everybody who must agree in that stage. One that is empty is HR."""
        return self.joint_chains(stage) or (self.chain_of_stage(stage),)

    def asking_only(self, chain: Chain, assignees: tuple[EmployeeId, ...]) -> "Goal":
        """The goal as if its stage asked only this chain, with the open task at `assignees`."""
        stages = (*self.stages[: self.stage], *((),) * (self.stage - len(self.stages)), chain)
        task = self.task and self.task.model_copy(update={"assignees": assignees, "parts": ()})
        line = self.line if chain else ()
        return self.model_copy(update={"joint": (), "stages": stages, "line": line, "task": task})

    def above(self, kind: TaskKind) -> Chain:
        """The people up whom a task of that kind escalates; `Task.climbed` counts them."""
        line = self.deciding(self.line)
        if kind is TaskKind.VERDICT:
            return self.deciding(self.reviewers) or line
        if kind is TaskKind.APPROVAL and self.stage < len(self.stages):
            return self.deciding(self.stages[self.stage]) or line
        return line

    def approvers(self, stage: int) -> tuple[EmployeeId, ...]:
        """Who approves stage `stage` (from 0): the evaluator, else the manager at that place of the line; HR if there is none.

        Never the owner or a contributor. In a joint stage, the first of every chain.
        """
        asked = (chain[:1] or self.hr_without_sharers for chain in self.chains_of_stage(stage))
        return tuple(dict.fromkeys(one for people in asked for one in people))

    def approvers_in_order(self) -> tuple[tuple[EmployeeId, ...], ...]:
        """For each stage that the rules ask for, the first who is asked; in a joint stage, of every chain."""
        stages = (stage for stage in range(self.policy.approval_stages) if self.asks(stage))
        chains = (self.chains_of_stage(stage) for stage in stages)
        firsts = ([next(iter(chain or self.hr_without_sharers), None) for chain in of_stage] for of_stage in chains)
        found = (tuple(dict.fromkeys(one for one in people if one)) for people in firsts)
        return tuple(people for people in found if people)

    def review_deciders(self) -> tuple[EmployeeId, ...]:
        """Who gives the verdict: the reviewer, else the manager; HR if there is none. Never the owner or a contributor."""
        return self.above(TaskKind.VERDICT)[:1] or self.hr_without_sharers

    @property
    def hr(self) -> tuple[EmployeeId, ...]:
        """Everybody who is HR of the goal: HR of the owner's part of the company, and HR of the cycle."""
        return tuple(dict.fromkeys((*self.part_hr, *self.policy.hr)))

    @property
    def hr_asked(self) -> tuple[EmployeeId, ...]:
        """HR who is asked where nobody above can be: of the owner's part, else of the cycle."""
        return self.part_hr or self._cycle_hr

    @property
    def _cycle_hr(self) -> tuple[EmployeeId, ...]:
        """HR of the cycle who work here; all of them where nobody does, or where all who do have a share of the goal."""
        here = tuple(one for one in self.policy.hr if one not in self.hr_left)
        return here if {*here} - {*self.sharers} else self.policy.hr

    @property
    def hr_without_sharers(self) -> tuple[EmployeeId, ...]:
        return self._first_without(self.sharers)

    def _first_without(self, people: Iterable[EmployeeId]) -> tuple[EmployeeId, ...]:
        """HR who is asked, without these people; HR of the cycle where these are all of the part's HR."""
        left_out = set(people)
        asked, cycle = (tuple(one for one in hr if one not in left_out) for hr in (self.hr_asked, self._cycle_hr))
        return asked or cycle

    def approvers_left(self, stage: int) -> tuple[EmployeeId, ...]:
        """The same without those who have approved since the last submission: nobody approves for two stages.

        Then the next manager above, or another member of HR, is asked; nobody where everybody has approved.
        """
        return self.first_left(self.chain_of_stage(stage))

    def first_left(self, chain: Chain) -> tuple[EmployeeId, ...]:
        """The first of the chain who has not approved since the last submission; HR where nobody is left."""
        left = tuple(one for one in chain if one not in self.signed)
        return left[:1] or self._first_without((*self.signed, *self.sharers))
