"""What a goal belongs to, for its page: a theme or department goal of the cycle's file, or another goal, by its title."""

from typing import TYPE_CHECKING, NamedTuple

from domain.access import Caller
from domain.goal.goal import Goal
from domain.refusals import Refusal
from domain.values import GoalId
from service.cycle_lookup import require_cycle
from service.relations import visible_goal

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


class Parent(NamedTuple):
    """`title` of a goal: its theme, which may be empty."""

    title: str
    is_goal: bool


async def parent_of(connection: "AsyncConnection", caller: Caller, goal: Goal) -> Parent | None:
    """The parent; None if there is none, if it is not there any more, or if the caller may not see it."""
    parent = goal.content.parent
    if parent is None:
        return None
    file = (await require_cycle(connection, goal.cycle)).file
    named = {one.id: one.name for one in file.themes} | {one.id: one.name for one in file.department_goals}
    if parent in named:
        return Parent(named[parent], is_goal=False)
    try:
        return Parent((await visible_goal(connection, caller, GoalId(parent))).content.theme, is_goal=True)
    except Refusal:
        return None
