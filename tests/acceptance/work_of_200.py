"""What people do with their tasks in the story of 200 people, and when."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from domain.goal import commands
from domain.goal.goal import Goal
from domain.policy.policy import TaskKind
from domain.values import CycleId, EmployeeId, GoalId
from domain.writing.content import Content, Contributor, Step
from tests.acceptance.asked_oracle import Deed, Oracle
from tests.acceptance.company_of_200 import BEFORE, CYCLE, LEAVING_COMPANY_HR, LEAVING_DEPARTMENT_HR, SALES

_SUBMITTED_ON = (2, 3, 5, 8)  # working days after the start, by number
_SLOW = {
    "K005": 5,
    "K008": 4,
    "K014": 3,
    LEAVING_COMPANY_HR: 9,
    LEAVING_DEPARTMENT_HR: 9,
}  # working days until they decide; others need one
_NOT_AGAIN = f"{BEFORE}/K153/1"  # not submitted again after it was returned
NEVER_REVIEWS = "K106"  # submits late, and leaves without a self-review
_RETURNED = {
    _NOT_AGAIN: ("approval 2", None),
    f"{CYCLE}/K002/1": ("approval 1", 45),  # from 25: HR is asked, since nobody else is above
    f"{CYCLE}/K093/1": ("approval 1", 40.5),  # from 30: the third stage is asked from now on
    f"{CYCLE}/K042/1": ("approval 2", None),  # the first stage is asked again
    f"{CYCLE}/K185/1": ("approval 3", 38.5),  # from 45.5: the third stage is not asked any more
    f"{CYCLE}/K123/1": ("approval 1", None),  # by an evaluator
    f"{SALES}/K169/1": ("approval 2", None),  # by somebody of the other company
}
"""At which stage an approver returns a goal, once, and the weight with which its owner submits it again."""
_WITH_SHARE = {f"{SALES}/K173/1": "K166", f"{SALES}/K172/1": "K027"}
"""Who has a share of the goal, and does the second step: a colleague; the manager, who is HR too."""
_ENOUGH_STEPS = 2  # a goal with fewer is not submitted


@dataclass
class Running:
    """A cycle that people work in, and its oracle."""

    id: CycleId
    oracle: Oracle
    days: list[date]  # its working days
    closes: date
    returned: set[GoalId] = field(default_factory=set)


def deed_of(cycle: Running, goal: Goal, day: date, number: int) -> Deed | None:
    task = goal.task
    if task is None or goal.is_paused:
        return None
    if task.kind is TaskKind.DRAFT and goal.id == _NOT_AGAIN and goal.id in cycle.returned:
        return None
    waited = sum(task.opened < one <= day for one in cycle.days)
    actor = task.assignees[0]
    owner = int(goal.owner[1:4])
    stage, weight = _RETURNED.get(goal.id, ("", None))
    match task.kind:
        case TaskKind.DRAFT:
            first = 11 if goal.owner == NEVER_REVIEWS else _SUBMITTED_ON[owner % 4]
            if waited >= 2 and number >= first:
                steps = _ENOUGH_STEPS if len(goal.content.steps) < _ENOUGH_STEPS else None
                again = weight if goal.id in cycle.returned else None
                return Deed(day, goal.id, actor, "submit", again, steps, with_share=_WITH_SHARE.get(goal.id))
            return None
        case TaskKind.APPROVAL:
            returns = goal.id not in cycle.returned and stage == f"approval {goal.stage + 1}"
            acts, kind = waited >= _SLOW.get(actor, 1), "return" if returns else "approve"
            if acts and returns:
                cycle.returned.add(goal.id)
        case TaskKind.STEP:
            acts, kind, actor = day >= task.due - timedelta(days=3), "step", task.assignees[-1]
        case TaskKind.SELF_REVIEW:
            acts, kind = waited >= 1 + owner % 2 and goal.owner != NEVER_REVIEWS, "self_review"
        case TaskKind.VERDICT:
            goes_on = owner % 5 == 0 or (cycle.id == BEFORE and goal.owner != "K154")
            acts, kind = waited >= 1, "continue" if goes_on else "achieved"
    return Deed(day, goal.id, actor, kind) if acts else None


def command_of(goal: Goal, deed: Deed) -> commands.Command:
    actor = EmployeeId(deed.actor)
    match deed.kind:
        case "submit":
            return commands.Submit(actor=actor, content=_written(goal, deed))
        case "approve":
            return commands.Approve(actor=actor, expected_seq=goal.seq)
        case "return":
            return commands.ReturnForChanges(actor=actor, expected_seq=goal.seq, comment="手順をもう少し具体的に")
        case "step":
            assert goal.next_step is not None
            return commands.CompleteStep(actor=actor, step=goal.next_step)
        case "self_review":
            return commands.SubmitSelfReview(actor=actor, went_well="予定どおり進んだ")
    verdict = {"actor": actor, "verdict": deed.kind, "expected_seq": goal.seq}
    return commands.DecideReview.model_validate(verdict)


def _written(goal: Goal, deed: Deed) -> Content | None:
    """The content with the weight, the number of steps and the contributor of the deed; None: as it is."""
    if (deed.weight, deed.steps, deed.with_share) == (None, None, None):
        return None
    content = goal.content
    steps = list(content.steps)
    while len(steps) < (deed.steps or 0):
        due = min(goal.calendar.add(deed.day, 6 + 3 * len(steps)), goal.policy.ends)
        steps.append(Step(title=f"残りの手順 {len(steps) + 1}", due=due))
    steps.sort(key=lambda one: one.due)
    weight = content.weight if deed.weight is None else Decimal(str(deed.weight))
    shared: dict[str, Any] = {}
    if deed.with_share:
        person = EmployeeId(deed.with_share)
        shared = {"contributors": (Contributor(person=person, share=30),)}
        steps[1] = steps[1].model_copy(update={"by": person})
    return content.model_copy(update={"steps": tuple(steps), "weight": weight, **shared})
