"""Adding participants to a running cycle, and removing them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import DateTime, Integer, Text, bindparam, func, select, text, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.lifecycles import PARTICIPANT, ParticipantEvent, ParticipantState
from storage.arrays import is_one_of
from storage.departments import names_meant
from storage.tables import CycleRow, GoalRow, ParticipantRow
from storage.transitions import move_participants

_AGAIN = ParticipantEvent.ADDED_AGAIN

# One statement, and a parameter for each column: so it takes any number of people. Slots follow those that are given out.
_ADD = text("""
    INSERT INTO participant (cycle_id, employee_id, department, slot, added_by, added_at)
    SELECT :cycle, new.employee, new.department,
        free.slot + sum(new.drafts) OVER (ORDER BY new.place) - new.drafts, :by, :at
    FROM unnest(:employees, :departments, :drafts) WITH ORDINALITY AS new (employee, department, drafts, place),
        (SELECT GREATEST(
            (SELECT count(*) FROM goal WHERE cycle_id = :cycle),
            (SELECT COALESCE(max(slot), 0) + 1 FROM participant WHERE cycle_id = :cycle)) AS slot) AS free
    WHERE NOT EXISTS (
        SELECT FROM participant p WHERE p.cycle_id = :cycle AND p.employee_id = new.employee
            AND NOT (p.result = ANY(:sources) AND p.goals = 0))
    ON CONFLICT (cycle_id, employee_id) DO UPDATE SET
        result = :again, reason = NULL, updated_at = now(), department = EXCLUDED.department, slot = EXCLUDED.slot,
        added_by = EXCLUDED.added_by, added_at = EXCLUDED.added_at
""").bindparams(
    bindparam("cycle", type_=Text), bindparam("by", type_=Text), bindparam("at", type_=DateTime(timezone=True)),
    bindparam("again", type_=Text), bindparam("sources", type_=ARRAY(Text)), bindparam("employees", type_=ARRAY(Text)),
    bindparam("departments", type_=ARRAY(Text)), bindparam("drafts", type_=ARRAY(Integer)),
)  # fmt: skip


async def add(
    connection: AsyncConnection, cycle: str, people: Sequence[tuple[str, str, int]], *, by: str, at: datetime
) -> int:
    """Adds people (employee, department, number of drafts) who are not in the cycle; returns how many were added.

    People who were removed and have no goals are added again. Keyed by cycle and employee, so a repeat adds nobody.
    """
    # The lock on the cycle: concurrent transactions give out slots one after the other.
    await connection.execute(select(CycleRow.id).where(CycleRow.id == cycle).with_for_update())
    employees, departments, drafts = ([one[column] for one in people] for column in range(3))
    values = {"cycle": cycle, "employees": employees, "departments": departments, "drafts": drafts, "by": by, "at": at}
    states = {"again": PARTICIPANT.target(_AGAIN), "sources": list(PARTICIPANT.sources(_AGAIN))}
    return (await connection.execute(_ADD, values | states)).rowcount


async def not_addable(connection: AsyncConnection, cycle: str, people: Sequence[str]) -> set[str]:
    """Those of these people whom `add` would leave out: they are in the cycle, or were removed and have goals."""
    addable = ParticipantRow.result.in_(PARTICIPANT.sources(_AGAIN)) & (ParticipantRow.goals == 0)
    query = select(ParticipantRow.employee_id).where(
        ParticipantRow.cycle_id == cycle,
        is_one_of(ParticipantRow.employee_id, people),
        ~addable,
    )
    return set(await connection.scalars(query))


async def remove(connection: AsyncConnection, cycle: str, people: Sequence[str], departments: Sequence[str]) -> None:
    """Marks these people and the owners of these departments' goals as removed; everybody if both are empty. A repeat is safe."""
    names = await names_meant(connection, *departments)
    owners = select(GoalRow.owner_id).where(GoalRow.cycle_id == cycle, is_one_of(GoalRow.department, names))
    chosen = is_one_of(ParticipantRow.employee_id, people) | ParticipantRow.employee_id.in_(owners)
    which = (ParticipantRow.cycle_id == cycle) & (chosen if people or departments else true())
    await move_participants(connection, ParticipantEvent.REMOVED, which, updated_at=func.now())


async def reinstate(connection: AsyncConnection, cycle: str, people: Sequence[str]) -> None:
    """Makes those of these people participants again who were removed and have goals. A repeat changes nothing."""
    which = (
        (ParticipantRow.cycle_id == cycle) & is_one_of(ParticipantRow.employee_id, people) & (ParticipantRow.goals > 0)
    )
    await move_participants(connection, ParticipantEvent.REINSTATED, which, updated_at=func.now())


async def removed_with_goals(connection: AsyncConnection, cycle: str, people: Sequence[str]) -> list[str]:
    """Those of these people who were removed from the cycle and have goals in it, by id."""
    query = select(ParticipantRow.employee_id).where(
        ParticipantRow.cycle_id == cycle,
        is_one_of(ParticipantRow.employee_id, people),
        ParticipantRow.result == ParticipantState.REMOVED,
        ParticipantRow.goals > 0,
    )
    return list(await connection.scalars(query.order_by(ParticipantRow.employee_id)))


async def people_added(connection: AsyncConnection, cycle: str, by: str, at: datetime) -> list[tuple[str, str]]:
    """The people whom `by` added at the time `at`, as pairs of employee and department."""
    query = select(ParticipantRow.employee_id, ParticipantRow.department).where(
        ParticipantRow.cycle_id == cycle, ParticipantRow.added_by == by, ParticipantRow.added_at == at
    )
    return [(row[0], row[1]) for row in await connection.execute(query.order_by(ParticipantRow.employee_id))]


async def launch_results(connection: AsyncConnection, cycle: str, people: Sequence[str]) -> dict[str, tuple[str, str]]:
    """The launch result of each of these people, and the reason of a failure; by employee."""
    query = select(ParticipantRow.employee_id, ParticipantRow.result, func.coalesce(ParticipantRow.reason, "")).where(
        ParticipantRow.cycle_id == cycle, is_one_of(ParticipantRow.employee_id, people)
    )
    return {row[0]: (row[1], row[2]) for row in await connection.execute(query)}
