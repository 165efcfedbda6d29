"""Pages and exports of a company: how many queries each takes, that pages stay in order while goals are added, and what they hold."""

import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from python_calamine import CalamineSheet, CalamineWorkbook
from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from cli.cycle.tree_json import print_tree_json
from domain.goal.goal import Goal
from domain.results import calibration
from domain.results.alignment import Leaf, Node, build_tree, leaves_of
from domain.values import CycleId, EmployeeId, GoalId, Locale
from service.cycles import CycleReads
from service.goal_documents import GoalFilter
from service.goals import GoalReads
from service.inbox import Inbox
from service.people import People
from service.projection import stream_goals
from service.results import Grouping, PersonScore, Results
from service.results_export import ResultsExport
from service.sheets import Sheets
from service.tree import Heading, Part, Placed, Tree
from sheets.goal_sheet import write_goal_sheet
from sheets.results import results_csv_rows
from storage.cycles import GOAL_COLUMNS, find_cycle
from storage.database import open_database, read_transaction
from storage.tables import GoalRow
from tests.bench.dataset import Size, cycle_id, fill, person_id
from tests.bench.read_cases import NOW
from tests.callers import OPERATOR, by
from tests.servers import Postgres
from tests.storage.test_read_plans import recorded

SIZE = Size(goals=600, people=300, entries=5_000)
CYCLE = CycleId(cycle_id(1))
HR_MEMBER = by("H1")  # as the cycle's rules say
_EMPLOY = text("INSERT INTO employee (id, name, department) VALUES ('h1', '人事 一', 'HR')")
CHANGED = (  # goals without a parent, with one that does not exist, and given up
    "UPDATE goal SET aggregate = aggregate #- '{content,parent}' WHERE id LIKE '%7/1'",
    "UPDATE goal SET aggregate = jsonb_set(aggregate, '{content,parent}', '\"nowhere\"') WHERE id LIKE '%9/1'",
    "UPDATE goal SET aggregate = jsonb_set(aggregate, '{outcome}', '\"withdrawn\"'), outcome = 'withdrawn' WHERE id LIKE '%11/1'",
)
_SERVE = text(
    "UPDATE goal SET aggregate = jsonb_set(aggregate, '{content,parent}', to_jsonb(CAST(:parent AS text))) WHERE id = :goal"
)
PARENTS = {"P000003": f"{CYCLE}/P000040/1", "P000040": f"{CYCLE}/P000003/1"}  # a circle


@pytest_asyncio.fixture(scope="module")
async def company(postgres: Postgres) -> AsyncIterator[AsyncEngine]:
    async with postgres.migrated_database() as url:
        engine = open_database(url)
        await fill(engine, SIZE)
        async with engine.begin() as connection:
            await connection.execute(_EMPLOY)
            for owner, parent in PARENTS.items():
                await connection.execute(_SERVE, {"goal": f"{CYCLE}/{owner}/1", "parent": parent})
            for statement in CHANGED:
                await connection.execute(text(statement))
        yield engine
        await engine.dispose()


def _page(engine: AsyncEngine, limit: int) -> dict[str, Callable[[], Awaitable[Any]]]:
    """Every page that a command shows, of `limit` lines."""
    manager, goal = EmployeeId(person_id(1)), f"{CYCLE}/{person_id(1)}/1"
    trees, results = Tree(engine), Results(engine)
    return {
        "goal list": lambda: GoalReads(engine).list_goals(HR_MEMBER, GoalFilter(CYCLE, limit=limit)),
        "goal show": lambda: GoalReads(engine).look(HR_MEMBER, GoalId(goal)),
        "inbox": lambda: Inbox(engine).read(OPERATOR, manager, NOW, limit=limit),
        "tree: top": lambda: trees.top(HR_MEMBER, CYCLE),
        "tree: section": lambda: trees.node(HR_MEMBER, CYCLE, "dg-HQ", limit=limit),
        "tree: goal": lambda: trees.node(HR_MEMBER, CYCLE, goal, limit=limit),
        "scores": lambda: results.scores(HR_MEMBER, CYCLE, limit=limit),
        "scores of a department": lambda: results.scores(HR_MEMBER, CYCLE, "HQ", limit=limit),
        "scores by reviewer": lambda: results.distribution(HR_MEMBER, CYCLE, Grouping.REVIEWER, limit=limit),
        "scores by department": lambda: results.distribution(HR_MEMBER, CYCLE, Grouping.DEPARTMENT),
        "person": lambda: People(engine).person(HR_MEMBER, manager, NOW),
        "status": lambda: CycleReads(engine).status(HR_MEMBER, CYCLE, NOW),
    }


