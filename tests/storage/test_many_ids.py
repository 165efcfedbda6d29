"""Statements about more ids than PostgreSQL takes parameters (32,767): a list of ids is one parameter."""

import ast
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.lifecycles import ParticipantEvent
from storage import (
    cycles,
    delegations,
    goals,
    instruction_course,
    instructions,
    outbox,
    participants,
)
from storage.database import read_transaction
from storage.tables import GoalRow
from tests.storage.steering import NOW, employ, goal, open_cycle

MANY = [f"q/p{n}/1" for n in range(33_000)]
DAY = date(2026, 10, 1)
# The sets that the code itself lists, or subqueries: their number of parameters does not grow with the company.
SMALL_SETS = {
    "RUNNING", "_NOT_STARTED", "lifecycle.sources(event)", "INSTRUCTION_LIFE.sources(InstructionEvent.ENDED)", "owners", "cycles",
    "_ABANDONED", "_DECISIONS", "PARTICIPANT.sources(_AGAIN)", "('close', 'cancel')", "over.scalar_subquery()", "over",
}  # fmt: skip

Statement = Callable[[AsyncConnection], Awaitable[Any]]
STATEMENTS: dict[str, Statement] = {
    "goals by id": lambda c: goals.load_aggregates(c, ids=MANY),
    "goals by owner": lambda c: goals.load_aggregates(c, owners=MANY, cycle="q"),
    "goals in which people have a part": lambda c: c.execute(select(GoalRow.id).where(goals.has_part(MANY))),
    "entries of goals": lambda c: goals.read_bodies(c, MANY, ["created"]),
    "closed goals of people": lambda c: instructions.closed_goals_of(c, "q", MANY, ["settled"]),
    "delegations of people": lambda c: delegations.overlapping(c, DAY, DAY, MANY),
    "people who are removed": lambda c: participants.remove(c, "q", MANY, []),
    "departments that are removed": lambda c: participants.remove(c, "q", [], MANY),
    "people who come back": lambda c: participants.reinstate(c, "q", MANY),
    "people who were removed": lambda c: participants.removed_with_goals(c, "q", MANY),
    "launch results": lambda c: participants.launch_results(c, "q", MANY),
    "participants among people": lambda c: cycles.participants_among(c, "q", MANY),
    "launched people": lambda c: cycles.record_launch(c, "q", MANY, ParticipantEvent.GOALS_STARTED),
    "messages that are released": lambda c: outbox.release(c, MANY),
    "notices that are withdrawn": lambda c: outbox.withdraw(c, "q", goals=MANY),
    "goals that did not answer": lambda c: instruction_course.record_no_answers(c, "i1", MANY, 4),
}  # fmt: skip


@pytest.mark.parametrize("name", STATEMENTS)
async def test_a_statement_takes_more_ids_than_parameters_are_allowed(database: AsyncEngine, name: str) -> None:
    await open_cycle(database, "q")
    async with database.begin() as connection:
        await STATEMENTS[name](connection)


async def test_an_instruction_takes_more_goals_than_parameters_are_allowed(database: AsyncEngine) -> None:
    await open_cycle(database, "q")
    await employ(database, "a")
    await goal(database, "q", "a")
    async with database.begin() as connection:
        for name in ("i1", "i2"):
            await instructions.write(connection, name, kind="pause", cycle="q", asked={}, actor="h")
        assert await instructions.record_goals(connection, "i1", MANY) == len(MANY)
        chosen = await instructions.choose_goals(
            connection, "i2", cycle="q", departments=MANY, people=[*MANY, "a"], ended=()
        )
        assert chosen == 1
    async with read_transaction(database) as connection:
        assert len(await instructions.results(connection, "i1")) == len(MANY)


async def test_more_people_join_than_parameters_are_allowed(database: AsyncEngine) -> None:
    people = [f"p{n:05d}" for n in range(33_000)]
    await employ(database, *people)
    await open_cycle(database, "q", people[0])
    async with database.begin() as connection:
        joining = [(one, "経理", 2) for one in people]
        assert await participants.add(connection, "q", joining, by="h", at=NOW) == len(people) - 1
    async with read_transaction(database) as connection:
        waiting = await cycles.unstarted_participants(connection, "q", people[-2], 1)
    assert [(one.employee_id, one.slot) for one in waiting] == [(people[-1], 1 + 2 * (len(people) - 2))]


def test_no_statement_of_storage_has_a_parameter_for_each_row() -> None:
    """SQLAlchemy's `in_` makes a parameter of each value, and `values` of a list one for each column of each row."""
    found = set()
    for path in Path("storage").glob("*.py"):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
                argument = ast.unparse(call.args[0]) if call.args else ""
                if call.func.attr in ("in_", "not_in") and argument not in SMALL_SETS:
                    found.add(f"{path}:{call.lineno} {call.func.attr}({argument})")
                if call.func.attr == "values" and argument in ("rows", "values_of_rows"):
                    found.add(f"{path}:{call.lineno} values({argument})")
    assert found == set()
