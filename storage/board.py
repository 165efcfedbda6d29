"""What HR's page of a cycle counts: goals by department, moves between states by day, and whom most decisions wait for."""

from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.lifecycles import ParticipantState


class DepartmentNumber(NamedTuple):
    """How many goals of a department are `what`; of participants where `what` is `failed`."""

    department: str
    what: str
    number: int


class FailedParticipant(NamedTuple):
    """A participant whose launch failed, and why."""

    employee: str
    department: str
    reason: str


class Moves(NamedTuple):
    """The number of goals that went from a state to another on a day of the cycle. `before` is `new` for new goals."""

    day: date
    before: str
    after: str
    goals: int


class Waiting(NamedTuple):
    """A person whom overdue decisions wait for."""

    employee: str
    name: str
    department: str
    approvals: int
    verdicts: int
    oldest_due: datetime


# Each part reads an index alone: those have the department, and a condition that leaves out all other goals.
_NUMBERS = text("""
SELECT department, 'overdue' AS what, count(*)::integer AS number FROM goal
WHERE cycle_id = :cycle AND task IS NOT NULL AND task IN ('draft', 'approval', 'step', 'self_review', 'verdict')
  AND NOT paused AND due_at < :now GROUP BY department
UNION ALL
SELECT department, 'escalated', count(*)::integer FROM goal WHERE cycle_id = :cycle AND escalated GROUP BY department
UNION ALL
SELECT department, 'paused', count(*)::integer FROM goal WHERE cycle_id = :cycle AND paused GROUP BY department
UNION ALL
SELECT department, 'returned', count(*)::integer FROM goal
WHERE cycle_id = :cycle AND returned AND state = 'draft' GROUP BY department
UNION ALL
SELECT department, 'failed', count(*)::integer FROM participant
WHERE cycle_id = :cycle AND result = :failed GROUP BY department
""")
_STATES = text("""
SELECT department, state AS what, sum(goals)::integer AS number FROM goal_count WHERE cycle_id = :cycle
GROUP BY department, state HAVING sum(goals) > 0
""")
_FAILED = text("""
SELECT employee_id, department, COALESCE(reason, '') FROM participant
WHERE cycle_id = :cycle AND result = :failed AND (CAST(:departments AS text[]) IS NULL OR department = ANY(:departments))
ORDER BY employee_id LIMIT :limit
""")
_MOVES = text("""
SELECT day, before, after, sum(goals)::integer FROM goal_move WHERE cycle_id = :cycle AND day >= :first
GROUP BY day, before, after ORDER BY day
""")
_SLOWEST = text("""
WITH waiting AS (
    SELECT one.person, count(*) FILTER (WHERE task = 'approval') AS approvals,
        count(*) FILTER (WHERE task = 'verdict') AS verdicts, min(due_at) AS oldest
    FROM goal CROSS JOIN LATERAL unnest(assignees) AS one (person)
    WHERE cycle_id = :cycle AND task IS NOT NULL AND NOT paused AND due_at < :now AND task IN ('approval', 'verdict')
    GROUP BY one.person ORDER BY count(*) DESC, min(due_at), one.person LIMIT :limit
)
SELECT waiting.person, e.name, e.department, approvals::integer, verdicts::integer, oldest
FROM waiting JOIN employee e ON e.id = waiting.person
ORDER BY approvals + verdicts DESC, oldest, waiting.person
""")


async def numbers(connection: AsyncConnection, cycle: str, now: datetime) -> list[DepartmentNumber]:
    """By the departments' names as goals and participants have them, how many goals are in each state, overdue at `now`,
    escalated, paused and returned, and how many participants failed. Two queries; what is 0 is left out.
    """
    values = {"cycle": cycle, "now": now, "failed": ParticipantState.FAILED.value}
    others = [DepartmentNumber(*row) for row in await connection.execute(_NUMBERS, values)]
    return [*await states(connection, cycle), *others]


async def states(connection: AsyncConnection, cycle: str) -> list[DepartmentNumber]:
    """By department, how many goals are in each state. One query."""
    return [DepartmentNumber(*row) for row in await connection.execute(_STATES, {"cycle": cycle})]


async def failed(
    connection: AsyncConnection, cycle: str, departments: list[str] | None, *, limit: int
) -> list[FailedParticipant]:
    """The first participants, by id, whose launch failed; of these departments (None: of all)."""
    values = {"cycle": cycle, "failed": ParticipantState.FAILED.value, "departments": departments, "limit": limit}
    return [FailedParticipant(*row) for row in await connection.execute(_FAILED, values)]


async def moves_since(connection: AsyncConnection, cycle: str, first: date) -> list[Moves]:
    """The moves from the day `first` on, by day. One query."""
    return [Moves(*row) for row in await connection.execute(_MOVES, {"cycle": cycle, "first": first})]


async def slowest(connection: AsyncConnection, cycle: str, now: datetime, *, limit: int) -> list[Waiting]:
    """The people with the most approvals and verdicts that are overdue at `now`, most first. One query."""
    values = {"cycle": cycle, "now": now, "limit": limit}
    return [Waiting(*row) for row in await connection.execute(_SLOWEST, values)]
