"""Cycles and their participants: who takes part, the launch result of each participant, and the totals of a cycle."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, Literal, NamedTuple

from sqlalchemy import (
    Date,
    Integer,
    Row,
    Text,
    bindparam,
    cast,
    func,
    insert,
    select,
    text,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.cycle.file import CycleFile
from domain.lifecycle import State
from domain.lifecycles import CYCLE, ENDED, CycleEvent, CycleState, ParticipantEvent, ParticipantState
from domain.policy.policy import Policy, TaskKind
from domain.values import CycleId, EmployeeId
from storage.arrays import is_one_of
from storage.database import once_in_a_snapshot
from storage.tables import CycleRow, GoalCountRow, GoalRow, ParticipantCountRow, ParticipantRow
from storage.transitions import move_cycles, move_participants

_NOT_STARTED = (ParticipantState.WAITING, ParticipantState.WRITTEN)


@dataclass(frozen=True)
class Cycle:
    """A cycle as it is stored. The file and the policies are validated when they are first used: most lists need neither."""

    id: CycleId
    name: str
    state: CycleState
    launched_by: EmployeeId
    launched_at: datetime
    closed_at: datetime | None
    file_form: dict[str, Any]
    launched_policy_form: dict[str, Any]
    rules_form: dict[str, Any]

    @property
    def time_zone(self) -> str:
        """The time zone in which the cycle counts its days."""
        zone: str = self.launched_policy_form["calendar"]["timezone"]
        return zone

    @cached_property
    def file(self) -> CycleFile:
        """The cycle file as it was launched."""
        return CycleFile.model_validate(self.file_form)

    @cached_property
    def launched_policy(self) -> Policy:
        """The rules as they were frozen at the launch; the proof of a ledger starts from them."""
        return Policy.model_validate(self.launched_policy_form)

    @cached_property
    def rules(self) -> Policy:
        """The current rules: as HR last amended them for the whole cycle. A single goal may have rules of its own."""
        return Policy.model_validate(self.rules_form)


class UnstartedParticipant(NamedTuple):
    """A participant whose goal workflows are not started yet."""

    employee_id: str
    department: str
    result: str
    slot: int
    added_by: str | None
    added_at: datetime | None


class Participant(NamedTuple):
    """A person who will take part; `slot` is the number of goals of the cycle before this person's first goal."""

    employee_id: str
    department: str
    slot: int


_RULES = func.coalesce(CycleRow.policy_now, CycleRow.policy)
_CYCLE = select(
    CycleRow.id, CycleRow.name, CycleRow.state, CycleRow.launched_by, CycleRow.launched_at, CycleRow.closed_at,
    CycleRow.file, CycleRow.policy, _RULES,
)  # fmt: skip


def _cycle(row: Row[*tuple[Any, ...]]) -> Cycle:
    identity, name, state, launched_by, launched_at, closed_at, file, policy, rules = row
    return Cycle(identity, name, CycleState(state), launched_by, launched_at, closed_at, file, policy, rules)


async def find_cycle(connection: AsyncConnection, cycle: str) -> Cycle | None:
    row = (await connection.execute(_CYCLE.where(CycleRow.id == cycle))).one_or_none()
    return _cycle(row) if row else None


async def lock_cycle(connection: AsyncConnection, cycle: str, *, shared: bool = False) -> Cycle | None:
    """The cycle, whose row is locked until the transaction ends: a second transaction waits here, then reads what the first wrote.

    `shared`: others may hold the lock too, and nobody changes the cycle.
    """
    row = (await connection.execute(_CYCLE.where(CycleRow.id == cycle).with_for_update(read=shared))).one_or_none()
    return _cycle(row) if row else None


@once_in_a_snapshot
async def list_cycles(connection: AsyncConnection) -> list[Cycle]:
    """All cycles, the latest launch first."""
    rows = await connection.execute(_CYCLE.order_by(CycleRow.launched_at.desc(), CycleRow.id))
    return [_cycle(row) for row in rows]


class TimeZones(NamedTuple):
    """The time zones of a cycle: of its own calendar, and of its sites by name."""

    calendar: str
    sites: dict[str, str]

    def at(self, site: str | None) -> str:
        """The time zone of a site; that of the cycle's calendar where the cycle does not know the site."""
        return self.sites.get(site or "", self.calendar)

    def all(self) -> tuple[str, ...]:
        return (self.calendar, *self.sites.values())


_TIME_ZONES = text("""
SELECT id, policy #>> '{calendar,timezone}',
    COALESCE((SELECT jsonb_object_agg(key, value ->> 'timezone') FROM jsonb_each(policy -> 'sites')), '{}')
FROM cycle ORDER BY launched_at DESC, id
""")


