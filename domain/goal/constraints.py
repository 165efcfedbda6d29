"""Constraints across goals: the weights and the number of a person's goals, the parent, the problems that a goal answers.

`decide` sees one goal, so it cannot check these. `constraints_of` says what must be true of the other goals. The transaction
that records the goal checks it (storage/constraints.py) while it holds a lock: without the lock, two recordings at the same
time could each pass the check and break the rule together. Cycles with edition 1 have no such constraints.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from domain.findings import Finding, advise
from domain.goal.commands import ORGANISATION, SYSTEM
from domain.goal.events import Delegated, Event, Reassigned
from domain.goal.goal import Goal, Outcome
from domain.lifecycle import EventKind, State
from domain.policy.policy import Policy
from domain.values import CycleId, EmployeeId, Frozen, Weight, shown
from domain.writing.content import Content

MAX_WEIGHT = 100  # percent: the sum over a person's goals that are active or in review
_IN_PROGRESS = (State.ACTIVE, State.IN_REVIEW)
_DECISIONS = frozenset(
    {
        EventKind.STAGE_APPROVED, EventKind.APPROVED, EventKind.RETURNED, EventKind.CONTINUED, EventKind.RESET,
        EventKind.CLOSED, EventKind.HANDED_OVER,
    }
)  # fmt: skip
_FIRST_EDITION = 2  # of the policy, that has constraints


class Constraints(Frozen):
    """What must be true of other goals. `weight` and `max_goals` are set on approval, `parent` and `answers` on submission."""

    cycle: CycleId
    owner: EmployeeId
    weight: Weight | None = None
    max_weight: int = MAX_WEIGHT
    max_goals: int | None = None
    parent: str | None = None
    answers: tuple[str, ...] = ()
    judges: tuple[
        EmployeeId, ...
    ] = ()  # people outside the line who decide on the goal: the owner is not a manager of theirs
    deciders: tuple[EmployeeId, ...] = ()  # who decided on a shared goal: no contributor is a manager of theirs
    contributors: tuple[EmployeeId, ...] = ()  # of a shared goal
    named: tuple[EmployeeId, ...] = ()  # of these, whom a revision or the submission names: they work here
    ended_by: int | None = (
        None  # seq of the event that closed the goal: the owners of its child goals are notified (they follow one that is handed over)
    )


def constraints_of(before: Goal, after: Goal, events: Iterable[Event]) -> Constraints | None:
    """What the events from `before` to `after` require of other goals; None if they require nothing."""
    made = tuple(events)
    judges = judges_of(before, made)
    sharing = _sharing(before, after, made)
    if after.policy.edition < _FIRST_EDITION:
        required = Constraints(cycle=after.cycle, owner=after.owner, judges=judges, **sharing)
        return required if judges or sharing else None
    kinds = {event.kind for event in made}
    required = Constraints(
        cycle=after.cycle,
        owner=after.owner,
        judges=judges,
        **sharing,
        ended_by=after.seq if after.is_closed and not before.is_closed and after.handed_to is None else None,
    )
    unconstrained = required
    if after.state in _IN_PROGRESS and before.state not in _IN_PROGRESS:
        required = required.model_copy(update={"weight": after.content.weight, "max_goals": after.policy.max_goals})
    if EventKind.SUBMITTED in kinds:
        required = required.model_copy(update={"parent": after.content.parent, "answers": after.content.answers or ()})
    is_free = required == unconstrained and required.ended_by is None and not judges and not sharing
    return None if is_free else required


def _sharing(before: Goal, after: Goal, events: Iterable[Event]) -> dict[str, tuple[EmployeeId, ...]]:
    """What a shared goal requires: contributors who work here, and deciders who do not report to one of them. HR acts by its office."""
    made = tuple(events)
    known = () if any(event.kind is EventKind.SUBMITTED for event in made) else before.contributors
    named = tuple(one for one in after.contributors if one not in known)
    deciders = _deciders(made, before.hr) if before.contributors else ()
    if not named and not deciders:
        return {}
    return {"contributors": after.contributors, "named": named, "deciders": deciders}


def _deciders(events: Iterable[Event], hr: tuple[EmployeeId, ...]) -> tuple[EmployeeId, ...]:
    deciding = (one for one in events if one.kind in _DECISIONS and one.actor not in (SYSTEM, ORGANISATION))
    found = (person for one in deciding for person in (one.actor, one.acting_for) if person is not None)
    return tuple(dict.fromkeys(one for one in found if one not in hr))


def judges_of(before: Goal, events: Iterable[Event]) -> tuple[EmployeeId, ...]:
    """The people beside managers and evaluators who decide on the goal by these events, or who may decide on it after them.

    Delegates and people who get a reassigned task: nobody checked yet that they do not report to the owner. Managers of the
    line are above the owner, and HR acts by its office.
    """
    found: list[EmployeeId] = []
    for event in events:
        match event.body:
            case body if body.kind in _DECISIONS and event.actor not in (SYSTEM, ORGANISATION):
                found += [event.actor]
            case Reassigned(assignees=assignees):
                found += assignees
            case Delegated(delegation=one) if one.delegator != before.owner:
                found += [one.to]
    return tuple(dict.fromkeys(one for one in found if one not in before.asked_of))


def weight_findings(content: Content, others: Iterable[Goal], policy: Policy) -> Iterator[Finding]:
    """Advice before submission: whether a person's weights add up to 100, and whether there are too many goals.

    `others` are the person's other goals in the cycle. Closed goals do not count; but where points count times weights, those
    that ended with a result do, since they are part of the person's result too.
    """
    goals = tuple(others)
    running = [goal for goal in goals if not goal.is_closed]
    total = sum((goal.content.weight for goal in running), content.weight)
    ended = _weight_of_results(goals) if policy.weighted else Decimal(0)
    if ended and total + ended != MAX_WEIGHT:
        text = "finding.weights_not_100.ended"
        yield advise("weights_not_100", "weight", text=text, total=shown(total + ended), ended=shown(ended))
    elif total + ended != MAX_WEIGHT:
        yield advise("weights_not_100", "weight", total=shown(total))
    if len(running) + 1 > policy.max_goals:
        yield advise("too_many_goals", "goals", count=len(running) + 1, most=policy.max_goals)


def _weight_of_results(goals: Iterable[Goal]) -> Decimal:
    """The weight of the goals that ended with a result. One that was handed over goes on elsewhere, and leaves its weight free."""
    results = (Outcome.ACHIEVED, Outcome.UNREALISTIC, Outcome.SETTLED)
    return sum((goal.content.weight for goal in goals if goal.outcome in results), Decimal(0))
