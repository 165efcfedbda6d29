"""Scores of a cycle: each person's result, and the distribution of the results by reviewer or department.

A person's result is the sum over their goals, and their share of the goals to which they contribute. The reviewer and the department
are those of their last goal, by id; of the last one to which they contribute, if they have none.
"""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.departments import names_meant

Shares = Mapping[str, Decimal] | None
"""By person, the share of the cycle's time at work that weighs the result in a mean; people who are left out have 1. None: plain means."""


class Grouping(StrEnum):
    """By what results are grouped; the values are columns of `_PEOPLE`, or a constant."""

    REVIEWER = "reviewer"
    DEPARTMENT = "department"
    ALL = "'*'"


class PersonScore(NamedTuple):
    """A person's points in a cycle, without and with HR's adjustments; no goal counts less than 0. `goals` are their own."""

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


class DepartmentGoals(NamedTuple):
    """How many goals a department has, and how many of them were achieved."""

    department: str
    goals: int
    achieved: int


# What each goal brings to each person. Goals without contributors are all the owner's.
_PARTS = """
SELECT owner_id AS person, id, department, reviewer, true AS own,
       CASE WHEN shared THEN (aggregate #>> ARRAY['credited', owner_id, 'score'])::numeric(12, 2) ELSE score END AS score,
       CASE WHEN shared THEN (aggregate #>> ARRAY['credited', owner_id, 'final'])::numeric(12, 2)
            ELSE greatest(score + adjusted, 0) END AS final
FROM goal WHERE cycle_id = :cycle
UNION ALL
SELECT credit.key, id, department, reviewer, false, (credit.value ->> 'score')::numeric(12, 2), (credit.value ->> 'final')::numeric(12, 2)
FROM goal CROSS JOIN LATERAL jsonb_each(aggregate -> 'credited') AS credit
WHERE cycle_id = :cycle AND shared AND credit.key <> owner_id
"""
_PEOPLE = """
SELECT person, (array_agg(department ORDER BY own DESC, id DESC))[1] AS department,
       (array_agg(reviewer ORDER BY own DESC, id DESC))[1] AS reviewer, count(*) FILTER (WHERE own) AS goals,
       sum(score) AS score, sum(final) AS final
FROM ({parts}) AS part WHERE {chosen} {of_department} GROUP BY person
"""
_EVERYBODY = "true"
_NEXT_PEOPLE = """person = ANY(ARRAY(
    (SELECT employee_id AS person FROM participant WHERE cycle_id = :cycle AND employee_id > :after AND goals > 0
     ORDER BY employee_id LIMIT :limit)
    UNION
    SELECT key FROM goal CROSS JOIN LATERAL jsonb_object_keys(aggregate -> 'credited') AS key
    WHERE cycle_id = :cycle AND shared AND key > :after
    ORDER BY person LIMIT :limit)) """
_NEXT_OF_DEPARTMENT = """person = ANY(ARRAY(
    SELECT DISTINCT person FROM ({parts}) AS part WHERE department = ANY(:departments) AND person > :after
    ORDER BY person LIMIT :limit)) """
_OF_DEPARTMENT = "AND department = ANY(:departments)"

# The next reviewers, each found by one step through the index, and everybody who has points of a goal with one of them.
_NEXT_REVIEWERS = """
WITH RECURSIVE next AS (
    SELECT min(reviewer) AS name, 1 AS number FROM goal WHERE cycle_id = :cycle AND reviewer > :after {of_department}
    UNION ALL
    SELECT (SELECT min(reviewer) FROM goal WHERE cycle_id = :cycle AND reviewer > next.name {of_department}), number + 1
    FROM next WHERE number < :limit AND name IS NOT NULL
)
SELECT name FROM next WHERE name IS NOT NULL
"""
_WITH_THEM = "person = ANY(ARRAY(SELECT person FROM ({parts}) AS part WHERE reviewer = ANY(:reviewers)))"
_WITHOUT = "person = ANY(ARRAY(SELECT person FROM ({parts}) AS part WHERE reviewer IS NULL))"

# The median of an even number of values is the mean of the two in the middle: exact, unlike percentile_cont.
_SPREAD = """
SELECT {group} AS name, count(*), min(final),
       round((percentile_disc(0.5) WITHIN GROUP (ORDER BY final) + percentile_disc(0.5) WITHIN GROUP (ORDER BY final DESC)) / 2, 2),
       round({mean}, 2), max(final), {counts}
FROM ({people}) AS person {work} {where} GROUP BY 1 ORDER BY 1
"""
_MEAN = "avg(final)"
# Weighted by the time at work: the people of `shares` have theirs, all others 1. The plain mean where nobody was at work.
_WEIGHTED_MEAN = """
    COALESCE(sum(final * COALESCE(work.share, 1)) / NULLIF(sum(COALESCE(work.share, 1)), 0), avg(final))
"""
_WORK = "LEFT JOIN unnest(CAST(:at_work AS text[]), CAST(:shares AS numeric[])) AS work (id, share) ON work.id = person.person"
_GOALS_BY_DEPARTMENT = text("""
SELECT department, count(*), count(*) FILTER (WHERE outcome = 'achieved') FROM goal
WHERE cycle_id = :cycle GROUP BY department ORDER BY department
""")


