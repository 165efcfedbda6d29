"""Use case of every employee: the open tasks of a person, and the action that each task needs."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from domain.access import Action, Caller
from domain.policy.policy import TaskKind
from domain.refusals import Code, Refusal
from domain.values import EmployeeId, GoalId
from service.projection import find_goals, names_by_id
from service.relations import require_person
from storage import cycles
from storage.database import read_transaction
from storage.goals import GoalLine, InboxKey, InboxLine, inbox
from storage.people import find_employee

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

PAGE = 100  # tasks


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
    """A page of a person's open tasks, the earliest due date first, and the names of the people for whom they act, by id.

    `next` is the place after which the next page begins; None on the last page.
    """

    name: str
    items: tuple[InboxItem, ...]
    names: dict[str, str]
    next: str | None


class Inbox:
    """Every method raises a `Refusal` for an unknown employee, and for a caller who may not see the tasks."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def read(
        self, caller: Caller, employee: EmployeeId, now: datetime, *, after: str = "", limit: int = PAGE
    ) -> InboxPage:
        """The open tasks, after the place `after`, of the employee and of the people for whom the employee may act at `now`."""
        async with read_transaction(self._engine) as connection:
            person = await find_employee(connection, employee)
            if person is None:
                raise Refusal(Code.UNKNOWN_EMPLOYEE, employee=employee[:80], near="")
            await require_person(connection, caller, Action.SEE_INBOX, employee)
            found = await inbox(connection, employee, now, after=_key(after), limit=limit)
            steps = await _next_steps(
                connection, [GoalId(one.goal.id) for one in found if one.goal.task == TaskKind.STEP]
            )
            zones = await cycles.time_zones(connection)
            names = await names_by_id(connection, {one.acting_for for one in found if one.acting_for})
        items = tuple(_item(one, employee, now, steps, zones[one.goal.id.partition("/")[0]]) for one in found)
        return InboxPage(person.name, items, names, _place(found[-1].goal) if len(found) == limit else None)


def _place(line: GoalLine) -> str | None:
    """The place of a line in the order of an inbox: its deadline, which every task has, and its id."""
    return f"{line.due_at.isoformat()}/{line.id}" if line.due_at else None


def _key(place: str) -> InboxKey | None:
    """Raises a `Refusal` for what is no place."""
    if not place:
        return None
    due, _, goal = place.partition("/")
    try:
        return InboxKey(datetime.fromisoformat(due).replace(tzinfo=UTC), goal)
    except ValueError as error:
        raise Refusal(Code.UNKNOWN_GOAL, goal=place[:80]) from error


async def _next_steps(connection: "AsyncConnection", goals: list[GoalId]) -> dict[GoalId, int | None]:
    found = await find_goals(connection, goals) if goals else {}
    return {goal.id: goal.next_step for goal in found.values()}


def _item(one: InboxLine, employee: EmployeeId, now: datetime, steps: dict[GoalId, int | None], zone: str) -> InboxItem:
    line = one.goal
    overdue = line.due_at is not None and line.due_at < now
    acting_for = EmployeeId(one.acting_for) if one.acting_for else None
    return InboxItem(line, acting_for, _action(line, acting_for or employee), overdue, steps.get(GoalId(line.id)), zone)


def _action(line: GoalLine, person: EmployeeId) -> TaskAction:
    task, is_owner = TaskKind(line.task or ""), person == line.owner_id
    if task in _ONLY_OWNER and not is_owner:
        return TaskAction.COMMENT
    if task is TaskKind.SELF_REVIEW and not is_owner:
        return TaskAction.DECIDE
    return _ACTIONS[task]
