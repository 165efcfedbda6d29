"""The part of `decide` for a goal that another person goes on with, and for the goals under it."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from domain.goal import commands, events, scoring
from domain.goal.authority import require_hr_or_system, require_manager_or_hr
from domain.goal.goal import Goal
from domain.goal.steering import Bodies, next_revision
from domain.refusals import Code, Refusal
from domain.values import CommandId, CycleId, EmployeeId, Frozen, GoalId, Moment
from domain.writing.content import Content


class Succession(Frozen):
    """The goal that begins in the same transaction in which `source` is handed over.

    `actor` hands it over, `giver` is the person in whose name. `content` is what remained to be done.
    """

    source: GoalId
    goal: GoalId
    cycle: CycleId
    owner: EmployeeId
    actor: EmployeeId
    giver: EmployeeId
    command: CommandId
    at: Moment
    content: Content


def succession_of(before: Goal, event: events.Event) -> Succession | None:
    """The goal that `event` begins beside this one; `before` is this goal before the event. None for most events."""
    body = event.body
    if not isinstance(body, events.HandedOver):
        return None
    return Succession(
        source=before.id,
        goal=body.successor,
        cycle=before.cycle,
        owner=body.to,
        actor=event.actor,
        giver=event.acting_for or event.actor,
        command=event.command,
        at=event.at,
        content=remaining(before, body.weight).without([body.to]),
    )


def remaining(goal: Goal, weight: Decimal | None) -> Content:
    """What remains to be done: the open steps, and the measure from the value that a verdict confirmed."""
    return next_revision(goal, scoring.confirmed_value(goal), weight)


def owner_in(goal: GoalId) -> EmployeeId:
    """The owner, whom the id of every goal names."""
    return EmployeeId(goal.split("/")[1])


def _hand_over(goal: Goal, command: commands.HandOver, day: date) -> Bodies:
    require_manager_or_hr(goal, command, day)
    if command.to == goal.owner:
        raise Refusal(Code.SAME_OWNER, owner=goal.owner)
    if not command.successor.startswith(f"{goal.cycle}/{command.to}/"):
        raise Refusal(Code.NOT_NEXT_GOAL, goal=command.successor, owner=command.to)
    return (
        events.HandedOver(
            to=command.to,
            successor=command.successor,
            attained=goal.attained,
            score=scoring.score(goal),
            weight=command.weight,
            reason=command.reason,
        ),
    )


def _follow_parent(goal: Goal, command: commands.FollowParent, day: date) -> Bodies:
    require_hr_or_system(goal, command, day)
    if goal.content.parent != command.before:
        return ()
    return (events.ParentFollowed(before=command.before, parent=command.parent),)


HANDING: dict[type[commands.Command], Callable[[Goal, Any, date], Bodies]] = {
    commands.HandOver: _hand_over,
    commands.FollowParent: _follow_parent,
}
