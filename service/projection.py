"""Reads goals, names and delegations from PostgreSQL as models of the domain. Every function reads on the given connection."""

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.goal.goal import Delegation, Goal
from domain.policy.policy import Policy
from domain.refusals import Code, Refusal
from domain.values import CycleId, EmployeeId, GoalId
from service.cycle_lookup import require_cycle
from storage import delegations
from storage.cycles import Cycle
from storage.goals import LedgerLine, load_aggregates, load_cycle
from storage.people import names_of

PAGE = 500  # goals that an export holds in memory at once


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
) -> list[Goal]:
    """A cycle's goals by id, all at once: for one person's goals, or for the few that are shown as examples.

    Raises a `Refusal` for an unknown cycle.
    """
    launched = await require_cycle(connection, cycle)
    return _goals(
        launched,
        await load_cycle(connection, cycle, owner=owner, department=department, exemplars=exemplars),
    )


async def stream_goals(
    connection: AsyncConnection,
    cycle: CycleId,
    *,
    owner: str | None = None,
    department: str | None = None,
    condition: ColumnElement[bool] | None = None,
    size: int = PAGE,
) -> AsyncIterator[list[Goal]]:
    """A cycle's goals by id, at most `size` at a time; those that the condition lets through. One query a page.

    Only one page is in memory. On a read transaction, all pages are of one moment. Raises a `Refusal` where there is no such
    cycle.
    """
    launched, after = await require_cycle(connection, cycle), ""
    while True:
        loaded = await load_cycle(
            connection, cycle, owner=owner, department=department, condition=condition, after=after, limit=size
        )
        if loaded:
            yield _goals(launched, loaded)
        if len(loaded) < size:
            return
        after = loaded[-1][0]["id"]


def _goals(launched: Cycle, loaded: Sequence[tuple[dict[str, Any], dict[str, Any] | None]]) -> list[Goal]:
    """Goals with their rules: their own, or those of the cycle. Equal rules are one object: they are larger than a goal."""
    own_rules: dict[str, Policy] = {}
    goals = []
    for aggregate, own in loaded:
        policy = launched.launched_policy
        if own:
            key = json.dumps(own)
            policy = own_rules.get(key) or own_rules.setdefault(key, Policy.model_validate(own))
        goals.append(Goal.model_validate({**aggregate, "policy": policy}))
    return goals


async def names_by_id(connection: AsyncConnection, people: Iterable[str]) -> dict[str, str]:
    """The names of these people by id; people who are not in the directory are left out."""
    found = await names_of(connection, {EmployeeId(one) for one in people})
    return {str(one): name for one, name in found.items()}


def people_in_ledger(ledger: Iterable[LedgerLine]) -> set[tuple[str, datetime | None]]:
    """Who acted, and for whom, in each entry, with its time: whose names the entry is told with."""
    roles = ("actor", "acting_for")
    return {(line.event[role], line.event["at"]) for line in ledger for role in roles if role in line.event}


async def delegations_between(
    connection: AsyncConnection, first: date, last: date, people: Sequence[str] | None = None
) -> tuple[Delegation, ...]:
    """The delegations that hold on some day from `first` to `last`; with `people`, only those from or to these people."""
    return tuple(
        Delegation(
            delegator=EmployeeId(one.delegator_id),
            to=EmployeeId(one.to_id),
            first=one.first,
            last=one.last,
            own_goals=one.own_goals,
        )
        for one in await delegations.overlapping(connection, first, last, people)
    )
