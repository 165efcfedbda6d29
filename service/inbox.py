"""Use case of everybody: the tasks that wait for a person, and how each is answered."""

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


class Answer(StrEnum):
    """What the person can do about a task."""

    SUBMIT = "submit"
    APPROVE = "approve"
    COMPLETE_STEP = "complete_step"
    SELF_REVIEW = "self_review"
    DECIDE = "decide"
    COMMENT = "comment"  # remind the owner, whose work it stays: for people who joined by escalation


_ANSWERS = {
    TaskKind.DRAFT: Answer.SUBMIT,
    TaskKind.APPROVAL: Answer.APPROVE,
    TaskKind.STEP: Answer.COMPLETE_STEP,
    TaskKind.SELF_REVIEW: Answer.SELF_REVIEW,
    TaskKind.VERDICT: Answer.DECIDE,
}
_OWNERS_WORK = (TaskKind.DRAFT, TaskKind.STEP)


class InboxItem(NamedTuple):
    """A task that waits. `step` is the number of the goal's next step, where the task is one."""

    goal: GoalLine
    acting_for: EmployeeId | None
    answer: Answer
    is_overdue: bool
    step: int | None
    time_zone: str


class InboxPage(NamedTuple):
    """A person's tasks, the most urgent first, and the names of the people for whom they act, by id."""

    name: str
    items: tuple[InboxItem, ...]
    names: dict[str, str]


class Inbox:
    """Raises a `Refusal` for an employee who does not exist, and for a caller who may not see their tasks."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def look(self, caller: Caller, employee: EmployeeId, now: datetime) -> InboxPage:
        """The tasks that wait for the employee, and for those for whom they may act at `now`."""
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
    return InboxItem(line, acting_for, _answer(line, acting_for or employee), overdue, steps.get(line.id), zone)


def _answer(line: GoalLine, person: EmployeeId) -> Answer:
    task, is_owner = TaskKind(line.task or ""), person == line.owner_id
    if task in _OWNERS_WORK and not is_owner:
        return Answer.COMMENT
    if task is TaskKind.SELF_REVIEW and not is_owner:
        return Answer.DECIDE
    return _ANSWERS[task]
