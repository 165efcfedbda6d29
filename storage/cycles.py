"""Cycles and their participants: who takes part, what the launch did for each, how far everything is."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Date, cast, func, insert, select, text, true, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import CycleRow, GoalCountRow, GoalRow, ParticipantCountRow, ParticipantRow


class Waiting(NamedTuple):
    """A participant whose goals are not running yet."""

    employee_id: str
    department: str
    result: str
    slot: int
    added_by: str | None
    added_at: datetime | None


class Participant(NamedTuple):
    """Who is to take part; `slot` counts the cycle's goals up to this person's first one."""

    employee_id: str
    department: str
    slot: int


async def find_cycle(connection: AsyncConnection, cycle: str) -> CycleRow | None:
    row = (await connection.execute(select(CycleRow.__table__).where(CycleRow.id == cycle))).one_or_none()
    return CycleRow(**row._mapping) if row else None  # noqa: SLF001 - SQLAlchemy's public name for it


async def list_cycles(connection: AsyncConnection) -> list[CycleRow]:
    rows = await connection.execute(select(CycleRow.__table__).order_by(CycleRow.launched_at.desc()))
    return [CycleRow(**row._mapping) for row in rows]  # noqa: SLF001 - as above


async def time_zones(connection: AsyncConnection) -> dict[str, str]:
    """The time zone in which each cycle counts its days."""
    zone = CycleRow.policy["calendar"]["timezone"].astext
    return {row[0]: row[1] for row in await connection.execute(select(CycleRow.id, zone))}


async def policies(connection: AsyncConnection) -> dict[str, dict[str, Any]]:
    """The rules of each cycle as they are now."""
    query = select(CycleRow.id, func.coalesce(CycleRow.policy_now, CycleRow.policy))
    return {row[0]: row[1] for row in await connection.execute(query)}


async def create_cycle(connection: AsyncConnection, cycle: dict[str, Any], participants: Sequence[Participant]) -> bool:
    """Writes the cycle with its participants; False, and nothing, where the id is taken."""
    made = await connection.execute(upsert(CycleRow).values(cycle).on_conflict_do_nothing().returning(CycleRow.id))
    if made.one_or_none() is None:
        return False
    rows = [{"cycle_id": cycle["id"], **one._asdict()} for one in participants]
    for start in range(0, len(rows), 5000):
        await connection.execute(insert(ParticipantRow), rows[start : start + 5000])
    return True


async def last_day(connection: AsyncConnection, cycle: str) -> date | None:
    """The latest closing day that an open goal was given for itself, or by new rules."""
    closes = cast(GoalRow.policy["closes"].astext, Date)
    found: date | None = await connection.scalar(
        select(func.max(closes)).where(GoalRow.cycle_id == cycle, GoalRow.state != "closed")
    )
    return found


async def names_in(connection: AsyncConnection, cycle: str, *, removed: bool = False) -> tuple[set[str], set[str]]:
    """The participants of a cycle, with those who were taken out where wanted, and the departments of its goals."""
    people = await connection.execute(
        select(ParticipantRow.employee_id).where(
            ParticipantRow.cycle_id == cycle, true() if removed else ParticipantRow.result != "removed"
        )
    )
    departments = await connection.execute(select(GoalRow.department).where(GoalRow.cycle_id == cycle).distinct())
    return set(people.scalars()), set(departments.scalars())


async def remember_policy(connection: AsyncConnection, cycle: str, policy: dict[str, Any]) -> None:
    """Says by which rules whoever joins later takes part."""
    await connection.execute(update(CycleRow).where(CycleRow.id == cycle).values(policy_now=policy))


async def set_state(connection: AsyncConnection, cycle: str, state: str, closed_at: datetime | None = None) -> None:
    await connection.execute(update(CycleRow).where(CycleRow.id == cycle).values(state=state, closed_at=closed_at))


async def waiting(
    connection: AsyncConnection, cycle: str, after: str, limit: int, *, upto: str | None = None
) -> list[Waiting]:
    """The next participants, by id, whose goals are not running: at most `limit`, not beyond `upto`."""
    query = (
        select(
            ParticipantRow.employee_id,
            ParticipantRow.department,
            ParticipantRow.result,
            ParticipantRow.slot,
            ParticipantRow.added_by,
            ParticipantRow.added_at,
        )
        .where(
            ParticipantRow.cycle_id == cycle,
            ParticipantRow.result.in_(("waiting", "written")),
            ParticipantRow.employee_id > after,
        )
        .order_by(ParticipantRow.employee_id)
        .limit(limit)
    )
    if upto is not None:
        query = query.where(ParticipantRow.employee_id <= upto)
    return [Waiting(*row) for row in await connection.execute(query)]


async def mark(
    connection: AsyncConnection, cycle: str, employees: Sequence[str], result: str, reason: str | None = None
) -> None:
    """Says what came of the launch for these participants."""
    await connection.execute(
        update(ParticipantRow)
        .where(ParticipantRow.cycle_id == cycle, ParticipantRow.employee_id.in_(employees))
        .values(result=result, reason=reason, attempts=ParticipantRow.attempts + 1, updated_at=func.now())
    )


async def wait_again(connection: AsyncConnection, cycle: str) -> int:
    """Puts the failed participants back in line; how many there were."""
    done = await connection.execute(
        update(ParticipantRow)
        .where(ParticipantRow.cycle_id == cycle, ParticipantRow.result == "failed")
        .values(result="waiting", reason=None, updated_at=func.now())
    )
    return done.rowcount


class Counts(NamedTuple):
    """Of one cycle: participants by result, goals by department and state, and the failed with their reasons."""

    participants: dict[str, int]
    goals: list[tuple[str, str, int]]
    failed: list[tuple[str, str]]
    overdue: int


async def counts(connection: AsyncConnection, cycle: str, now: datetime) -> Counts:
    results = await connection.execute(
        select(ParticipantCountRow.result, ParticipantCountRow.people)
        .where(ParticipantCountRow.cycle_id == cycle, ParticipantCountRow.people > 0)
        .order_by(ParticipantCountRow.result)
    )
    participants = {row[0]: row[1] for row in results}
    goals = await connection.execute(
        select(GoalCountRow.department, GoalCountRow.state, GoalCountRow.goals)
        .where(GoalCountRow.cycle_id == cycle, GoalCountRow.goals > 0)
        .order_by(GoalCountRow.department, GoalCountRow.state)
    )
    by_state = [(row[0], row[1], row[2]) for row in goals]
    failed = await connection.execute(
        select(ParticipantRow.employee_id, ParticipantRow.reason)
        .where(ParticipantRow.cycle_id == cycle, ParticipantRow.result == "failed")
        .order_by(ParticipantRow.employee_id)
    )
    reasons = [(row[0], row[1] or "") for row in failed]
    overdue = await connection.execute(
        select(func.count())
        .select_from(GoalRow)
        .where(GoalRow.cycle_id == cycle, GoalRow.task.is_not(None), GoalRow.due_at < now)
    )
    return Counts(participants, by_state, reasons, overdue.scalar_one())


GOAL_COLUMNS = (
    "id", "cycle_id", "owner_id", "department", "state", "revision", "task", "assignees", "due_at", "outcome", "score",
    "seq", "head", "aggregate", "policy", "updated_at", "progress",
)  # fmt: skip
_EVENT_COLUMNS = (
    "goal_id", "seq", "revision", "kind", "at", "actor", "command_id", "body", "prev_hash", "hash",
)  # fmt: skip
_NOTICE_COLUMNS = ("key", "recipient_id", "cycle_id", "goal_id", "kind", "facts", "due_at", "urgent")


class Batch(NamedTuple):
    """Rows of a launch, in the order of the columns above."""

    goals: list[tuple[Any, ...]]
    events: list[tuple[Any, ...]]
    notices: list[tuple[Any, ...]]
    employees: list[str]


async def write_goals(connection: AsyncConnection, cycle: str, batch: Batch) -> None:
    """Writes a batch of new goals and marks their participants, by COPY and in one transaction.

    Safe to repeat: what stands there already (by goal id, ledger number, notice key) stays as it is.
    """
    driver = (await connection.get_raw_connection()).driver_connection
    if driver is None:
        raise RuntimeError("the database gave no connection")
    for table, columns, rows in (
        ("goal", GOAL_COLUMNS, batch.goals),
        ("goal_event", _EVENT_COLUMNS, batch.events),
        ("outbox", _NOTICE_COLUMNS, batch.notices),
    ):
        names = ", ".join(columns)
        await connection.exec_driver_sql(
            f"CREATE TEMP TABLE new_{table} ON COMMIT DROP AS SELECT {names} FROM {table} WITH NO DATA"  # noqa: S608 - our own names
        )
        await driver.copy_records_to_table(f"new_{table}", records=rows, columns=columns)
        await connection.exec_driver_sql(
            f"INSERT INTO {table} ({names}) SELECT {names} FROM new_{table} ON CONFLICT DO NOTHING"  # noqa: S608 - our own names
        )
    await connection.execute(
        text(
            "UPDATE participant SET result = 'written', updated_at = now(), goals = ("
            "SELECT count(*) FROM goal WHERE cycle_id = :cycle AND owner_id = employee_id) "
            "WHERE cycle_id = :cycle AND employee_id = ANY(:employees) AND result = 'waiting'"
        ),
        {"cycle": cycle, "employees": batch.employees},
    )
