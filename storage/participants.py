"""People who join a running cycle, and people who are taken out of it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, true
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.lifecycles import PARTICIPANT, ParticipantEvent
from storage.tables import CycleRow, GoalRow, ParticipantRow
from storage.transitions import move_participants

_AGAIN = ParticipantEvent.ADDED_AGAIN


async def add(
    connection: AsyncConnection, cycle: str, people: Sequence[tuple[str, str, int]], *, by: str, at: datetime
) -> int:
    """Adds people who are not in the cycle (employee, department, number of drafts); those who were removed come back.

    By cycle and employee, so a repeat adds nobody. How many were added.
    """
    await connection.execute(
        select(CycleRow.id).where(CycleRow.id == cycle).with_for_update()
    )  # slots are given in turn
    slot = await connection.scalar(select(func.count()).select_from(GoalRow).where(GoalRow.cycle_id == cycle))
    last = await connection.scalar(select(func.max(ParticipantRow.slot)).where(ParticipantRow.cycle_id == cycle))
    slot, added = max(slot or 0, (last or 0) + 1), 0
    for employee, department, drafts in people:
        values = {"department": department, "slot": slot, "added_by": by, "added_at": at}
        statement = upsert(ParticipantRow).values(cycle_id=cycle, employee_id=employee, **values)
        done = await connection.execute(
            statement.on_conflict_do_update(
                index_elements=["cycle_id", "employee_id"],
                set_={"result": PARTICIPANT.target(_AGAIN), "reason": None, "updated_at": func.now(), **values},
                where=ParticipantRow.result.in_(PARTICIPANT.sources(_AGAIN)) & (ParticipantRow.goals == 0),
            )
        )
        added += done.rowcount
        slot += drafts * done.rowcount
    return added


async def remove(connection: AsyncConnection, cycle: str, people: Sequence[str], departments: Sequence[str]) -> None:
    """Marks these people, and the owners of these departments' goals, as taken out; everybody where neither is named."""
    owners = select(GoalRow.owner_id).where(GoalRow.cycle_id == cycle, GoalRow.department.in_(departments))
    chosen = ParticipantRow.employee_id.in_(people) | ParticipantRow.employee_id.in_(owners)
    which = (ParticipantRow.cycle_id == cycle) & (chosen if people or departments else true())
    await move_participants(connection, ParticipantEvent.REMOVED, which, updated_at=func.now())


async def take_back(connection: AsyncConnection, cycle: str, people: Sequence[str]) -> None:
    """Those of these people who were taken out, and have goals, take part again."""
    which = (ParticipantRow.cycle_id == cycle) & ParticipantRow.employee_id.in_(people) & (ParticipantRow.goals > 0)
    await move_participants(connection, ParticipantEvent.REINSTATED, which, updated_at=func.now())


async def joined(connection: AsyncConnection, cycle: str, by: str, at: datetime) -> list[tuple[str, str]]:
    """The people whom `by` added at that moment: employee and department."""
    query = select(ParticipantRow.employee_id, ParticipantRow.department).where(
        ParticipantRow.cycle_id == cycle, ParticipantRow.added_by == by, ParticipantRow.added_at == at
    )
    return [(row[0], row[1]) for row in await connection.execute(query.order_by(ParticipantRow.employee_id))]


async def launched(connection: AsyncConnection, cycle: str, people: Sequence[str]) -> dict[str, tuple[str, str]]:
    """The state of each of these people's launch, and why it failed."""
    query = select(ParticipantRow.employee_id, ParticipantRow.result, func.coalesce(ParticipantRow.reason, "")).where(
        ParticipantRow.cycle_id == cycle, ParticipantRow.employee_id.in_(people)
    )
    return {row[0]: (row[1], row[2]) for row in await connection.execute(query)}
