"""The events of a goal: one model per kind, named in the past tense. A goal changes only by events."""

from collections.abc import Iterator
from datetime import date
from functools import cached_property
from typing import Annotated, Any, Literal, Union

from pydantic import Field

from domain.commitments import FREE_TEXT, commit_texts, places_of
from domain.goal.goal import Chain, Delegation, Outcome, RepairStep
from domain.lifecycle import EventKind, State
from domain.messages import FieldValue
from domain.policy.policy import Policy
from domain.values import CommandId, CycleId, EmployeeId, Frozen, GoalId, Moment, Number, Share, Weight
from domain.writing.content import Content

Written = Annotated[str, FREE_TEXT]
"""A text that a person wrote. The hashed form of the event holds a salted commitment to it."""


class Body(Frozen):
    """The fields that belong to one kind of event."""

    kind: EventKind


class Created(Body):
    """The launch, or a person, made the draft. `policy` is the digest of the cycle's policy; the table `cycle` holds the policy itself."""

    kind: Literal[EventKind.CREATED] = EventKind.CREATED
    cycle: CycleId
    owner: EmployeeId
    department: str
    line: tuple[EmployeeId, ...]
    content: Content
    policy: str
    stages: tuple[Chain, ...] | None = None
    reviewers: Chain | None = None
    joint: tuple[tuple[Chain, ...], ...] | None = None
    part_hr: tuple[EmployeeId, ...] | None = None  # HR of the owner's part of the company
    hr_left: tuple[EmployeeId, ...] | None = None  # HR of the cycle who do not work here any more
    away: bool | None = None  # the owner is on leave: the goal begins paused
    leaves: date | None = None  # the owner's last day, where the rules ask for a verdict before it
    additional: bool | None = None  # the department is that of an additional post (兼務) of the owner
    sites: dict[EmployeeId, str] | None = None
    slot: int | None = None
    delegations: tuple[Delegation, ...] | None = None  # of the owner, the managers and HR, during the cycle
    begun: bool | None = None  # a person began it while the cycle ran; None: the launch made it
    carried_from: GoalId | None = None  # a goal of another cycle, whose content it begins with
    handed_from: GoalId | None = None  # the goal of an earlier owner, whose remaining content it begins with


class Revised(Body):
    kind: Literal[EventKind.REVISED] = EventKind.REVISED
    content: Content
    fields: tuple[str, ...]  # names of the fields that changed


class Submitted(Body):
    kind: Literal[EventKind.SUBMITTED] = EventKind.SUBMITTED
    advice: tuple[str, ...] = ()  # codes of findings of level `advise`, for the approver


class Recalled(Body):
    kind: Literal[EventKind.RECALLED] = EventKind.RECALLED


class StageApproved(Body):
    kind: Literal[EventKind.STAGE_APPROVED] = EventKind.STAGE_APPROVED
    stage: int
    saw: int  # the seq that the approver saw
    comment: Written | None = None
    awaited: tuple[EmployeeId, ...] | None = None  # who must agree in this joint stage as well; None: the stage is done


class Approved(Body):
    kind: Literal[EventKind.APPROVED] = EventKind.APPROVED
    stage: int
    saw: int
    comment: Written | None = None


class Returned(Body):
    kind: Literal[EventKind.RETURNED] = EventKind.RETURNED
    comment: Written


class ProgressReported(Body):
    kind: Literal[EventKind.PROGRESS_REPORTED] = EventKind.PROGRESS_REPORTED
    value: Number | None = None
    met: tuple[int, ...] | None = None
    evidence: Written | None = None


class StepCompleted(Body):
    kind: Literal[EventKind.STEP_COMPLETED] = EventKind.STEP_COMPLETED
    step: int
    points: int
    evidence: Written | None = None


class ReportUndone(Body):
    """The owner took back the completed `step`; or the last report, and `value` or `met` is what was reported before it."""

    kind: Literal[EventKind.REPORT_UNDONE] = EventKind.REPORT_UNDONE
    step: int | None = None
    value: Number | None = None
    met: tuple[int, ...] | None = None
    reason: Written


