"""The journal: each write appends one chained entry with the actor; entries cannot be altered, and verification sees it if they were."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.journal import Entry, Log
from domain.people.organisation import Employee
from domain.values import EmployeeId
from storage import delegations, hearing, instruction_course, instructions, journal, preferences
from storage.integrity import TableFault, table_faults
from storage.people import apply_staged, directory_version, replace_directory, stage
from tests.storage.steering import employ

Write = Callable[[AsyncConnection], Awaitable[object]]


async def given(connection: AsyncConnection) -> object:
    row = {
        "id": "d1", "delegator_id": "a", "to_id": "b", "first": date(2026, 10, 5), "last": date(2026, 10, 16),
        "reason": "休暇", "given_by": "h", "own_goals": False,
    }  # fmt: skip
    return await delegations.add(connection, row)


async def instructed(connection: AsyncConnection) -> object:
    asked = {"kind": "pause", "reason": "監査"}
    return await instructions.write(connection, "i1", kind="pause", cycle=None, asked=asked, actor="h")


async def ended(connection: AsyncConnection) -> object:
    now = datetime(2026, 10, 5, tzinfo=UTC)
    return await instruction_course.end(connection, "i1", by="h", why="不要", at=now)


async def ended_first(connection: AsyncConnection) -> object:
    await instructed(connection)
    return await ended(connection)


async def heard(connection: AsyncConnection) -> object:
    return await hearing.add(
        connection,
        cycle="q",
        department="営業部",
        problem="契約書が見つからない",
        heard_as="staff",
        by="h",
        command_id="c1",
    )


async def left(connection: AsyncConnection) -> object:
    await connection.execute(text("UPDATE employee SET active = false WHERE id = 'a'"))
    return await delegations.end_of_leavers(connection, date(2026, 10, 8))


async def nothing(connection: AsyncConnection) -> object:
    return None


DOORS = [
    pytest.param(nothing, given, Log.DELEGATIONS, "delegation_given", "h", id="delegation given"),
    pytest.param(
        given, lambda c: delegations.end(c, "a", "b", by="h"), Log.DELEGATIONS, "delegations_ended", "h", id="delegation ended"
    ),
    pytest.param(given, left, Log.DELEGATIONS, "people_left", "@organisation", id="delegator left"),
    pytest.param(nothing, heard, Log.HEARINGS, "problem_added", "h", id="problem heard"),
    pytest.param(nothing, instructed, Log.INSTRUCTIONS, "instruction_given", "h", id="instruction given"),
    pytest.param(instructed, ended, Log.INSTRUCTIONS, "instruction_ended", "h", id="instruction ended"),
    pytest.param(
        ended_first,
        lambda c: instruction_course.ask_again(c, "i1", by="h"),
        Log.INSTRUCTIONS,
        "instruction_retried",
        "h",
        id="instruction retried",
    ),
    pytest.param(
        nothing,
        lambda c: preferences.save(c, "a", preferences.Preference("chat", "https://chat.example.com/x", time(8)), by="h"),
        Log.PREFERENCES,
        "preferences_changed",
        "h",
        id="preferences chosen",
    ),
]  # fmt: skip


async def run(database: AsyncEngine, *writes: Write) -> None:
    for write in writes:
        async with database.begin() as connection:
            await write(connection)


async def entries(database: AsyncEngine, log: Log) -> list[Entry]:
    async with database.connect() as connection:
        return await journal.entries_of(connection, log)


@pytest.mark.parametrize(("before", "write", "log", "kind", "actor"), DOORS)
async def test_a_write_leaves_exactly_one_entry_with_the_actor_and_its_repeat_none(
    database: AsyncEngine, before: Write, write: Write, log: Log, *, kind: str, actor: str
) -> None:
    await employ(database, "a", "b", "h")
    await run(database, before)
    known = len(await entries(database, log))
    await run(database, write, write)
    found = await entries(database, log)
    assert [(one.kind, one.actor) for one in found[known:]] == [(kind, actor)]
    async with database.connect() as connection:
        assert await journal.first_break(connection, log) is None


async def test_an_import_and_a_sync_leave_one_entry_each_with_counts_and_a_repeat_or_a_dry_run_none(
    database: AsyncEngine,
) -> None:
    boss = Employee(id=EmployeeId("T"), name="青木 蓮", mail="t@example.com", department="経理")
    clerk = Employee(
        id=EmployeeId("A"), name="森 葵", mail="a@example.com", department="経理", manager_id=EmployeeId("T")
    )
    await replace_directory(database, [boss], by="h", dry_run=True)
    await replace_directory(database, [boss], by="h")
    await replace_directory(database, [boss], by="h")
    async with database.begin() as connection:
        await instructions.write(connection, "s1", kind="sync", cycle=None, asked={}, actor="p")
        assert await stage(connection, "s1", [clerk], await directory_version(connection))
    await run(database, lambda c: apply_staged(c, "s1"), lambda c: apply_staged(c, "s1"))
    found = [(one.kind, one.actor, one.body) for one in await entries(database, Log.DIRECTORY)]
    assert all(body.pop("people") for _, _, body in found), "the digest over the log of people"
    assert found == [
        ("people_imported", "h", {"changed": 0, "added": 1}),
        ("people_synced", "p", {"instruction": "s1", "changed": 0, "added": 1}),
    ]


async def test_what_a_person_wrote_and_a_secret_are_not_in_the_hashed_form(database: AsyncEngine) -> None:
    await employ(database, "a", "b", "h")
    await run(database, given, instructed, heard, *(DOORS[-1].values[1],))  # type: ignore[arg-type]
    for log in (Log.DELEGATIONS, Log.HEARINGS, Log.INSTRUCTIONS, Log.PREFERENCES):
        (one,) = await entries(database, log)
        assert not any(word in str(one.body) for word in ("休暇", "監査", "契約書", "chat.example.com"))
        assert "chat.example.com" not in str(one.texts)


async def test_a_write_that_is_rolled_back_leaves_no_entry(database: AsyncEngine) -> None:
    await employ(database, "a", "b", "h")
    async with database.connect() as connection:
        await heard(connection)
        await connection.rollback()
    assert await entries(database, Log.HEARINGS) == []


CHANGES = [
    pytest.param("UPDATE journal SET actor = 'x' WHERE seq = 1", (1, "content"), id="actor"),
    pytest.param("UPDATE journal SET at = at + interval '1 s' WHERE seq = 1", (1, "content"), id="time"),
    pytest.param("""UPDATE journal SET body = body || '{"to": "h"}' WHERE seq = 1""", (1, "content"), id="body"),
    pytest.param("UPDATE journal SET texts = '{}' WHERE seq = 1", (1, "text"), id="text"),
    pytest.param("UPDATE journal SET prev_hash = hash WHERE seq = 1", (1, "link"), id="link"),
    pytest.param("DELETE FROM journal WHERE seq = 1", (1, "gap"), id="deleted"),
]


@pytest.mark.parametrize(("change", "found"), CHANGES)
async def test_a_change_is_refused_and_with_the_trigger_off_it_is_found(
    database: AsyncEngine, change: str, found: tuple[int, str]
) -> None:
    await employ(database, "a", "b", "h")
    await run(database, given, lambda c: delegations.end(c, "a", "b", by="h"))
    with pytest.raises(DBAPIError, match="journal is append-only"):
        await run(database, lambda c: c.execute(text(change)))
    async with database.begin() as connection:
        await connection.execute(text("ALTER TABLE journal DISABLE TRIGGER USER"))
        await connection.execute(text(change))
    async with database.connect() as connection:
        assert await journal.first_break(connection, Log.DELEGATIONS) == found
        faults = await table_faults(connection)
    assert TableFault("journal_broken", "delegations/{} ({})".format(*found)) in faults
    assert TableFault("trigger_off", "journal.journal_append_only") in faults


async def test_a_log_of_several_pages_is_verified_across_their_borders(
    database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal.entries_of, "__defaults__", (0, 2))
    for number in range(5):
        facts = {"number": number}
        await run(database, lambda c: journal.append(c, Log.HEARINGS, "k", actor="h", facts=facts))  # noqa: B023 - runs at once
    async with database.begin() as connection:
        assert len(await journal.entries_of(connection, Log.HEARINGS)) == 2
        assert await journal.first_break(connection, Log.HEARINGS) is None
        await connection.execute(text("ALTER TABLE journal DISABLE TRIGGER USER"))
        await connection.execute(text("DELETE FROM journal WHERE seq = 3"))
        assert await journal.first_break(connection, Log.HEARINGS) == (3, "gap")


async def test_the_journal_cannot_be_truncated(database: AsyncEngine) -> None:
    with pytest.raises(DBAPIError, match="journal is append-only: TRUNCATE refused"):
        await run(database, lambda c: c.execute(text("TRUNCATE journal")))
