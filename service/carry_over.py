"""What a launch takes over of an earlier cycle. Every function reads on the given connection."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from domain.cycle.carry_over import (
    NOTHING_CARRIED,
    Carried,
    EarlierCycle,
    SettledGoal,
    carried_content,
    chosen,
)
from domain.cycle.file import CycleFile
from domain.values import EmployeeId, GoalId
from domain.writing.content import Content
from service.projection import find_goals
from service.sharing import contributors_gone
from storage import carry_over
from storage.cycles import find_cycle


async def earlier_cycle(connection: AsyncConnection, file: CycleFile) -> EarlierCycle | None:
    """The cycle that the file names in `carry_over`; None if it names none, or an unknown one."""
    named = file.cycle.carry_over
    found = await find_cycle(connection, named) if named else None
    if found is None:
        return None
    return EarlierCycle(found.id, await carry_over.open_goal_count(connection, found.id))


async def carried_goals(
    connection: AsyncConnection, file: CycleFile, owners: Sequence[EmployeeId] | None = None
) -> Carried:
    """The goals that the launch takes over; with `owners`, of these people."""
    if file.cycle.carry_over is None:
        return NOTHING_CARRIED
    return chosen(await _settled(connection, file, owners), file.policy.max_goals)


async def _settled(
    connection: AsyncConnection, file: CycleFile, owners: Sequence[EmployeeId] | None = None
) -> tuple[SettledGoal, ...]:
    rows = await carry_over.settled_goals(connection, file.cycle.carry_over or "", owners)
    return tuple(SettledGoal(GoalId(one[0]), EmployeeId(one[1]), *one[2:]) for one in rows)


async def carried_drafts(
    connection: AsyncConnection, file: CycleFile, owners: Sequence[EmployeeId], first: date
) -> dict[EmployeeId, list[tuple[SettledGoal, Content]]]:
    """The drafts that these people get of the earlier cycle, each with its goal there. No step is due before `first`."""
    carried = await carried_goals(connection, file, owners)
    goals = await find_goals(connection, [one.id for some in carried.values() for one in some])
    cycle, nodes = file.cycle, {*(one.id for one in file.themes), *(one.id for one in file.department_goals)}
    start = min(max(first, cycle.starts), cycle.ends)
    gone = await contributors_gone(connection, [one.content for one in goals.values()])
    return {
        owner: [
            (one, carried_content(goals[one.id], start, cycle.starts, cycle.ends, nodes).without(gone)) for one in some
        ]
        for owner, some in carried.items()
    }
