"""Use cases of a cycle's results: the tree of goals with its progress, and scores by person, reviewer and department."""

from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from domain.access import Action, Caller
from domain.results import calibration
from domain.results.alignment import Leaf, Node, Tree, build_tree, leaves_of
from domain.values import CycleId, EmployeeId, Frozen
from service.cycle_lookup import require_cycle
from service.projection import goals_of_cycle, names_by_id
from service.relations import require_colleague, require_hr
from storage.database import read_transaction

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine


class Grouping(StrEnum):
    """By what the distribution of scores is grouped."""

    REVIEWER = "reviewer"
    DEPARTMENT = "department"


class TreeNode(Frozen):
    """A theme, department goal or goal; progress is a share, `own` by its own measure, `from_below` by its children."""

    id: str
    title: str
    parent: str | None
    owner: EmployeeId | None
    department: str | None
    weight: int
    own: Decimal | None
    from_below: Decimal | None
    children: tuple["TreeNode", ...]


class TreeDocument(Frozen):
    """The tree for programs; the ids of goals without a parent, with a parent that does not exist, and in circles."""

    roots: tuple[TreeNode, ...]
    orphans: tuple[str, ...]
    missing_parent: tuple[str, ...]
    circles: tuple[str, ...]


class TreePage(NamedTuple):
    """The tree of a cycle, and the names of the goals' owners by id."""

    tree: Tree
    names: dict[str, str]

    @property
    def document(self) -> TreeDocument:
        return TreeDocument(
            roots=tuple(_node(one) for one in self.tree.roots),
            orphans=_ids(self.tree.orphans),
            missing_parent=_ids(self.tree.missing_parent),
            circles=_ids(self.tree.circles),
        )


class PersonScore(Frozen):
    """A person's result in a cycle, in points: `adjusted` are those of calibration, `final` is the sum."""

    person: EmployeeId
    department: str
    reviewer: EmployeeId | None
    goals: int
    score: Decimal
    adjusted: Decimal
    final: Decimal


class PersonScores(Frozen):
    """Results by person, by id."""

    people: tuple[PersonScore, ...]


class Distribution(Frozen):
    """How results are distributed over reviewers or departments, and overall (None: nobody has a result)."""

    spreads: tuple[calibration.Spread, ...]
    overall: calibration.Spread | None


class Results:
    """What a caller may read of a cycle's results. Every method raises a `Refusal` for a caller who may not."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def tree(self, caller: Caller, cycle: CycleId) -> TreePage:
        """Themes, department goals and goals, with the progress that rolls up through them."""
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_TREE)
            row = await require_cycle(connection, cycle)
            goals = await goals_of_cycle(connection, cycle)
            names = await names_by_id(connection, {goal.owner for goal in goals})
        return TreePage(build_tree(leaves_of(row.file, goals)), names)

    async def scores(
        self, caller: Caller, cycle: CycleId, department: str | None = None
    ) -> tuple[PersonScores, dict[str, str]]:
        """HR: the results by person, and the people's names by id."""
        async with read_transaction(self._engine) as connection:
            results = await self._results(connection, caller, cycle, department)
            names = await names_by_id(connection, {one.person for one in results})
        people = tuple(PersonScore(**one._asdict(), final=one.final) for one in results)
        return PersonScores(people=people), names

    async def distribution(
        self, caller: Caller, cycle: CycleId, by: Grouping, department: str | None = None
    ) -> tuple[Distribution, dict[str, str]]:
        """HR: the distribution of results by reviewer or department, and the reviewers' names by id."""
        async with read_transaction(self._engine) as connection:
            results = await self._results(connection, caller, cycle, department)
            grouped = calibration.by_reviewer if by is Grouping.REVIEWER else calibration.by_department
            spreads = tuple(grouped(results))
            names = await names_by_id(connection, {one.name for one in spreads})
        return Distribution(spreads=spreads, overall=calibration.overall(results)), names

    async def _results(
        self, connection: "AsyncConnection", caller: Caller, cycle: CycleId, department: str | None
    ) -> tuple[calibration.PersonResult, ...]:
        await require_hr(connection, caller, Action.SEE_RESULTS, cycle)
        return calibration.results_of(await goals_of_cycle(connection, cycle, department=department))


def _node(node: Node) -> TreeNode:
    children = tuple(_node(child) for child in node.children)
    return TreeNode(**node.leaf._asdict(), from_below=node.from_below, children=children)


def _ids(leaves: tuple[Leaf, ...]) -> tuple[str, ...]:
    return tuple(leaf.id for leaf in leaves)
