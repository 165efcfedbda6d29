"""Which goals a person may see, as a condition in SQL: what `relations_to` (domain/access.py) says of one goal.

Storage knows no rules: which relations are enough is an argument.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Date, cast, exists, false, func, literal, or_, select, true
from sqlalchemy.dialects.postgresql import ARRAY, TEXT

from storage.tables import CycleRow, GoalRow

_Condition = Callable[[str, datetime], ColumnElement[bool]]


def visible(*, everything: bool, person: str | None, relations: Collection[str], now: datetime) -> ColumnElement[bool]:
    """True for the goals to which the person has one of the relations at that moment. Raises `KeyError` for an unknown one."""
    if everything:
        return true()
    if person is None:
        return false()
    return or_(false(), *(_CONDITIONS[relation](person, now) for relation in sorted(relations)))


def _holds(names: ColumnElement[Any], name: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a JSON list of names holds this one."""
    held: ColumnElement[bool] = names.bool_op("?")(name)
    return held


def _is_owner(person: str, _: datetime) -> ColumnElement[bool]:
    return GoalRow.owner_id == person


def _is_in_line(person: str, _: datetime) -> ColumnElement[bool]:
    return _holds(GoalRow.aggregate["line"], literal(person))


def _is_assignee(person: str, _: datetime) -> ColumnElement[bool]:
    asked: ColumnElement[bool] = GoalRow.assignees.overlap(cast([person], ARRAY(TEXT)))
    return GoalRow.task.is_not(None) & asked


def _is_hr(person: str, _: datetime) -> ColumnElement[bool]:
    """By the goal's own rules where it has some, else by its cycle's."""
    of_cycle = select(CycleRow.id).where(_holds(CycleRow.policy["hr"], literal(person)))
    own = _holds(GoalRow.policy["hr"], literal(person))
    return (GoalRow.policy.is_not(None) & own) | (GoalRow.policy.is_(None) & GoalRow.cycle_id.in_(of_cycle))


def _is_delegate(person: str, now: datetime) -> ColumnElement[bool]:
    """May act for a manager of the line or an assignee, on the day that it is in the time zone of the goal's owner."""
    named = GoalRow.aggregate.contains({"delegations": [{"to": person}]})
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
                _holds(GoalRow.aggregate["line"], delegator),
                GoalRow.task.is_not(None) & (delegator == func.any(GoalRow.assignees)),
            ),
        )
        .correlate(GoalRow)
    )
    return named & exists(holds)


def _zone_of_owner() -> ColumnElement[str]:
    """The time zone of the owner's site; without one, or of a site that the rules do not know, the cycle's."""
    of_cycle = select(CycleRow.policy).where(CycleRow.id == GoalRow.cycle_id).correlate(GoalRow).scalar_subquery()
    rules = func.coalesce(GoalRow.policy, of_cycle)
    site = func.jsonb_extract_path_text(GoalRow.aggregate, "sites", GoalRow.owner_id)
    return func.coalesce(
        func.jsonb_extract_path_text(rules, "sites", site, "timezone"),
        func.jsonb_extract_path_text(rules, "calendar", "timezone"),
    )


_CONDITIONS: Mapping[str, _Condition] = {
    "owner": _is_owner,
    "line": _is_in_line,
    "assignee": _is_assignee,
    "delegate": _is_delegate,
    "hr": _is_hr,
}
