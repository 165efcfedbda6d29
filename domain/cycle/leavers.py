"""What the rules of a cycle say about the goals of somebody who leaves the company.

Drafts and goals that wait for approval are closed after the last day, whatever the rules say.
"""

from collections.abc import Iterable, Iterator
from datetime import date

from domain.findings import Finding, advise
from domain.goal.goal import Goal
from domain.goal.steering import IN_PROGRESS
from domain.people.organisation import Employee, some_of
from domain.policy.policy import Leavers


def stays_open(goal: Goal) -> bool:
    """Whether the goal stays open when its owner leaves, for the people who review it."""
    return goal.policy.leavers is not Leavers.SETTLE and goal.state in IN_PROGRESS


def last_day_for_goals(owner: Employee, leavers: Leavers) -> date | None:
    """The owner's last day, where the rules ask for a verdict before it; None where goals need not know it."""
    return owner.leaves if leavers is Leavers.VERDICT else None


_EARLY = {
    Leavers.SETTLE: "finding.leaving_early",
    Leavers.VERDICT: "finding.leaving_early.verdict",
    Leavers.KEEP: "finding.leaving_early.keep",
}


def leaver_findings(participants: Iterable[Employee], closes: date, leavers: Leavers) -> Iterator[Finding]:
    """A suggestion about people whose last day lies before the cycle closes: what the rules say about their goals."""
    early = [one.id for one in participants if one.leaves is not None and one.leaves < closes]
    if early:
        people, text = some_of(early), _EARLY[leavers]
        yield advise("leaving_early", "policy.leavers", text=text, count=len(early), people=people, concerned=early)
