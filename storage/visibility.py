"""The goals that a person may see, as an SQL condition. `relations_to` (domain/access.py) says the same for a single goal.

Storage decides nothing: the relations that are enough are an argument. The conditions of the relations are joined by OR, and
each has an index. For a person who sees few goals, PostgreSQL combines these indexes; for a person who sees most goals, it reads
the goals in the order of the list. It chooses by its statistics of the columns.

The condition is part of nearly every list, so it is text: building it of SQLAlchemy's expressions took longer than PostgreSQL needs
for the whole list. A query that has it names the table `goal` without an alias.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, DateTime, Text, TextClause, bindparam, false, text, true
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

from storage.database import once_in_a_snapshot

_PERSON = "ARRAY[CAST(:seen_by AS text)]"
_TYPES: Mapping[str, TypeEngine[Any]] = {
    "seen_by": Text(),
    "seen_at": DateTime(timezone=True),
    "seen_cycles": ARRAY(Text),
}
_DELEGATE, _HR = "delegate", "hr"  # relations; HR: to all goals of a cycle

# The time zone of the owner's site; the cycle's if the owner has no site, or the rules do not know the site.
_RULES = "COALESCE(goal.policy, (SELECT c.policy FROM cycle c WHERE c.id = goal.cycle_id))"
_SITE = "jsonb_extract_path_text(goal.aggregate, 'sites', goal.owner_id)"
_ZONE = f"""COALESCE(jsonb_extract_path_text({_RULES}, 'sites', {_SITE}, 'timezone'),
    jsonb_extract_path_text({_RULES}, 'calendar', 'timezone'))"""

# The person may act for a manager, an evaluator or an assignee, on the current day in the time zone of the goal's owner;
# for the owner or a contributor only where the delegation covers their own goals.
_IS_DELEGATE = f"""goal.delegates <> '{{}}' AND goal.delegates && {_PERSON} AND EXISTS (
    SELECT FROM jsonb_array_elements(goal.aggregate -> 'delegations') AS one
    WHERE one ->> 'to' = :seen_by
    AND CAST(timezone({_ZONE}, :seen_at) AS date) BETWEEN CAST(one ->> 'first' AS date) AND CAST(one ->> 'last' AS date)
    AND (one ->> 'own_goals' = 'true' OR (one ->> 'delegator' <> goal.owner_id AND one ->> 'delegator' <> ALL (goal.contributors)))
    AND (one ->> 'delegator' = ANY (goal.line) OR one ->> 'delegator' = ANY (goal.evaluators)
        OR (goal.task IS NOT NULL AND one ->> 'delegator' = ANY (goal.assignees)))
)"""

# Of the partial indexes: each begins with the condition of its index.
_RELATED: Mapping[str, str] = {
    "owner": "goal.owner_id = :seen_by",
    "line": f"goal.line && {_PERSON}",
    "evaluator": f"goal.evaluators <> '{{}}' AND goal.evaluators && {_PERSON}",
    "assignee": f"goal.task IS NOT NULL AND goal.assignees && {_PERSON}",
    "contributor": f"goal.contributors <> '{{}}' AND goal.contributors && {_PERSON}",
    _DELEGATE: _IS_DELEGATE,
    _HR: f"""goal.own_hr <> '{{}}' AND goal.own_hr && {_PERSON} OR goal.part_hr <> '{{}}' AND goal.part_hr && {_PERSON}""",
}
# In these the person is HR by the rules of the launch. For goals with rules of their own, those rules count.
_IN_CYCLES_OF_HR = "goal.cycle_id = ANY (:seen_cycles) AND goal.policy IS NULL"
# The same in a list that has goals of such cycles alone. PostgreSQL multiplies the shares of two conditions on the cycle, expects a
# few goals where there are tens of thousands, and sorts them all for a page.
_IN_ANY_CYCLE = "goal.policy IS NULL"
_CYCLES_OF_HR = text("""
    SELECT id FROM cycle WHERE policy -> 'hr' ? :person AND (CAST(:cycle AS text) IS NULL OR id = :cycle)
""")


async def visible(
    connection: AsyncConnection,
    *,
    everything: bool,
    person: str | None,
    relations: Collection[str],
    now: datetime,
    cycle: str | None = None,
) -> ColumnElement[bool]:
    """A condition that is true for goals to which the person has one of the relations at `now`.

    `everything`: it is true for all goals. `cycle`: the query looks at goals of this cycle alone. Raises `KeyError` for an unknown
    relation.
    """
    if everything:
        return true()
    if person is None or not relations:
        return false()
    given: dict[str, object] = {"seen_by": person}
    parts = [_RELATED[relation] for relation in sorted(relations)]
    if _DELEGATE in relations:
        given["seen_at"] = now
    if _HR in relations and (cycles := await _cycles_of_hr(connection, person, cycle)):
        parts.append(_IN_ANY_CYCLE if cycle else _IN_CYCLES_OF_HR)
        given |= {} if cycle else {"seen_cycles": cycles}
    return _condition(tuple(parts), frozenset(given)).bindparams(**given)  # type: ignore[return-value]  # a text is a condition


@once_in_a_snapshot
async def _cycles_of_hr(connection: AsyncConnection, person: str, cycle: str | None) -> list[str]:
    """The cycles in which the person is HR by the rules of the launch; of these `cycle` alone, if it is given."""
    return list(await connection.scalars(_CYCLES_OF_HR, {"person": person, "cycle": cycle}))


@cache
def _condition(parts: tuple[str, ...], given: frozenset[str]) -> TextClause:
    types = (bindparam(name, type_=_TYPES[name]) for name in given)
    return text(f"({' OR '.join(f'({one})' for one in parts)})").bindparams(*types)