MOST_QUERIES = {
    "goal list": 5, "goal show": 4, "inbox": 6, "tree: top": 3, "tree: section": 4, "tree: goal": 4, "scores": 5,
    "scores of a department": 6, "scores by reviewer": 8, "scores by department": 5, "person": 14, "status": 9,
}  # fmt: skip


@pytest.mark.parametrize("page", MOST_QUERIES)
async def test_a_page_takes_as_many_queries_for_two_lines_as_for_fifty(company: AsyncEngine, page: str) -> None:
    counts = []
    for limit in (2, 50):
        with recorded(company) as statements:
            await _page(company, limit)[page]()
        counts.append(len(statements))
    assert counts[0] == counts[1] <= MOST_QUERIES[page]


async def _goals(engine: AsyncEngine) -> list[Goal]:
    async with read_transaction(engine) as connection:
        return [goal async for page in stream_goals(connection, CYCLE, size=70) for goal in page]


async def test_a_cycle_is_streamed_whole_and_in_order(company: AsyncEngine) -> None:
    query = select(GoalRow.id).where(GoalRow.cycle_id == CYCLE).order_by(GoalRow.id)
    async with read_transaction(company) as connection:
        expected = list(await connection.scalars(query))
    with recorded(company) as statements:
        assert [goal.id for goal in await _goals(company)] == expected
    assert len(statements) == 1 + 5, "the cycle, four full pages of 70 and one of 20"


async def test_the_streamed_tree_is_the_one_that_the_domain_builds(company: AsyncEngine) -> None:
    async with read_transaction(company) as connection:
        row = await find_cycle(connection, CYCLE)
        query = select(GoalRow.id, GoalRow.progress).where(GoalRow.cycle_id == CYCLE)
        progress = {one[0]: one[1] for one in await connection.execute(query)}
    assert row is not None
    leaves = [
        leaf._replace(own=progress[leaf.id]) if leaf.is_goal else leaf
        for leaf in leaves_of(row.file, await _goals(company))
    ]
    whole = build_tree(leaves)
    assert len(whole.orphans) > len(whole.circles) == 2
    assert len(whole.missing_parent) > 20

    parts = [one async for one in Tree(company).stream(HR_MEMBER, CYCLE)]
    placed = [one for one in parts if isinstance(one, Placed)]
    streamed = [(one.depth, one.node.id, one.node.own) for one in placed if one.part is Part.TREE]
    expected = [line for root in whole.roots for line in _lines(root, 0)]
    assert sorted(streamed) == sorted(expected)
    assert streamed[: len(row.file.themes)] == expected[: len(row.file.themes)], (
        "a node is followed by what is under it"
    )
    for part, listed in (
        (Part.MISSING_PARENT, whole.missing_parent), (Part.CIRCLES, whole.circles), (Part.ORPHANS, whole.orphans),
    ):  # fmt: skip
        assert Heading(part, len(listed)) in parts
        assert [one.node.id for one in placed if one.part is part] == _ids(listed)

    with redirect_stdout(io.StringIO()) as out:
        await print_tree_json(Tree(company).stream(HR_MEMBER, CYCLE))
    document = json.loads(out.getvalue())
    assert document["circles"] == _ids(whole.circles)
    assert [line for root in document["roots"] for line in _depths(root, 0)] == [line[:2] for line in streamed]


