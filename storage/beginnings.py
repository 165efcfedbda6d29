"""Goals that people begin while a cycle runs: the lock on their owner, and the entry that a command made before."""

from sqlalchemy import Integer, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.lifecycles import ParticipantState
from storage.tables import GoalCountRow, GoalEventRow, GoalRow, ParticipantRow


async def lock_participant(connection: AsyncConnection, cycle: str, owner: str) -> ParticipantState | None:
    """The launch result of the owner; None if they are not in the cycle. Nobody else begins a goal for them until the transaction ends."""
    query = select(ParticipantRow.result).where(ParticipantRow.cycle_id == cycle, ParticipantRow.employee_id == owner)
    found = await connection.scalar(query.with_for_update())
    return ParticipantState(found) if found else None


async def participant_of(connection: AsyncConnection, cycle: str, owner: str) -> ParticipantState | None:
    """The launch result of the owner; None if they are not in the cycle."""
    query = select(ParticipantRow.result).where(ParticipantRow.cycle_id == cycle, ParticipantRow.employee_id == owner)
    found = await connection.scalar(query)
    return ParticipantState(found) if found else None


async def made_by(connection: AsyncConnection, cycle: str, owner: str, command: str) -> str | None:
    """The owner's goal whose ledger begins with this command; None if there is none."""
    query = (
        select(GoalRow.id)
        .join(GoalEventRow, GoalRow.id == GoalEventRow.goal_id)
        .where(GoalRow.cycle_id == cycle, GoalRow.owner_id == owner)
        .where(GoalEventRow.seq == 1, GoalEventRow.command_id == command)
    )
    return await connection.scalar(query.limit(1))


async def goals_in(connection: AsyncConnection, cycle: str) -> int:
    """The number of goals in the cycle: the slot of the next one."""
    counted = select(func.coalesce(func.sum(GoalCountRow.goals), 0).cast(Integer))
    return await connection.scalar(counted.where(GoalCountRow.cycle_id == cycle)) or 0


async def count_goals(connection: AsyncConnection, cycle: str, owner: str) -> None:
    """Stores how many goals the participant has."""
    goals = select(func.count()).where(GoalRow.cycle_id == cycle, GoalRow.owner_id == owner)
    which = (ParticipantRow.cycle_id == cycle) & (ParticipantRow.employee_id == owner)
    await connection.execute(
        update(ParticipantRow).where(which).values(goals=goals.scalar_subquery(), updated_at=func.now())
    )
