"""Erasing texts in the ledger: what the trigger lets through, and what is left."""

import json

import pytest
from alembic import command
from sqlalchemy import Connection, insert, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.commitments import ERASED
from domain.goal import commands
from domain.goal.events import Event
from domain.goal.evolve import evolve_all
from domain.goal.goal import Goal
from storage import migrate
from storage.database import open_database, read_transaction
from storage.goals import read_bodies, read_ledger
from storage.ledger import open_ledger
from storage.tables import GoalEventRow
from tests.domain.builders import DIRECTOR, GOAL_ID, HR, MANAGER, OWNER, fresh_id
from tests.servers import Postgres
from tests.storage.test_ledger import entries, goal_row, holds, keep, recorded, stored

SECRET = "治療のため通院します"


def erase(*numbers: int) -> commands.EraseTexts:
    return commands.EraseTexts(id=fresh_id(), actor=HR, entries=numbers, reason="本人の請求による")


async def given(engine: AsyncEngine, goal: Goal, *asked: commands.Command) -> Goal:
    for one in asked:
        goal, recording = recorded(goal, one)
        assert await keep(engine, recording) == []
    return goal


COMMENT = commands.Comment(id=fresh_id(), actor=OWNER, text=SECRET)
RETURN = commands.ReturnForChanges(id=fresh_id(), actor=MANAGER, comment="課題を具体的に")
SUBMIT = commands.Submit(id=fresh_id(), actor=OWNER)


async def everywhere(engine: AsyncEngine) -> str:
    """Every value of every table that holds goals, their ledgers and their notices."""
    async with engine.connect() as connection:
        tables = ("goal", "goal_event", "outbox", "hook_event", "instruction")
        found = [
            await connection.scalar(text(f"SELECT json_agg(t)::text FROM {table} AS t"))  # noqa: S608 - our own names
            for table in tables
        ]
    return "".join(one or "" for one in found)


async def test_an_erasure_removes_text_and_salt_and_its_copies_and_the_chain_still_holds(database: AsyncEngine) -> None:
    goal = await given(database, await stored(database), COMMENT)
    before = (await entries(database))[-1]
    salt = before.texts["/text"]["salt"]
    assert SECRET in await everywhere(database)
    await given(database, goal, erase(2))
    left = await everywhere(database)
    assert SECRET not in left
    assert salt not in left
    after = (await entries(database))[1]
    assert dict(after._mapping) | {"texts": before.texts} == dict(before._mapping), "nothing else of the entry changed"
    assert await holds(database)
    async with read_transaction(database) as connection:
        lines = await read_ledger(connection, GOAL_ID)
        assert (await read_bodies(connection, [GOAL_ID], ["commented"]))[GOAL_ID] == [
            {"kind": "commented", "text": ERASED}
        ]
    assert lines[1].event["body"]["text"] == ERASED
    assert lines[-1].event["body"] == {"kind": "texts_erased", "entries": [2], "reason": "本人の請求による"}


async def test_an_erased_content_leaves_the_goals_row_too(database: AsyncEngine) -> None:
    goal = await stored(database)
    theme = goal.content.theme
    withdraw = commands.Withdraw(id=fresh_id(), actor=OWNER, reason="異動")
    goal = await given(database, goal, SUBMIT, RETURN, withdraw)
    assert theme in await everywhere(database)
    await given(database, goal, erase(1))
    assert theme not in await everywhere(database)
    assert (await goal_row(database)).theme == ERASED
    assert await holds(database)


async def test_an_erasure_that_is_recorded_again_changes_nothing(database: AsyncEngine) -> None:
    goal = await given(database, await stored(database), COMMENT)
    _, recording = recorded(goal, erase(2))
    assert await keep(database, recording) == []
    before = await entries(database)
    assert [one["body"]["kind"] for one in await keep(database, recording)] == ["texts_erased"]
    assert await entries(database) == before


