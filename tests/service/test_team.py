"""A manager's team: who is in it, which goals of theirs are shown, and what waits for the manager."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.access import Role
from domain.policy.policy import TaskKind
from domain.refusals import Code, Refusal
from domain.values import EmployeeId
from service.goal_documents import GoalFilter, ListedGoal
from service.goals import GoalReads
from service.inbox import Inbox
from service.team import Team, TeamMember
from storage.database import open_database
from tests.bench.dataset import Size, cycle_id, fill, person_id
from tests.bench.read_cases import NOW
from tests.callers import OPERATOR, by
from tests.servers import Postgres
from tests.storage.test_read_plans import recorded

SIZE = Size(goals=600, people=300, entries=2_000)
MANAGER = EmployeeId(person_id(1))
REPORTS = [person_id(n) for n in range(11, 21)]
AWAY, LEAVES, GONE, MOVED = REPORTS[2], REPORTS[3], REPORTS[4], REPORTS[5]
DAY = NOW.date()
CHANGED: tuple[tuple[str, dict[str, object]], ...] = (
    (
        "UPDATE employee SET away_from = :first, away_until = :last WHERE id = :person",
        {"first": DAY, "last": DAY + timedelta(days=30), "person": AWAY},
    ),
    ("UPDATE employee SET leaves = :day WHERE id = :person", {"day": DAY + timedelta(days=3650), "person": LEAVES}),
    ("UPDATE employee SET active = false WHERE id = :person", {"person": GONE}),
    # escalated to the manager
    (
        "UPDATE goal SET assignees = assignees || CAST(:manager AS text) WHERE task IS NOT NULL AND owner_id < 'P000200'",
        {"manager": MANAGER},
    ),
    # under other managers since the goals began: their new manager does not see these yet
    (
        "UPDATE goal SET aggregate = jsonb_set(aggregate, '{line}', '[]') - 'task', task = NULL WHERE owner_id = :person",
        {"person": MOVED},
    ),
    (
        "UPDATE goal SET aggregate = aggregate || '{\"paused_on\": \"2026-10-02\"}' WHERE :manager = ANY(assignees) AND owner_id LIKE '%7'",
        {"manager": MANAGER},
    ),
    (
        "UPDATE goal SET due_at = :due WHERE :manager = ANY(assignees) AND owner_id LIKE '%2'",
        {"manager": MANAGER, "due": NOW - timedelta(days=3)},
    ),
    (
        "UPDATE goal SET due_at = :due WHERE owner_id = :person AND task IS NOT NULL",
        {"person": REPORTS[0], "due": NOW - timedelta(days=1)},
    ),
)
AUDITOR = by(person_id(9)).model_copy(update={"roles": frozenset({Role.AUDITOR})})


@pytest_asyncio.fixture(scope="module")
async def company(postgres: Postgres) -> AsyncIterator[AsyncEngine]:
    async with postgres.migrated_database() as url:
        engine = open_database(url)
        await fill(engine, SIZE)
        async with engine.begin() as connection:
            for statement, values in CHANGED:
                await connection.execute(text(statement), values)
        yield engine
        await engine.dispose()


async def _members(engine: AsyncEngine) -> dict[str, TeamMember]:
    page = await Team(engine).read(by(MANAGER), MANAGER, NOW)
    return {one.employee: one for one in page.reports}


async def test_the_team_is_everybody_who_reports_to_the_manager_and_works_here_on_pages_of_any_size(
    company: AsyncEngine,
) -> None:
    paged, after = list[str](), ""
    while True:
        page = await Team(company).read(by(MANAGER), MANAGER, NOW, after=after, limit=4)
        paged += [one.employee for one in page.reports]
        if page.next is None:
            break
        after = page.next
    assert paged == [one for one in REPORTS if one != GONE]
    assert page.name == f"社員 {MANAGER}"


async def test_a_report_comes_with_the_goals_of_running_cycles_that_their_page_would_show(company: AsyncEngine) -> None:
    members = await _members(company)
    for person, member in members.items():
        listed = await _listed(company, person)
        assert list(member.goals) == listed
        assert member.goal_count == len(listed)
        assert member.late == sum(one.overdue for one in listed)
    assert not members[MOVED].goals
    assert sum(one.goal_count for one in members.values()) == len(REPORTS) - 2
    assert any(one.late for one in members.values())


async def _listed(engine: AsyncEngine, person: str) -> list[ListedGoal]:
    wanted = GoalFilter(cycle=cycle_id(1), owner=person)
    return list((await GoalReads(engine).list_goals(by(MANAGER), wanted, NOW)).goals)


async def test_it_says_who_is_on_leave_and_who_leaves(company: AsyncEngine) -> None:
    members = await _members(company)
    assert {one for one, member in members.items() if member.away} == {AWAY}
    assert members[AWAY].away_until == DAY + timedelta(days=30)
    assert {one: member.leaves for one, member in members.items() if member.leaves} == {
        LEAVES: DAY + timedelta(days=3650)
    }


async def test_the_workload_is_the_approvals_and_verdicts_of_the_inbox_that_can_be_decided_now(
    company: AsyncEngine,
) -> None:
    found = (await Team(company).read(by(MANAGER), MANAGER, NOW)).workload
    items = (await Inbox(company).read(by(MANAGER), MANAGER, NOW, limit=1_000)).items
    goals = [one.goal for one in items if one.goal.task and not one.goal.paused]
    kinds = [one.task.kind for one in goals if one.task]
    decisions = [one for one, kind in zip(goals, kinds, strict=True) if kind in (TaskKind.APPROVAL, TaskKind.VERDICT)]
    assert found.approvals == kinds.count(TaskKind.APPROVAL) > 0
    assert found.verdicts == kinds.count(TaskKind.VERDICT) > 0
    assert found.overdue == sum(one.overdue for one in decisions) > 0
    assert found.oldest_due == min(one.due_at for one in decisions if one.due_at)
    assert any(one.goal.paused for one in items), "paused ones are left out"


async def test_a_team_is_shown_to_its_manager_and_to_those_who_see_everything_only(company: AsyncEngine) -> None:
    for caller in (OPERATOR, AUDITOR):
        assert (await Team(company).read(caller, MANAGER, NOW)).reports
    for person in (person_id(0), person_id(2), REPORTS[0], GONE):
        with pytest.raises(Refusal) as refused:
            await Team(company).read(by(person), MANAGER, NOW)
        assert refused.value.code is Code.NOT_ALLOWED
    with pytest.raises(Refusal) as refused:
        await Team(company).read(OPERATOR, EmployeeId("nobody"), NOW)
    assert refused.value.code is Code.UNKNOWN_EMPLOYEE


async def test_a_page_takes_as_many_queries_for_two_reports_as_for_ten(company: AsyncEngine) -> None:
    counts = []
    for limit in (2, 20):
        with recorded(company) as statements:
            await Team(company).read(by(MANAGER), MANAGER, NOW, limit=limit)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 11
