"""Use case of every employee: the open tasks of a person, and the action that each task needs."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from domain.access import Action, Caller
from domain.goal.goal import Goal
from domain.policy.policy import TaskKind
from domain.refusals import Code, Refusal
from domain.values import EmployeeId
from service.projection import names_by_id
from service.relations import require_person
from storage import cycles
from storage.database import read_transaction
from storage.goals import GoalLine, InboxLine, inbox, load_aggregates
from storage.people import find_employee

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine


class TaskAction(StrEnum):
    """What the person can do for a task."""

    SUBMIT = "submit"
    APPROVE = "approve"
    COMPLETE_STEP = "complete_step"
    SELF_REVIEW = "self_review"
    DECIDE = "decide"
    COMMENT = "comment"  # for people who became assignees by escalation: they can only remind the owner


_ACTIONS = {
    TaskKind.DRAFT: TaskAction.SUBMIT,
    TaskKind.APPROVAL: TaskAction.APPROVE,
    TaskKind.STEP: TaskAction.COMPLETE_STEP,
    TaskKind.SELF_REVIEW: TaskAction.SELF_REVIEW,
    TaskKind.VERDICT: TaskAction.DECIDE,
}
_ONLY_OWNER = (TaskKind.DRAFT, TaskKind.STEP)


class InboxItem(NamedTuple):
    """An open task. `step` is the number of the goal's next step (from 0) if the task is a step."""

    goal: GoalLine
    acting_for: EmployeeId | None
    action: TaskAction
    is_overdue: bool
    step: int | None
    time_zone: str


class InboxPage(NamedTuple):
    """The open tasks of a person, the earliest due date first, and the names of the people for whom they act, by id."""

    name: str
    items: tuple[InboxItem, ...]
    names: dict[str, str]


class Inbox:
    """Every method raises a `Refusal` for an unknown employee, and for a caller who may not see the tasks."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def read(self, caller: Caller, employee: EmployeeId, now: datetime) -> InboxPage:
        """The open tasks of the employee, and of the people for whom the employee may act at `now`."""
        async with read_transaction(self._engine) as connection:
            person = await find_employee(connection, employee)
            if person is None:
                raise Refusal(Code.UNKNOWN_EMPLOYEE, employee=employee[:80], near="")
            await require_person(connection, caller, Action.SEE_INBOX, employee)
            found = await inbox(connection, employee, now)
            steps = await _next_steps(connection, [one.goal.id for one in found if one.goal.task == TaskKind.STEP])
            zones = await cycles.time_zones(connection)
            names = await names_by_id(connection, {one.acting_for for one in found if one.acting_for})
        items = tuple(_item(one, employee, now, steps, zones[one.goal.id.partition("/")[0]]) for one in found)
        return InboxPage(person.name, items, names)


async def _next_steps(connection: "AsyncConnection", goals: list[str]) -> dict[str, int | None]:
    loaded = await load_aggregates(connection, ids=goals) if goals else []
    return {goal.id: goal.next_step for goal in map(Goal.model_validate, loaded)}


def _item(one: InboxLine, employee: EmployeeId, now: datetime, steps: dict[str, int | None], zone: str) -> InboxItem:
    line = one.goal
    overdue = line.due_at is not None and line.due_at < now
    acting_for = EmployeeId(one.acting_for) if one.acting_for else None
    return InboxItem(line, acting_for, _action(line, acting_for or employee), overdue, steps.get(line.id), zone)


def _action(line: GoalLine, person: EmployeeId) -> TaskAction:
    task, is_owner = TaskKind(line.task or ""), person == line.owner_id
    if task in _ONLY_OWNER and not is_owner:
        return TaskAction.COMMENT
    if task is TaskKind.SELF_REVIEW and not is_owner:
        return TaskAction.DECIDE
    return _ACTIONS[task]