class ReviewOpened(Body):
    """By the alarm of the review date `scheduled`, or by `call_review` (then `reason` says why), or because the owner leaves (`leaves`)."""

    kind: Literal[EventKind.REVIEW_OPENED] = EventKind.REVIEW_OPENED
    scheduled: date | None = None
    reason: Written | None = None
    leaves: date | None = None  # the owner's last day; if it is not known, the day on which the goal learned of it


class SelfReviewed(Body):
    kind: Literal[EventKind.SELF_REVIEWED] = EventKind.SELF_REVIEWED
    went_well: Written
    progress: Written | None = None
    cause_kinds: tuple[str, ...] | None = None
    causes: Written | None = None
    to_improve: Written | None = None
    proposed: str


class _Verdict(Body):
    verdict: str
    saw: int
    attained: Share  # share of the measure that the verdict confirmed
    bonus: int = 0
    comment: Written | None = None
    praise: Written | None = None


class Continued(_Verdict):
    kind: Literal[EventKind.CONTINUED] = EventKind.CONTINUED


class Reset(_Verdict):
    """The revision ends; its points are in `banked`. The next revision begins as a draft with `content`."""

    kind: Literal[EventKind.RESET] = EventKind.RESET
    banked: Number
    content: Content


class Closed(Body):
    """Closed by a verdict (`verdict`, `saw`), by HR, or at the end of the cycle (`comment` says why)."""

    kind: Literal[EventKind.CLOSED] = EventKind.CLOSED
    outcome: Outcome
    attained: Share
    score: Number
    verdict: str | None = None
    saw: int | None = None
    bonus: int = 0
    comment: Written | None = None
    praise: Written | None = None
    removed: bool | None = None  # its owner left the company or was removed from the cycle


class Withdrawn(Body):
    kind: Literal[EventKind.WITHDRAWN] = EventKind.WITHDRAWN
    reason: Written


class Lapsed(Body):
    """The cycle's end alarm closed the goal; `due` is the time of that alarm by the calendar."""

    kind: Literal[EventKind.LAPSED] = EventKind.LAPSED
    due: Moment
    outcome: Outcome
    attained: Share
    score: Number


class Reopened(Body):
    kind: Literal[EventKind.REOPENED] = EventKind.REOPENED
    state: State  # the new state: the one before the goal was closed
    reason: Written
    closes: date | None = None  # the cycle's new last day


class _Rung(Body):
    rung: int
    due: Moment  # the planned time; the event's `at` is later after an outage
    late: bool = False


class Reminded(_Rung):
    kind: Literal[EventKind.REMINDED] = EventKind.REMINDED
    copied: tuple[EmployeeId, ...] | None = None  # managers who get a copy of the reminder and need not act


class Escalated(_Rung):
    kind: Literal[EventKind.ESCALATED] = EventKind.ESCALATED
    joined: tuple[EmployeeId, ...]
    climbed: int
    to_hr: bool


class Reassigned(Body):
    kind: Literal[EventKind.REASSIGNED] = EventKind.REASSIGNED
    before: tuple[EmployeeId, ...]
    assignees: tuple[EmployeeId, ...]
    replaced: dict[EmployeeId, EmployeeId] | None = None  # in a joint stage: who had the task, and who has it now
    reason: Written


class Delegated(Body):
    kind: Literal[EventKind.DELEGATED] = EventKind.DELEGATED
    delegation: Delegation
    reason: Written | None = None


class DelegationEnded(Body):
    kind: Literal[EventKind.DELEGATION_ENDED] = EventKind.DELEGATION_ENDED
    delegator: EmployeeId
    to: EmployeeId
    reason: Written | None = None


class Extended(Body):
    kind: Literal[EventKind.EXTENDED] = EventKind.EXTENDED
    before: date | None = None
    due: date | None = None  # of the open task
    closes: date | None = None  # the cycle's new last day
    reason: Written


