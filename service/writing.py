"""Use cases for writing a goal: a draft from the catalogue or an example, and a check by the writing rules."""

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from domain.access import Caller
from domain.findings import Finding, refuses
from domain.goal.constraints import weight_findings
from domain.goal.goal import Goal
from domain.lifecycle import State
from domain.messages import message
from domain.refusals import Code, Refusal
from domain.results.exemplars import draft_from
from domain.values import CycleId, Frozen, GoalId, Locale, Weight
from domain.writing import catalog
from domain.writing.content import Content, NumericMeasure
from domain.writing.rules import check
from domain.writing.rules.remarks import remarks
from domain.writing.working_days import moved_steps, on_working_days
from service.answers import compose
from service.cycle_lookup import require_cycle
from service.exemplars import require_exemplar
from service.parents import Parent, parent_of
from service.projection import goals_of_cycle
from service.relations import visible_goal
from service.sharing import contributors_gone, sharing_findings
from storage import hearing
from storage.database import read_transaction
from storage.goals import find_line
from storage.people import find_employee
from texts.findings import FindingDocument, documents_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine


class DraftSource(NamedTuple):
    """The source of a draft: an entry of the catalogue, an example, or (if both are None) the goal itself.

    The other fields are values for the draft: `baseline` and `target` of a numeric measure, ids of `parent` and `answers`.
    """

    catalog: str | None = None
    exemplar: str | None = None
    baseline: Decimal | None = None
    target: Decimal | None = None
    parent: str | None = None
    answers: tuple[str, ...] = ()

    @property
    def is_proposed(self) -> bool:
        """Whether the program chooses the dates of the steps."""
        return self.catalog is not None or self.exemplar is not None


class Draft(NamedTuple):
    """A content to edit, and the number of the goal from which it is written."""

    content: Content
    seen: int


class CheckDocument(Frozen):
    """The findings for programs; `refused`: one of them prevents submitting the goal."""

    goal: GoalId
    refused: bool
    findings: tuple[FindingDocument, ...]


class CheckedGoal(NamedTuple):
    """The findings of the writing rules about a goal."""

    goal: GoalId
    findings: tuple[Finding, ...]

    @property
    def is_refused(self) -> bool:
        return refuses(self.findings)

    def document(self) -> CheckDocument:
        return CheckDocument(goal=self.goal, refused=self.is_refused, findings=tuple(documents_of(self.findings)))


class OtherGoal(Frozen):
    """Another goal of the owner in the same cycle, with its weight in percent."""

    goal: GoalId
    theme: str
    state: State
    weight: Weight


class WritingPage(NamedTuple):
    """What a page shows of a draft that somebody writes: the goal, and beside it the owner's other goals.

    `known`: the sources of drafts that the cycle has, for the page to choose from.
    """

    goal: Goal
    others: tuple[OtherGoal, ...]
    themes: tuple[tuple[str, str], ...]  # ids and names of the cycle's themes and department goals
    problems: tuple[tuple[str, str], ...]  # ids and texts of the problems that were heard in the cycle
    parent: Parent | None  # what the goal belongs to, as it is saved
    points_of_others: int  # what the measures and steps of the other goals may earn

    @property
    def weight_left(self) -> Decimal:
        """What is left of 100 % beside the other goals."""
        return Decimal(100) - sum((Decimal(one.weight) for one in self.others), Decimal(0))


