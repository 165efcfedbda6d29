"""Lists and totals of a small company, compared with the same values computed by the domain from all goals."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.cycle.file import CycleFile
from domain.goal.goal import Goal
from domain.results import calibration
from domain.results.alignment import Node, build_tree, leaves_of
from domain.results.calibration import BUCKET, BUCKETS
from domain.results.time_at_work import TimeAtWork
from domain.values import CycleId, EmployeeId, GoalId
from service.tree import Part, Placed, Tree
from storage import cycles, goal_list, inbox, scores
from storage.database import open_database, read_transaction
from storage.goal_list import Filters
from storage.goal_pages import owners_named
from storage.goals import load_cycle, read_ledger, read_ledger_page
from storage.inbox import InboxKey, InboxLine
from storage.person_page import person_page
from storage.tables import DelegationRow, GoalRow
from tests.bench.dataset import HR, Size, cycle_id, fill, person_id
from tests.bench.lives import POLICY_OF_LIVES
from tests.bench.read_cases import NOW
from tests.callers import OPERATOR
from tests.servers import Postgres

SIZE = Size(goals=600, people=300, entries=5_000)
CYCLE = CycleId(cycle_id(1))
SHARED = """
UPDATE goal SET aggregate = aggregate || jsonb_build_object('credited', jsonb_build_object(
    owner_id, jsonb_build_object('score', (score - 2)::text, 'final', (score - 2 + adjusted)::text),
    '{colleague}', '{{"score": "1.50", "final": "1.50"}}'::jsonb, 'without-goals', '{{"score": "0.5", "final": "0.5"}}'::jsonb))
