"""Adding participants to a running cycle, and removing them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Text, any_, func, literal, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.lifecycles import PARTICIPANT, ParticipantEvent
from storage.tables import CycleRow, GoalRow, ParticipantRow
from storage.transitions import move_participants

_AGAIN = ParticipantEvent.ADDED_AGAIN


async def add(
    connection: AsyncConnection, cycle: str, people: Sequence[tuple[str, str, int]], *, by: str, at: datetime
) -> int:
    """Adds people (employee, department, number of drafts) who are not in the cycle; returns how many were added.

    People who were removed and have no goals are added again. Keyed by cycle and employee, so a repeat adds nobody.
    """
    # The lock on the cycle: concurrent transactions give out slots one after the other.
    await connection.execute(select(CycleRow.id).where(CycleRow.id == cycle).with_for_update())
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


async def not_addable(connection: AsyncConnection, cycle: str, people: Sequence[str]) -> set[str]:
    """Those of these people whom `add` would leave out: they are in the cycle, or were removed and have goals."""
    addable = ParticipantRow.result.in_(PARTICIPANT.sources(_AGAIN)) & (ParticipantRow.goals == 0)
    query = select(ParticipantRow.employee_id).where(
        ParticipantRow.cycle_id == cycle,
        ParticipantRow.employee_id == any_(literal(list(people), ARRAY(Text))),
        ~addable,
    )
    return set(await connection.scalars(query))


async def remove(connection: AsyncConnection, cycle: str, people: Sequence[str], departments: Sequence[str]) -> None:
    """Marks these people and the owners of these departments' goals as removed; everybody if both are empty. A repeat is safe."""
    owners = select(GoalRow.owner_id).where(GoalRow.cycle_id == cycle, GoalRow.department.in_(departments))
    chosen = ParticipantRow.employee_id.in_(people) | ParticipantRow.employee_id.in_(owners)
    which = (ParticipantRow.cycle_id == cycle) & (chosen if people or departments else true())
    await move_participants(connection, ParticipantEvent.REMOVED, which, updated_at=func.now())


async def reinstate(connection: AsyncConnection, cycle: str, people: Sequence[str]) -> None:
    """Makes those of these people participants again who were removed and have goals. A repeat changes nothing."""
    which = (ParticipantRow.cycle_id == cycle) & ParticipantRow.employee_id.in_(people) & (ParticipantRow.goals > 0)
    await move_participants(connection, ParticipantEvent.REINSTATED, which, updated_at=func.now())


async def people_added(connection: AsyncConnection, cycle: str, by: str, at: datetime) -> list[tuple[str, str]]:
    """The people whom `by` added at the time `at`, as pairs of employee and department."""
    query = select(ParticipantRow.employee_id, ParticipantRow.department).where(
        ParticipantRow.cycle_id == cycle, ParticipantRow.added_by == by, ParticipantRow.added_at == at
    )
    return [(row[0], row[1]) for row in await connection.execute(query.order_by(ParticipantRow.employee_id))]


async def launch_results(connection: AsyncConnection, cycle: str, people: Sequence[str]) -> dict[str, tuple[str, str]]:
    """The launch result of each of these people, and the reason of a failure; by employee."""
    query = select(ParticipantRow.employee_id, ParticipantRow.result, func.coalesce(ParticipantRow.reason, "")).where(
        ParticipantRow.cycle_id == cycle, ParticipantRow.employee_id.in_(people)
    )
    return {row[0]: (row[1], row[2]) for row in await connection.execute(query)}
