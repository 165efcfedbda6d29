"""What HR may see of the notices, and may have tried again."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.refusals import Code, Refusal
from domain.values import EmployeeId
from service.notices import Again, Notices
from storage.tables import CycleRow, HookEventRow, OutboxRow
from tests.activities.mailroom import CYCLE, employ, give_task, open_cycle, queue, rows_of
from tests.activities.receiver import GOAL, START, record

HR, OTHER_HR, NOBODY = EmployeeId("M2"), EmployeeId("E1"), EmployeeId("M1")


async def something_given_up(engine: AsyncEngine) -> Notices:
    await employ(engine)
    await open_cycle(engine, hr=(HR,))
    await open_cycle(engine, hr=(OTHER_HR,), cycle="2027-q1")
    await queue(engine, "M1", "N1", due_at=START)
    await give_task(engine, "E1", ["M1"], due_at=START)
    await record(engine, GOAL, 1)
    async with engine.begin() as connection:
        await connection.execute(update(OutboxRow).values(gave_up_at=START, error="smtp_550"))
        await connection.execute(
            insert(HookEventRow), {"goal_id": GOAL, "seq": 1, "gave_up_at": START, "error": "hook_500"}
        )
    return Notices(engine)


async def test_hr_has_what_was_given_up_tried_again_once(database: AsyncEngine) -> None:
    notices = await something_given_up(database)
    assert (await notices.summary(CYCLE)).given_up == 2
    assert len(await notices.failed(CYCLE)) == 2
    assert len(await notices.failed_events(CYCLE)) == 1
    assert await notices.retry(CYCLE, HR) == Again(notices=2, entries=1)
    assert await notices.retry(CYCLE, HR) == Again(notices=0, entries=0)
    assert (await notices.summary()).waiting == 2


async def test_without_a_cycle_it_is_those_of_which_one_is_hr_also_after_their_end(database: AsyncEngine) -> None:
    notices = await something_given_up(database)
    assert await notices.retry(None, OTHER_HR) == Again(notices=0, entries=0)
    async with database.begin() as connection:
        await connection.execute(update(CycleRow).values(state="closed", closed_at=START + timedelta(days=1)))
    assert await notices.retry(None, HR) == Again(notices=2, entries=1)


@pytest.mark.parametrize(("cycle", "actor"), [(CYCLE, NOBODY), (CYCLE, OTHER_HR), (None, NOBODY)])
async def test_nobody_else_may_and_nothing_changes(database: AsyncEngine, cycle: str | None, actor: EmployeeId) -> None:
    notices = await something_given_up(database)
    with pytest.raises(Refusal) as refused:
        await notices.retry(cycle, actor)
    assert refused.value.code is Code.NOT_ALLOWED
    assert HR in str(refused.value.fields["allowed"])
    assert all(row.gave_up_at for row in await rows_of(database))


async def test_a_cycle_that_does_not_exist_is_refused(database: AsyncEngine) -> None:
    notices = await something_given_up(database)
    for asked in (notices.summary("q9"), notices.failed("q9"), notices.failed_events("q9"), notices.retry("q9", HR)):
        with pytest.raises(Refusal) as refused:
            await asked
        assert refused.value.code is Code.UNKNOWN_CYCLE
