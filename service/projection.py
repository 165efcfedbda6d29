"""Reads goals, names and delegations from PostgreSQL as models of the domain. Every function reads on the given connection."""

import json
from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.goal.goal import Delegation, Goal
from domain.policy.policy import Policy
from domain.refusals import Code, Refusal
from domain.values import CycleId, EmployeeId, GoalId
from storage import delegations
from storage.cycles import find_cycle
from storage.goals import load_aggregates, load_cycle
from storage.people import names_of


async def find_goal(connection: AsyncConnection, goal: GoalId) -> Goal | None:
    """The goal with this id, or None."""
    loaded = await load_aggregates(connection, ids=[goal])
    return Goal.model_validate(loaded[0]) if loaded else None


async def require_goal(connection: AsyncConnection, goal: GoalId) -> Goal:
    """The goal with this id. Raises a `Refusal` if there is none."""
    if found := await find_goal(connection, goal):
        return found
    raise Refusal(Code.UNKNOWN_GOAL, goal=goal[:80])


async def find_goals(connection: AsyncConnection, goals: Sequence[GoalId]) -> dict[GoalId, Goal]:
    """The goals by id; unknown ids are left out. Equal policies are validated once, since a policy is larger than a goal."""
    rules: dict[str, Policy] = {}
    found = {}
    for one in await load_aggregates(connection, ids=goals):
        key = json.dumps(one["policy"])
        policy = rules.get(key) or rules.setdefault(key, Policy.model_validate(one["policy"]))
        goal = Goal.model_validate({**one, "policy": policy})
        found[goal.id] = goal
    return found


async def goals_of_cycle(
    connection: AsyncConnection,
    cycle: CycleId,
    *,
    owner: str | None = None,
    department: str | None = None,
    exemplars: bool = False,
    condition: ColumnElement[bool] | None = None,
) -> list[Goal]:
    """The goals of a cycle that match the filters, by id. `condition`: see storage/visibility.py.

    Raises a `Refusal` for an unknown cycle.
    """
    launched = await find_cycle(connection, cycle)
    if launched is None:
        raise Refusal(Code.UNKNOWN_CYCLE, cycle=cycle[:80])
    loaded = await load_cycle(
        connection, cycle, owner=owner, department=department, exemplars=exemplars, condition=condition
    )
    return [
        Goal.model_validate({**aggregate, "policy": Policy.model_validate(own) if own else launched.launched_policy})
        for aggregate, own in loaded
    ]


async def names_by_id(connection: AsyncConnection, people: Iterable[str]) -> dict[str, str]:
    """The names of these people by id; people who are not in the directory are left out."""
    found = await names_of(connection, {EmployeeId(one) for one in people})
    return {str(one): name for one, name in found.items()}


async def delegations_between(
    connection: AsyncConnection, first: date, last: date, people: Sequence[str] | None = None
) -> tuple[Delegation, ...]:
    """The delegations that hold on some day from `first` to `last`; with `people`, only those from or to these people."""
    return tuple(
        Delegation(delegator=EmployeeId(one.delegator_id), to=EmployeeId(one.to_id), first=one.first, last=one.last)
        for one in await delegations.overlapping(connection, first, last, people)
    )
