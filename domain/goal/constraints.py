"""Constraints across goals: the weights and the number of one person's goals, the parent, the problems that a goal answers.

A goal does not know the other goals, so `decide` alone cannot check these. This file says what must hold; it is checked in
the transaction that records the goal (storage/constraints.py), behind a lock, so that two recordings at the same moment
cannot both pass and break the rule together. Cycles of the first edition have no such constraints.
"""

from collections.abc import Iterable, Iterator

from domain.findings import Finding, advise
from domain.goal.events import Event
from domain.goal.goal import Goal
from domain.lifecycle import EventKind, State
from domain.policy.policy import Policy
from domain.values import CycleId, EmployeeId, Frozen
from domain.writing.content import Content

MAX_WEIGHT = 100  # percent, of the goals that a person is working on
_WORKED_ON = (State.ACTIVE, State.IN_REVIEW)
_SINCE = 2  # edition


class Constraints(Frozen):
    """`weight` and `max_goals` where the goal begins to be worked on; parent and problems where it is submitted."""

    cycle: CycleId
    owner: EmployeeId
    weight: int | None = None
    max_weight: int = MAX_WEIGHT
    max_goals: int | None = None
    parent: str | None = None
    answers: tuple[str, ...] = ()
    ended_by: int | None = None  # the entry with which the goal ended: the owners of goals under it are told


def constraints_of(before: Goal, after: Goal, events: Iterable[Event]) -> Constraints | None:
    """What the events from `before` to `after` require of other goals; None where they require nothing."""
    if after.policy.edition < _SINCE:
        return None
    kinds = {event.kind for event in events}
    wanted = Constraints(
        cycle=after.cycle,
        owner=after.owner,
        ended_by=after.seq if after.is_closed and not before.is_closed else None,
    )
    nothing = wanted
    if after.state in _WORKED_ON and before.state not in _WORKED_ON:
        wanted = wanted.model_copy(update={"weight": after.content.weight, "max_goals": after.policy.max_goals})
    if EventKind.SUBMITTED in kinds:
        wanted = wanted.model_copy(update={"parent": after.content.parent, "answers": after.content.answers or ()})
    return None if wanted == nothing and wanted.ended_by is None else wanted


def weight_findings(content: Content, others: Iterable[Goal], policy: Policy) -> Iterator[Finding]:
    """What the weights and the number of a person's goals in a cycle say before they are approved: advice.

    `others` are the person's other goals of the cycle; those that are closed do not count.
    """
    running = [goal for goal in others if not goal.is_closed]
    total = content.weight + sum(goal.content.weight for goal in running)
    if total != MAX_WEIGHT:
        yield advise("weights_not_100", "weight", total=total)
    if len(running) + 1 > policy.max_goals:
        yield advise("too_many_goals", "goals", count=len(running) + 1, most=policy.max_goals)
