"""Recording: two recordings after the same entry, and the changes that the ledger's table refuses."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Row, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.goal import commands
from domain.goal.constraints import Constraints
from domain.goal.decide import decide, stamp
from domain.goal.events import Commented, Event
from domain.goal.evolve import created_goal, evolve_all
from domain.goal.goal import Goal
from domain.goal.ledger import Link, genesis, verify
from domain.values import CommandId, EmployeeId
from storage.cycles import LaunchBatch, Participant, create_cycle, write_goals
from storage.database import read_transaction
from storage.goals import read_ledger
from storage.instructions import people_act
from storage.ledger import CommandRecorded, ConstraintBroken, HeadDiffers, LedgerBehind, open_ledger
from storage.tables import EmployeeRow, GoalEventRow, GoalRow, OutboxRow, Table
from tests.domain.builders import (
    DIRECTOR,
    GOAL_ID,
    HR,
    LAUNCH,
    MANAGER,
    OWNER,
    POLICY,
    approve,
    at,
    created,
    day,
    fresh_id,
)
from tests.salts import fresh_salts
from workflows.recording import Recording, record, row_of

NOW = at(day(10, 5))


async def stored(engine: AsyncEngine) -> Goal:
    """A draft, written like the launch writes it."""
    event = created().salted(fresh_salts())
    goal = created_goal(GOAL_ID, POLICY, event)
    async with engine.begin() as connection:
        people = [{"id": one, "name": one, "department": "経理"} for one in (OWNER, MANAGER, DIRECTOR, HR)]
        await connection.execute(insert(EmployeeRow), people)
    cycle = {
        "id": goal.cycle,
        "name": goal.cycle,
        "file": {},
        "policy": POLICY.model_dump(mode="json"),
        "launched_by": HR,
        "launched_at": LAUNCH,
    }
    async with engine.begin() as connection:
        assert await create_cycle(connection, cycle, [Participant(OWNER, "経理", 0)])
    row, form = row_of(goal), event.json_form
    columns = (
        "state", "revision", "task", "assignees", "due_at", "outcome", "score", "seq", "head", "aggregate", "policy"
    )  # fmt: skip
    batch = LaunchBatch(
        goals=[(goal.id, goal.cycle, goal.owner, goal.department, *(row[name] for name in columns), LAUNCH, row["progress"], row["escalated"])],
        events=[
            (goal.id, 1, 1, event.kind, event.at, event.actor, event.command, json.dumps(form["body"]),
             genesis(goal.id), goal.head, json.dumps(event.texts))
        ],
        notices=[],
        employees=[OWNER],
    )  # fmt: skip
    async with engine.begin() as connection:
        await write_goals(connection, goal.cycle, batch)
    return goal


def recording_of(goal: Goal, command: commands.Command, now: datetime = NOW) -> Recording:
    """The recording of a command, as the activity gets it from the workflow."""
    return recorded(goal, command, now)[1]


def recorded(goal: Goal, command: commands.Command, now: datetime = NOW) -> tuple[Goal, Recording]:
    """The goal after the command, and the recording as the activity gets it from the workflow."""
    after, recording = record(goal, decide(goal, command, now), fresh_salts())
    return after, Recording.model_validate_json(recording.model_dump_json())


async def keep(engine: AsyncEngine, one: Recording) -> list[dict[str, Any]]:
    return await keep_constrained(engine, one, None)


async def keep_constrained(
    engine: AsyncEngine, one: Recording, constrained: dict[str, Any] | None
) -> list[dict[str, Any]]:
    async with open_ledger(engine) as ledger:
        return await ledger.append(
            one.goal,
            one.before,
            one.before_head,
            row=one.row,
            events=one.events,
            notices=one.notices,
            at=one.at,
            constrained=constrained,
            erases=one.erases,
        )


async def goal_row(engine: AsyncEngine) -> Row[Any]:
    async with engine.connect() as connection:
        return (await connection.execute(select(GoalRow.__table__))).one()


async def entries(engine: AsyncEngine) -> Sequence[Row[Any]]:
    async with engine.connect() as connection:
        return (await connection.execute(select(GoalEventRow.__table__).order_by(GoalEventRow.seq))).all()


async def notices(engine: AsyncEngine) -> list[tuple[str, str]]:
    async with engine.connect() as connection:
        rows = await connection.execute(select(OutboxRow.kind, OutboxRow.recipient_id).order_by(OutboxRow.id))
        return [(row.kind, row.recipient_id) for row in rows]


async def holds(engine: AsyncEngine) -> bool:
    """Whether the stored chain is intact, and the projection's head is its last hash."""
    async with read_transaction(engine) as connection:
        lines = await read_ledger(connection, GOAL_ID)
    links = [
        Link(line.event["seq"], Event.model_validate(line.event).json_form, line.prev_hash, line.hash) for line in lines
    ]
    row = await goal_row(engine)
    return verify(GOAL_ID, links) is None and (row.seq, row.head) == (len(lines), lines[-1].hash)


