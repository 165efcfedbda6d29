"""Permissions for notices: which ones HR may see and queue again."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.refusals import Code, Refusal
from domain.values import EmployeeId
from service.notices import Notices, RetryCounts
from storage.tables import CycleRow, HookEventRow, OutboxRow
from tests.activities.mailroom import CYCLE, employ, give_task, open_cycle, queue, rows_of
from tests.activities.receiver import GOAL, START, record
from tests.callers import OPERATOR, by

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
    assert (await notices.summary(by(HR), CYCLE)).given_up == 2
    failures = await notices.failures(by(HR), CYCLE)
    assert (len(failures.failed), len(failures.events)) == (2, 1)
    assert await notices.retry(by(HR), CYCLE) == RetryCounts(notices=2, entries=1)
    assert await notices.retry(by(HR), CYCLE) == RetryCounts(notices=0, entries=0)
    assert (await notices.summary(OPERATOR)).waiting == 2


async def test_without_a_cycle_it_is_those_of_which_one_is_hr_also_after_their_end(database: AsyncEngine) -> None:
    notices = await something_given_up(database)
    assert await notices.retry(by(OTHER_HR), None) == RetryCounts(notices=0, entries=0)
    async with database.begin() as connection:
        await connection.execute(update(CycleRow).values(state="closed", closed_at=START + timedelta(days=1)))
    assert await notices.retry(by(HR), None) == RetryCounts(notices=2, entries=1)


@pytest.mark.parametrize(("cycle", "actor"), [(CYCLE, NOBODY), (CYCLE, OTHER_HR), (None, NOBODY)])
async def test_nobody_else_may_and_nothing_changes(database: AsyncEngine, cycle: str | None, actor: EmployeeId) -> None:
    notices = await something_given_up(database)
    with pytest.raises(Refusal) as refused:
        await notices.retry(by(actor), cycle)
    assert refused.value.code is Code.NOT_ALLOWED
    assert HR in str(refused.value.fields["allowed"])
    assert all(row.gave_up_at for row in await rows_of(database))


async def test_what_failed_is_shown_to_hr_and_the_operator_only(database: AsyncEngine) -> None:
    notices = await something_given_up(database)
    for asked in (notices.summary(by(NOBODY), CYCLE), notices.failures(by(OTHER_HR), CYCLE)):
        with pytest.raises(Refusal) as refused:
            await asked
        assert refused.value.code is Code.NOT_ALLOWED
    assert len((await notices.failures(OPERATOR)).failed) == 2


async def test_a_cycle_that_does_not_exist_is_refused(database: AsyncEngine) -> None:
    notices = await something_given_up(database)
    for asked in (notices.summary(OPERATOR, "q9"), notices.failures(OPERATOR, "q9"), notices.retry(by(HR), "q9")):
        with pytest.raises(Refusal) as refused:
            await asked
        assert refused.value.code is Code.UNKNOWN_CYCLE
