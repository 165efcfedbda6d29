"""Use case: the cycles with their dates and numbers, page by page."""

from datetime import date, datetime
from typing import TYPE_CHECKING

from domain.access import Action, Caller
from domain.lifecycles import CycleState, ParticipantState
from domain.values import CycleId, EmployeeId, Frozen
from service.relations import require_colleague
from storage.cycle_list import ListedCycle, page_of_cycles
from storage.database import read_transaction
from storage.person_log import Names, names_at

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine


class CycleOverview(Frozen):
    """A cycle with its dates and numbers. `people`: participants who were not taken out; `goals`: by state."""

    cycle: CycleId
    name: str
    state: CycleState
    starts: date
    ends: date
    closes: date
    launched_by: EmployeeId
    launched_by_name: str | None  # None: not in the directory
    launched_at: datetime
    closed_at: datetime | None
    time_zone: str
    people: int
    failed: int
    goals: dict[str, int]

    @property
    def number_of_goals(self) -> int:
        return sum(self.goals.values())


class CyclePage(Frozen):
    """Cycles, the latest launch first. `next` is where the next page begins; None on the last one."""

    cycles: tuple[CycleOverview, ...]
    next: str | None


class CycleLists:
    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def page(self, caller: Caller, after: str = "", limit: int = 30) -> CyclePage:
        """At most `limit` cycles after the key `after`, which an earlier page gave. A key that is none begins anew."""
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_CYCLE)
            rows = await page_of_cycles(connection, _read_key(after), limit + 1)
            names = await names_at(connection, [(row.launched_by, row.launched_at) for row in rows])
        more = rows[limit - 1] if len(rows) > limit else None
        return CyclePage(
            cycles=tuple(_overview(row, names) for row in rows[:limit]),
            next=f"{more.launched_at.isoformat()} {more.id}" if more else None,
        )


def _overview(row: ListedCycle, names: Names) -> CycleOverview:
    fields = row._asdict()
    identity, participants = fields.pop("id"), fields.pop("participants")
    removed = participants.get(ParticipantState.REMOVED, 0)
    return CycleOverview(
        **fields,
        cycle=CycleId(identity),
        launched_by_name=names.get((EmployeeId(row.launched_by), row.launched_at)),
        people=sum(participants.values()) - removed,
        failed=participants.get(ParticipantState.FAILED, 0),
    )


def _read_key(after: str) -> tuple[datetime, str] | None:
    at, _, identity = after.partition(" ")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return None
    return (moment, identity) if moment.tzinfo else None