class Paused(Body):
    kind: Literal[EventKind.PAUSED] = EventKind.PAUSED
    reason: Written


class Resumed(Body):
    kind: Literal[EventKind.RESUMED] = EventKind.RESUMED
    business_days: int  # length of the pause; the due date moves by them
    reason: Written | None = None


class Commented(Body):
    kind: Literal[EventKind.COMMENTED] = EventKind.COMMENTED
    text: Written


class PolicyAmended(Body):
    kind: Literal[EventKind.POLICY_AMENDED] = EventKind.POLICY_AMENDED
    policy: Policy
    reason: Written
    due: date | None = None  # new due date of the open task, if it moves
    part_hr: tuple[EmployeeId, ...] | None = None  # HR of the owner's part of the company; None: as it was
    before: tuple[EmployeeId, ...] | None = None  # assignees of the open task, if they change with `part_hr`
    assignees: tuple[EmployeeId, ...] | None = None


class LineChanged(Body):
    """Other managers, evaluators, department or sites. `before` and `assignees` are those of the open task, if they change."""

    kind: Literal[EventKind.LINE_CHANGED] = EventKind.LINE_CHANGED
    line: tuple[EmployeeId, ...]
    stages: tuple[Chain, ...] | None = None
    reviewers: Chain | None = None
    joint: tuple[tuple[Chain, ...], ...] | None = None
    part_hr: tuple[EmployeeId, ...] | None = None  # HR of the owner's part of the company
    hr_left: tuple[EmployeeId, ...] | None = None  # HR of the cycle who do not work here any more
    department: str
    additional: bool | None = None  # of an additional post of the owner
    away: bool | None = None  # the owner is on leave
    paused_days: int | None = None  # business days that the goal was paused, where it goes on now
    sites: dict[EmployeeId, str] | None = None
    before: tuple[EmployeeId, ...] | None = None
    assignees: tuple[EmployeeId, ...] | None = None
    replaced: dict[EmployeeId, EmployeeId] | None = None  # of `before`: people who left, and who takes over their task
    delegations: tuple[Delegation, ...] | None = None
    left: tuple[EmployeeId, ...] | None = None  # people who are not active: their delegations ended
    released: tuple[EmployeeId, ...] | None = (
        None  # contributors who left: their share and steps are the owner's from now on
    )
    leaves: date | None = None  # the owner's last day, where the rules ask for a verdict before it
    gone: bool | None = None  # the owner has left, and the goal stays open for its reviewers
    reason: Written


class Moved(Body):
    """The owner moved to another department: the revision is settled, and the next one begins as a draft with `content`."""

    kind: Literal[EventKind.MOVED] = EventKind.MOVED
    line: tuple[EmployeeId, ...]
    stages: tuple[Chain, ...] | None = None
    reviewers: Chain | None = None
    joint: tuple[tuple[Chain, ...], ...] | None = None
    part_hr: tuple[EmployeeId, ...] | None = None  # HR of the owner's part of the company
    hr_left: tuple[EmployeeId, ...] | None = None  # HR of the cycle who do not work here any more
    department: str
    additional: bool | None = None
    away: bool | None = None  # the owner is on leave
    paused_days: int | None = None  # business days that the goal was paused, where it goes on now
    sites: dict[EmployeeId, str] | None = None
    delegations: tuple[Delegation, ...] | None = None
    left: tuple[EmployeeId, ...] | None = None
    released: tuple[EmployeeId, ...] | None = None
    leaves: date | None = None
    attained: Share
    banked: Number
    content: Content
    reason: Written


class SignOffRefused(Body):
    """The rules refused the sign-off of another system. Nobody waits for the answer, so the refusal is recorded."""

    kind: Literal[EventKind.SIGN_OFF_REFUSED] = EventKind.SIGN_OFF_REFUSED
    code: str
    fields: Annotated[dict[str, FieldValue], FREE_TEXT] = Field(default_factory=dict)  # some repeat what a person wrote


