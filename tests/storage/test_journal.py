"""The journal: each write appends one chained entry with the actor; entries cannot be altered, and verification sees it if they were."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time

import pytest
from alembic import command
from sqlalchemy import Connection, insert, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.journal import Entry, Log, make_entry
from domain.people.organisation import Employee
from domain.values import EmployeeId, Locale
from storage import delegations, hearing, instruction_course, instructions, journal, migrate, preferences
from storage.database import open_database, read_transaction
from storage.integrity import TableFault, table_faults
from storage.people import apply_staged, directory_version, replace_directory, stage
from storage.tables import JournalRow
from tests.servers import Postgres
from tests.storage.steering import employ
from texts.words import word

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


async def corrected(connection: AsyncConnection) -> object:
    found = await hearing.lock(connection, await _only_problem(connection))
    assert found
    await hearing.correct(connection, found, "別の課題", by="h")
    return None


async def taken_back(connection: AsyncConnection) -> object:
    found = await hearing.lock(connection, await _only_problem(connection))
    assert found
    return await hearing.take_back(connection, found, "重複", by="h")


async def _only_problem(connection: AsyncConnection) -> str:
    return str((await connection.execute(text("SELECT id FROM problem"))).scalar_one())


async def nothing(connection: AsyncConnection) -> object:
    return None


DOORS = [
    pytest.param(nothing, given, Log.DELEGATIONS, "delegation_given", "h", id="delegation given"),
    pytest.param(
        given, lambda c: delegations.end(c, "a", "b", by="h"), Log.DELEGATIONS, "delegations_ended", "h", id="delegation ended"
    ),
    pytest.param(given, left, Log.DELEGATIONS, "people_left", "@organisation", id="delegator left"),
    pytest.param(nothing, heard, Log.HEARINGS, "problem_added", "h", id="problem heard"),
    pytest.param(heard, corrected, Log.HEARINGS, "problem_corrected", "h", id="problem corrected"),
    pytest.param(heard, taken_back, Log.HEARINGS, "problem_taken_back", "h", id="problem taken back"),
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
    assert all(word("entry", kind, locale) != kind for locale in Locale), "a screen has words for it"


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
    assert all(body.pop("people_digest") for _, _, body in found), "the digest over the log of people"
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
    pytest.param("UPDATE journal SET texts = '[]' WHERE seq = 1", (1, "text"), id="texts are a list"),
    pytest.param("""UPDATE journal SET texts = '{"/reason": {}}' WHERE seq = 1""", (1, "text"), id="text without a salt"),
    pytest.param("""UPDATE journal SET texts = '{"/reason": "x"}' WHERE seq = 1""", (1, "text"), id="text alone"),
    pytest.param(
        """UPDATE journal SET texts = '{"/reason": {"salt": 1, "text": null}}' WHERE seq = 1""", (1, "text"), id="salt is a number"
    ),
    pytest.param("UPDATE journal SET body = '[]' WHERE seq = 1", (1, "content"), id="body is a list"),
    pytest.param("""UPDATE journal SET body = '{"n": 1e5000}' WHERE seq = 1""", (1, "content"), id="body has a huge number"),
    pytest.param("UPDATE journal SET at = 'infinity' WHERE seq = 1", (1, "content"), id="time has no end"),
    pytest.param("UPDATE journal SET at = '20000-01-01' WHERE seq = 2", (2, "content"), id="time is far away"),
]  # fmt: skip


ENDS = [
    pytest.param(("DELETE FROM journal WHERE seq = 2",), (2, "gap"), id="last entry removed"),
    pytest.param(("DELETE FROM journal",), (1, "gap"), id="all entries removed"),
    pytest.param(("DELETE FROM journal_head",), (1, "head"), id="head removed"),
    pytest.param(("UPDATE journal_head SET seq = 1",), (2, "head"), id="head behind the entries"),
    pytest.param(("UPDATE journal_head SET hash = repeat('0', 64)",), (2, "head"), id="head of another entry"),
]


@pytest.mark.parametrize(("changes", "found"), ENDS)
async def test_a_log_that_does_not_end_where_its_head_says_is_broken(
    database: AsyncEngine, changes: tuple[str, ...], found: tuple[int, str]
) -> None:
    await employ(database, "a", "b", "h")
    await run(database, given, lambda c: delegations.end(c, "a", "b", by="h"))
    async with database.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        for change in changes:
            await connection.execute(text(change))
    async with database.connect() as connection:
        assert await journal.first_break(connection, Log.DELEGATIONS) == found
        assert TableFault("journal_broken", "delegations/{} ({})".format(*found)) in await table_faults(connection)


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM journal_head",
        "TRUNCATE journal_head",
        "UPDATE journal_head SET seq = seq - 1",
        "UPDATE journal_head SET hash = repeat('0', 64)",
        "UPDATE journal_head SET log = 'hearings'",
    ],
)
async def test_a_head_only_moves_forward(database: AsyncEngine, change: str) -> None:
    await employ(database, "a", "b", "h")
    await run(database, given)
    with pytest.raises(DBAPIError, match="journal_head only moves forward"):
        await run(database, lambda c: c.execute(text(change)))


async def test_the_entries_of_a_database_from_before_the_heads_get_their_heads(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with postgres.empty_database() as url:
        config = migrate._config
        engine = open_database(url)

        def up_to(revision: str) -> Callable[[Connection], None]:
            def work(connection: Connection) -> None:
                settings = config()
                settings.attributes["connection"] = connection
                command.upgrade(settings, revision)

            return work

        async with engine.begin() as connection:
            await connection.run_sync(up_to("0014"))
            for number in (1, 2):
                last = (1, "b" * 64) if number == 2 else None
                entry = make_entry(Log.HEARINGS, last, at=datetime.now(UTC), actor="h", kind="k", facts={}, texts={})
                await connection.execute(insert(JournalRow), [{"log": "hearings", **entry._asdict()}])
            await connection.run_sync(up_to("head"))
            heads = (await connection.execute(text("SELECT * FROM journal_head"))).all()
        assert heads == [("hearings", 2, entry.hash)]
        await engine.dispose()


async def test_writers_of_one_log_at_the_same_time_append_one_after_the_other(database: AsyncEngine) -> None:
    async def write(number: int) -> None:
        async with database.begin() as connection:
            await journal.append(connection, Log.HEARINGS, "k", actor=str(number), facts={})
            await asyncio.sleep(0.02)

    await asyncio.gather(*(write(number) for number in range(8)))
    found = await entries(database, Log.HEARINGS)
    assert [one.seq for one in found] == list(range(1, 9))
    assert [one.at for one in found] == sorted(one.at for one in found)
    async with read_transaction(database) as connection:
        assert await journal.first_break(connection, Log.HEARINGS) is None


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


async def erased(connection: AsyncConnection) -> object:
    return await journal.erase_texts(connection, Log.DELEGATIONS, [1], actor="h", reason="本人の請求による")


async def test_an_erasure_removes_text_and_salt_says_so_and_the_log_still_holds(database: AsyncEngine) -> None:
    await employ(database, "a", "b", "h")
    await run(database, given, erased, erased, lambda c: delegations.end(c, "a", "b", by="h"))
    first, erasure, last = await entries(database, Log.DELEGATIONS)
    assert (first.kind, first.texts) == ("delegation_given", {})
    assert (erasure.kind, erasure.actor, erasure.body["entries"]) == ("texts_erased", "h", [1]), (
        "the repeat adds nothing"
    )
    assert erasure.texts["/reason"]["text"] == "本人の請求による"
    assert last.kind == "delegations_ended"
    async with read_transaction(database) as connection:
        assert await journal.first_break(connection, Log.DELEGATIONS) is None
        assert await table_faults(connection) == []


ERASURES = [
    pytest.param("UPDATE journal SET texts = '{}' WHERE seq = 3", id="not named by an entry"),
    pytest.param(
        """UPDATE journal SET texts = '{"/reason": {"salt": "0", "text": ""}}' WHERE seq = 1""", id="other text"
    ),
    pytest.param("UPDATE journal SET texts = '{}', actor = 'x' WHERE seq = 1", id="with another change"),
]


@pytest.mark.parametrize("change", ERASURES)
async def test_the_trigger_lets_nothing_through_but_the_erasure_that_a_later_entry_names(
    database: AsyncEngine, change: str
) -> None:
    await employ(database, "a", "b", "h")
    await run(database, given, erased)
    facts = {"entries": [3]}  # an entry cannot name itself
    texts = {"reason": "x"}
    await run(
        database,
        lambda c: journal.append(c, Log.DELEGATIONS, "texts_erased", actor="h", facts=facts, texts=texts),
        lambda c: journal.append(c, Log.HEARINGS, "texts_erased", actor="h", facts={"entries": [1, 3]}),
    )
    with pytest.raises(DBAPIError, match="journal is append-only"):
        await run(database, lambda c: c.execute(text(change)))


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("""UPDATE journal SET texts = '{"/reason": {"salt": "0", "text": "休暇"}}' WHERE seq = 1""", (1, "erasure")),
        ("UPDATE journal SET texts = 'null' WHERE seq = 1", (1, "erasure")),
        ("UPDATE journal SET texts = '{}' WHERE seq = 2", (2, "text")),
    ],
)
async def test_a_text_that_is_there_in_spite_of_an_erasure_or_missing_without_one_is_found(
    database: AsyncEngine, change: str, found: tuple[int, str]
) -> None:
    await employ(database, "a", "b", "h")
    await run(database, given, erased)
    async with database.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(text(change))
    async with read_transaction(database) as connection:
        assert await journal.first_break(connection, Log.DELEGATIONS) == found


async def test_the_journal_cannot_be_truncated(database: AsyncEngine) -> None:
    with pytest.raises(DBAPIError, match="journal is append-only: TRUNCATE refused"):
        await run(database, lambda c: c.execute(text("TRUNCATE journal")))