def comment(actor: EmployeeId, said: str) -> commands.Comment:
    return commands.Comment(id=fresh_id(), actor=actor, text=said)


async def test_a_recording_stores_entry_projection_and_notice_together(database: AsyncEngine) -> None:
    goal = await stored(database)
    submit = commands.Submit(id=fresh_id(), actor=OWNER)
    assert await keep(database, recording_of(goal, submit)) == []
    assert [row.kind for row in await entries(database)] == ["created", "submitted"]
    row = await goal_row(database)
    assert (row.state, row.task, row.assignees) == ("pending_approval", "approval", [MANAGER])
    assert await notices(database) == [("approval_requested", MANAGER)]
    assert await holds(database)


async def test_of_two_that_record_behind_the_same_entry_one_wins_and_the_other_adopts_what_it_wrote(
    database: AsyncEngine,
) -> None:
    goal = await stored(database)
    rivals = [
        recording_of(goal, commands.Submit(id=fresh_id(), actor=OWNER)),
        recording_of(goal, comment(MANAGER, "?")),
    ]
    answers = await asyncio.gather(*(keep(database, one) for one in rivals))
    assert sorted(len(answer) for answer in answers) == [0, 1], "exactly one was stored"
    adopted = next(answer for answer in answers if answer)
    row = (await entries(database))[-1]
    assert Event.model_validate(adopted[0]).command == row.command_id
    assert len(await entries(database)) == 2
    after = evolve_all(goal, [Event.model_validate(adopted[0])])
    assert (after.seq, after.head) == (row.seq, row.hash), "who adopts stands where the ledger stands"
    assert await holds(database)


async def test_of_many_that_record_at_once_exactly_one_wins(database: AsyncEngine) -> None:
    goal = await stored(database)
    rivals = [recording_of(goal, comment(MANAGER, f"{number} 番目")) for number in range(12)]
    answers = await asyncio.gather(*(keep(database, one) for one in rivals))
    assert [len(answer) for answer in answers].count(0) == 1
    assert len(await entries(database)) == 2
    assert await notices(database) == [("commented", OWNER)], "the losers told nobody"
    assert await holds(database)


async def test_the_same_recording_again_finds_its_own_entry_and_changes_nothing(database: AsyncEngine) -> None:
    goal = await stored(database)
    again = recording_of(goal, commands.Submit(id=fresh_id(), actor=OWNER))
    assert await keep(database, again) == []
    before = (await entries(database), await goal_row(database), await notices(database))
    found = await keep(database, again)
    assert [event["body"]["kind"] for event in found] == ["submitted"]
    assert (await entries(database), await goal_row(database), await notices(database)) == before


async def test_a_command_that_stands_further_back_in_the_ledger_is_known_and_changes_nothing(
    database: AsyncEngine,
) -> None:
    goal = await stored(database)
    said = comment(OWNER, "確認をお願いします")
    current, recording = recorded(goal, said)
    await keep(database, recording)
    forgetful = current.model_copy(update={"commands": ()})  # many commands later
    before = (await entries(database), await goal_row(database), await notices(database))
    with pytest.raises(CommandRecorded):
        await keep(database, recording_of(forgetful, said))
    assert (await entries(database), await goal_row(database), await notices(database)) == before


async def test_an_id_of_another_kind_of_command_is_known_and_the_entries_that_have_it_come_back(
    database: AsyncEngine,
) -> None:
    goal = await stored(database)
    first = comment(OWNER, "確認をお願いします")
    current, recording = recorded(goal, first)
    await keep(database, recording)
    forgetful = current.model_copy(update={"commands": ()})
    before = (await entries(database), await goal_row(database), await notices(database))
    with pytest.raises(CommandRecorded) as caught:
        await keep(database, recording_of(forgetful, commands.Submit(id=first.id, actor=OWNER)))
    assert [event["body"] for event in caught.value.events] == [{"kind": "commented", "text": "確認をお願いします"}]
    assert (await entries(database), await goal_row(database), await notices(database)) == before


