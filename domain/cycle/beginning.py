"""A goal that a person begins while the cycle runs: what is asked, and the rules about it."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from domain.goal.authority import require_sharing
from domain.goal.commands import CommandIdText
from domain.goal.events import Created, Event
from domain.goal.goal import Goal, Outcome
from domain.lifecycles import CycleState, ParticipantState
from domain.policy.policy import Policy
from domain.refusals import Code, Refusal
from domain.values import CycleId, EmployeeId, Frozen, GoalId, Line, Moment
from domain.writing.content import Content

_ABANDONED = (Outcome.WITHDRAWN, Outcome.LAPSED, Outcome.REMOVED, Outcome.CANCELLED)
_LAUNCHING = (ParticipantState.WAITING, ParticipantState.WRITTEN, ParticipantState.FAILED)


class Beginning(Frozen):
    """The draft that `actor` begins for `owner`. `command` makes a repeat safe.

    `is_proposed`: the program chose the days of the steps, and may choose others for a repeat.
    """

    cycle: CycleId
    owner: EmployeeId
    actor: EmployeeId
    command: CommandIdText
    content: Content
    is_proposed: bool = False
    carried_from: GoalId | None = None
    post: Line | None = (
        None  # department of an additional post of the owner; None: the main post, or that of the carried goal
    )
    handed_from: GoalId | None = None

    def has_made(self, first: Event) -> bool:
        """Whether the first entry of a ledger is of this request."""
        body = first.body
        return (
            isinstance(body, Created)
            and bool(body.begun)
            and (first.actor, body.owner, body.carried_from) == (self.actor, self.owner, self.carried_from)
            and self._has_chosen_post(additional=bool(body.additional))
            and body.handed_from == self.handed_from
            and self._compared(body.content) == self._compared(self.content)
        )

    def _has_chosen_post(self, *, additional: bool) -> bool:
        """Without a post, a goal that is carried over goes on in its own: it may have another one at a repeat."""
        goes_on = self.carried_from is not None and self.post is None
        return goes_on or additional == (self.post is not None)

    def _compared(self, content: Content) -> Content:
        if not self.is_proposed:
            return content
        steps = tuple(step.model_copy(update={"due": date.min}) for step in content.steps)
        return content.model_copy(update={"steps": steps})


class OwnerInCycle(NamedTuple):
    """The owner in the cycle, and the cycle with its current rules. `goals` are all goals of the owner in the cycle."""

    cycle: CycleId
    owner: EmployeeId
    rules: Policy
    state: CycleState
    is_ending: bool  # HR has asked for its end
    participant: ParticipantState | None
    works_here: bool
    site: str | None
    goals: Sequence[Goal]
    part_hr: tuple[EmployeeId, ...] = ()  # HR of the owner's part of the company


def require_may_begin(asked: Beginning, found: OwnerInCycle, now: Moment) -> None:
    """Raises a `Refusal` if the actor may not begin the goal, or if there cannot be another one now."""
    _require_actor(asked.actor, asked.owner, found)
    require_may_have_another(found, now)
    require_sharing(asked.owner, asked.content, found.rules.hr)
    if carried := _carried(found.goals, asked.carried_from):
        raise Refusal(Code.CARRIED_BEFORE, goal=asked.carried_from or "", to=carried)


def require_may_begin_own(found: OwnerInCycle, now: Moment) -> None:
    """Raises a `Refusal` if the owner may not begin another goal of their own now, whatever it says."""
    _require_actor(found.owner, found.owner, found)
    require_may_have_another(found, now)


def require_may_have_another(found: OwnerInCycle, now: Moment) -> None:
    """Raises a `Refusal` if there cannot be another goal of this owner now."""
    if found.state is not CycleState.OPEN:
        raise Refusal(Code.CYCLE_STATE, state=found.state, needed=CycleState.OPEN)
    if found.is_ending:
        raise Refusal(Code.CYCLE_BUSY, phase="settling")
    _require_owner(found)
    if found.rules.calendar_at(found.site).day_of(now) > found.rules.closes:
        raise Refusal(Code.CYCLE_OVER, closes=found.rules.closes)
    _require_room(found)


def _require_actor(actor: EmployeeId, owner: EmployeeId, found: OwnerInCycle) -> None:
    """HR begins goals of others. Owners, who HR are for their own goals, begin theirs where the rules say so."""
    hr = [one for one in dict.fromkeys((*found.part_hr, *found.rules.hr)) if one != owner]
    if actor == owner:
        if not found.rules.owners_begin_goals:
            raise Refusal(Code.HR_BEGINS_GOALS, hr=hr or "-")
    elif actor not in hr:
        raise Refusal(Code.NOT_ALLOWED, actor=actor[:80], allowed=hr or "-")


def _require_owner(found: OwnerInCycle) -> None:
    if found.participant in (None, ParticipantState.REMOVED) or not found.works_here:
        raise Refusal(Code.NO_PARTICIPANT, owner=found.owner[:80], cycle=found.cycle)
    if found.participant in _LAUNCHING:
        raise Refusal(Code.CYCLE_BUSY, phase="launching")


def _require_room(found: OwnerInCycle) -> None:
    """Open goals and goals with a result count against the limit; withdrawn, lapsed, removed, cancelled and handed over ones do not."""
    running = [goal for goal in found.goals if not goal.is_closed]
    if running and all(goal.is_paused_by_hr for goal in running):
        raise Refusal(Code.GOALS_PAUSED, owner=found.owner)
    counted = sum(goal.outcome not in (*_ABANDONED, Outcome.HANDED_OVER) for goal in found.goals)
    if counted >= found.rules.max_goals:
        raise Refusal(Code.NO_MORE_GOALS, owner=found.owner, taken=counted, most=found.rules.max_goals)


def _carried(goals: Iterable[Goal], source: GoalId | None) -> GoalId | None:
    """The goal that `source` was carried over to before, if it was not abandoned."""
    found = (goal for goal in goals if source and goal.carried_from == source)
    return next((goal.id for goal in found if goal.outcome not in _ABANDONED), None)


def next_number(goals: Iterable[Goal]) -> int:
    """The number of the owner's next goal in the cycle. Numbers of withdrawn goals are not given out again."""
    return max((int(goal.id.rpartition("/")[2]) for goal in goals), default=0) + 1