class Writing:
    """Help for people who write a goal; the caller must be allowed to see it. Changes nothing."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def draft(self, caller: Caller, goal: GoalId, source: DraftSource) -> Draft:
        """A draft of the goal's content, with dates within its cycle and in its owner's language. Raises a `Refusal`."""
        async with read_transaction(self._engine) as connection:
            found = await visible_goal(connection, caller, goal)
            await _require_known(connection, found.cycle, source)
            content = await _begin(connection, found, source)
        if source.is_proposed:
            content = on_working_days(content, found.calendar, found.policy.ends)
        content = content.model_copy(
            update={"parent": source.parent or content.parent, "answers": source.answers or content.answers}
        )
        return Draft(_with_numbers(content, source), found.seq)

    async def page(self, caller: Caller, goal: GoalId) -> WritingPage:
        """The draft with what is beside it. Raises a `Refusal` for a goal that the caller may not see."""
        async with read_transaction(self._engine) as connection:
            found = await visible_goal(connection, caller, goal)
            siblings = await goals_of_cycle(connection, found.cycle, owner=found.owner)
            file = (await require_cycle(connection, found.cycle)).file
            problems = await hearing.find_all(connection, found.cycle)
            parent = await parent_of(connection, caller, found)
        others = [one for one in siblings if one.id != found.id and not one.is_closed]
        return WritingPage(
            found,
            tuple(_other(one) for one in others),
            (*((one.id, one.name) for one in file.themes), *((one.id, one.name) for one in file.department_goals)),
            tuple((one.id, one.text) for one in problems),
            parent,
            sum(possible_points(one.content) for one in others),
        )

    async def check(self, caller: Caller, goal: GoalId, content: Content | None = None) -> CheckedGoal:
        """The findings about the goal, or about `content` for it, also in relation to its owner's other goals."""
        async with read_transaction(self._engine) as connection:
            found = await visible_goal(connection, caller, goal)
            siblings = await goals_of_cycle(connection, found.cycle, owner=found.owner)
            gone = await contributors_gone(connection, [content or found.content])
        others = [one for one in siblings if one.id != found.id]
        written = content or found.content
        findings = (
            *check(written, found.policy),
            *remarks(written),
            *sharing_findings(found, written, gone),
            *weight_findings(written, others, found.policy),
            *moved_steps(written, found.calendar),
        )
        return CheckedGoal(found.id, findings)


def possible_points(content: Content) -> int:
    """What measure and steps may earn in one revision."""
    return sum(step.points for step in content.steps) + (content.measure.points if content.measure else 0)


def _other(goal: Goal) -> OtherGoal:
    return OtherGoal(goal=goal.id, theme=goal.content.theme, state=goal.state, weight=goal.content.weight)


async def _require_known(connection: "AsyncConnection", cycle: CycleId, source: DraftSource) -> None:
    """Raises a `Refusal` for a parent or a problem that the cycle does not have; a submission would be refused for it."""
    if source.parent is not None and not await _has_node(connection, cycle, source.parent):
        raise Refusal(Code.UNKNOWN_PARENT, parent=source.parent[:80])
    if source.answers:
        known = {one.id for one in await hearing.find_all(connection, cycle)}
        if unknown := [one[:80] for one in source.answers if one not in known]:
            raise Refusal(Code.UNKNOWN_PROBLEM, problem=unknown)


async def _has_node(connection: "AsyncConnection", cycle: CycleId, node: str) -> bool:
    """Whether the cycle has a theme, a department goal or a goal with this id."""
    file = (await require_cycle(connection, cycle)).file
    if node in {*(one.id for one in file.themes), *(one.id for one in file.department_goals)}:
        return True
    line = await find_line(connection, node)
    return line is not None and line.cycle == cycle


async def _begin(connection: "AsyncConnection", goal: Goal, source: DraftSource) -> Content:
    policy = goal.policy
    if source.catalog is not None:
        owner = await find_employee(connection, goal.owner)
        locale = owner.locale if owner else Locale.JA
        return catalog.draft(catalog.find(source.catalog), locale, policy.starts, policy.ends)
    if source.exemplar is not None:
        return draft_from(await require_exemplar(connection, source.exemplar), policy.starts, policy.ends)
    return goal.content


def _with_numbers(content: Content, source: DraftSource) -> Content:
    """The content with the source's numbers. Raises a `Refusal` if its measure is not numeric, or the numbers are invalid."""
    given = {
        name: value for name, value in (("baseline", source.baseline), ("target", source.target)) if value is not None
    }
    if not given:
        return content
    if not isinstance(content.measure, NumericMeasure):
        raise Refusal(Code.WRONG_MEASURE, needs=message("part.needs_no_target"))
    measure = compose(NumericMeasure, content.measure.model_dump() | given)
    return content.model_copy(update={"measure": measure})