async def test_a_head_with_another_hash_is_an_alarm_and_changes_nothing(database: AsyncEngine) -> None:
    goal = await stored(database)
    async with database.begin() as connection:
        await connection.execute(
            update(GoalRow).values(head="0" * 64)
        )  # as somebody with the keys to the database could
    before = (await entries(database), await goal_row(database), await notices(database))
    with pytest.raises(HeadDiffers):
        await keep(database, recording_of(goal, commands.Submit(id=fresh_id(), actor=OWNER)))
    assert (await entries(database), await goal_row(database), await notices(database)) == before


async def test_a_goal_without_a_row_is_named(database: AsyncEngine) -> None:
    goal = await stored(database)
    one = recording_of(goal, comment(OWNER, "?"))
    with pytest.raises(LedgerBehind, match="2026-q4/e100/2"):
        await keep(database, one.model_copy(update={"goal": "2026-q4/e100/2"}))


async def test_a_recording_that_fails_half_way_leaves_nothing(database: AsyncEngine) -> None:
    goal = await stored(database)
    one = recording_of(goal, commands.Submit(id=fresh_id(), actor=OWNER))
    before = (await entries(database), await goal_row(database))
    with pytest.raises(asyncpg.NotNullViolationError):
        await keep(database, one.model_copy(update={"notices": '[{"key": null}]'}))
    assert (await entries(database), await goal_row(database)) == before


async def test_an_amended_policy_stands_with_its_goal(database: AsyncEngine) -> None:
    goal = await stored(database)
    other = POLICY.model_copy(update={"max_bonus": 30})
    amend = commands.AmendPolicy(id=fresh_id(), actor=HR, policy=other, reason="規程の変更")
    await keep(database, recording_of(goal, amend))
    row = await goal_row(database)
    assert row.policy["max_bonus"] == 30
    assert "policy" not in row.aggregate


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE goal_event SET actor = 'somebody else'", "UPDATE"),
        ("UPDATE goal_event SET texts = NULL", "UPDATE"),
        ("UPDATE goal_event SET texts = jsonb_set(texts, '{/content/theme,text}', '\"x\"')", "UPDATE"),
        ("UPDATE goal_event SET texts = jsonb_set(texts, '{/content/theme,salt}', '\"0\"')", "UPDATE"),
        ("UPDATE goal_event SET recorded_at = now()", "UPDATE"),
        ("UPDATE goal_event SET recorded_hash = NULL", "UPDATE"),
        ("SELECT erase_texts('2026-q4/e100/1', '{1}')", "UPDATE"),
        ("DELETE FROM goal_event", "DELETE"),
        ("TRUNCATE goal_event", "TRUNCATE"),
        ("TRUNCATE goal CASCADE", "TRUNCATE"),
    ],
)
async def test_the_ledger_refuses_to_be_changed(database: AsyncEngine, statement: str, named: str) -> None:
    await stored(database)
    before = await entries(database)
    with pytest.raises(DBAPIError, match=f"goal_event is append-only: {named} refused"):
        async with database.begin() as connection:
            await connection.execute(text(statement))
    assert await entries(database) == before


async def test_a_goal_that_has_a_ledger_cannot_be_deleted(database: AsyncEngine) -> None:
    await stored(database)
    with pytest.raises(DBAPIError, match="foreign key"):
        async with database.begin() as connection:
            await connection.execute(text("DELETE FROM goal"))
    async with database.connect() as connection:
        assert (await connection.execute(select(func.count()).select_from(GoalRow))).scalar_one() == 1


async def test_a_long_chain_reads_back_as_it_was_decided(database: AsyncEngine) -> None:
    goal = await stored(database)
    for command in (
        commands.Submit(id=fresh_id(), actor=OWNER),
        commands.ReturnForChanges(id=fresh_id(), actor=MANAGER, comment="課題を具体的に ✎ \u3000"),
        commands.Submit(id=fresh_id(), actor=OWNER),
    ):
        goal, recording = recorded(goal, command)
        assert await keep(database, recording) == []
    sign = approve(goal)
    await keep(database, recording_of(goal, sign, datetime(2026, 10, 6, 1, 2, 3, 456789, tzinfo=UTC)))
    assert await holds(database)


