"""Permissions for notices: which ones HR may see and queue again."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.refusals import Code, Refusal
from domain.values import EmployeeId
from service.notices import ListedNotice, Notices, RetryCounts
from storage.tables import CycleRow, GoalRow, HookEventRow, OutboxRow
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


async def test_one_s_own_notices_come_newest_first_and_without_those_that_were_withdrawn(
    database: AsyncEngine,
) -> None:
    notices = await something_given_up(database)
    for n in range(1, 7):
        await queue(database, "M1", "M2", due_at=START + timedelta(minutes=n), n=n)
    async with database.begin() as connection:
        number = OutboxRow.facts["n"].astext
        await connection.execute(update(OutboxRow).where(number == "4").values(withdrawn_at=START))
        await connection.execute(update(OutboxRow).where(number == "5").values(kind="calendar_changed"))
    whole = (await notices.own(by(NOBODY))).notices
    assert [one.facts.get("n") for one in whole] == [6, 3, 2, 1, None]
    assert [one.at for one in whole] == sorted((one.at for one in whole), reverse=True)
    paged: list[ListedNotice] = []
    after: int | None = None
    while True:
        page = await notices.own(by(NOBODY), after, 3)
        paged += page.notices
        if page.next is None:
            break
        after = page.next
    assert tuple(paged) == whole
    assert not (await notices.own(by(OTHER_HR))).notices


async def test_a_notice_has_the_theme_of_a_goal_that_its_reader_may_see_now(database: AsyncEngine) -> None:
    notices = await something_given_up(database)
    await queue(database, "M1", "E1", due_at=START)
    async with database.begin() as connection:
        await connection.execute(update(OutboxRow).values(goal_id=GOAL))
        content: dict[str, Any] = {"content": {"theme": "月次決算の早期化"}, "line": [], "task": None}
        await connection.execute(
            update(GoalRow).where(GoalRow.id == GOAL).values(aggregate=content, task=None, assignees=[], owner_id="E1")
        )
    assert {one.theme for one in (await notices.own(by("E1"))).notices} == {"月次決算の早期化"}
    assert {one.theme for one in (await notices.own(by("M1"))).notices} == {None}


async def test_nobody_reads_notices_without_being_an_employee(database: AsyncEngine) -> None:
    notices = await something_given_up(database)
    for caller in (OPERATOR, by("gone"), by("@program:directory")):
        with pytest.raises(Refusal):
            await notices.own(caller)
