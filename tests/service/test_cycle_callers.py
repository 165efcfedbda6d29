"""Permissions for cycles: who may retry, amend, and see the results. Refusals do not need Temporal."""

from collections.abc import Awaitable
from datetime import UTC, date, datetime
from typing import Any, cast

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from cli.session.callers import operator
from domain.instructions.instructions import Pause, Selection
from domain.refusals import Code, Refusal
from domain.values import CycleId, EmployeeId
from service.amending import Amending
from service.cycles import Cycles
from service.inbox import Inbox
from service.instructions import Instructions
from service.reorganisation import Reorganisation
from service.results import Grouping, Results
from service.tree import Tree
from storage.tables import EmployeeRow
from tests.activities.mailroom import CYCLE, employ, open_cycle
from tests.callers import OPERATOR, by

HR, COLLEAGUE = EmployeeId("M2"), EmployeeId("M1")
ONE = CycleId(CYCLE)
NOW = datetime(2026, 10, 5, 1, tzinfo=UTC)
NOBODY_ASKS_TEMPORAL = cast("Any", None)


async def refused(asked: Awaitable[object]) -> Code:
    with pytest.raises(Refusal) as caught:
        await asked
    return caught.value.code


async def company(engine: AsyncEngine) -> None:
    await employ(engine)
    await open_cycle(engine, hr=(HR,))


async def test_only_hr_of_the_cycle_steers_it_and_only_under_a_name(database: AsyncEngine) -> None:
    await company(database)
    cycles, instructions = Cycles(database, NOBODY_ASKS_TEMPORAL), Instructions(database, NOBODY_ASKS_TEMPORAL)
    pause, amending = Pause(reason="x"), Amending(database)
    for caller, code in ((by(COLLEAGUE), Code.NOT_ALLOWED), (OPERATOR, Code.UNNAMED)):
        assert await refused(cycles.retry(caller, ONE)) is code
        assert await refused(instructions.give(caller, pause, ONE)) is code
        assert await refused(amending.compare(caller, ONE, b"", Selection(), now=NOW)) is code
    assert (await instructions.list_latest(OPERATOR)).instructions == ()


async def test_hr_who_left_steers_nothing_and_sees_nothing(database: AsyncEngine) -> None:
    await company(database)
    async with database.begin() as connection:
        await connection.execute(update(EmployeeRow).where(EmployeeRow.id == HR).values(active=False))
    cycles, results = Cycles(database, NOBODY_ASKS_TEMPORAL), Results(database)
    for asked in (
        cycles.retry(by(HR), ONE),
        Instructions(database, NOBODY_ASKS_TEMPORAL).give(by(HR), Pause(reason="x"), ONE),
        Amending(database).compare(by(HR), ONE, b"", Selection(), now=NOW),
        Reorganisation(database).compare(operator(HR), b""),
        cycles.list_cycles(by(HR)),
        cycles.status(by(HR), ONE, NOW),
        cycles.check(by(HR), b"", date(2026, 10, 1)),
        results.scores(by(HR), ONE),
        Tree(database).top(by(HR), ONE),
        Tree(database).node(by(HR), ONE, "T1"),
        anext(Tree(database).stream(by(HR), ONE)),
    ):
        assert await refused(asked) is Code.NOT_ALLOWED


async def test_every_colleague_sees_the_cycle_and_its_tree_but_only_hr_and_the_operator_the_scores(
    database: AsyncEngine,
) -> None:
    await company(database)
    cycles, results = Cycles(database, NOBODY_ASKS_TEMPORAL), Results(database)
    (listed,) = (await cycles.list_cycles(by(COLLEAGUE))).cycles
    status = await cycles.status(by(COLLEAGUE), ONE, NOW)
    assert (listed.cycle, status.cycle, status.people, status.number_of_goals) == (CYCLE, CYCLE, 0, 0)
    assert await refused(results.scores(by(COLLEAGUE), ONE)) is Code.NOT_ALLOWED
    assert await refused(results.distribution(by(COLLEAGUE), ONE, Grouping.REVIEWER)) is Code.NOT_ALLOWED
    for caller in (by(HR), OPERATOR):
        assert (await results.scores(caller, ONE))[0].people == ()
        assert (await results.distribution(caller, ONE, Grouping.REVIEWER))[0].overall is None


async def test_an_inbox_is_its_owners_and_somebody_unknown_has_none(database: AsyncEngine) -> None:
    await company(database)
    inbox = Inbox(database)
    assert (await inbox.read(by(COLLEAGUE), COLLEAGUE, NOW)).items == ()
    assert await refused(inbox.read(by(COLLEAGUE), HR, NOW)) is Code.NOT_ALLOWED
    assert await refused(inbox.read(OPERATOR, EmployeeId("nobody"), NOW)) is Code.UNKNOWN_EMPLOYEE