@once_in_a_snapshot
async def time_zones(connection: AsyncConnection) -> dict[str, TimeZones]:
    """The time zones of each cycle, as launched; the latest launch first."""
    return {row[0]: TimeZones(row[1], row[2]) for row in await connection.execute(_TIME_ZONES)}


async def policies(connection: AsyncConnection) -> dict[str, dict[str, Any]]:
    """The current rules of each cycle, as JSON, by the cycle's id."""
    return {row[0]: row[1] for row in await connection.execute(select(CycleRow.id, _RULES))}


async def create_cycle(connection: AsyncConnection, cycle: dict[str, Any], participants: Sequence[Participant]) -> bool:
    """Writes the cycle with its participants. Returns False, and writes nothing, if the id is taken."""
    made = await connection.execute(upsert(CycleRow).values(cycle).on_conflict_do_nothing().returning(CycleRow.id))
    if made.one_or_none() is None:
        return False
    rows = [{"cycle_id": cycle["id"], **one._asdict()} for one in participants]
    for start in range(0, len(rows), 5000):
        await connection.execute(insert(ParticipantRow), rows[start : start + 5000])
    return True


async def latest_closing_day(connection: AsyncConnection, cycle: str) -> date | None:
    """The latest closing day among the open goals that have rules of their own; None if there are none."""
    closes = cast(GoalRow.policy["closes"].astext, Date)
    found: date | None = await connection.scalar(
        select(func.max(closes)).where(GoalRow.cycle_id == cycle, GoalRow.state != State.CLOSED)
    )
    return found


async def participants_among(
    connection: AsyncConnection, cycle: str, people: Collection[str], *, removed: bool = False
) -> set[str]:
    """Those of these people who are in the cycle; with `removed`, those too who were taken out of it."""
    query = select(ParticipantRow.employee_id).where(
        ParticipantRow.cycle_id == cycle,
        is_one_of(ParticipantRow.employee_id, people),
        true() if removed else ParticipantRow.result != ParticipantState.REMOVED,
    )
    return set(await connection.scalars(query))


async def departments_in(connection: AsyncConnection, cycle: str) -> set[str]:
    """The departments of the cycle's goals."""
    query = select(GoalCountRow.department).where(GoalCountRow.cycle_id == cycle).group_by(GoalCountRow.department)
    return set(await connection.scalars(query.having(func.sum(GoalCountRow.goals) > 0)))


async def save_amended_policy(connection: AsyncConnection, cycle: str, policy: dict[str, Any]) -> None:
    """Stores the cycle's rules from now on; people who join later get these rules. A repeat stores the same."""
    await connection.execute(update(CycleRow).where(CycleRow.id == cycle).values(policy_now=policy))


async def change_state(connection: AsyncConnection, cycle: str, event: CycleEvent, at: datetime) -> bool:
    """Changes the cycle's state as `event` says (domain/lifecycles.py), at the time `at`.

    Returns False, and changes nothing, if the event is not allowed in the cycle's state: so a repeat of its end changes nothing.
    """
    ends = CYCLE.target(event) in ENDED
    return bool(await move_cycles(connection, event, CycleRow.id == cycle, closed_at=at if ends else None))


async def unstarted_participants(
    connection: AsyncConnection, cycle: str, after: str, limit: int, *, up_to: str | None = None
) -> list[UnstartedParticipant]:
    """The participants whose goals are not started, by id: at most `limit`, after the id `after` and up to the id `up_to`."""
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
            ParticipantRow.result.in_(_NOT_STARTED),
            ParticipantRow.employee_id > after,
        )
        .order_by(ParticipantRow.employee_id)
        .limit(limit)
    )
    if up_to is not None:
        query = query.where(ParticipantRow.employee_id <= up_to)
    return [UnstartedParticipant(*row) for row in await connection.execute(query)]


async def record_launch(
    connection: AsyncConnection,
    cycle: str,
    employees: Sequence[str],
    event: Literal[ParticipantEvent.GOALS_STARTED, ParticipantEvent.LAUNCH_FAILED],
    reason: str | None = None,
) -> None:
    """Records the launch result of these participants. A participant who was removed in the meantime stays removed."""
    which = (ParticipantRow.cycle_id == cycle) & is_one_of(ParticipantRow.employee_id, employees)
    attempts = ParticipantRow.attempts + 1
    await move_participants(connection, event, which, reason=reason, attempts=attempts, updated_at=func.now())


async def requeue_failed(connection: AsyncConnection, cycle: str) -> int:
    """Sets the failed participants back to waiting; returns how many there were."""
    which = ParticipantRow.cycle_id == cycle
    return await move_participants(connection, ParticipantEvent.RETRIED, which, reason=None, updated_at=func.now())


