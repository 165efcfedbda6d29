"""Who is at a page: what its frame shows of them. One query."""

from typing import NamedTuple

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

_RUNNING = "c.state IN ('launching', 'open')"
_IS_HR = "COALESCE(c.policy_now, c.policy) -> 'hr' ? e.id"

# The rules of a cycle are large: only their list of HR is unpacked, and only for cycles that run.
_VISITOR: TextClause = text(f"""
SELECT e.name, e.locale,
    EXISTS (SELECT FROM employee r WHERE r.manager_id = e.id AND r.active),
    ARRAY(SELECT DISTINCT h.role FROM role_holder h WHERE h.employee_id = e.id),
    EXISTS (SELECT FROM cycle c WHERE {_RUNNING} AND {_IS_HR}),
    NOT EXISTS (SELECT FROM cycle c WHERE {_RUNNING} AND NOT ({_IS_HR})),
    ARRAY(SELECT c.id FROM cycle c WHERE {_RUNNING} ORDER BY (COALESCE(c.policy_now, c.policy) ->> 'starts')::date > current_date, c.launched_at DESC, c.id)
FROM employee e WHERE e.id = :id
""")  # noqa: S608 - nothing in it comes from outside


class VisitorRow(NamedTuple):
    """A person: their name and language, whether they lead somebody, their roles, whether they are HR of a running cycle, and
    that no running cycle has other HR; the cycles that run: those that have started before those that have not, the newest first.
    """

    name: str
    locale: str
    leads: bool
    roles: list[str]
    is_hr: bool
    no_other_hr: bool
    cycles: list[str]


async def find_visitor(connection: AsyncConnection, employee: str) -> VisitorRow | None:
    found = (await connection.execute(_VISITOR, {"id": employee})).one_or_none()
    return VisitorRow(*found) if found else None


class Choice(NamedTuple):
    """A person whom somebody may choose to be, with what makes them interesting: HR, how many report to them, how many goals wait."""

    id: str
    name: str
    department: str
    title: str | None
    is_hr: bool
    reports: int
    waiting: int


_CHOICES: TextClause = text(f"""
WITH pool AS (
    SELECT DISTINCT hr.id FROM cycle c, jsonb_array_elements_text(COALESCE(c.policy_now, c.policy) -> 'hr') hr (id)
    WHERE {_RUNNING}
), asked AS (
    SELECT a.id, count(*) AS n FROM goal g, unnest(g.assignees) a (id) WHERE g.state <> 'closed' GROUP BY a.id
)
SELECT e.id, e.name, e.department, e.title, pool.id IS NOT NULL,
    (SELECT count(*) FROM employee r WHERE r.manager_id = e.id AND r.active), COALESCE(asked.n, 0)
FROM employee e LEFT JOIN pool ON pool.id = e.id LEFT JOIN asked ON asked.id = e.id
WHERE e.active
ORDER BY pool.id IS NULL, asked.n DESC NULLS LAST, e.id LIMIT :limit
""")  # noqa: S608 - nothing in it comes from outside


async def choices(connection: AsyncConnection, limit: int) -> list[Choice]:
    """HR first, then those for whom most waits. Reads all goals: for a trial on one machine."""
    return [Choice(*row) for row in await connection.execute(_CHOICES, {"limit": limit})]