async def people(
    connection: AsyncConnection, cycle: str, *, department: str | None = None, after: str = "", limit: int = 100
) -> list[PersonScore]:
    """The results of the next people, by employee id, after the id `after`; of one department, by its goals. One query."""
    chosen = _NEXT_PEOPLE if department is None else _NEXT_OF_DEPARTMENT
    query = text(_people(chosen, department) + "ORDER BY person")
    values = await _values(connection, cycle, department) | {"after": after, "limit": limit}
    return [PersonScore(*row) for row in await connection.execute(query, values)]


async def by_reviewer(
    connection: AsyncConnection,
    cycle: str,
    *,
    width: int,
    buckets: int,
    department: str | None = None,
    after: str = "",
    limit: int = 50,
    shares: Shares = None,
) -> list[GroupScores]:
    """The distributions of the next reviewers, by employee id, after the id `after`. Two queries.

    People whose reviewer is HR are not in them (`without_reviewer`).
    """
    values = await _values(connection, cycle, department)
    next_reviewers = text(_NEXT_REVIEWERS.format(of_department="" if department is None else _OF_DEPARTMENT))
    reviewers = (await connection.execute(next_reviewers, values | {"after": after, "limit": limit})).scalars()
    chosen = "WHERE reviewer = ANY(:reviewers)"
    query = _spread(Grouping.REVIEWER, _WITH_THEM, width, buckets, department, where=chosen, shares=shares)
    rows = await connection.execute(query, values | {"reviewers": list(reviewers)} | _shares(shares))
    return [GroupScores(*row) for row in rows]


async def without_reviewer(
    connection: AsyncConnection,
    cycle: str,
    *,
    width: int,
    buckets: int,
    department: str | None = None,
    shares: Shares = None,
) -> list[GroupScores]:
    """The distribution of those who have no manager and whose reviewer is HR, named `-`; empty where there are none."""
    where = "WHERE reviewer IS NULL"
    query = _spread(Grouping.REVIEWER, _WITHOUT, width, buckets, department, where=where, shares=shares)
    values = await _values(connection, cycle, department) | _shares(shares)
    return [GroupScores(*row) for row in await connection.execute(query, values)]


async def spread(
    connection: AsyncConnection,
    cycle: str,
    group: Grouping,
    *,
    width: int,
    buckets: int,
    department: str | None = None,
    shares: Shares = None,
) -> list[GroupScores]:
    """The distributions over all people of a cycle, by name; `*` for everybody together. One query that reads every goal."""
    query = _spread(group, _EVERYBODY, width, buckets, department, shares=shares)
    values = await _values(connection, cycle, department) | _shares(shares)
    return [GroupScores(*row) for row in await connection.execute(query, values)]


async def goals_by_department(connection: AsyncConnection, cycle: str) -> list[DepartmentGoals]:
    """By the name of the department. One query that reads every goal."""
    return [DepartmentGoals(*row) for row in await connection.execute(_GOALS_BY_DEPARTMENT, {"cycle": cycle})]


async def _values(connection: AsyncConnection, cycle: str, department: str | None) -> dict[str, Any]:
    """The parameters: a department is found by its former names too, and with those below it."""
    if department is None:
        return {"cycle": cycle}
    return {"cycle": cycle, "departments": list(await names_meant(connection, department))}


def _people(chosen: str, department: str | None) -> str:
    return _PEOPLE.format(
        parts=_PARTS,
        chosen=chosen.format(parts=_PARTS),
        of_department="" if department is None else _OF_DEPARTMENT,
    )


def _spread(
    group: Grouping,
    chosen: str,
    width: int,
    buckets: int,
    department: str | None,
    *,
    where: str = "",
    shares: Shares = None,
) -> TextClause:
    bounds = [
        f"final >= {n * width}" + (f" AND final < {(n + 1) * width}" if n < buckets - 1 else "") for n in range(buckets)
    ]
    counts = ", ".join(f"count(*) FILTER (WHERE {bound})" for bound in bounds)
    name = f"COALESCE({group.value}, '-')"
    people = _people(chosen, department)
    mean, work = (_MEAN, "") if shares is None else (_WEIGHTED_MEAN, _WORK)
    form = {"group": name, "counts": f"ARRAY[{counts}]", "people": people, "where": where, "mean": mean, "work": work}
    return text(_SPREAD.format(**form))


def _shares(shares: Shares) -> dict[str, Any]:
    return {} if shares is None else {"at_work": list(shares), "shares": list(shares.values())}
