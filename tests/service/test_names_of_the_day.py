"""What happened is told with the name that a person had then; what is open is told with the present name."""

import io
from collections.abc import AsyncIterator, Callable
from contextlib import redirect_stdout
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from cli.goal.goal_screen import _print_ledger as print_page
from cli.oversight.audit import _print_ledger as print_audit
from cli.session.session import Terminal
from domain.goal import commands
from domain.people.organisation import Employee
from domain.values import CycleId, EmployeeId, Locale
from service.audit import Audit
from service.cycles import CycleReads
from service.exemplars import known_names
from service.goal_documents import GoalFilter
from service.goals import GoalReads
from service.hearing import Hearing
from service.inbox import Inbox
from service.results import Grouping, Results
from service.results_export import _goals
from service.sheets import Sheets
from service.tree import Tree
from settings import Settings
from storage import hearing
from storage.database import read_transaction
from storage.people import replace_directory
from tests.as_of.real_clock import needs_the_real_clock
from tests.callers import OPERATOR, by
from tests.domain.builders import DIRECTOR, GOAL_ID, HR, MANAGER, OWNER, fresh_id
from tests.storage.test_ledger import keep, recorded, stored

CYCLE = CycleId("2026-q4")
OLD, NEW = "旧姓 葵", "新姓 葵"
TERMINAL = Terminal(Settings(), Locale.JA, as_json=False)


def person(employee: EmployeeId, name: str) -> Employee:
    manager = None if employee == DIRECTOR else DIRECTOR
    return Employee(id=employee, name=name, department="経理", manager_id=manager)


async def everybody_is(database: AsyncEngine, name: str) -> None:
    await replace_directory(database, [person(one, name) for one in (DIRECTOR, MANAGER, OWNER, HR)], by="h")