WHERE id LIKE '%8/1' AND score > 2
"""
CHANGED = (
    SHARED.format(colleague=person_id(3)),
    "UPDATE goal SET department = 'D999' WHERE id LIKE '%1/1' AND state <> 'closed'",
    "UPDATE goal SET state = 'closed', outcome = 'withdrawn', task = NULL WHERE id LIKE '%2/1' AND state = 'draft'",
    "UPDATE goal SET progress = progress + 0.1 WHERE id LIKE '%3/1'",
    "UPDATE goal SET aggregate = jsonb_set(aggregate, '{content,parent}', '\"T1\"') WHERE id LIKE '%4/1'",
    "UPDATE goal SET aggregate = aggregate || '{\"paused_on\": \"2026-11-01\"}' WHERE id LIKE '%7/1' AND task IS NOT NULL",
    "UPDATE participant SET result = 'failed', reason = 'no answer' WHERE employee_id LIKE '%5'",
)


@pytest_asyncio.fixture(scope="module")
async def company(postgres: Postgres) -> AsyncIterator[AsyncEngine]:
    """A filled database in which goals then changed their department, state, outcome, progress and parent."""
    async with postgres.migrated_database() as url:
        engine = open_database(url)
        await fill(engine, SIZE)
        async with engine.begin() as connection:
            for statement in CHANGED:
                await connection.execute(text(statement))
            delegation = {
                "delegator_id": person_id(1), "to_id": person_id(2), "first": date(2026, 10, 1),
                "last": date(2026, 12, 1), "given_by": HR[0],
            }  # fmt: skip
            await connection.execute(insert(DelegationRow).values(id="d1", **delegation))
        yield engine
        await engine.dispose()


async def _goals(engine: AsyncEngine) -> list[Goal]:
    async with read_transaction(engine) as connection:
        rows = await load_cycle(connection, CYCLE)
    return [Goal.model_validate({**form, "policy": POLICY_OF_LIVES}) for form, _ in rows]


async def test_the_totals_of_a_cycle_are_what_counting_its_rows_says_and_no_paused_goal_is_overdue(
    company: AsyncEngine,
) -> None:
    async with read_transaction(company) as connection:
        counts = await cycles.counts(connection, CYCLE, NOW)
        rows = (
            await connection.execute(select(GoalRow.department, GoalRow.state).where(GoalRow.cycle_id == CYCLE))
        ).all()
        overdue = await connection.scalar(
            text(
                "SELECT count(*) FROM goal WHERE cycle_id = :cycle AND task IS NOT NULL AND due_at < :now"
                " AND id NOT LIKE '%7/1'"
            ),
            {"cycle": CYCLE, "now": NOW},
        )
        paused = await connection.scalar(
            text("SELECT count(*) FROM goal WHERE cycle_id = :cycle AND task IS NOT NULL AND id LIKE '%7/1'"),
            {"cycle": CYCLE},
        )
    assert counts.goals == sorted((*key, number) for key, number in Counter((row[0], row[1]) for row in rows).items())
    assert counts.participants == {"failed": 30, "started": 270}
    assert [person for person, _ in counts.failed] == [person_id(n) for n in range(5, 300, 10)]
    assert counts.overdue == overdue > 0
    assert counts.paused == paused > 0


async def test_the_sums_under_each_node_are_those_of_its_goals(company: AsyncEngine) -> None:
    counted = """
    SELECT parent, count(*), sum(weight), sum(weight * progress) FROM goal
    WHERE cycle_id = :cycle AND parent IS NOT NULL
      AND (outcome IS NULL OR outcome NOT IN ('withdrawn', 'lapsed', 'removed', 'cancelled')) GROUP BY 1 ORDER BY 1
    """
    kept = """
    SELECT parent, sum(goals), sum(weight), sum(weighted) FROM goal_sum
    WHERE cycle_id = :cycle GROUP BY 1 HAVING sum(goals) > 0 ORDER BY 1
    """
    async with read_transaction(company) as connection:
        expected = (await connection.execute(text(counted), {"cycle": CYCLE})).all()
        found = (await connection.execute(text(kept), {"cycle": CYCLE})).all()
    assert found == expected
    assert len(found) > 30


FILTERS: tuple[dict[str, Any], ...] = (
    {},
    {"cycle": CYCLE},
    {"owner": person_id(7)},
    {"state": "draft"},
    {"department": "D999"},
    {"cycle": CYCLE, "state": "closed"},
    {"cycle": CYCLE, "department": "HQ"},
    {"department": "D999", "state": "active"},
    {"cycle": CYCLE, "department": "D999", "state": "draft"},
    {"owner": person_id(7), "state": "closed"},
    {"overdue_at": NOW},
    {"cycle": CYCLE, "overdue_at": NOW},
    {"cycle": CYCLE, "overdue_at": NOW, "task": "draft", "state": "draft", "department": "HQ"},
    {"escalated": True},
    {"cycle": CYCLE, "escalated": True, "state": "active"},
    {"paused": True},
    {"returned": True, "cycle": CYCLE},
    {"returned": True, "overdue_at": NOW},
    {"task": "verdict", "state": "in_review"},
    {"cycle": CYCLE, "task": "draft", "state": "draft", "department": "D999"},
    {"waits_for": person_id(2)},
    {"cycle": CYCLE, "waits_for": HR[1], "escalated": True},
    {"cycle": CYCLE, "owners": [person_id(7), person_id(8)]},
    {"cycle": CYCLE, "name": "社員 P00001"},
    {"name": "社員 P00001", "state": "active"},
)


_FITS = {
    "cycle": "cycle_id = :cycle", "owner": "owner_id = :owner", "state": "state = :state",
    "department": "department = :department", "task": "task = :task",
    "overdue_at": "task IS NOT NULL AND due_at < :overdue_at AND NOT aggregate ? 'paused_on'",
    "escalated": "escalated", "paused": "aggregate ? 'paused_on'", "returned": "returned AND state = 'draft'",
    "waits_for": "task IS NOT NULL AND :waits_for = ANY(assignees)", "owners": "owner_id = ANY(:owners)",
    "name": "owner_id IN (SELECT id FROM employee WHERE starts_with(name, :name))",
}  # fmt: skip


@pytest.mark.parametrize("filters", FILTERS, ids=lambda filters: ",".join(filters) or "all")
async def test_the_pages_of_a_list_hold_each_goal_that_fits_once_and_in_order(
    company: AsyncEngine, filters: dict[str, Any]
) -> None:
    query = select(GoalRow.id).where(*(text(_FITS[name]) for name in filters)).order_by(GoalRow.id)
    found: list[str] = []
    async with read_transaction(company) as connection:
        expected = list((await connection.execute(query, filters)).scalars())
        while page := await goal_list.list_goals(
            connection, Filters(**filters), after=found[-1] if found else "", limit=7
        ):
            found += [one.id for one in page]
    assert found == expected
    assert found


async def test_owners_are_found_by_the_beginning_of_their_name_and_by_their_whole_id_or_number(
    company: AsyncEngine,
) -> None:
    async with company.begin() as connection:
        await connection.execute(text("UPDATE employee SET name = 'Smith 花子', number = 'N-7' WHERE id = 'P000007'"))
        found = {words: await owners_named(connection, words) for words in ("smith", "P000007", "N-7", "N-", "00007")}
        many = await owners_named(connection, "社員 P0002")
        await connection.execute(text("UPDATE employee SET name = '社員 P000007', number = NULL WHERE id = 'P000007'"))
    assert found == {"smith": ["P000007"], "P000007": ["P000007"], "N-7": ["P000007"], "N-": [], "00007": []}
    assert many == [person_id(n) for n in range(200, 300)]


async def test_a_condition_leaves_out_what_a_reader_may_not_see(company: AsyncEngine) -> None:
    async with read_transaction(company) as connection:
        seen = await goal_list.list_goals(
            connection, Filters(department="D999"), condition=GoalRow.line.contains([person_id(1)]), limit=500
        )
        everything = await goal_list.list_goals(connection, Filters(department="D999"), limit=500)
    assert 0 < len(seen) < len(everything)


async def test_the_pages_of_an_inbox_hold_every_line_once_the_most_urgent_first(company: AsyncEngine) -> None:
    found: list[InboxLine] = []
    async with read_transaction(company) as connection:
        whole = await inbox.inbox(connection, person_id(2), NOW, limit=1_000)
        while page := await inbox.inbox(connection, person_id(2), NOW, after=_place(found), limit=3):
            found += page
        waiting = await inbox.count_waiting(connection, person_id(2), NOW)
    assert found == whole
    assert len(whole) == waiting > 3
    assert {one.acting_for for one in whole} == {None, person_id(1)}
    assert [one.goal.due_at for one in whole] == sorted(one.goal.due_at for one in whole if one.goal.due_at)
    assert all(one.acting_for is None or one.goal.owner_id != person_id(2) for one in whole)


def _place(lines: list[InboxLine]) -> InboxKey | None:
    due = lines[-1].goal.due_at if lines else None
    return InboxKey(due, lines[-1].goal.id) if due else None


async def test_the_scores_are_those_that_the_domain_works_out(company: AsyncEngine) -> None:
    async with read_transaction(company) as connection:
        people, after = [], ""
        while page := await scores.people(connection, CYCLE, after=after, limit=70):
            people += page
            after = page[-1].person
        reviewers, after = [], ""
        while groups := await scores.by_reviewer(
            connection, CYCLE, width=BUCKET, buckets=BUCKETS, after=after, limit=5
        ):
            reviewers += groups
            after = groups[-1].name
        overall = await scores.spread(connection, CYCLE, scores.Grouping.ALL, width=BUCKET, buckets=BUCKETS)
    results = calibration.results_of(await _goals(company))
    assert [(one.person, one.reviewer, one.goals, one.score, one.final) for one in people] == [
        (one.person, one.reviewer, one.goals, one.score, one.final) for one in results
    ]
    assert {one.person: one.goals for one in people}["without-goals"] == 0
    assert [tuple(one) for one in reviewers] == [_spread(one) for one in calibration.by_reviewer(results)]
    expected = calibration.overall(results)
    assert expected is not None
    assert [tuple(one) for one in overall] == [_spread(expected)]


async def test_means_that_are_weighted_by_the_time_at_work_are_those_that_the_domain_works_out(
    company: AsyncEngine,
) -> None:
    goals = await _goals(company)
    people = [one.person for one in calibration.results_of(goals)]  # also who contributes to a goal and owns none
    times = {one: TimeAtWork(n % 7 * 9, 63) for n, one in enumerate(people) if n % 3}  # a third has worked always
    shares = {person: time.share for person, time in times.items()}
    form: dict[str, Any] = {"width": BUCKET, "buckets": BUCKETS, "shares": shares}
    async with read_transaction(company) as connection:
        reviewers = await scores.by_reviewer(connection, CYCLE, limit=1_000, **form)
        reviewers = [*await scores.without_reviewer(connection, CYCLE, **form), *reviewers]
        overall = await scores.spread(connection, CYCLE, scores.Grouping.ALL, **form)
        none_worked = dict.fromkeys(people, Decimal(0))
        plain = await scores.spread(connection, CYCLE, scores.Grouping.ALL, **(form | {"shares": none_worked}))
        unweighted = await scores.spread(connection, CYCLE, scores.Grouping.ALL, width=BUCKET, buckets=BUCKETS)
    results = calibration.results_of(goals, times)
    assert [tuple(one) for one in reviewers] == [_spread(one) for one in calibration.by_reviewer(results)]
    expected = calibration.overall(results)
    assert expected is not None
    assert [tuple(one) for one in overall] == [_spread(expected)]
    assert overall[0].mean != unweighted[0].mean
    assert plain == unweighted


def _spread(one: calibration.Spread) -> tuple[Any, ...]:
    return (*one[:-1], list(one.counts))


async def test_a_node_of_the_tree_is_as_the_whole_tree_has_it(company: AsyncEngine) -> None:
    async with read_transaction(company) as connection:
        row = await cycles.find_cycle(connection, CYCLE)
        shown = {one.id: one for one in await goal_list.list_goals(connection, Filters(cycle=CYCLE), limit=1_000)}
        progress = {row[0]: row[1] for row in await connection.execute(select(GoalRow.id, GoalRow.progress))}
    assert row is not None
    leaves = [
        leaf._replace(own=progress[leaf.id]) if leaf.is_goal else leaf
        for leaf in leaves_of(CycleFile.model_validate(row.file), await _goals(company))
        if leaf.id not in shown or shown[leaf.id].outcome != "withdrawn"
    ]
    nodes = {node.leaf.id: node for root in build_tree(leaves).roots for node in _all(root)}
    for name in ("T1", "T2", "dg-HQ", "dg-D011", f"{CYCLE}/{person_id(12)}/1"):
        branch = await Tree(company).node(OPERATOR, CYCLE, name, limit=500)
        assert branch.node is not None
        assert branch.node.from_below == nodes[name].from_below
        below = {one.leaf.id: one.from_below for one in nodes[name].children}
        assert {one.id: one.from_below for one in (*branch.sections, *branch.goals)} == below
    top = await Tree(company).top(OPERATOR, CYCLE)
    assert {one.id for one in top.sections} == {f"T{n}" for n in range(1, 6)}


async def test_the_outline_has_the_sections_of_the_whole_tree_and_the_goals_that_serve_nothing_page_by_page(
    company: AsyncEngine,
) -> None:
    whole = [one async for one in Tree(company).stream(OPERATOR, CYCLE) if isinstance(one, Placed)]
    sections = [(one.depth, one.node.id) for one in whole if one.part is Part.TREE and one.node.owner is None]
    orphans = [one.node.id for one in whole if one.part is Part.ORPHANS]
    first = await Tree(company).outline(OPERATOR, CYCLE, limit=7)
    assert [(depth, one.id) for depth, one in first.sections] == sections
    assert first.orphans == len(orphans)
    found, page = [one.id for one in first.goals], first
    while page.next:
        page = await Tree(company).outline(OPERATOR, CYCLE, after=page.next, limit=7)
        found += [one.id for one in page.goals]
    assert found == orphans


def _all(node: Node) -> list[Node]:
    return [node, *(one for child in node.children for one in _all(child))]


async def test_a_ledger_is_read_from_its_end_page_by_page(company: AsyncEngine) -> None:
    goal = GoalId(f"{cycle_id(0)}/{person_id(1)}/1")
    async with read_transaction(company) as connection:
        whole = await read_ledger(connection, goal)
        last = await read_ledger_page(connection, goal, limit=4)
        before = await read_ledger_page(connection, goal, before=int(last[-1].event["seq"]), limit=4)
    assert [*last, *before] == whole[::-1][:8]


async def test_a_person_s_page_shows_goals_of_the_newest_cycle_first_and_what_waits(company: AsyncEngine) -> None:
    async with read_transaction(company) as connection:
        page = await person_page(connection, person_id(2), NOW)
        nobody = await person_page(connection, EmployeeId("NOBODY"), NOW)
    assert page is not None
    assert nobody is None
    assert (page.person.manager_id, page.person.reports) == (person_id(0), 10)
    assert [one.id.partition("/")[0] for one in page.goals] == [cycle_id(1), cycle_id(0)]
    assert page.waiting > 0
