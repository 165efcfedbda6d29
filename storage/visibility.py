"""The goals that a person may see, as an SQL condition. `relations_to` (domain/access.py) says the same for a single goal.

Storage decides nothing: the relations that are enough are an argument. The conditions of the relations are joined by OR, and
each has an index. For a person who sees few goals, PostgreSQL combines these indexes; for a person who sees most goals, it reads
the goals in the order of the list. It chooses by its statistics of the columns.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Date,
    cast,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from storage.arrays import EMPTY, is_one_of
from storage.tables import CycleRow, GoalRow

_Related = Callable[[str, datetime], ColumnElement[bool]]
_HR = "hr"  # the relation to all goals of a cycle


async def visible(
    connection: AsyncConnection, *, everything: bool, person: str | None, relations: Collection[str], now: datetime
) -> ColumnElement[bool]:
    """A condition that is true for goals to which the person has one of the relations at `now`.

    `everything`: it is true for all goals. Raises `KeyError` for an unknown relation.
    """
    if everything:
        return true()
    if person is None or not relations:
        return false()
    conditions = [_RELATED[relation](person, now) for relation in sorted(relations)]
    if _HR in relations and (cycles := await _cycles_of_hr(connection, person)):
        conditions.append(is_one_of(GoalRow.cycle_id, cycles) & GoalRow.policy.is_(None))
    return or_(*conditions)


async def _cycles_of_hr(connection: AsyncConnection, person: str) -> list[str]:
    """The cycles in which the person is HR by the rules of the launch. For goals with rules of their own, those rules count."""
    query = select(CycleRow.id).where(CycleRow.policy["hr"].bool_op("?")(literal(person)))
    return list((await connection.execute(query)).scalars())


def _contains(names: InstrumentedAttribute[list[str]], person: str) -> ColumnElement[bool]:
    contained: ColumnElement[bool] = names.op("&&")(cast([person], ARRAY(TEXT)))
    return contained


def _is_owner(person: str, _: datetime) -> ColumnElement[bool]:
    return GoalRow.owner_id == person


def _is_in_line(person: str, _: datetime) -> ColumnElement[bool]:
    return _contains(GoalRow.line, person)


def _is_evaluator(person: str, _: datetime) -> ColumnElement[bool]:
    return (GoalRow.evaluators != EMPTY) & _contains(GoalRow.evaluators, person)


def _is_contributor(person: str, _: datetime) -> ColumnElement[bool]:
    return (GoalRow.contributors != EMPTY) & _contains(GoalRow.contributors, person)


def _is_assignee(person: str, _: datetime) -> ColumnElement[bool]:
    return GoalRow.task.is_not(None) & _contains(GoalRow.assignees, person)


def _is_hr_by_the_goal(person: str, _: datetime) -> ColumnElement[bool]:
    by_rules = (GoalRow.own_hr != EMPTY) & _contains(GoalRow.own_hr, person)
    return by_rules | ((GoalRow.part_hr != EMPTY) & _contains(GoalRow.part_hr, person))


def _is_delegate(person: str, now: datetime) -> ColumnElement[bool]:
    """The person may act for a manager, an evaluator or an assignee, on the current day in the time zone of the goal's owner.

    For the owner or a contributor only where the delegation covers their own goals.
    """
    one = func.jsonb_array_elements(GoalRow.aggregate["delegations"]).column_valued("one")
    delegator = one.op("->>")("delegator")
    today = cast(func.timezone(_zone_of_owner(), literal(now)), Date)
    holds = (
        select(literal(1))
        .where(
            one.op("->>")("to") == person,
            cast(one.op("->>")("first"), Date) <= today,
            cast(one.op("->>")("last"), Date) >= today,
            or_(
                one.op("->>")("own_goals") == "true",
                (delegator != GoalRow.owner_id) & (delegator != func.all(GoalRow.contributors)),
            ),
            or_(
                delegator == func.any(GoalRow.line),
                delegator == func.any(GoalRow.evaluators),
                GoalRow.task.is_not(None) & (delegator == func.any(GoalRow.assignees)),
            ),
        )
        .correlate(GoalRow)
    )
    return (GoalRow.delegates != EMPTY) & _contains(GoalRow.delegates, person) & exists(holds)


def _zone_of_owner() -> ColumnElement[str]:
    """The time zone of the owner's site; the cycle's if the owner has no site, or the rules do not know the site."""
    of_cycle = select(CycleRow.policy).where(CycleRow.id == GoalRow.cycle_id).correlate(GoalRow).scalar_subquery()
    rules = func.coalesce(GoalRow.policy, of_cycle)
    site = func.jsonb_extract_path_text(GoalRow.aggregate, "sites", GoalRow.owner_id)
    return func.coalesce(
        func.jsonb_extract_path_text(rules, "sites", site, "timezone"),
        func.jsonb_extract_path_text(rules, "calendar", "timezone"),
    )


_RELATED: Mapping[str, _Related] = {
    "owner": _is_owner,
    "line": _is_in_line,
    "evaluator": _is_evaluator,
    "assignee": _is_assignee,
    "contributor": _is_contributor,
    "delegate": _is_delegate,
    _HR: _is_hr_by_the_goal,
}
