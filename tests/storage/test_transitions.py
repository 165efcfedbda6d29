"""State changes: an event that is not allowed in the stored state changes nothing, and the result says so."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.lifecycles import (
    CYCLE,
    NOTICE,
    PARTICIPANT,
    CycleEvent,
    CycleState,
    NoticeEvent,
    NoticeState,
    ParticipantEvent,
    ParticipantState,
)
from storage import cycles
from storage.database import read_transaction
from storage.tables import OutboxRow, ParticipantRow
from storage.transitions import NOTICE_IS, move_notices, move_participants
from tests.storage.steering import NOW, employ, open_cycle


@pytest.mark.parametrize("state", CycleState)
async def test_a_cycle_moves_only_as_the_table_says(database: AsyncEngine, state: CycleState) -> None:
    for event in CycleEvent:
        cycle = f"{state}-{event}"
        await open_cycle(database, cycle, state=state)
        async with database.begin() as connection:
            moved = await cycles.change_state(connection, cycle, event, NOW)
        async with read_transaction(database) as connection:
            found = await cycles.find_cycle(connection, cycle)
        assert found
        assert moved is (event in CYCLE.table[state])
        assert found.state is CYCLE.table[state].get(event, state)


async def test_a_cycle_that_ended_keeps_the_day_of_its_end_when_its_end_is_recorded_again(
    database: AsyncEngine,
) -> None:
    await open_cycle(database, "q")
    for days, event in enumerate((CycleEvent.CANCELLED, CycleEvent.CANCELLED, CycleEvent.CLOSED, CycleEvent.LAUNCHED)):
        async with database.begin() as connection:
            assert await cycles.change_state(connection, "q", event, NOW + timedelta(days=days)) is (days == 0)
    async with read_transaction(database) as connection:
        found = await cycles.find_cycle(connection, "q")
    assert found
    assert (found.state, found.closed_at) == (CycleState.CANCELLED, NOW)


@pytest.mark.parametrize("state", ParticipantState)
async def test_a_participant_moves_only_as_the_table_says(database: AsyncEngine, state: ParticipantState) -> None:
    await employ(database, "a")
    for event in ParticipantEvent:
        cycle = f"{state}-{event}"
        await open_cycle(database, cycle, "a")
        which = ParticipantRow.cycle_id == cycle
        async with database.begin() as connection:
            await connection.execute(update(ParticipantRow).where(which).values(result=state))
            moved = await move_participants(connection, event, which)
            stored = await connection.scalar(select(ParticipantRow.result).where(which))
        assert moved == (event in PARTICIPANT.table[state])
        assert stored == PARTICIPANT.table[state].get(event, state)


async def test_somebody_who_was_removed_during_the_launch_stays_removed(database: AsyncEngine) -> None:
    await employ(database, "a")
    await open_cycle(database, "q", "a")
    which = ParticipantRow.cycle_id == "q"
    async with database.begin() as connection:
        await move_participants(connection, ParticipantEvent.REMOVED, which)
        await cycles.record_launch(connection, "q", ["a"], ParticipantEvent.GOALS_STARTED)
    async with read_transaction(database) as connection:
        stored = (await connection.execute(select(ParticipantRow.result, ParticipantRow.attempts).where(which))).one()
    assert tuple(stored) == (ParticipantState.REMOVED, 0)


STORED = {
    NoticeState.QUEUED: {},
    NoticeState.SENT: {"sent_at": NOW},
    NoticeState.GIVEN_UP: {"gave_up_at": NOW},
    NoticeState.WITHDRAWN: {"withdrawn_at": NOW},
}


@pytest.mark.parametrize("state", NoticeState)
async def test_a_notice_is_in_one_state_and_moves_only_as_the_table_says(
    database: AsyncEngine, state: NoticeState
) -> None:
    row = {"recipient_id": "a", "cycle_id": "q", "goal_id": "q", "kind": "x", "facts": {}, "due_at": NOW}
    async with database.begin() as connection:
        await connection.execute(insert(OutboxRow), {**row, "key": "1", **STORED[state]})
        for one, condition in NOTICE_IS.items():
            assert bool(await connection.scalar(select(OutboxRow.id).where(condition))) is (one is state)
        for event in NoticeEvent:
            moved = await move_notices(connection, event, OutboxRow.key == "1", error="-")  # the times stay
            assert moved == (event in NOTICE.table[state])
