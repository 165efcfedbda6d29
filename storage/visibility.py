"""Which goals a person may see, as a condition in SQL: what `relations_to` (domain/access.py) says of one goal.

Storage knows no rules: which relations are enough is an argument. Each relation is a condition that an index answers, and they
are joined by OR: PostgreSQL unites the indexes for somebody who sees few goals, and reads in the list's order for somebody who
sees most. It knows which by its statistics of the columns.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    cast,
    exists,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from storage.tables import CycleRow, GoalRow

_Related = Callable[[str, datetime], ColumnElement[bool]]
_OF_CYCLE = "hr"  # the relation that whole cycles have

_EMPTY: ColumnElement[Any] = literal_column("'{}'")  # no parameter: the partial indexes say the same


async def visible(
    connection: AsyncConnection, *, everything: bool, person: str | None, relations: Collection[str], now: datetime
) -> ColumnElement[bool]:
    """True for the goals to which the person has one of the relations at that moment. Raises `KeyError` for an unknown one."""
    if everything:
        return true()
    if person is None or not relations:
        return false()
    conditions = [_RELATED[relation](person, now) for relation in sorted(relations)]
    if _OF_CYCLE in relations and (cycles := await _cycles_of_hr(connection, person)):
        conditions.append(GoalRow.cycle_id.in_(cycles) & GoalRow.policy.is_(None))
    return or_(*conditions)


async def _cycles_of_hr(connection: AsyncConnection, person: str) -> list[str]:
    """The cycles by whose rules, as they were launched, the person is HR. Goals with rules of their own go by these."""
    query = select(CycleRow.id).where(CycleRow.policy["hr"].bool_op("?")(literal(person)))
    return list((await connection.execute(query)).scalars())


def _holds(names: InstrumentedAttribute[list[str]], person: str) -> ColumnElement[bool]:
    held: ColumnElement[bool] = names.op("&&")(cast([person], ARRAY(TEXT)))
    return held


def _is_owner(person: str, _: datetime) -> ColumnElement[bool]:
    return GoalRow.owner_id == person


def _is_in_line(person: str, _: datetime) -> ColumnElement[bool]:
    return _holds(GoalRow.line, person)


def _is_assignee(person: str, _: datetime) -> ColumnElement[bool]:
    return GoalRow.task.is_not(None) & _holds(GoalRow.assignees, person)


def _is_hr_by_its_own_rules(person: str, _: datetime) -> ColumnElement[bool]:
    return (GoalRow.own_hr != _EMPTY) & _holds(GoalRow.own_hr, person)


def _is_delegate(person: str, now: datetime) -> ColumnElement[bool]:
    """May act for a manager of the line or an assignee, on the day that it is in the time zone of the goal's owner."""
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
                delegator == func.any(GoalRow.line),
                GoalRow.task.is_not(None) & (delegator == func.any(GoalRow.assignees)),
            ),
        )
        .correlate(GoalRow)
    )
    return (GoalRow.delegates != _EMPTY) & _holds(GoalRow.delegates, person) & exists(holds)


def _zone_of_owner() -> ColumnElement[str]:
    """The time zone of the owner's site; without one, or of a site that the rules do not know, the cycle's."""
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
    "assignee": _is_assignee,
    "delegate": _is_delegate,
    _OF_CYCLE: _is_hr_by_its_own_rules,
}
