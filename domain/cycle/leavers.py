"""What the rules of a cycle say about the goals of somebody who leaves the company.

Drafts and goals that wait for approval are closed after the last day, whatever the rules say.
"""

from datetime import date

from domain.goal.goal import Goal
from domain.goal.steering import IN_PROGRESS
from domain.people.organisation import Employee
from domain.policy.policy import Leavers


def stays_open(goal: Goal) -> bool:
    """Whether the goal stays open when its owner leaves, for the people who review it."""
    return goal.policy.leavers is not Leavers.SETTLE and goal.state in IN_PROGRESS


def last_day_for_goals(owner: Employee, leavers: Leavers) -> date | None:
    """The owner's last day, where the rules ask for a verdict before it; None where goals need not know it."""
    return owner.leaves if leavers is Leavers.VERDICT else None
