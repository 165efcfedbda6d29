"""What an instruction would do at each goal, before it is given: decided by the same functions as when it is carried out."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from domain.access import Caller, actor_of
from domain.goal import commands
from domain.goal.decide import decide
from domain.goal.evolve import evolve_all
from domain.goal.goal import Goal
from domain.instructions.instructions import Add, AnyInstruction, Skipped, command_for, skipped_by
from domain.policy.policy import TaskKind
from domain.refusals import Refusal
from domain.values import CommandId, CycleId, EmployeeId, GoalId
from service.cycle_lookup import require_cycle
from service.instruction_choice import concerned_by
from service.instruction_rules import require_valid
from service.projection import names_by_id
from storage import participants
from storage.cycles import participants_among
from storage.database import read_transaction
from storage.departments import load_departments
from storage.directory import active_people
from storage.goals import load_aggregates
from storage.instruction_choice import count_concerned, first_concerned

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

MOST = 1_000  # goals that are looked at
LISTED = 20  # goals that are named
_PAGE = 200
_PREVIEW = CommandId("preview")


class MovedDate(NamedTuple):
    """A goal whose open task would be due on another day. `is_late`: it is overdue now."""

    goal: GoalId
    owner: EmployeeId
    theme: str
    before: date
    after: date
    task: TaskKind
    is_late: bool


class RefusingGoal(NamedTuple):
    """A goal whose rules would refuse the instruction, and why."""

    goal: GoalId
    owner: EmployeeId
    theme: str
    refusal: Refusal


class Joining(NamedTuple):
    """Who would be added: people who are new, their drafts, people who get goals back, and people who take part already."""

    people: int
    drafts: int
    returning: int
    present: int


@dataclass
class InstructionEffects:
    """What would happen at the goals that an instruction concerns.

    `goals` and `people` are counted over all of them. The others are over the first `looked_at` of them, by id: `changed` get an
    entry, `skipped` by the reason why there is nothing to do, `outcomes` of goals that would end, `moved` and `refused` with the
    first ones each. `joining` only where people are added. `names` by employee id.
    """

    goals: int
    people: int
    looked_at: int = 0
    changed: int = 0
    moved: int = 0
    refused: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    first_moved: list[MovedDate] = field(default_factory=list)
    first_refused: list[RefusingGoal] = field(default_factory=list)
    joining: Joining | None = None
    names: dict[str, str] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        return self.looked_at >= self.goals


class InstructionForecasts:
    """Reads only."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def forecast(
        self, caller: Caller, asked: AnyInstruction, cycle: CycleId, now: datetime
    ) -> InstructionEffects:
        """Raises the same `Refusal` as giving the instruction would."""
        actor = actor_of(caller)
        async with read_transaction(self._engine) as connection:
            await require_valid(connection, caller, asked, cycle)
            if isinstance(asked, Add):
                return InstructionEffects(0, 0, joining=await _joining(connection, asked, cycle))
            concerned = await concerned_by(connection, asked, cycle)
            found = InstructionEffects(*await count_concerned(connection, concerned))
            after = ""
            while found.looked_at < MOST and (
                ids := await first_concerned(connection, concerned, after, min(_PAGE, MOST - found.looked_at))
            ):
                for form in await load_aggregates(connection, ids=ids):
                    _look(found, asked, Goal.model_validate(form), actor, now)
                found.looked_at += len(ids)
                after = ids[-1]
            listed = {one.owner for one in found.first_moved} | {one.owner for one in found.first_refused}
            found.names = await names_by_id(connection, listed)
        return found


def _look(found: InstructionEffects, asked: AnyInstruction, goal: Goal, actor: EmployeeId, now: datetime) -> None:
    found.states[goal.state] += 1
    command = command_for(asked, goal, actor)
    if isinstance(command, Skipped):
        found.skipped[command.code] += 1
        return
    try:
        after = _after(goal, command, now)
    except Refusal as refusal:
        if skipped := skipped_by(asked, refusal):
            found.skipped[skipped.code] += 1
            return
        found.refused += 1
        if len(found.first_refused) < LISTED:
            found.first_refused.append(RefusingGoal(goal.id, goal.owner, goal.content.theme, refusal))
        return
    _count(found, goal, after, now)


def _after(goal: Goal, command: commands.Command, now: datetime) -> Goal:
    return evolve_all(goal, decide(goal, command.model_copy(update={"id": _PREVIEW}), now))


def _count(found: InstructionEffects, goal: Goal, after: Goal, now: datetime) -> None:
    found.changed += 1
    if after.is_closed and after.outcome:
        found.outcomes[after.outcome] += 1
    if goal.task and after.task and goal.task.due != after.task.due:
        found.moved += 1
        if len(found.first_moved) < LISTED:
            task, theme = goal.task, goal.content.theme
            is_late = not goal.is_paused and task.due < goal.policy.calendar_at(task.site).day_of(now)
            found.first_moved.append(
                MovedDate(goal.id, goal.owner, theme, task.due, after.task.due, task.kind, is_late)
            )


async def _joining(connection: "AsyncConnection", asked: Add, cycle: CycleId) -> Joining:
    chosen = await active_people(connection, departments=asked.selection.departments, people=asked.selection.people)
    ids = [one.id for one in chosen]
    present = await participants_among(connection, cycle, ids)
    returning = set(await participants.removed_with_goals(connection, cycle, ids))
    file = (await require_cycle(connection, cycle)).file
    drafts = partial(file.drafts_of_posts, departments=await load_departments(connection))
    new = [one for one in chosen if one.id not in present and one.id not in returning]
    return Joining(
        people=len(new),
        drafts=sum(len(drafts(one.department, one.posts)) for one in new),
        returning=len(returning),
        present=len(present),
    )
