"""Giving commands: what is refused at the door is not sent."""

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.goal.commands import MAX_COMMAND_BYTES
from domain.refusals import Code, Refusal
from service.giving import Goals, Request
from service.goal_updates import GoalUpdates
from tests.callers import by
from tests.domain.builders import HR, OWNER, POLICY, draft
from tests.storage.steering import employ, open_cycle
from tests.storage.steering import goal as stored_row


async def test_a_command_that_is_too_large_for_temporal_is_refused_and_not_sent(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    goal = draft()
    await employ(database, OWNER, HR)
    await open_cycle(database, goal.cycle, OWNER)
    aggregate = goal.model_dump(mode="json", exclude={"policy"}, exclude_none=True)
    await stored_row(database, goal.cycle, OWNER, id=goal.id, aggregate=aggregate)

    async def send(*_: Any) -> None:
        raise AssertionError("it was sent")

    monkeypatch.setattr(GoalUpdates, "send", send)
    policy = POLICY.model_copy(update={"hr": (HR, "x" * MAX_COMMAND_BYTES)})
    nobody: Any = None
    with pytest.raises(Refusal) as refused:
        await Goals(database, nobody).give(by(HR), goal.id, Request("amend_policy", {"policy": policy, "reason": "x"}))
    assert refused.value.code is Code.TOO_LARGE
