"""What a sheet or a table changes in drafts: never a text that is newer than the file."""

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.goal import commands
from domain.goal.decide import decide
from domain.goal.goal import Goal
from domain.refusals import Code, Refusal
from domain.values import GoalId
from service.goal_updates import GoalUpdates
from service.sheets import Sheets
from sheets.model import ReadGoal
from tests.callers import by
from tests.domain.builders import (
    HR,
    OWNER,
    after,
    at,
    awaiting_verdict,
    content,
    day,
    draft,
    fresh_id,
    verdict,
)
from tests.storage.steering import employ, open_cycle
from tests.storage.steering import goal as stored_row

NOW = at(day(10, 7))


async def stored(engine: AsyncEngine, goal: Goal) -> Goal:
    """The goal, as the only one of its cycle in the database."""
    await employ(engine, OWNER, HR)
    await open_cycle(engine, goal.cycle, OWNER)
    aggregate = goal.model_dump(mode="json", exclude={"policy"}, exclude_none=True)
    await stored_row(engine, goal.cycle, OWNER, id=goal.id, seq=goal.seq, aggregate=aggregate)
    return goal


def read(goal: Goal, seq: int | None, theme: str = "紙の案") -> ReadGoal:
    """The goal as a file says it that was written when the ledger ended at `seq`."""
    return ReadGoal(goal.id, seq, {"theme": theme}, "sheet", {"theme": "sheet / theme"})


async def test_a_file_that_is_older_than_the_text_of_the_goal_is_refused(database: AsyncEngine) -> None:
    reviewed = awaiting_verdict()
    reset = await stored(database, after(reviewed, verdict(reviewed, "achieved", then="reset"), at(day(11, 4))))
    for seq, codes in ((reviewed.seq, ["changed_since"]), (reset.seq, []), (None, [])):
        plan = await Sheets(database).compare(by(OWNER), [read(reset, seq)])
        assert [one.code for one in plan.findings] == codes, seq


async def test_what_is_written_while_a_file_is_taken_in_is_not_overwritten(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    goal = await stored(database, draft())
    plan = await Sheets(database).compare(by(OWNER), [read(goal, None)])
    typed = commands.Revise(id=fresh_id(), actor=OWNER, content=content(theme="画面の案"))
    newer = after(goal, typed, NOW)

    async def send(_: GoalUpdates, __: GoalId, command: commands.Command) -> Any:
        return decide(newer, command.model_copy(update={"id": fresh_id()}), NOW)

    monkeypatch.setattr(GoalUpdates, "send", send)
    nobody: Any = None
    with pytest.raises(Refusal) as refused:
        await Sheets(database).apply(by(OWNER), nobody, plan)
    assert refused.value.code is Code.GOAL_CHANGED