async def test_the_migrations_build_the_tables_of_the_code(database: AsyncEngine) -> None:
    def differences(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        found: list[Any] = compare_metadata(context, Table.metadata)
        return found

    async with database.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_a_column_that_the_migrations_lack_would_be_noticed(database: AsyncEngine) -> None:
    async with database.begin() as connection:
        await connection.execute(text("ALTER TABLE outbox DROP COLUMN error"))
        found = await connection.run_sync(lambda c: compare_metadata(MigrationContext.configure(c), Table.metadata))
    assert [(one[0], one[2], one[3].name) for one in found] == [("add_column", "outbox", "error")]


async def test_a_recording_with_claims_that_was_committed_before_its_worker_died_is_adopted_not_refused(
    database: AsyncEngine,
) -> None:
    """In the meantime other goals have taken the weight; the recorded event stays valid."""
    goal = await stored(database)
    submit = commands.Submit(id=fresh_id(), actor=OWNER)
    await keep(database, recording_of(goal, submit))
    goal = evolve_all(goal, decide(goal, submit, NOW))
    again = recording_of(goal, approve(goal, MANAGER))
    wanted = Constraints(cycle=goal.cycle, owner=OWNER, weight=60, max_goals=5).model_dump()
    taken = wanted | {"max_goals": 0}  # as if five others ran by now

    with pytest.raises(ConstraintBroken) as caught:
        await keep_constrained(database, again, taken)
    assert caught.value.conflict.code == "too_many_goals"
    assert [row.kind for row in await entries(database)] == ["created", "submitted"], "nothing was stored"
    assert await keep_constrained(database, again, wanted) == []
    found = await keep_constrained(database, again, taken)
    assert [event["body"]["kind"] for event in found] == ["approved"]
    assert await holds(database)


@pytest.mark.parametrize("commits", [True, False])
async def test_the_check_of_a_weight_waits_for_a_check_that_has_not_committed(
    database: AsyncEngine, *, commits: bool
) -> None:
    """Another goal of the owner becomes active in a transaction that is still open when this goal is recorded."""
    goal = await stored(database)
    submit = commands.Submit(id=fresh_id(), actor=OWNER)
    await keep(database, recording_of(goal, submit))
    goal = evolve_all(goal, decide(goal, submit, NOW))
    approval = recording_of(goal, approve(goal, MANAGER))
    claims = Constraints(cycle=goal.cycle, owner=OWNER, weight=60, max_goals=5).model_dump()
    async with database.connect() as connection:
        await connection.execute(text("SELECT lock_and_weigh(:owner, :cycle)"), {"owner": OWNER, "cycle": goal.cycle})
        await connection.execute(text(_ANOTHER_ACTIVE_GOAL), {"goal": goal.id})
        recording = asyncio.create_task(keep_constrained(database, approval, claims))
        await waiting_for_a_lock(database)
        assert not recording.done()
        await (connection.commit() if commits else connection.rollback())
    if not commits:
        assert await recording == []
        return
    with pytest.raises(ConstraintBroken) as caught:
        await recording
    assert caught.value.conflict.code == "too_much_weight"
    assert [row.kind for row in await entries(database)] == ["created", "submitted"], "nothing was stored"


async def test_only_commands_of_people_count_as_clicks(database: AsyncEngine) -> None:
    """A fan-out slows down beside people; its own commands, those of a settlement or a launch and the clock's are none of theirs."""
    goal = await stored(database)
    clock = EmployeeId("@clock")
    for actor, identity in (
        (OWNER, "instruction:1"),
        (OWNER, "settle:2026-q4"),
        (HR, "launch:2026-q4"),
        (clock, "due:1"),
    ):
        command = commands.Comment.model_construct(id=CommandId(identity), actor=actor, acting_for=None, text="x")
        events = stamp(goal, (Commented(text="x"),), command, NOW)
        after, recording = record(goal, events, fresh_salts())
        assert await keep(database, Recording.model_validate_json(recording.model_dump_json())) == []
        goal = after
    async with read_transaction(database) as connection:
        assert not await people_act(connection, timedelta(minutes=5), clock=clock)
    await keep(database, recording_of(goal, comment(MANAGER, "?")))
    async with read_transaction(database) as connection:
        assert await people_act(connection, timedelta(minutes=5), clock=clock)
        assert not await people_act(connection, timedelta(0), clock=clock)


_ANOTHER_ACTIVE_GOAL = """
INSERT INTO goal (id, cycle_id, owner_id, department, state, revision, assignees, score, seq, head, aggregate, policy, progress, updated_at)
SELECT id || '0', cycle_id, owner_id, department, 'active', revision, assignees, score, seq, head, aggregate, policy, progress, updated_at
FROM goal WHERE id = :goal
"""


async def waiting_for_a_lock(engine: AsyncEngine) -> None:
    """Returns as soon as a session of this database waits for an advisory lock."""
    query = text(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    async with asyncio.timeout(10), engine.connect() as connection:
        while not await connection.scalar(query):  # noqa: ASYNC110 - another process waits; its catalogue tells
            await asyncio.sleep(0.02)