class Adjusted(Body):
    """A calibration by HR: `points` to add to the score. The score itself does not change."""

    kind: Literal[EventKind.ADJUSTED] = EventKind.ADJUSTED
    points: Number
    reason: Written


class ExemplarMarked(Body):
    kind: Literal[EventKind.EXEMPLAR_MARKED] = EventKind.EXEMPLAR_MARKED
    reason: Written


class TextsErased(Body):
    """HR erased the texts of earlier entries; their commitments stay. `entries` are the numbers of these entries."""

    kind: Literal[EventKind.TEXTS_ERASED] = EventKind.TEXTS_ERASED
    entries: tuple[int, ...]
    reason: Written


class Repaired(Body):
    """`meguri repair` made PostgreSQL and Temporal agree about the goal again; the entry before is number `saw`."""

    kind: Literal[EventKind.REPAIRED] = EventKind.REPAIRED
    how: tuple[RepairStep, ...]
    saw: int


class HandedOver(Body):
    """The goal is closed, and `to` goes on in the goal `successor`. What was earned stays with the owner of this one."""

    kind: Literal[EventKind.HANDED_OVER] = EventKind.HANDED_OVER
    to: EmployeeId
    successor: GoalId
    attained: Share
    score: Number
    weight: Weight | None = None  # of the successor, if it is another one
    reason: Written


class ParentFollowed(Body):
    """The goal above was handed over: the goal in which somebody else goes on with it is the parent now."""

    kind: Literal[EventKind.PARENT_FOLLOWED] = EventKind.PARENT_FOLLOWED
    before: str
    parent: GoalId


AnyBody = Annotated[
    Union[  # noqa: UP007 - one name per line reads as the list it is
        Created, Revised, Submitted, Recalled, StageApproved, Approved, Returned, ProgressReported, StepCompleted, ReportUndone,
        ReviewOpened, SelfReviewed, Continued, Reset, Closed, Withdrawn, Lapsed, Reopened, Reminded, Escalated,
        Reassigned, Delegated, Extended, Paused, Resumed, Commented, PolicyAmended, SignOffRefused,
        LineChanged, Moved, Adjusted, ExemplarMarked, TextsErased, Repaired, DelegationEnded,
        HandedOver, ParentFollowed,
    ],
    Field(discriminator="kind"),
]  # fmt: skip


class Event(Frozen):
    """One entry of a goal's ledger.

    `salts` are those of the texts that people wrote, by place (domain/commitments.py); `salted` sets them before the event is
    recorded. `erased` holds the commitments of texts that were erased.
    """

    seq: int
    revision: int
    at: Moment
    actor: EmployeeId
    acting_for: EmployeeId | None = None
    command: CommandId
    body: AnyBody
    salts: dict[str, str] = Field(default_factory=dict)
    erased: dict[str, str] = Field(default_factory=dict)

    @property
    def kind(self) -> EventKind:
        return self.body.kind

    def salted(self, salts: Iterator[str]) -> "Event":
        """The event with a fresh salt for each text."""
        places = places_of(self._form["body"], type(self.body))
        if not places:
            return self
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return Event.model_construct(**fields | {"salts": dict(zip(places, salts, strict=False))})

    @property
    def json_form(self) -> dict[str, Any]:
        """The JSON that is hashed and stored: commitments instead of texts; fields that are None are left out."""
        return self._committed[0]

    @property
    def texts(self) -> dict[str, dict[str, str]]:
        """The texts that are stored beside the hashed form, with their salts, by place."""
        return self._committed[1]

    @cached_property
    def _committed(self) -> tuple[dict[str, Any], dict[str, dict[str, str]]]:
        body, texts = commit_texts(self._form["body"], type(self.body), self.salts, self.erased)
        return self._form | {"body": body}, texts

    @cached_property
    def _form(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude_none=True, exclude={"salts", "erased"})
