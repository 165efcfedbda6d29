"""A goal's past on its page: two versions of its content."""

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


async def lived(engine: AsyncEngine) -> Goal:
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


async def test_two_versions_are_what_the_goal_was_after_these_entries(database: AsyncEngine) -> None:
    goal = await lived(database)
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


async def test_a_goal_s_past_is_for_those_who_may_see_the_goal(database: AsyncEngine) -> None:
    goal = await lived(database)
    async with database.begin() as connection:
        await connection.execute(text("INSERT INTO employee (id, name, department) VALUES ('other', '他 人', 'D')"))
    reads = GoalReads(database)
    assert (await reads.versions(by(MANAGER), goal.id, 1, 2)).changed
    with pytest.raises(Refusal) as refused:
        await reads.versions(by("other"), goal.id, 1, 2)
    assert refused.value.code is Code.NOT_ALLOWED
