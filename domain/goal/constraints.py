"""What a goal claims of others: a share of its owner's weight, a parent, problems to answer.

One goal does not know the others, so this cannot be decided by `decide` alone. What is claimed stands here; it is checked
against the other goals in the transaction that records it (storage/constraints.py), behind a lock, so that two at the same
moment cannot both be right and break it together. Bound to the policy's edition: earlier cycles claim nothing.
"""

from collections.abc import Iterable, Iterator

from domain.findings import Finding, advise
from domain.goal.events import Event
from domain.goal.goal import Goal
from domain.lifecycle import EventKind, State
from domain.policy.policy import Policy
from domain.values import CycleId, EmployeeId, Frozen
from domain.writing.content import Content

MOST_WEIGHT = 100  # percent, of the goals that a person is working on
_WORKED_ON = (State.ACTIVE, State.IN_REVIEW)
_SINCE = 2  # edition


class Claims(Frozen):
    """`weight` and `max_goals` where the goal begins to be worked on; parent and problems where it is submitted."""

    cycle: CycleId
    owner: EmployeeId
    weight: int | None = None
    max_weight: int = MOST_WEIGHT
    max_goals: int | None = None
    parent: str | None = None
    answers: tuple[str, ...] = ()
    ended_by: int | None = None  # the entry with which the goal ended: the owners of goals under it are told


def claims_of(before: Goal, after: Goal, events: Iterable[Event]) -> Claims | None:
    """What the events that lead from `before` to `after` claim; none where nothing is."""
    if after.policy.edition < _SINCE:
        return None
    kinds = {event.kind for event in events}
    claims = Claims(
        cycle=after.cycle,
        owner=after.owner,
        ended_by=after.seq if after.is_closed and not before.is_closed else None,
    )
    nothing = claims
    if after.state in _WORKED_ON and before.state not in _WORKED_ON:
        claims = claims.model_copy(update={"weight": after.content.weight, "max_goals": after.policy.max_goals})
    if EventKind.SUBMITTED in kinds:
        claims = claims.model_copy(update={"parent": after.content.parent, "answers": after.content.answers or ()})
    return None if claims == nothing and claims.ended_by is None else claims


def weigh(content: Content, others: Iterable[Goal], policy: Policy) -> Iterator[Finding]:
    """What the weights and the number of a person's goals in a cycle say before they are approved: advice.

    `others` are the person's other goals of the cycle; those that are closed do not count.
    """
    running = [goal for goal in others if not goal.is_closed]
    total = content.weight + sum(goal.content.weight for goal in running)
    if total != MOST_WEIGHT:
        yield advise("weights_not_100", "weight", total=total)
    if len(running) + 1 > policy.max_goals:
        yield advise("too_many_goals", "goals", count=len(running) + 1, most=policy.max_goals)
