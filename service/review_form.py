"""The review form (見直しシート): the goal, the self-review of its owner, and the effects of a reset."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from domain.goal import scoring
from domain.goal.events import SelfReviewed
from domain.goal.goal import Goal
from domain.goal.steering import next_revision
from domain.lifecycle import EventKind
from domain.problems import invalid
from domain.values import SILENT, Frozen, GoalId, Weight
from domain.writing import causes
from domain.writing.content import Content
from service.goal_documents import ShareInDigits
from texts.say import BothTexts, say_both

_WEIGHT: TypeAdapter[Decimal | None] = TypeAdapter(Weight | None, config=SILENT)
_NEW_REVIEW = (EventKind.REVIEW_OPENED, EventKind.CONTINUED, EventKind.RESET, EventKind.MOVED)


class ReviewDocument(Frozen):
    """The form for programs. `settled`: the points that a reset would bank; shares: 1 is the target."""

    goal: GoalId
    attainment: ShareInDigits
    confirmed: ShareInDigits
    self_review: dict[str, Any] | None
    causes: dict[str, BothTexts]
    now: Content
    after_reset: Content
    settled: Decimal


class ReviewForm(NamedTuple):
    """The goal, its content after a reset, and the self-review of the current review, if there is one."""

    goal: Goal
    after_reset: Content
    self_review: SelfReviewed | None

    @property
    def causes(self) -> tuple[str, ...]:
        """The codes of the causes to choose from: the standard ones and the cycle's own."""
        return tuple(causes.known(self.goal.policy))

    @property
    def settled(self) -> Decimal:
        """The points that a reset would bank."""
        return self.goal.banked + scoring.revision_score(self.goal, scoring.confirmed(self.goal))

    def document(self) -> ReviewDocument:
        return ReviewDocument(
            goal=self.goal.id,
            attainment=scoring.attainment(self.goal),
            confirmed=self.goal.attained,
            self_review=self.self_review and self.self_review.model_dump(mode="json", exclude_none=True),
            causes={code: say_both("format.cause", cause=code) for code in self.causes},
            now=self.goal.content,
            after_reset=self.after_reset,
            settled=self.settled,
        )


def review_form(
    goal: Goal, events: Sequence[dict[str, Any]], new_target: Decimal | None, new_weight: Decimal | None
) -> ReviewForm:
    """The form. `events` are the events of the goal's ledger as JSON. Raises a `Refusal` for an invalid weight."""
    try:
        new_weight = _WEIGHT.validate_python(new_weight)
    except ValidationError as error:
        raise invalid(error, "new_weight") from error
    return ReviewForm(goal, next_revision(goal, goal.value, new_weight, new_target), _self_review(events))


def _self_review(events: Sequence[dict[str, Any]]) -> SelfReviewed | None:
    """The latest self-review, unless a verdict or a new review came after it."""
    for event in reversed(events):
        if event["body"]["kind"] == EventKind.SELF_REVIEWED:
            return SelfReviewed.model_validate(event["body"])
        if event["body"]["kind"] in _NEW_REVIEW:
            return None
    return None
