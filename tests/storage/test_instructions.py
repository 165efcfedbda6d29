"""Stored instructions: chosen goals, results, progress; and participants who are added and removed."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.lifecycles import InstructionState
from storage import cycles, instructions, participants
from storage.database import read_transaction
from storage.instructions import InstructionResult, Progress
from tests.storage.steering import NOW, employ, goal, open_cycle

SETTLED: dict[str, Any] = {"state": "closed", "task": None, "assignees": [], "outcome": "settled"}


async def given(engine: AsyncEngine, instruction: str, cycle: str | None = "q", **said: Any) -> bool:
    row = {"kind": "pause", "cycle": cycle, "asked": {"reason": "x"}, "actor": "h"} | said
    async with engine.begin() as connection:
        return await instructions.write(connection, instruction, **row)


async def chosen(engine: AsyncEngine, instruction: str, *, cycle: str | None = "q", **whose: Any) -> list[str]:
    """The owners of the goals that the instruction concerns."""
    assert await given(engine, instruction, cycle)
    selection = {"departments": (), "people": ()} | whose
    async with engine.begin() as connection:
        count = await instructions.choose_goals(connection, instruction, cycle=cycle, **selection)
    async with read_transaction(engine) as connection:
        found = [one.goal_id for one in await instructions.results(connection, instruction)]
    assert len(found) == count
    return ["/".join(one.split("/")[:2]) if cycle is None else one.split("/")[1] for one in found]


async def test_what_is_written_is_found_as_it_was_and_its_id_is_taken(database: AsyncEngine) -> None:
    await open_cycle(database, "q")
    assert await given(database, "i1")
    assert not await given(database, "i1", kind="close", actor="other")
    async with read_transaction(database) as connection:
        row = await instructions.find(connection, "i1")
    assert row
    assert (row.kind, row.cycle_id, row.asked_form, row.actor, row.state) == (
        "pause",
        "q",
        {"reason": "x"},
        "h",
        "waiting",
    )
    async with read_transaction(database) as connection:
        assert await instructions.find(connection, "i2") is None
        assert await instructions.progress(connection, "i2") is None


async def test_the_latest_of_a_cycle_come_with_those_to_every_cycle(database: AsyncEngine) -> None:
    for cycle in ("q", "r"):
        await open_cycle(database, cycle)
    await given(database, "i1", "q")
    await given(database, "i2", None)
    await given(database, "i3", "r")
    async with read_transaction(database) as connection:
        assert [one.id for one in await instructions.latest(connection)] == ["i3", "i2", "i1"]
        assert [one.id for one in await instructions.latest(connection, "q")] == ["i2", "i1"]
        assert [one.id for one in await instructions.latest(connection, limit=1)] == ["i3"]


async def test_open_goals_are_chosen_by_department_by_person_by_both_or_all(database: AsyncEngine) -> None:
    await employ(database, "a", "b", "c", "d")
    await open_cycle(database, "q", "a", "b", "c", "d")
    await goal(database, "q", "a")
    await goal(database, "q", "b", department="法務")
    await goal(database, "q", "c", department="法務", **SETTLED)
    await goal(database, "q", "d", state="active")
    assert await chosen(database, "all") == ["a", "b", "d"]
    assert await chosen(database, "department", departments=["法務"]) == ["b"]
    assert await chosen(database, "people", people=["d", "c"]) == ["d"]
    assert await chosen(database, "both", departments=["法務"], people=["a"]) == ["a", "b"]


async def test_an_instruction_to_every_cycle_leaves_out_those_that_have_ended(database: AsyncEngine) -> None:
    await employ(database, "a")
    for state in ("launching", "open", "closed", "cancelled"):
        await open_cycle(database, state, "a", state=state)
        await goal(database, state, "a")
    assert await chosen(database, "all", cycle=None) == ["launching/a", "open/a"]


async def test_what_ended_with_its_cycle_is_chosen_to_come_back_unless_its_owner_has_gone(
    database: AsyncEngine,
) -> None:
    await employ(database, "a", "b", "c", "d", "e", left=["c"])
    await open_cycle(database, "q", "a", "b", "c", "d", "e")
    for owner in ("a", "c", "d"):
        await goal(database, "q", owner, **SETTLED)
    await goal(database, "q", "b", **SETTLED | {"outcome": "achieved"})
    await goal(database, "q", "e")
    async with database.begin() as connection:
        await participants.remove(connection, "q", ["d"], [])
    ended: dict[str, Any] = {"ended": ["settled", "lapsed"]}
    assert await chosen(database, "all", **ended) == ["a"]
    assert await chosen(database, "department", departments=["経理"], **ended) == ["a"]
    assert await chosen(database, "named", people=["d", "c", "b"], **ended) == ["d"]


async def test_goals_are_chosen_once_and_who_comes_later_is_not_concerned(database: AsyncEngine) -> None:
    await employ(database, "a", "b")
    await open_cycle(database, "q", "a", "b")
    await goal(database, "q", "a")
    assert await chosen(database, "i1") == ["a"]
    await goal(database, "q", "b")
    async with database.begin() as one, database.begin() as another:
        assert await instructions.choose_goals(one, "i1", cycle="q", departments=(), people=()) == 1
        noting = asyncio.create_task(instructions.record_goals(another, "i1", ["q/b/1"]))
        await one.commit()
        assert await noting == 1


async def test_results_are_counted_and_what_waits_is_given_page_by_page(database: AsyncEngine) -> None:
    await open_cycle(database, "q")
    await given(database, "i1")
    async with read_transaction(database) as connection:
        assert await instructions.progress(connection, "i1") == Progress(InstructionState.WAITING, {})
    goals = [f"q/{one}/1" for one in "abcd"]
    async with database.begin() as connection:
        assert await instructions.record_goals(connection, "i1", goals) == 4
    async with read_transaction(database) as connection:
        assert await instructions.waiting_goals(connection, "i1", 3) == goals[:3]
    found = [
        InstructionResult(goals[0], "done"),
        InstructionResult(goals[1], "skipped", "paused"),
        InstructionResult(goals[2], "refused", "date_outside", {"day": "1"}),
    ]
    for one in (*found, found[0]):
        async with database.begin() as connection:
            await instructions.record(connection, "i1", one)
    async with read_transaction(database) as connection:
        progress = await instructions.progress(connection, "i1")
    assert progress == Progress(InstructionState.RUNNING, {"done": 1, "skipped": 1, "refused": 1, "waiting": 1})
    assert (progress.total, progress.settled) == (4, 3)
    async with read_transaction(database) as connection:
        assert await instructions.waiting_goals(connection, "i1", 3) == goals[3:]
        assert await instructions.results(connection, "i1") == [*found, InstructionResult(goals[3], "waiting")]
        assert await instructions.results(connection, "i1", "done", "refused") == [found[0], found[2]]
    with pytest.raises(IntegrityError, match="instruction_goal_result"):
        async with database.begin() as connection:
            await instructions.record(connection, "i1", InstructionResult(goals[3], "lost"))


async def test_one_that_is_not_done_is_found_by_its_kind(database: AsyncEngine) -> None:
    await open_cycle(database, "q")
    await given(database, "i1", kind="sync", cycle=None)
    async with database.connect() as connection:
        assert await instructions.unfinished(connection, "sync") == "i1"
        assert await instructions.unfinished(connection, "pause") is None
    async with database.begin() as connection:
        assert not await instructions.finish(connection, "i1", NOW), "its goals are not chosen yet"
        await instructions.record_goals(connection, "i1", [])
        assert await instructions.finish(connection, "i1", NOW)
        assert not await instructions.finish(connection, "i1", NOW + timedelta(days=1)), "a repeat changes nothing"
    async with database.connect() as connection:
        assert await instructions.unfinished(connection, "sync") is None
    async with read_transaction(database) as connection:
        row = await instructions.find(connection, "i1")
    assert row
    assert (row.state, row.finished_at) == ("done", NOW)


# --- who takes part --------------------------------------------------------------------------------------------------


async def launched(engine: AsyncEngine, *people: str) -> dict[str, tuple[str, str]]:
    async with read_transaction(engine) as connection:
        return await participants.launch_results(connection, "q", people)


async def test_who_joins_gets_the_slots_behind_everybodys_and_joins_once(database: AsyncEngine) -> None:
    await employ(database, "a", "b", "c", "d")
    await open_cycle(database, "q", "a")
    people = [("a", "経理", 1), ("c", "経理", 2), ("b", "法務", 1)]
    async with database.begin() as connection:
        assert await participants.add(connection, "q", people, by="h", at=NOW) == 2
        assert await participants.add(connection, "q", people, by="h", at=NOW) == 0
    async with read_transaction(database) as connection:
        waiting = {one.employee_id: one for one in await cycles.unstarted_participants(connection, "q", "", 10)}
    assert {one: line.slot for one, line in waiting.items()} == {"a": 0, "c": 1, "b": 3}
    assert (waiting["a"].added_by, waiting["b"].added_by, waiting["b"].added_at) == (None, "h", NOW)
    async with read_transaction(database) as connection:
        assert await participants.people_added(connection, "q", "h", NOW) == [("b", "法務"), ("c", "経理")]
        assert await participants.people_added(connection, "q", "h", NOW + timedelta(seconds=1)) == []


async def test_who_was_taken_out_before_the_launch_joins_again_and_after_it_is_taken_back(
    database: AsyncEngine,
) -> None:
    await employ(database, "a", "b")
    await open_cycle(database, "q", "a", "b")
    async with database.begin() as connection:
        await cycles.write_goals(connection, "q", cycles.LaunchBatch([], [], [], []))
        await participants.remove(connection, "q", ["a", "b"], [])
    assert await launched(database, "a", "b") == dict.fromkeys("ab", ("removed", ""))
    async with read_transaction(database) as connection:
        assert await cycles.participants_among(connection, "q", ["a", "b", "c"]) == set()
        assert await cycles.participants_among(connection, "q", ["a", "b", "c"], removed=True) == {"a", "b"}
        assert await cycles.departments_in(connection, "q") == set()
    async with database.begin() as connection:
        await participants.reinstate(connection, "q", ["a", "b"])
    assert (await launched(database, "a"))["a"][0] == "removed", "there are no goals that could be worked on"
    async with database.begin() as connection:
        assert await participants.add(connection, "q", [("a", "経理", 1)], by="h", at=NOW) == 1
    assert (await launched(database, "a"))["a"] == ("waiting", "")


async def test_a_department_is_removed_by_its_goals_and_everybody_where_none_is_named(database: AsyncEngine) -> None:
    await employ(database, "a", "b", "c")
    await open_cycle(database, "q", "a", "b", "c")
    await goal(database, "q", "a", department="法務")  # moved there since the launch
    await goal(database, "q", "b")
    async with database.begin() as connection:
        await participants.remove(connection, "q", [], ["法務"])
    assert {one for one, (result, _) in (await launched(database, *"abc")).items() if result == "removed"} == {"a"}
    async with database.begin() as connection:
        await participants.remove(connection, "q", [], [])
    assert set(await launched(database, *"abc")) == {"a", "b", "c"}
    assert {result for result, _ in (await launched(database, *"abc")).values()} == {"removed"}


async def test_the_last_day_of_a_cycle_is_that_of_its_open_goals(database: AsyncEngine) -> None:
    await employ(database, "a", "b", "c")
    await open_cycle(database, "q", "a", "b", "c")
    await goal(database, "q", "a")
    async with read_transaction(database) as connection:
        assert await cycles.latest_closing_day(connection, "q") is None
    await goal(database, "q", "b", policy={"closes": "2027-04-30"})
    await goal(database, "q", "c", policy={"closes": "2028-01-01"}, **SETTLED)
    async with read_transaction(database) as connection:
        assert await cycles.latest_closing_day(connection, "q") == date(2027, 4, 30)
