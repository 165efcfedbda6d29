"""Use case of every employee: the open tasks of a person, and the action that each task needs."""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from domain.access import Action, Caller
from domain.lifecycle import EventKind
from domain.policy.policy import TaskKind
from domain.refusals import Code, Refusal
from domain.values import EmployeeId, Frozen, GoalId
from service.goal_documents import ListedGoal, listed_goal
from service.projection import find_goals
from service.relations import require_person
from storage import cycles
from storage.cycles import TimeZones
from storage.database import read_transaction
from storage.goals import GoalLine, InboxKey, InboxLine, inbox, latest_entries
from storage.people import find_employee
from storage.person_log import Names, names_at

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
_ENDS_A_RETURN = (EventKind.SUBMITTED, EventKind.RESET)  # what was asked for is answered, or no longer of interest


class Returned(NamedTuple):
    """The approver returned the draft for changes: who, and what to change ("-": the text was erased)."""

    actor: EmployeeId
    at: datetime
    comment: str


class InboxItem(NamedTuple):
    """An open task. `step` is the number of the goal's next step (from 0) if the task is a step.

    A paused goal is never overdue, and no command answers its task until it is resumed.
    """

    goal: ListedGoal
    acting_for: EmployeeId | None
    action: TaskAction
    step: int | None
    returned: Returned | None


class InboxPage(NamedTuple):
    """A page of a person's open tasks, the earliest due date first, and the names of the people for whom they act,
    and of those who returned a draft as of that time.

    `next` is the place after which the next page begins; None on the last page.
    """

    employee: EmployeeId
    name: str
    items: tuple[InboxItem, ...]
    names: Names
    next: str | None

    def document(self, commands: Sequence[str | None]) -> "InboxDocument":
        """The page for programs; `commands` are what the caller's door has to answer each task."""
        waiting = (_waiting(one, self.names, command) for one, command in zip(self.items, commands, strict=True))
        return InboxDocument(employee=self.employee, name=self.name, waiting=tuple(waiting), next=self.next)


class ReturnedDraft(Frozen):
    """Who returned the draft, and what to change."""

    actor: EmployeeId
    actor_name: str | None
    comment: str


class WaitingGoal(ListedGoal):
    """A goal with a task for the person; `command` answers it, None: nothing can be done while the goal is paused."""

    acting_for: EmployeeId | None
    returned: ReturnedDraft | None
    command: str | None


class InboxDocument(Frozen):
    """A page of a person's open tasks for programs."""

    employee: EmployeeId
    name: str
    waiting: tuple[WaitingGoal, ...]
    next: str | None


def _waiting(item: InboxItem, names: Names, command: str | None) -> WaitingGoal:
    returned = item.returned and ReturnedDraft(
        actor=item.returned.actor,
        actor_name=names.get((item.returned.actor, item.returned.at)),
        comment=item.returned.comment,
    )
    return WaitingGoal(**dict(item.goal), acting_for=item.acting_for, returned=returned, command=command)


class _NextStep(NamedTuple):
    """The number of a goal's next step, and the contributor who does it; None: the owner."""

    number: int | None
    by: EmployeeId | None


class _Context(NamedTuple):
    """What is read for all lines of a page at once."""

    employee: EmployeeId
    now: datetime
    steps: dict[GoalId, "_NextStep"]
    returned: dict[GoalId, Returned]
    zones: dict[str, TimeZones]


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
            steps = await _next_steps(connection, _goals_waiting_for(TaskKind.STEP, found))
            returned = await _returned(connection, _goals_waiting_for(TaskKind.DRAFT, found))
            zones = await cycles.time_zones(connection)
            names = await names_at(connection, _people(found, returned))
        context = _Context(employee, now, steps, returned, zones)
        items = tuple(_item(one, context) for one in found)
        return InboxPage(employee, person.name, items, names, _place(found[-1].goal) if len(found) == limit else None)


def _people(lines: list[InboxLine], returned: dict[GoalId, Returned]) -> set[tuple[str, datetime | None]]:
    """Whose names the page shows: present ones of those for whom the person acts, and of those who returned a draft as of then."""
    present: set[tuple[str, datetime | None]] = {(one.acting_for, None) for one in lines if one.acting_for}
    return present | {(one.actor, one.at) for one in returned.values()}


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


def _goals_waiting_for(task: TaskKind, lines: list[InboxLine]) -> list[GoalId]:
    return [GoalId(one.goal.id) for one in lines if one.goal.task == task]


async def _returned(connection: "AsyncConnection", drafts: list[GoalId]) -> dict[GoalId, Returned]:
    """The drafts that were returned and not submitted again since."""
    latest = await latest_entries(connection, drafts, (EventKind.RETURNED, *_ENDS_A_RETURN)) if drafts else {}
    events = {goal: line.event for goal, line in latest.items() if line.kind == EventKind.RETURNED}
    return {
        GoalId(goal): Returned(EmployeeId(one["actor"]), one["at"], one["body"].get("comment") or "-")
        for goal, one in events.items()
    }


async def _next_steps(connection: "AsyncConnection", goals: list[GoalId]) -> dict[GoalId, _NextStep]:
    found = await find_goals(connection, goals) if goals else {}
    return {
        goal.id: _NextStep(step, None if step is None else goal.content.steps[step].by)
        for goal in found.values()
        for step in [goal.next_step]
    }


def _item(one: InboxLine, context: _Context) -> InboxItem:
    line, goal = one.goal, GoalId(one.goal.id)
    acting_for = EmployeeId(one.acting_for) if one.acting_for else None
    step = context.steps.get(goal, _NextStep(None, None))
    return InboxItem(
        goal=listed_goal(line, context.zones, context.now),
        acting_for=acting_for,
        action=_action(line, acting_for or context.employee, step.by),
        step=step.number,
        returned=context.returned.get(goal),
    )


def _action(line: GoalLine, person: EmployeeId, does_step: EmployeeId | None) -> TaskAction:
    task, is_owner = TaskKind(line.task or ""), person == line.owner_id
    if task is TaskKind.STEP and person == does_step:
        return TaskAction.COMPLETE_STEP
    if task in _ONLY_OWNER and not is_owner:
        return TaskAction.COMMENT
    if task is TaskKind.SELF_REVIEW and not is_owner:
        return TaskAction.DECIDE
    return _ACTIONS[task]