@pytest_asyncio.fixture
async def married(database: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    """A goal that was submitted and returned while everybody had the old name, and commented under the new one."""
    goal = await stored(database)
    await everybody_is(database, OLD)
    for asked in (
        commands.Submit(id=fresh_id(), actor=OWNER),
        commands.ReturnForChanges(id=fresh_id(), actor=MANAGER, comment="課題を具体的に"),
    ):
        goal, recording = recorded(goal, asked, datetime.now(UTC))
        assert await keep(database, recording) == []
    async with database.begin() as connection:
        await connection.execute(text("UPDATE cycle SET launched_at = now(), launched_by = :hr"), {"hr": HR})
        await hearing.add(
            connection, cycle=CYCLE, department="経理", problem="遅い", heard_as="staff", by=OWNER, command_id="c"
        )
    await everybody_is(database, NEW)
    goal, recording = recorded(goal, commands.Comment(id=fresh_id(), actor=MANAGER, text="了解"), datetime.now(UTC))
    assert await keep(database, recording) == []
    yield database


async def closed_before_the_marriage(database: AsyncEngine) -> None:
    """The goal and its cycle closed while everybody had the old name."""
    async with database.begin() as connection:
        before = "(SELECT at FROM journal WHERE log = 'directory' AND seq = 1)"
        await connection.execute(text(f"UPDATE cycle SET state = 'closed', closed_at = {before}"))  # noqa: S608
        await connection.execute(
            text("""
            UPDATE goal SET state = 'closed', task = NULL, due_at = NULL, outcome = 'achieved',
                aggregate = (aggregate - 'task') || '{"state": "closed", "outcome": "achieved"}'
            """)
        )


def printed(show: Callable[[Any, Terminal], None], page: object) -> list[str]:
    with redirect_stdout(io.StringIO()) as out:
        show(page, TERMINAL)
    return out.getvalue().splitlines()


@needs_the_real_clock
async def test_the_page_of_a_goal_tells_each_entry_with_the_name_of_its_day(married: AsyncEngine) -> None:
    page = await GoalReads(married).look(OPERATOR, GOAL_ID)
    shown = printed(print_page, page)[-3:]
    assert [NEW in line for line in shown] == [False, False, True]
    assert [OLD in line for line in shown] == [True, True, False]
    assert page.names[OWNER] == NEW, "who owns an open goal is told with the present name"


@needs_the_real_clock
async def test_the_audit_tells_each_entry_with_the_name_of_its_day(married: AsyncEngine) -> None:
    shown = printed(print_audit, await Audit(married).ledger(OPERATOR, GOAL_ID))[-3:]
    assert [NEW in line for line in shown] == [False, False, True]
    assert [OLD in line for line in shown] == [True, True, False]


@needs_the_real_clock
async def test_an_inbox_names_who_returned_a_draft_as_of_then(married: AsyncEngine) -> None:
    page = await Inbox(married).read(OPERATOR, OWNER, datetime.now(UTC))
    (waiting,) = page.document([None]).waiting
    assert waiting.returned is not None
    assert (waiting.returned.actor, waiting.returned.actor_name) == (MANAGER, OLD)
    assert (page.name, waiting.owner_name) == (NEW, NEW), "the owner of an open task has the present name"


async def test_who_launched_a_cycle_and_who_heard_a_problem_are_told_as_of_then(married: AsyncEngine) -> None:
    (cycle,) = (await CycleReads(married).list_cycles(by(HR))).cycles
    assert cycle.launched_by_name == OLD
    (problem,) = (await Hearing(married).list_problems(by(HR), CYCLE)).problems
    assert problem.name == OLD


SHOWN = ("goal list", "goal show", "tree", "scores", "reviewers", "export", "sheet", "manager on the sheet")


async def names_shown(database: AsyncEngine) -> dict[str, str | None]:
    """The owner's name (or the reviewer's) in each list of a cycle."""
    results, caller = Results(database), by(HR)
    (listed,) = (await GoalReads(database).list_goals(OPERATOR, GoalFilter(CYCLE))).goals
    parent = "dg"
    async with database.begin() as connection:
        await connection.execute(
            text("UPDATE goal SET aggregate = jsonb_set(aggregate, '{content,parent}', to_jsonb(CAST(:one AS text)))"),
            {"one": parent},
        )
        await connection.execute(text("UPDATE participant SET goals = 1"))
        await connection.execute(
            text("""UPDATE cycle SET file = '{"themes": [{"id": "dg", "name": "d", "department": "経理"}]}'""")
        )
    (node,) = (await Tree(database).node(caller, CYCLE, parent)).goals
    _, people = await results.scores(caller, CYCLE)
    _, reviewers = await results.distribution(caller, CYCLE, Grouping.REVIEWER)
    async with read_transaction(database) as connection:
        ((_, exported),) = [one async for one in _goals(connection, CYCLE)]
    (sheet,) = [one async for one in Sheets(database).sheets_of(OPERATOR, CYCLE)]
    return {
        "goal list": listed.owner_name,
        "goal show": (await GoalReads(database).look(OPERATOR, GOAL_ID)).names[OWNER],
        "tree": node.owner_name,
        "scores": people.get(OWNER),
        "reviewers": reviewers.get(MANAGER),
        "export": exported.get(OWNER),
        "sheet": sheet.person.name,
        "manager on the sheet": sheet.person.manager,
    }


@pytest.mark.parametrize(("closes", "name"), [(False, NEW), (True, OLD)], ids=["open", "closed"])
async def test_lists_of_a_closed_cycle_keep_the_names_of_its_last_day(
    married: AsyncEngine, *, closes: bool, name: str
) -> None:
    if closes:
        await closed_before_the_marriage(married)
    assert await names_shown(married) == dict.fromkeys(SHOWN, name)


async def test_a_former_name_does_not_remain_in_an_example(married: AsyncEngine) -> None:
    async with read_transaction(married) as connection:
        known = await known_names(connection)
    assert {OLD, NEW} <= known.within(f"{OLD}と{NEW}が担当")
