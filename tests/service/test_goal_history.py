"""A goal's past on its page: entries page by page, two versions of its content, the values that were reported."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.goal import commands
from domain.goal.goal import Goal
from domain.refusals import Code, Refusal
from service.goals import GoalReads
from tests.callers import OPERATOR, by
from tests.domain.builders import MANAGER, OWNER, approve, content, fresh_id
from tests.storage.test_ledger import NOW, keep, recorded, stored

_Given = Callable[[Goal], commands.Command]
_RENAMED = content(theme="月次決算の早期化と見える化")


def _report(value: int) -> _Given:
    return lambda _: commands.ReportProgress(id=fresh_id(), actor=OWNER, value=Decimal(value))


def _undo(_: Goal) -> commands.Command:
    return commands.UndoReport(id=fresh_id(), actor=OWNER, reason="入力誤り")


LIFE: tuple[_Given, ...] = (
    lambda _: commands.Revise(id=fresh_id(), actor=OWNER, content=_RENAMED),
    lambda _: commands.Submit(id=fresh_id(), actor=OWNER),
    approve,
    _report(9),
    _report(3),
    _report(2),
    _undo,
    _undo,
    _report(8),
)


async def _lived(engine: AsyncEngine) -> Goal:
    """A goal that was revised, approved and reported on, an hour between its entries."""
    goal = await stored(engine)
    for n, given in enumerate(LIFE):
        command = given(goal)
        goal, recording = recorded(goal, command, NOW + timedelta(hours=n))
        while goal.state == "pending_approval" and command.name == "approve":
            assert await keep(engine, recording) == []
            command = approve(goal)
            goal, recording = recorded(goal, command, NOW + timedelta(hours=n))
        assert await keep(engine, recording) == []
    return goal


async def test_entries_come_newest_first_on_pages_with_the_names_of_then(database: AsyncEngine) -> None:
    goal = await _lived(database)
    reads = GoalReads(database)
    found: list[int] = []
    before: int | None = None
    while True:
        page = await reads.timeline(OPERATOR, goal.id, before, 4)
        assert len(page.lines) <= 4
        found += [int(line.event["seq"]) for line in page.lines]
        assert {(line.event["actor"], line.event["at"]) for line in page.lines if line.event["actor"] == OWNER} <= set(
            page.names
        )
        if page.next is None:
            break
        before = page.next
    assert found == list(range(goal.seq, 0, -1))


async def test_two_versions_are_what_the_goal_was_after_these_entries(database: AsyncEngine) -> None:
    goal = await _lived(database)
    reads = GoalReads(database)
    for a, b in ((1, goal.seq), (goal.seq, 1)):
        pair = await reads.versions(OPERATOR, goal.id, a, b)
        assert (pair.before.seq, pair.after.seq) == (1, goal.seq)
        assert pair.after.content == goal.content == _RENAMED
        assert pair.before.content.theme != _RENAMED.theme
        assert "theme" in pair.changed
    same = await reads.versions(OPERATOR, goal.id, 3, 3)
    assert same.changed == ()
    for wrong in ((0, 1), (1, goal.seq + 1)):
        with pytest.raises(Refusal) as refused:
            await reads.versions(OPERATOR, goal.id, *wrong)
        assert refused.value.code is Code.NO_SUCH_ENTRY


async def test_reports_are_those_that_were_not_taken_back(database: AsyncEngine) -> None:
    goal = await _lived(database)
    found = (await GoalReads(database).reports(OPERATOR, goal.id)).reports
    assert [one.value for one in found] == [9, 8]
    assert found[-1].value == goal.value
    assert [one.at for one in found] == [NOW + timedelta(hours=3), NOW + timedelta(hours=8)]
    assert {one.actor for one in found} == {OWNER}
    assert all(one.actor_name for one in found)


async def test_a_goal_s_past_is_for_those_who_may_see_the_goal(database: AsyncEngine) -> None:
    goal = await _lived(database)
    async with database.begin() as connection:
        await connection.execute(text("INSERT INTO employee (id, name, department) VALUES ('other', '他 人', 'D')"))
    reads = GoalReads(database)
    assert (await reads.timeline(by(MANAGER), goal.id)).lines
    for call in (reads.timeline, reads.reports, lambda who, one: reads.versions(who, one, 1, 2)):
        with pytest.raises(Refusal) as refused:
            await call(by("other"), goal.id)
        assert refused.value.code is Code.NOT_ALLOWED
