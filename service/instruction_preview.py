"""What an instruction to everybody in a cycle concerns, in numbers, before it is given."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import Field

from domain.access import Caller
from domain.goal.steering import IN_PROGRESS
from domain.instructions.instructions import AnyInstruction, Cancel, Close, Extend, Pause, Remove
from domain.lifecycle import State
from domain.values import CycleId, Frozen
from service.cycle_lookup import require_cycle
from service.instruction_choice import concerned_by
from service.instruction_rules import require_valid
from storage.database import read_transaction
from storage.goal_counts import OpenGoals, count_open, count_owners
from storage.instruction_choice import latest_due

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

CONFIRMED = (Cancel, Close, Extend, Pause, Remove)  # kinds that are confirmed if they concern everybody


class InstructionPreview(Frozen):
    """Numbers of goals: all that are concerned, by state, and how those end that the instruction ends.

    `people` have these goals. `unchanged` of the goals would stay as they are: they are paused already, or have no such task.
    """

    goals: int
    people: int
    states: dict[str, int]
    unchanged: int = 0
    outcomes: dict[str, int] = Field(default_factory=dict)


def needs_confirmation(asked: AnyInstruction) -> bool:
    """Whether somebody must see the numbers first: the instruction concerns everybody and is not undone with a click."""
    return asked.selection.is_everybody and isinstance(asked, CONFIRMED)


class InstructionPreviews:
    """Reads only."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def preview(self, caller: Caller, asked: AnyInstruction, cycle: CycleId) -> InstructionPreview:
        """The numbers for an instruction to everybody. Raises the same `Refusal` as giving it would."""
        async with read_transaction(self._engine) as connection:
            await require_valid(connection, caller, asked, cycle)
            groups = await count_open(connection, cycle)
            people = await count_owners(connection, cycle)
        return InstructionPreview(
            goals=sum(one.goals for one in groups),
            people=people,
            states=_total((one.state, one.goals) for one in groups),
            unchanged=sum(one.goals for one in groups if _stays(asked, one)),
            outcomes=_total((_outcome(asked, one), one.goals) for one in groups) if _ends(asked) else {},
        )

    async def moved_due(self, asked: AnyInstruction, cycle: CycleId) -> dict[str, date]:
        """The day to which an extension's due date moves because it is a day off, by site; `""` is the cycle's own calendar.

        Sites whose tasks are due on the same day as by the cycle's own calendar are left out.
        """
        if not isinstance(asked, Extend) or asked.due is None:
            return {}
        async with read_transaction(self._engine) as connection:
            rules = (await require_cycle(connection, cycle)).rules
        own = rules.calendar.on_or_after(asked.due)
        days = {site: calendar.on_or_after(asked.due) for site, calendar in rules.sites.items()}
        return ({"": own} if own != asked.due else {}) | {site: day for site, day in days.items() if day != own}

    async def later_by(self, caller: Caller, asked: Extend, cycle: CycleId, weeks: int, now: datetime) -> date:
        """The day that is `weeks` after the latest due date of the tasks that `asked` is about, and after today: a business day.

        So none of them gets less time than that. Raises the same `Refusal` as giving the extension would.
        """
        async with read_transaction(self._engine) as connection:
            calendar = (await require_cycle(connection, cycle)).rules.calendar
            today = calendar.day_of(now)
            await require_valid(connection, caller, asked, cycle)
            latest = await latest_due(connection, await concerned_by(connection, asked, cycle), asked.task)
        base = max(today, calendar.day_of(latest)) if latest else today
        return calendar.on_or_after(base + timedelta(weeks=weeks))


def _total(counted: Iterable[tuple[str, int]]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for name, goals in counted:
        found[name] += goals
    return dict(found)


def _stays(asked: AnyInstruction, group: OpenGoals) -> bool:
    if isinstance(asked, Pause):
        return group.is_paused
    if isinstance(asked, Extend) and asked.closes is None:
        return group.task is None or asked.task not in (None, group.task)
    return False


def _ends(asked: AnyInstruction) -> bool:
    return isinstance(asked, Cancel | Close | Remove)


def _outcome(asked: AnyInstruction, group: OpenGoals) -> str:
    """How the goals of the group end, as `Close` decides it (domain/goal/steering.py)."""
    if isinstance(asked, Cancel):
        return "cancelled"
    if State(group.state) in IN_PROGRESS:
        return "settled"
    return "removed" if isinstance(asked, Remove) else "lapsed"
