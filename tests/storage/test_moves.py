"""Moves between states, escalated and returned goals: kept as goals change, and filled in for a database from before they came."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.goal import commands
from domain.goal.goal import Goal
from domain.goal.tasks import is_escalated
from storage import migrate
from storage.board import Moves, moves_since
from storage.database import open_database
from tests.domain.builders import MANAGER, OWNER, POLICY, awaited, draft, fresh_id, rung
from tests.servers import Postgres
from tests.storage.test_ledger import NOW, goal_row, keep, recorded, stored
from tests.storage.test_weights import up_to


async def _moves(connection: AsyncConnection, cycle: str) -> set[tuple[str, str, str, int]]:
    return {(str(one.day), *one[1:]) for one in await moves_since(connection, cycle, date(2026, 1, 1))}


async def test_a_returned_draft_is_marked_until_it_is_submitted_again_and_each_move_counts_on_its_day(
    database: AsyncEngine,
) -> None:
    goal, marks = await stored(database), []
    given: tuple[Callable[[Goal], commands.Command], ...] = (
        lambda _: commands.Submit(id=fresh_id(), actor=OWNER),
        lambda one: commands.ReturnForChanges(
            id=fresh_id(), actor=MANAGER, comment="数値を見直してください", expected_seq=one.seq
        ),
        lambda _: commands.Comment(id=fresh_id(), actor=OWNER, text="直します"),
        lambda _: commands.Submit(id=fresh_id(), actor=OWNER),
    )
    for n, command in enumerate(given):
        goal, recording = recorded(goal, command(goal), NOW + timedelta(days=n))
        assert await keep(database, recording) == []
        marks.append((await goal_row(database)).returned)
    assert marks == [False, True, True, False]
    day = NOW.date()
    async with database.connect() as connection:
        found = await moves_since(connection, goal.cycle, day)
    expected = {
        Moves(day, "draft", "pending_approval", 1),
        Moves(day + timedelta(days=1), "pending_approval", "draft", 1),
        Moves(day + timedelta(days=3), "draft", "pending_approval", 1),
    }
    assert expected <= set(found)
    assert {one.before for one in set(found) - expected} <= {"new"}


def _climbed(goal: Goal) -> list[bool]:
    """Whether the task is escalated, after each rung of its ladder."""
    found = [is_escalated(goal)]
    for _ in goal.policy.ladders[goal.task.kind].rungs if goal.task else ():
        goal = rung(goal, awaited(goal).at)
        found.append(is_escalated(goal))
    return found


def test_a_task_is_escalated_from_the_first_rung_that_asks_somebody_else() -> None:
    acts = [one.act for one in POLICY.ladders["draft"].rungs]  # type: ignore[index]  # the names of kinds are texts
    first = next(n for n, act in enumerate(acts) if act.startswith("escalate"))
    assert first > 0
    assert _climbed(draft()) == [n > first for n in range(len(acts) + 1)]


async def test_what_the_ledger_says_is_filled_in(postgres: Postgres) -> None:
    ladder = {"due_in": 5, "rungs": [[-1, "remind"], [3, "escalate"]]}
    async with postgres.empty_database() as url:
        engine = open_database(url)
        async with engine.begin() as connection:
            await connection.run_sync(up_to("0037"))
            await _write(connection, ladder)
        await migrate.upgrade(url)
        async with engine.connect() as connection:
            rows = (await connection.execute(text("SELECT id, escalated, returned FROM goal ORDER BY id"))).all()
            found = await _moves(connection, "c")
        await engine.dispose()
    assert [tuple(row) for row in rows] == [("c/E1/1", False, True), ("c/E1/2", True, False), ("c/E1/3", False, False)]
    assert found == {
        ("2026-10-01", "new", "draft", 3),
        ("2026-10-06", "draft", "pending_approval", 2),  # 16:00 in London is the next day in Tokyo
        ("2026-10-07", "pending_approval", "draft", 1),
        ("2026-10-08", "draft", "closed", 1),
        ("2026-10-09", "closed", "draft", 1),
    }


async def _write(connection: AsyncConnection, ladder: dict[str, object]) -> None:
    """Three goals with their ledgers: returned; waiting since it was escalated; withdrawn and opened again."""
    policy = json.dumps({"calendar": {"timezone": "Asia/Tokyo"}, "ladders": {"draft": ladder, "approval": ladder}})
    await connection.execute(text("INSERT INTO employee (id, name, department) VALUES ('E1', 'E1', 'D')"))
    await connection.execute(
        text(
            "INSERT INTO cycle (id, name, file, policy, launched_by, launched_at)"
            " VALUES ('c', 'c', '{}', CAST(:policy AS jsonb), 'E1', '2026-10-01T00:00:00Z')"
        ),
        {"policy": policy},
    )
    lives = (
        ("draft", "draft", 1, ("created", "submitted", "returned", "commented")),
        ("pending_approval", "approval", 2, ("created", "submitted", "escalated")),
        ("draft", "draft", 1, ("created", "commented", "commented", "withdrawn", "reopened")),
    )
    days = {"created": 1, "submitted": 5, "returned": 6, "withdrawn": 7, "reopened": 8}
    for n, (state, task, passed, kinds) in enumerate(lives, start=1):
        aggregate = json.dumps({"task": {"kind": task, "rung": passed}})
        await connection.execute(
            text(
                "INSERT INTO goal (id, cycle_id, owner_id, department, state, revision, task, assignees, score, seq, head,"
                " aggregate, updated_at) VALUES (:id, 'c', 'E1', 'D', :state, 1, :task, '{E1}', 0, :seq, 'h',"
                " CAST(:aggregate AS jsonb), now())"
            ),
            {"id": f"c/E1/{n}", "state": state, "task": task, "seq": len(kinds), "aggregate": aggregate},
        )
        for seq, kind in enumerate(kinds, start=1):
            at = datetime(2026, 10, days.get(kind, 9), 1 if kind == "created" else 16, tzinfo=UTC)
            body = json.dumps({"kind": kind, "state": "draft"})
            await connection.execute(
                text(
                    "INSERT INTO goal_event (goal_id, seq, revision, kind, at, actor, command_id, body, prev_hash, hash)"
                    " VALUES (:goal, :seq, 1, :kind, :at, 'E1', :command, CAST(:body AS jsonb), 'h', 'h')"
                ),
                {"goal": f"c/E1/{n}", "seq": seq, "kind": kind, "at": at, "command": f"c{seq}", "body": body},
            )
