"""Handing a goal over to another owner: what is asked, and the rules about the new owner."""

from collections.abc import Iterable

from domain.cycle.beginning import Beginning, OwnerInCycle, next_number, require_may_have_another
from domain.goal.commands import CommandIdText, HandOver
from domain.goal.goal import Goal
from domain.goal.handing import Succession
from domain.refusals import Code, Refusal
from domain.values import CommandId, EmployeeId, Frozen, GoalId, Moment, Prose, Weight

MAX_ATTEMPTS = 5  # somebody else may begin the goal with the same number at the same moment
_ROOM = 98  # characters of a command's id that leave room for the attempt


class Handover(Frozen):
    """`actor` hands `goal` over to `to`. `command` makes a repeat safe."""

    goal: GoalId
    to: EmployeeId
    actor: EmployeeId
    acting_for: EmployeeId | None = None
    command: CommandIdText
    weight: Weight | None = None
    reason: Prose

    def command_of(self, attempt: int) -> CommandId:
        """The id of the command to the goal. A refused command keeps its id, so the second attempt has another one."""
        return self.command if attempt == 1 else CommandId(f"{self.command[:_ROOM]}:{attempt}")

    def as_command(self, successor: GoalId, command: CommandId) -> HandOver:
        """The command to the goal."""
        fields = self.model_dump(include={"to", "actor", "acting_for", "weight", "reason"})
        return HandOver.model_validate(fields | {"id": command, "successor": successor})


def next_goal_of(goal: Goal, to: EmployeeId, goals: Iterable[Goal]) -> GoalId:
    """The id of the goal in which `to` would go on; `goals` are theirs."""
    return GoalId(f"{goal.cycle}/{to}/{next_number(goals)}")


def require_may_take_over(
    succession: Succession, found: OwnerInCycle, line: tuple[EmployeeId, ...], now: Moment
) -> None:
    """Raises a `Refusal` if the new owner cannot have the goal, or if the giver may not give it to them.

    HR gives goals to everybody; a manager to themselves, and to people below them. `line` is the new owner's line.
    """
    require_may_have_another(found, now)
    if succession.giver not in (*found.part_hr, *found.rules.hr, *line, found.owner):
        raise Refusal(Code.OUTSIDE_LINE, actor=succession.giver, owner=found.owner)
    if succession.goal.rpartition("/")[2] != str(next_number(found.goals)):
        raise Refusal(Code.NOT_NEXT_GOAL, goal=succession.goal, owner=found.owner)


def beginning_of(succession: Succession) -> Beginning:
    """The draft with which the new owner goes on."""
    return Beginning(
        cycle=succession.cycle,
        owner=succession.owner,
        actor=succession.actor,
        command=succession.command,
        content=succession.content,
        handed_from=succession.source,
    )
