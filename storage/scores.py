"""Scores of a cycle: each person's result, and how the results are spread over reviewers or departments.

A person's result is the sum over their goals. The reviewer and the department are those of the last goal, by id.
"""

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


class Grouping(StrEnum):
    REVIEWER = "reviewer"
    DEPARTMENT = "department"
    ALL = "'*'"


class PersonScore(NamedTuple):
    """A person's points in a cycle, without and with HR's adjustments; no goal counts less than 0."""

    person: str
    department: str
    reviewer: str | None
    goals: int
    score: Decimal
    final: Decimal


class GroupScores(NamedTuple):
    """The final points of a group's people; `counts` by `width` points from 0, the last one open above."""

    name: str
    people: int
    lowest: Decimal
    median: Decimal
    mean: Decimal
    highest: Decimal
    counts: list[int]


_PEOPLE = """
SELECT owner_id AS person, (array_agg(department ORDER BY id DESC))[1] AS department,
       (array_agg(reviewer ORDER BY id DESC))[1] AS reviewer, count(*) AS goals, sum(score) AS score,
       sum(greatest(score + adjusted, 0)) AS final
FROM goal WHERE cycle_id = :cycle AND {chosen} GROUP BY owner_id
"""
_EVERYBODY = "true"
_NEXT_PEOPLE = """owner_id = ANY(ARRAY(
    SELECT employee_id FROM participant WHERE cycle_id = :cycle AND employee_id > :after AND goals > 0
    ORDER BY employee_id LIMIT :limit)) """

# The next reviewers, each found by one step through the index, and everybody who has a goal with one of them.
_NEXT_REVIEWERS = """
WITH RECURSIVE next AS (
    SELECT min(reviewer) AS name, 1 AS number FROM goal WHERE cycle_id = :cycle AND reviewer > :after
    UNION ALL
    SELECT (SELECT min(reviewer) FROM goal WHERE cycle_id = :cycle AND reviewer > next.name), number + 1
    FROM next WHERE number < :limit AND name IS NOT NULL
)
SELECT name FROM next WHERE name IS NOT NULL
"""
_WITH_THEM = "owner_id = ANY(ARRAY(SELECT owner_id FROM goal WHERE cycle_id = :cycle AND reviewer = ANY(:reviewers)))"

# The median of an even number is the mean of the two in the middle: exact, other than percentile_cont.
_SPREAD = """
SELECT {group} AS name, count(*), min(final),
       round((percentile_disc(0.5) WITHIN GROUP (ORDER BY final) + percentile_disc(0.5) WITHIN GROUP (ORDER BY final DESC)) / 2, 2),
       round(avg(final), 2), max(final), {counts}
FROM ({people}) AS person {where} GROUP BY 1 ORDER BY 1
"""


async def people(connection: AsyncConnection, cycle: str, *, after: str = "", limit: int = 100) -> list[PersonScore]:
    """The next people's results, by employee id, after the id `after`. One query."""
    query = text(_PEOPLE.format(chosen=_NEXT_PEOPLE) + "ORDER BY owner_id")
    rows = await connection.execute(query, {"cycle": cycle, "after": after, "limit": limit})
    return [_person(row) for row in rows]


async def by_reviewer(
    connection: AsyncConnection, cycle: str, *, width: int, buckets: int, after: str = "", limit: int = 50
) -> list[GroupScores]:
    """The next reviewers' spreads, by employee id, after the id `after`; people whose reviewer is HR are not in it. Two queries."""
    asked: dict[str, Any] = {"cycle": cycle, "after": after, "limit": limit}
    reviewers = list((await connection.execute(text(_NEXT_REVIEWERS), asked)).scalars())
    query = _spread(Grouping.REVIEWER, _WITH_THEM, width, buckets, where="WHERE reviewer = ANY(:reviewers)")
    return [_group(row) for row in await connection.execute(query, {"cycle": cycle, "reviewers": reviewers})]


async def spread(
    connection: AsyncConnection, cycle: str, group: Grouping, *, width: int, buckets: int
) -> list[GroupScores]:
    """The spreads over all people of a cycle, by name; for everybody together the name is `*`. One query over every goal."""
    return [
        _group(row) for row in await connection.execute(_spread(group, _EVERYBODY, width, buckets), {"cycle": cycle})
    ]


def _spread(group: Grouping, chosen: str, width: int, buckets: int, *, where: str = "") -> Any:
    bounds = [
        f"final >= {n * width}" + (f" AND final < {(n + 1) * width}" if n < buckets - 1 else "") for n in range(buckets)
    ]
    counts = ", ".join(f"count(*) FILTER (WHERE {bound})" for bound in bounds)
    people = _PEOPLE.format(chosen=chosen)
    name = f"COALESCE({group.value}, '-')"
    return text(_SPREAD.format(group=name, counts=f"ARRAY[{counts}]", people=people, where=where))


def _person(columns: Sequence[Any]) -> PersonScore:
    return PersonScore(*columns)


def _group(columns: Sequence[Any]) -> GroupScores:
    return GroupScores(*columns)