class CycleCounts(NamedTuple):
    """The totals of one cycle: participants by launch result, goals by department and state, failed participants with reasons."""

    participants: dict[str, int]
    goals: list[tuple[str, str, int]]
    failed: list[tuple[str, str]]
    overdue: int  # goals that are paused are not counted
    paused: int


# Triggers keep the totals (migration 0006). The queries are built once: building one takes longer than running it.
_RESULTS = (
    select(ParticipantCountRow.result, ParticipantCountRow.people)
    .where(ParticipantCountRow.cycle_id == bindparam("cycle", type_=Text), ParticipantCountRow.people > 0)
    .order_by(ParticipantCountRow.result)
)
_BY_STATE = (
    select(GoalCountRow.department, GoalCountRow.state, func.sum(GoalCountRow.goals).cast(Integer))
    .where(GoalCountRow.cycle_id == bindparam("cycle", type_=Text))
    .group_by(GoalCountRow.department, GoalCountRow.state)
    .having(func.sum(GoalCountRow.goals) > 0)
    .order_by(GoalCountRow.department, GoalCountRow.state)
)
_FAILED = (
    select(ParticipantRow.employee_id, func.coalesce(ParticipantRow.reason, ""))
    .where(
        ParticipantRow.cycle_id == bindparam("cycle", type_=Text),
        ParticipantRow.result == ParticipantState.FAILED.value,
    )
    .order_by(ParticipantRow.employee_id)
)
_IN_CYCLE = GoalRow.cycle_id == bindparam("cycle", type_=Text)
_TASKS = [one.value for one in TaskKind]
_IS_OVERDUE = (  # the index begins with the cycle and the task
    GoalRow.task.is_not(None)
    & is_one_of(GoalRow.task, _TASKS)
    & ~GoalRow.paused
    & (GoalRow.due_at < bindparam("now", type_=GoalRow.due_at.type))
)
_OVERDUE_AND_PAUSED = select(
    select(func.count()).select_from(GoalRow).where(_IN_CYCLE, _IS_OVERDUE).scalar_subquery(),
    select(func.count()).select_from(GoalRow).where(_IN_CYCLE, GoalRow.paused).scalar_subquery(),
)


async def counts(connection: AsyncConnection, cycle: str, now: datetime) -> CycleCounts:
    """The totals at `now`: four queries, none of which reads every goal or every participant."""
    of_cycle = {"cycle": cycle}
    participants = {row[0]: row[1] for row in await connection.execute(_RESULTS, of_cycle)}
    goals = [(row[0], row[1], row[2]) for row in await connection.execute(_BY_STATE, of_cycle)]
    failed = [(row[0], row[1]) for row in await connection.execute(_FAILED, of_cycle)]
    overdue, paused = (await connection.execute(_OVERDUE_AND_PAUSED, of_cycle | {"now": now})).one()
    return CycleCounts(participants, goals, failed, overdue, paused)


GOAL_COLUMNS = (
    "id", "cycle_id", "owner_id", "department", "state", "revision", "task", "assignees", "due_at", "outcome", "score",
    "seq", "head", "aggregate", "policy", "updated_at", "progress", "escalated",
)  # fmt: skip
_EVENT_COLUMNS = (
    "goal_id", "seq", "revision", "kind", "at", "actor", "command_id", "body", "prev_hash", "hash", "texts",
)  # fmt: skip
_NOTICE_COLUMNS = ("key", "recipient_id", "cycle_id", "goal_id", "kind", "facts", "due_at", "urgent")


class LaunchBatch(NamedTuple):
    """Rows that a launch writes; their values are in the order of the columns above. `employees`: ids of the participants."""

    goals: list[tuple[Any, ...]]
    events: list[tuple[Any, ...]]
    notices: list[tuple[Any, ...]]
    employees: list[str]


async def write_goals(connection: AsyncConnection, cycle: str, batch: LaunchBatch) -> None:
    """Writes a batch of new goals with COPY and marks their participants as written; the caller commits.

    Safe to repeat: rows that exist already (by goal id, ledger number, notice key) stay as they are.
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
    written = select(func.count()).where(GoalRow.cycle_id == cycle, GoalRow.owner_id == ParticipantRow.employee_id)
    await move_participants(
        connection,
        ParticipantEvent.GOALS_WRITTEN,
        (ParticipantRow.cycle_id == cycle) & is_one_of(ParticipantRow.employee_id, batch.employees),
        goals=written.scalar_subquery(),
        updated_at=func.now(),
    )