async def test_the_tree_of_a_department_has_its_nodes_with_those_above_and_no_others(company: AsyncEngine) -> None:
    whole = [one async for one in Tree(company).stream(HR_MEMBER, CYCLE)]
    nodes = [one for one in whole if isinstance(one, Placed)]
    chosen = nodes[40].node.department
    assert chosen
    found = [one async for one in Tree(company).stream_department(HR_MEMBER, CYCLE, chosen)]
    theirs = [one for one in nodes if one.node.department == chosen]
    assert 0 < len(theirs) < len(nodes)
    assert [one for one in found if isinstance(one, Placed) and one.node.department == chosen] == theirs
    path: list[Placed] = []
    above = set()
    for one in (one for one in nodes if one.part is Part.TREE):
        path[one.depth :] = [one]
        above |= {each.node.id for each in path} if one.node.department == chosen else set()
    in_tree = [one for one in found if isinstance(one, Placed) and one.part is Part.TREE]
    assert in_tree == [one for one in nodes if one.part is Part.TREE and one.node.id in above]
    for heading in (one for one in found if isinstance(one, Heading)):
        assert heading.goals == sum(one.part is heading.part for one in theirs)


def _lines(node: Node, depth: int) -> list[tuple[int, str, Any]]:
    below = [line for child in node.children for line in _lines(child, depth + 1)]
    return [(depth, node.leaf.id, node.leaf.own), *below]


def _depths(node: dict[str, Any], depth: int) -> list[tuple[int, str]]:
    return [(depth, node["node"]), *(line for child in node["children"] for line in _depths(child, depth + 1))]


def _ids(leaves: tuple[Leaf, ...]) -> list[str]:
    return [leaf.id for leaf in leaves]


async def test_all_scores_and_their_pages_are_those_that_the_domain_works_out(company: AsyncEngine) -> None:
    for department in (None, "HQ"):
        goals = [goal for goal in await _goals(company) if department in (None, goal.department)]
        expected = {one.person: (one.goals, one.score, one.adjusted) for one in calibration.results_of(goals)}
        results = Results(company)
        streamed = [
            one async for page, _ in results.stream_scores(HR_MEMBER, CYCLE, department, size=7) for one in page
        ]
        assert {one.person: (one.goals, one.score, one.adjusted) for one in streamed} == expected
        assert [one.person for one in streamed] == sorted(expected)
        paged, after = list[PersonScore](), ""
        while True:
            page, _ = await results.scores(HR_MEMBER, CYCLE, department, after=after, limit=9)
            paged += page.people
            if page.next is None:
                break
            after = page.next
        assert paged == streamed


async def test_the_workbook_holds_every_goal_and_person_and_agrees_with_the_domain(
    company: AsyncEngine, tmp_path: Path
) -> None:
    file, goals = tmp_path / "results.xlsx", await _goals(company)
    assert await ResultsExport(company).write_book(HR_MEMBER, CYCLE, file, Locale.EN) == len(goals)
    book = CalamineWorkbook.from_path(str(file))
    rows = {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}
    results = calibration.results_of(goals)
    assert [row[0] for row in rows["goals"][2:]] == [goal.id for goal in goals]
    assert [(row[0], row[7]) for row in rows["people"][2:]] == [(one.person, float(one.final)) for one in results]
    assert [(row[0], row[1], row[5]) for row in rows["summary"][2:]] == [
        (one.name, one.people, float(one.median)) for one in calibration.by_department(results)
    ]
    spread = calibration.overall(results)
    assert spread is not None
    assert [row[1] for row in rows["distribution"][1:9]] == list(spread.counts)


async def test_everybody_has_one_sheet_with_all_their_goals(company: AsyncEngine) -> None:
    sheets = [one async for one in Sheets(company).sheets_of(HR_MEMBER, CYCLE)]
    owned = await _goals(company)
    assert [one.person.id for one in sheets] == sorted({goal.owner for goal in owned})
    assert [goal.goal.id for one in sheets for goal in one.goals] == [goal.id for goal in owned]
    assert any(goal.review.went_well for one in sheets for goal in one.goals)


@pytest.mark.parametrize(("locale", "mark"), [(Locale.JA, "{}(退職)"), (Locale.EN, "{} (left)")])
async def test_names_of_people_who_left_are_marked_in_the_workbook_the_table_and_the_sheet(
    company: AsyncEngine, tmp_path: Path, locale: Locale, mark: str
) -> None:
    owner, other = sorted({goal.owner for goal in await _goals(company)})[:2]
    left, stays = mark.format(_name(owner)), _name(other)
    file, export = tmp_path / "results.xlsx", ResultsExport(company)
    async with _left(company, owner):
        await export.write_book(HR_MEMBER, CYCLE, file, locale)
        rows = [sheet.to_python()[2:] for sheet in _sheets(file.read_bytes())]
        assert {one[0]: one[1] for one in rows[1]}.items() >= {owner: left, other: stays}.items()
        assert {str(one[0]).split("/")[1]: one[1] for one in rows[2]}.items() >= {owner: left, other: stays}.items()
        table = b"".join(
            [results_csv_rows(page, names, locale) async for page, names in export.goals(HR_MEMBER, CYCLE)]
        )
        assert f",{left},".encode() in table
        by_owner = {one.person.id: one async for one in Sheets(company).sheets_of(HR_MEMBER, CYCLE)}
        for one, name in ((owner, left), (other, stays)):
            [page, *_] = _sheets(write_goal_sheet(by_owner[one], locale))
            assert name in page.to_python()[2]


