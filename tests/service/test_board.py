"""The board of a cycle: its numbers are those that counting goals gives, level by level, day by day, and person by person."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.lifecycle import State
from domain.refusals import Code, Refusal
from domain.values import CycleId
from service.board import Board, Numbers
from storage.database import open_database
from tests.bench.dataset import Size, cycle_id, fill, person_id
from tests.bench.read_cases import NOW
from tests.callers import OPERATOR, by
from tests.servers import Postgres
from tests.storage.test_read_plans import recorded

SIZE = Size(goals=600, people=300, entries=2_000)
CYCLE = CycleId(cycle_id(1))
# A tree of departments, one of them renamed since goals began; goals of a department that has no record; and moves of today.
CHANGED = (
    "INSERT INTO employee (id, name, department) VALUES ('h1', '人事 一', 'HR')",  # HR by the cycle's rules
    "UPDATE department SET parent_id = 'HQ' WHERE id IN ('D011', 'D012', 'D013')",
    "UPDATE department SET parent_id = 'D011' WHERE id = 'D014'",
    "UPDATE department SET name = '経理部' WHERE id = 'D014'",
    "UPDATE department_name SET until = now() WHERE department_id = 'D014'",
    "INSERT INTO department_name (department_id, name) VALUES ('D014', '経理部')",
    "UPDATE goal SET department = '旧課' WHERE id LIKE '%81/1'",
    "UPDATE goal SET due_at = TIMESTAMPTZ '2026-10-24T09:00:00Z' WHERE task IS NOT NULL AND id LIKE '%5/1'",
    "UPDATE goal SET due_at = TIMESTAMPTZ '2026-10-23T09:00:00Z' WHERE task = 'verdict' AND owner_id < 'P000200'",
    "UPDATE goal SET aggregate = aggregate || '{\"paused_on\": \"2026-10-02\"}' WHERE task = 'verdict' AND owner_id < 'P000030'",
    "UPDATE participant SET result = 'failed', reason = 'no answer' WHERE employee_id LIKE '%50'",
)
MOVED = (
    "UPDATE goal SET state = 'active', task = NULL, updated_at = :at WHERE state = 'pending_approval' AND owner_id < 'P000100'",
    "UPDATE goal SET state = 'closed', task = NULL, updated_at = :later WHERE state = 'in_review' AND owner_id < 'P000100'",
)


@pytest_asyncio.fixture(scope="module")
async def company(postgres: Postgres) -> AsyncIterator[AsyncEngine]:
    async with postgres.migrated_database() as url:
        engine = open_database(url)
        await fill(engine, SIZE)
        async with engine.begin() as connection:
            for statement in CHANGED:
                await connection.execute(text(statement))
        yield engine
        await engine.dispose()


async def _counted(engine: AsyncEngine, departments: list[str] | None = None) -> Numbers:
    """The same numbers, counted over the goals of these departments (None: of all)."""
    goals = """
        SELECT state, task IS NOT NULL AND NOT paused AND due_at < :now AS overdue, escalated, paused,
            returned AND state = 'draft' AS returned
        FROM goal WHERE cycle_id = :cycle AND (CAST(:names AS text[]) IS NULL OR department = ANY(:names))
    """
    failed = """
        SELECT count(*) FROM participant
        WHERE cycle_id = :cycle AND result = 'failed' AND (CAST(:names AS text[]) IS NULL OR department = ANY(:names))
    """
    values = {"cycle": CYCLE, "now": NOW, "names": departments}
    async with engine.connect() as connection:
        rows = (await connection.execute(text(goals), values)).all()
        count = (await connection.execute(text(failed), values)).scalar_one()
    states = Counter(State(row.state) for row in rows)
    flags = {name: sum(getattr(row, name) for row in rows) for name in ("overdue", "escalated", "paused", "returned")}
    return Numbers(states={one: states[one] for one in State if states[one]}, goals=len(rows), failed=count, **flags)


async def test_the_top_has_the_whole_cycle_and_a_row_for_each_department_that_has_none_above(
    company: AsyncEngine,
) -> None:
    page = await Board(company).read(OPERATOR, CYCLE, NOW)
    assert page.total == await _counted(company)
    assert all(getattr(page.total, name) for name in Numbers.model_fields)
    rows = {one.department: one for one in page.rows}
    assert rows["HQ"].numbers == await _counted(company, ["HQ", "D011", "D012", "D013", "D014", "経理部"])
    assert rows["HQ"].has_below
    assert rows["旧課"].numbers == await _counted(company, ["旧課"])
    assert not rows["旧課"].has_below
    assert not {"D011", "D014", "経理部"} & rows.keys()
    assert sum(one.numbers.goals for one in page.rows) == page.total.goals == SIZE.people
    assert page.path == ()


async def test_each_level_has_its_own_numbers_and_those_of_the_next_one(company: AsyncEngine) -> None:
    board = Board(company)
    top = await board.read(OPERATOR, CYCLE, NOW, "HQ")
    assert [one.department for one in top.rows] == ["D011", "D012", "D013"]
    assert top.own == await _counted(company, ["HQ"])
    assert top.total.goals == top.own.goals + sum(one.numbers.goals for one in top.rows)
    below = await board.read(OPERATOR, CYCLE, NOW, "D011")
    assert below.total == top.rows[0].numbers
    assert [(one.department, one.has_below) for one in below.rows] == [("経理部", False)]
    for name in ("経理部", "D014"):  # its name now, and the one that its goals have
        leaf = await board.read(OPERATOR, CYCLE, NOW, name)
        assert leaf.path == ("HQ", "D011", "経理部")
        assert leaf.own == leaf.total == below.rows[0].numbers
        assert leaf.rows == ()


async def test_failed_participants_are_those_of_the_department(company: AsyncEngine) -> None:
    board = Board(company)
    everybody = await board.read(OPERATOR, CYCLE, NOW)
    assert len(everybody.failed) == everybody.total.failed == SIZE.people // 100
    one = everybody.failed[-1]
    theirs = await board.read(OPERATOR, CYCLE, NOW, one.department)
    assert one in theirs.failed
    assert all(each.reason == "no answer" for each in theirs.failed)


async def test_an_unknown_department_or_cycle_is_refused(company: AsyncEngine) -> None:
    board = Board(company)
    with pytest.raises(Refusal) as refused:
        await board.read(OPERATOR, CYCLE, NOW, "D999")
    assert refused.value.code is Code.UNKNOWN_DEPARTMENT
    for call in (board.read, board.trend, board.slowest):
        with pytest.raises(Refusal) as refused:
            await call(OPERATOR, CycleId("none"), NOW)
        assert refused.value.code is Code.UNKNOWN_CYCLE


async def test_a_day_has_the_goals_by_state_at_its_end_and_what_happened_on_it(company: AsyncEngine) -> None:
    board = Board(company)
    now = NOW + timedelta(days=100)
    before = await board.trend(OPERATOR, CYCLE, now, days=7)
    later = now + timedelta(days=2)
    async with company.begin() as connection:
        values = {"at": now + timedelta(days=1), "later": later}
        approved, closed = [(await connection.execute(text(one), values)).rowcount for one in MOVED]
    assert approved
    assert closed
    after = await board.trend(OPERATOR, CYCLE, later, days=9)
    assert after.days[:7] == before.days, "what happens later changes no earlier day"
    first, second = after.days[7:]
    assert (first.approved, first.closed, second.approved, second.closed, second.reviewed) == (
        approved, 0, 0, closed, closed,
    )  # fmt: skip
    last = Counter(before.days[-1].states)
    assert first.states[State.ACTIVE] == last[State.ACTIVE] + approved
    assert first.states.get(State.PENDING_APPROVAL, 0) == last[State.PENDING_APPROVAL] - approved
    page = await board.read(OPERATOR, CYCLE, later)
    assert second.states == page.total.states


async def test_days_are_those_of_the_cycle_and_at_most_92(company: AsyncEngine) -> None:
    board = Board(company)
    whole = (await board.trend(OPERATOR, CYCLE, NOW, days=1_000)).days
    assert [one.day for one in whole] == [whole[0].day + timedelta(days=n) for n in range(len(whole))]
    assert whole[0].day == datetime(2026, 10, 1).date(), "the day of the launch"
    closed = (await board.trend(OPERATOR, CycleId(cycle_id(0)), NOW + timedelta(days=500), days=1_000)).days
    assert len(closed) == 92
    assert closed[-1].day < NOW.date(), "it ends with the cycle"


async def test_the_slowest_are_those_with_most_overdue_decisions(company: AsyncEngine) -> None:
    found = (await Board(company).slowest(by("H1"), CYCLE, NOW)).people
    query = """
        SELECT person, count(*) FILTER (WHERE task = 'approval') AS approvals,
            count(*) FILTER (WHERE task = 'verdict') AS verdicts, min(due_at) AS oldest
        FROM goal CROSS JOIN unnest(assignees) AS person
        WHERE cycle_id = :cycle AND task IN ('approval', 'verdict') AND due_at < :now AND NOT paused GROUP BY person
    """
    async with company.connect() as connection:
        rows = (await connection.execute(text(query), {"cycle": CYCLE, "now": NOW})).all()
    expected = sorted(rows, key=lambda row: (-(row.approvals + row.verdicts), row.oldest, row.person))
    assert [(one.employee, one.approvals, one.verdicts, one.oldest_due) for one in found] == [
        tuple(row) for row in expected[:20]
    ]
    assert any(one.approvals for one in found)
    assert any(one.verdicts for one in found)
    assert found[0].name == f"社員 {found[0].employee}"


async def test_whom_decisions_wait_for_is_told_to_hr_only_and_numbers_to_everybody(company: AsyncEngine) -> None:
    board, colleague = Board(company), by(person_id(7))
    assert (await board.read(colleague, CYCLE, NOW)).rows
    assert (await board.trend(colleague, CYCLE, NOW)).days
    with pytest.raises(Refusal) as refused:
        await board.slowest(colleague, CYCLE, NOW)
    assert refused.value.code is Code.NOT_ALLOWED
    for call in (board.read, board.trend, board.slowest):
        with pytest.raises(Refusal):
            await call(by("nobody"), CYCLE, NOW)


async def test_a_board_takes_a_bounded_number_of_queries(company: AsyncEngine) -> None:
    board = Board(company)
    for call, most in ((board.read, 7), (board.trend, 4), (board.slowest, 3)):
        with recorded(company) as statements:
            await call(OPERATOR, CYCLE, NOW)
        assert len(statements) <= most
