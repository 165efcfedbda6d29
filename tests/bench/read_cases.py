"""Every read that a list or a page makes, on the company of dataset.py: reads.py measures them, tests/storage checks their plans."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from domain.access import ALLOWED, Action, Relation
from domain.results.calibration import BUCKET, BUCKETS
from storage import board, cycles, goal_list, goal_tree, goals, inbox, person_page, scores, team
from storage.visibility import visible
from tests.bench.dataset import HR, Size, cycle_id, department_goal, person_id, place_of

NOW = datetime(2026, 10, 26, tzinfo=UTC)
PAGE = 50
_RELATIONS = [one.value for one in ALLOWED[Action.SEE_GOAL] - {Relation.AUDITOR, Relation.OPERATOR}]
_STRIDE = 7919  # a prime: consecutive reads are of people far apart

Read = Callable[[AsyncConnection, "Company", int], Awaitable[Any]]


class Company(NamedTuple):
    size: Size

    @property
    def cycle(self) -> str:
        """The one that is under way."""
        return cycle_id(self.size.cycles - 1)

    def number(self, turn: int) -> int:
        """Of the person whom the `turn`-th read is about."""
        return 1 + turn * _STRIDE % self.size.people

    def person(self, turn: int) -> str:
        return person_id(self.number(turn))

    def manager(self, turn: int) -> str:
        """Somebody with ten reports."""
        return person_id(1 + turn * _STRIDE % (self.size.people // 12))

    def goal(self, turn: int) -> str:
        return f"{self.cycle}/{self.person(turn)}/1"

    def department(self, turn: int) -> str:
        return place_of(self.number(turn)).department


class Case(NamedTuple):
    """A read, what it may at most ask the database, and whether a page shows it: those have 100 ms."""

    name: str
    read: Read
    queries: int


async def _status(connection: AsyncConnection, of: Company, turn: int) -> Any:
    return await cycles.counts(connection, of.cycle, NOW)


async def _goal(connection: AsyncConnection, of: Company, turn: int) -> Any:
    goal = of.goal(turn)
    return await goals.load_aggregates(connection, ids=[goal]), await goals.read_ledger_page(connection, goal)


async def _section(connection: AsyncConnection, of: Company, turn: int) -> Any:
    node = department_goal(of.department(turn))
    sums = await goal_tree.sums_under(connection, of.cycle, [node])
    return sums, await goal_tree.children_of(connection, of.cycle, node, limit=PAGE)


async def _top(connection: AsyncConnection, of: Company, turn: int) -> Any:
    found = await goal_tree.sections(connection, of.cycle)
    nodes = [one["id"] for part in found or () for one in part]
    return await goal_tree.sums_under(connection, of.cycle, nodes)


async def _node(connection: AsyncConnection, of: Company, turn: int) -> Any:
    goal = f"{of.cycle}/{of.manager(turn)}/1"
    found = await goal_tree.find_goal(connection, of.cycle, goal)
    return found, await goal_tree.children_of(connection, of.cycle, goal, limit=PAGE)


async def _by_reviewer(connection: AsyncConnection, of: Company, turn: int) -> Any:
    after = of.manager(turn)
    return await scores.by_reviewer(connection, of.cycle, width=BUCKET, buckets=BUCKETS, after=after, limit=PAGE)


async def _team(connection: AsyncConnection, of: Company, turn: int) -> Any:
    manager = of.manager(turn)
    condition = await visible(connection, everything=False, person=manager, relations=_RELATIONS, now=NOW)
    reports = await team.reports_page(connection, manager, after="", limit=PAGE)
    found = await team.goals_of_each(connection, [one.id for one in reports], NOW, condition, most=20)
    return found, await inbox.workload(connection, manager, NOW)


def _list(*filters: str, deep: bool = False) -> Read:
    """A page of the list with these filters: the first, or one from the middle."""

    async def read(connection: AsyncConnection, of: Company, turn: int) -> Any:
        all_of_them = {
            "cycle": of.cycle, "owner": of.person(turn), "state": ("draft", "in_review")[turn % 2],
            "department": of.department(turn),
        }  # fmt: skip
        wanted = {name: all_of_them[name] for name in filters}
        return await goal_list.list_goals(connection, **wanted, after=of.goal(turn) if deep else "", limit=PAGE)  # type: ignore[arg-type] # the filters are texts

    return read


_FILTERS = ("cycle", "owner", "state", "department")
_LISTS = [
    Case("list: " + (", ".join(chosen) or "all"), _list(*chosen), 1 + ("department" in chosen))
    for bits in range(16)
    if (chosen := tuple(name for bit, name in enumerate(_FILTERS) if bits >> bit & 1)) is not None
]
CASES: tuple[Case, ...] = (
    Case("inbox of a manager", lambda c, of, n: inbox.inbox(c, of.manager(n), NOW, limit=PAGE), 2),
    Case("inbox of HR", lambda c, _, n: inbox.inbox(c, HR[n % len(HR)], NOW, limit=PAGE), 2),
    *_LISTS,
    Case("list: cycle, from the middle", _list("cycle", deep=True), 1),
    Case("list: cycle and state, from the middle", _list("cycle", "state", deep=True), 1),
    Case("cycle status", _status, 4),
    Case("tree: themes and department goals", _top, 2),
    Case("tree: a department goal with its children", _section, 2),
    Case("tree: a goal with its children", _node, 2),
    Case("scores: a page of people", lambda c, of, n: scores.people(c, of.cycle, after=of.person(n), limit=PAGE), 1),
    Case("scores: a page of reviewers", _by_reviewer, 2),
    Case("a goal with its ledger", _goal, 2),
    Case("board: numbers by department", lambda c, of, _: board.numbers(c, of.cycle, NOW), 2),
    Case("board: moves of a quarter", lambda c, of, _: board.moves_since(c, of.cycle, date(2026, 8, 1)), 1),
    Case("board: whom overdue decisions wait for", lambda c, of, _: board.slowest(c, of.cycle, NOW, limit=20), 1),
    Case("team: reports with their goals", _team, 6),
    Case("a person's page", lambda c, of, n: person_page.person_page(c, of.person(n), NOW), 4),
)
