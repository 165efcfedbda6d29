"""Many commands at once: how many are under way together, in which order, and what happens while nobody answers."""

import asyncio
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.access import Caller
from domain.values import GoalId
from service.answers import NoAnswer
from service.bulk import BulkCommands
from service.giving import MAX_IN_FLIGHT, Goals, Request
from tests.callers import by

NOBODY: Any = None


def rows(count: int, goals: int) -> list[tuple[GoalId, Request]]:
    return [(GoalId(f"q4/E{one % goals}/1"), Request("comment", {}, command_id=f"c-{one}")) for one in range(count)]


async def test_after_a_command_that_nobody_answers_the_rest_is_not_sent(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str | None] = []

    async def give(_: Goals, __: Caller, ___: GoalId, request: Request) -> Any:
        sent.append(request.command_id)
        await asyncio.sleep(0.01)
        raise NoAnswer(request.command_id, 30)

    monkeypatch.setattr(Goals, "give", give)
    results = await BulkCommands(database, NOBODY).give_each(by("E1"), rows(100, 50))
    assert [one.outcome for one in results] == ["no_answer"] * 100
    assert len(sent) <= MAX_IN_FLIGHT


async def test_commands_to_one_goal_come_in_their_order_and_others_beside_them(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, most, order = 0, 0, list[str]()

    async def give(_: Goals, __: Caller, goal: GoalId, request: Request) -> Any:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1
        if goal == "q4/E0/1":
            order.append(request.command_id or "")
        return type("Given", (), {"command_id": request.command_id})

    monkeypatch.setattr(Goals, "give", give)
    results = await BulkCommands(database, NOBODY).give_each(by("E1"), rows(60, 20))
    assert most == MAX_IN_FLIGHT
    assert order == ["c-0", "c-20", "c-40"]
    assert [one.given.command_id for one in results if one.given] == [f"c-{one}" for one in range(60)]