def _name(person: str) -> str:
    return f"社員 {person}"


def _sheets(book: bytes) -> list[CalamineSheet]:
    read = CalamineWorkbook.from_filelike(io.BytesIO(book))
    return [read.get_sheet_by_name(one) for one in read.sheet_names]


@asynccontextmanager
async def _left(engine: AsyncEngine, person: str) -> AsyncIterator[None]:
    """The person does not work here meanwhile."""
    change = text("UPDATE employee SET active = :active WHERE id = :person")
    async with engine.begin() as connection:
        await connection.execute(change, {"active": False, "person": person})
    yield
    async with engine.begin() as connection:
        await connection.execute(change, {"active": True, "person": person})


async def _add_goals(engine: AsyncEngine) -> None:
    """A second goal for everybody in the cycle."""
    columns = [getattr(GoalRow, name) for name in GOAL_COLUMNS if name != "id"]
    copied = select(func.replace(GoalRow.id, "/1", "/2"), *columns).where(GoalRow.cycle_id == CYCLE)
    async with engine.begin() as connection:
        await connection.execute(insert(GoalRow).from_select(["id", *(one.key for one in columns)], copied))


_Pages = Callable[[str], Awaitable[tuple[list[str], str | None]]]


def _paged(engine: AsyncEngine) -> dict[str, _Pages]:
    """Lists in pages of a few: the ids on the page after a place, and the next place."""

    async def goals(after: str) -> tuple[list[str], str | None]:
        page = await GoalReads(engine).list_goals(HR_MEMBER, GoalFilter(CYCLE, limit=4, after=after))
        return [one.goal for one in page.goals], page.next

    async def inbox(after: str) -> tuple[list[str], str | None]:
        page = await Inbox(engine).read(OPERATOR, EmployeeId(person_id(1)), NOW, after=after, limit=2)
        return [one.goal.goal for one in page.items], page.next

    async def children(after: str) -> tuple[list[str], str | None]:
        page = await Tree(engine).node(HR_MEMBER, CYCLE, "dg-HQ", after=after, limit=3)
        return [one.id for one in page.goals], page.next

    async def people(after: str) -> tuple[list[str], str | None]:
        page, _ = await Results(engine).scores(HR_MEMBER, CYCLE, after=after, limit=5)
        return [one.person for one in page.people], page.next

    return {"goals": goals, "inbox": inbox, "children": children, "people": people}


async def _all_pages(page: _Pages, after: str | None) -> list[str]:
    found: list[str] = []
    while after is not None:
        lines, after = await page(after)
        found += lines
    return found


@pytest.mark.parametrize("name", ["goals", "inbox", "children", "people"])
async def test_pages_show_each_line_once_and_in_order_while_goals_are_added(database: AsyncEngine, name: str) -> None:
    await fill(database, Size(goals=120, people=60, entries=600))
    async with database.begin() as connection:
        await connection.execute(_EMPLOY)
    page = _paged(database)[name]
    before = await _all_pages(page, "")
    shown, following = await page("")
    assert following is not None
    await _add_goals(database)
    shown += await _all_pages(page, following)
    after = await _all_pages(page, "")
    assert len(set(shown)) == len(shown)
    assert [one for one in shown if one in before] == before
    assert [one for one in after if one in shown] == shown


async def test_a_place_that_is_none_is_refused(company: AsyncEngine) -> None:
    with pytest.raises(Exception, match="unknown_goal"):
        await Inbox(company).read(OPERATOR, EmployeeId(person_id(1)), datetime.now(UTC), after="somewhere")
