"""The content with which a goal goes on in another cycle."""

from collections.abc import Collection
from datetime import date

from domain.goal.goal import Goal, Outcome
from domain.goal.scoring import confirmed_value
from domain.goal.steering import next_revision
from domain.writing.content import Content


def is_unfinished(goal: Goal) -> bool:
    """Whether the goal was worked on until its cycle ended, and its target was not reached."""
    return goal.outcome is Outcome.SETTLED and goal.attained < 1


def carried_content(goal: Goal, first: date, starts: date, ends: date, nodes: Collection[str]) -> Content:
    """The goal's content for a cycle from `starts` to `ends`; no step is due before `first`.

    A number begins at the value that a review confirmed. Steps that are done are left out; the others are due as many days after the
    start as before, at most on `ends`. A parent stays if it is one of `nodes`, the ids of themes and department goals.
    """
    content = next_revision(goal, confirmed_value(goal), None)
    moved = starts - goal.policy.starts
    steps = tuple(step.model_copy(update={"due": min(max(step.due + moved, first), ends)}) for step in content.steps)
    parent = content.parent if content.parent in nodes else None
    return content.model_copy(update={"steps": steps, "parent": parent, "answers": None})
