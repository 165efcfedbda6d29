"""What was carried out before, for the page that follows: read from the ledger, so that nobody is told of what did not happen."""

from typing import NamedTuple

from domain.goal.goal import Goal
from service.goals import GoalView


class Done(NamedTuple):
    """A command that the ledger has: the kind of its last entry; None where it changed nothing. `goal` is as it is now."""

    kind: str | None
    seq: int | None
    goal: Goal


def done_by(view: GoalView, command_id: str) -> Done | None:
    """The entries of the command with this id; None where no id was given."""
    if not command_id:
        return None
    made = [one for one in view.events if one.get("command") == command_id]
    return Done(made[-1]["body"]["kind"], made[-1]["seq"], view.goal) if made else Done(None, None, view.goal)