async def test_an_erasure_that_is_not_recorded_erases_nothing(database: AsyncEngine) -> None:
    goal = await given(database, await stored(database), COMMENT)
    _, late = recorded(goal, erase(2))
    await given(database, goal, commands.Comment(id=fresh_id(), actor=DIRECTOR, text="了解しました"))
    assert [one["body"]["kind"] for one in await keep(database, late)] == ["commented"]
    assert SECRET in await everywhere(database)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE goal_event SET texts = NULL, actor = 'x' WHERE seq = 2",
        "UPDATE goal_event SET texts = NULL, recorded_at = now() WHERE seq = 2",
        "UPDATE goal_event SET texts = NULL WHERE seq = 1",
        "UPDATE goal_event SET texts = NULL WHERE seq = 4",
        """UPDATE goal_event SET texts = '{"/text": {"salt": "00000000000000000000000000000000", "text": "x"}}' WHERE seq = 2""",
        "DELETE FROM goal_event WHERE seq = 2",
        "SELECT erase_texts('2026-q4/e100/1', '{1}')",
    ],
)
async def test_beside_an_erasure_the_trigger_refuses_every_other_change(database: AsyncEngine, statement: str) -> None:
    """Entry 2 was erased by entry 4; entries 1 and 4 were not."""
    goal = await given(
        database, await stored(database), COMMENT, commands.Comment(id=fresh_id(), actor=MANAGER, text="?")
    )
    await given(database, goal, erase(2))
    before = await entries(database)
    with pytest.raises(DBAPIError, match="goal_event is append-only"):
        async with database.begin() as connection:
            await connection.exec_driver_sql(statement)
    assert await entries(database) == before


async def test_an_entry_with_a_text_without_a_salt_is_refused(database: AsyncEngine) -> None:
    await stored(database)
    first = (await entries(database))[0]
    for salt in ("", "abc", None):
        beside = {"text": "x"} if salt is None else {"text": "x", "salt": salt}
        entry = dict(first._mapping) | {"seq": 2, "command_id": "c2", "texts": {"/content/theme": beside}}
        with pytest.raises(DBAPIError, match="goal_event_salted"):
            async with database.begin() as connection:
                await connection.execute(insert(GoalEventRow), [entry])


async def test_what_was_adopted_after_an_erasure_leads_to_the_same_head(database: AsyncEngine) -> None:
    """A worker that died knows none of the entries; the ones that it adopts have lost their texts."""
    goal = await stored(database)
    last = await given(database, goal, COMMENT, erase(2))
    async with open_ledger(database) as ledger:
        found = await ledger.events_after(GOAL_ID, goal.seq)
    assert SECRET not in json.dumps(found, default=str, ensure_ascii=False)
    assert evolve_all(goal, [Event.model_validate(one) for one in found]) == last


def _upgrade_to_earlier_form(connection: Connection) -> None:
    config = migrate._config()
    config.attributes["connection"] = connection
    command.upgrade(config, "0008")


_AN_ENTRY = """
INSERT INTO employee (id, name, department) VALUES ('E1', 'E1', 'D');
INSERT INTO cycle (id, name, file, policy, launched_by, launched_at) VALUES ('c', 'c', '{}', '{}', 'E1', now());
INSERT INTO goal (id, cycle_id, owner_id, department, state, revision, assignees, score, seq, head, aggregate, updated_at)
VALUES ('c/E1/1', 'c', 'E1', 'D', 'draft', 1, '{}', 0, 1, 'h', '{}', now());
INSERT INTO goal_event (goal_id, seq, revision, kind, at, actor, command_id, body, prev_hash, hash)
VALUES ('c/E1/1', 1, 1, 'commented', now(), 'E1', 'c1', '{"kind": "commented", "text": "x"}', 'g', 'h')
"""


@pytest.mark.parametrize("has_entries", [False, True])
async def test_a_database_with_entries_whose_hashes_cover_the_texts_is_refused_and_stays_as_it_is(
    postgres: Postgres, *, has_entries: bool
) -> None:
    async with postgres.empty_database() as url:
        engine = open_database(url)
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade_to_earlier_form)
            for statement in _AN_ENTRY.split(";") if has_entries else ():
                await connection.exec_driver_sql(statement)
        if has_entries:
            with pytest.raises(DBAPIError, match="entries of a form before the first release"):
                await migrate.upgrade(url)
            with pytest.raises(migrate.OtherSchema, match="0008"):
                await migrate.require_current(engine)
        else:
            await migrate.upgrade(url)
            await migrate.require_current(engine)
        await engine.dispose()
