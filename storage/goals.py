"""Reading whole goals and their ledgers. The lists are in goal_list.py and inbox.py; they can be imported from here too."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from json import loads
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, Select, func, select, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.commitments import open_texts
from domain.instructions.placement import Placement
from domain.lifecycle import EventKind
from domain.values import EmployeeId
from storage.arrays import EMPTY, array_of, is_one_of
from storage.departments import names_meant
from storage.goal_list import GoalLine, find_line, list_goals
from storage.inbox import InboxKey, InboxLine, inbox
from storage.ledger import event_of
from storage.tables import CycleRow, GoalEventRow, GoalRow

__all__ = [
    "GoalLine",
    "InboxKey",
    "InboxLine",
    "LedgerLine",
    "count_recorded",
    "find_exemplar",
    "find_line",
    "goal_ids",
    "has_part",
    "inbox",
    "latest_entries",
    "list_goals",
    "load_aggregates",
    "load_cycle",
    "open_goals",
    "read_bodies",
    "read_columns",
    "read_entries_of_command",
    "read_ledger",
    "read_ledger_page",
    "recorded_commands",
    "stream_placements",
]  # fmt: skip

_PARTITION = 5_000  # rows that a stream reads at once
_NO_SITES: dict[EmployeeId, str] = {}


_COLUMNS = (
    GoalRow.id, GoalRow.cycle_id, GoalRow.owner_id, GoalRow.department, GoalRow.state, GoalRow.revision, GoalRow.task,
    GoalRow.assignees, GoalRow.due_at, GoalRow.outcome, GoalRow.score, GoalRow.progress, GoalRow.escalated,
    GoalRow.seq, GoalRow.head, GoalRow.updated_at,
)  # fmt: skip


async def open_goals(connection: AsyncConnection, cycle: str, after: str, limit: int) -> list[str]:
    """The ids of the goals of a cycle that are not closed: at most `limit`, after the id `after`, in order."""
    query = (
        select(GoalRow.id)
        .where(GoalRow.cycle_id == cycle, GoalRow.id > after, GoalRow.state != "closed")
        .order_by(GoalRow.id)
        .limit(limit)
    )
    return list((await connection.execute(query)).scalars())


async def open_goals_under(connection: AsyncConnection, cycle: str, parent: str) -> list[str]:
    """The ids of the goals of a cycle whose parent this goal is and that are not closed, in order."""
    of_parent = (GoalRow.cycle_id == cycle) & (GoalRow.parent == parent) & (GoalRow.state != "closed")
    return list((await connection.execute(select(GoalRow.id).where(of_parent).order_by(GoalRow.id))).scalars())


async def goal_ids(connection: AsyncConnection, cycle: str, after: str, limit: int) -> list[str]:
    """The ids of a cycle's goals in order, the next after the id `after`."""
    query = select(GoalRow.id).where(GoalRow.cycle_id == cycle, GoalRow.id > after).order_by(GoalRow.id).limit(limit)
    return list((await connection.execute(query)).scalars())


_PLACEMENTS = text("""
    SELECT id, cycle_id, owner_id, department, array_to_string(line, ','), array_to_string(assignees, ','),
        aggregate #>> '{sites}', array_to_string(own_hr, ','), aggregate #>> '{delegations}', chains,
        away, policy ->> 'review_stage', policy ->> 'stages', policy IS NULL,
        policy ->> 'leavers', aggregate ->> 'leaves',
        COALESCE((aggregate ->> 'additional')::boolean, false), aggregate ->> 'gone_on' IS NOT NULL,
        array_to_string(part_hr, ','), policy ->> 'hr_of', COALESCE(aggregate ->> 'hr_left', '[]'),
        array_to_string(contributors, ',')
    FROM goal WHERE state <> 'closed' ORDER BY id
""")
_RULES = text(
    "SELECT id, policy -> 'hr', policy ->> 'review_stage', policy ->> 'stages', policy ->> 'leavers', policy ->> 'hr_of'"
    " FROM cycle"
)


async def stream_placements(connection: AsyncConnection) -> AsyncIterator[list[Placement]]:
    """Where each open goal stands in the organisation, by id; the query reads thousands of rows at a time."""
    # Read once: as a column of the query, PostgreSQL would unpack the rules of the cycle for every goal.
    rules = await connection.execute(_RULES)
    hr_of, rules_of, parts_of = {}, {}, {}
    for cycle, hr, stage, stages, leavers, parts in rules:
        parts_of[cycle] = parts or "[]"
        hr_of[cycle], rules_of[cycle] = tuple(hr), (int(stage or 1), stages or "[]", leavers or "settle")
    found = await connection.stream(_PLACEMENTS)
    async for rows in found.partitions(_PARTITION):
        yield [
            Placement(
                goal, owner, department, line, assignees, loads(sites) if sites not in (None, "{}") else _NO_SITES,
                tuple(hr.split(",")) if hr else hr_of[cycle], _both_sides(delegations), chains,
                away, *(rules_of[cycle] if by_cycle else (int(stage or 1), stages or "[]", leavers or "settle")), leaves, additional, gone,
                part_hr, parts_of[cycle] if by_cycle else parts or "[]", hr_left, tuple(contributors.split(",")) if contributors else (),
            )
            for goal, cycle, owner, department, line, assignees, sites, hr, delegations, chains, away, stage, stages, by_cycle,
                leavers, leaves, additional, gone, part_hr, parts, hr_left, contributors in rows
        ]  # fmt: skip


def _both_sides(delegations: str | None) -> tuple[EmployeeId, ...]:
    """The delegators and delegates of a goal's delegations, which are JSON."""
    if delegations in (None, "[]"):
        return ()
    return tuple(EmployeeId(one[side]) for one in loads(delegations or "") for side in ("delegator", "to"))


def has_part(people: Sequence[str]) -> ColumnElement[bool]:
    """The condition that one of these people is owner, contributor, manager, evaluator or assignee of the goal. Each part has an index."""
    asked: ColumnElement[bool] = GoalRow.task.is_not(None) & GoalRow.assignees.overlap(array_of(people))
    leads: ColumnElement[bool] = GoalRow.line.overlap(array_of(people))
    evaluates: ColumnElement[bool] = (GoalRow.evaluators != EMPTY) & GoalRow.evaluators.overlap(array_of(people))
    contributes: ColumnElement[bool] = (GoalRow.contributors != EMPTY) & GoalRow.contributors.overlap(array_of(people))
    return is_one_of(GoalRow.owner_id, people) | asked | leads | evaluates | contributes


async def load_aggregates(
    connection: AsyncConnection, *, ids: Sequence[str] = (), owners: Sequence[str] = (), cycle: str | None = None
) -> list[dict[str, Any]]:
    """Whole goals as JSON, with their policies: the goals with these ids, or the goals of these owners in a cycle."""
    query = select(GoalRow.aggregate, func.coalesce(GoalRow.policy, CycleRow.policy)).join(
        CycleRow, CycleRow.id == GoalRow.cycle_id
    )
    if cycle is not None:
        query = query.where(GoalRow.cycle_id == cycle, is_one_of(GoalRow.owner_id, owners))
    else:
        query = query.where(is_one_of(GoalRow.id, ids))
    return [
        {**aggregate, "policy": policy} for aggregate, policy in await connection.execute(query.order_by(GoalRow.id))
    ]


async def read_columns(connection: AsyncConnection, goal: str) -> dict[str, Any] | None:
    """The columns of a goal's row that repeat its ledger, by name; None if there is no such goal."""
    row = (await connection.execute(select(*_COLUMNS).where(GoalRow.id == goal))).one_or_none()
    return None if row is None else dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it


async def load_cycle(
    connection: AsyncConnection,
    cycle: str,
    *,
    owner: str | None = None,
    department: str | None = None,
    exemplars: bool = False,
    condition: ColumnElement[bool] | None = None,
    after: str = "",
    limit: int | None = None,
) -> list[tuple[dict[str, Any], dict[str, Any] | None]]:
    """The whole goals of a cycle as JSON, by id, each with its own policy; None: the cycle's policy applies.

    `condition` (storage/visibility.py) limits them to the goals that the caller may see. With a `limit`, the next after the id `after`.
    """
    query = select(GoalRow.aggregate, GoalRow.policy).where(GoalRow.cycle_id == cycle, GoalRow.id > after)
    query = query.order_by(GoalRow.id).limit(limit)
    if owner is not None:
        query = query.where(GoalRow.owner_id == owner)
    if department is not None:
        query = query.where(is_one_of(GoalRow.department, await names_meant(connection, department)))
    if condition is not None:
        query = query.where(condition)
    if exemplars:
        query = query.where(GoalRow.exemplar)
    return [(aggregate, policy) for aggregate, policy in await connection.execute(query)]


async def find_exemplar(connection: AsyncConnection, exemplar: str) -> str | None:
    """The id of the goal that is shown as this example; `exemplar` is the beginning of the hash of the entry that marks it."""
    marks = _marks().where(GoalEventRow.hash.startswith(exemplar, autoescape=True))
    return await connection.scalar(marks.limit(1))


async def exemplar_marks(connection: AsyncConnection, goals: Sequence[str]) -> dict[str, str]:
    """The hash of the entry that made each of these goals an example, by goal id."""
    marks = _marks().add_columns(GoalEventRow.hash).where(is_one_of(GoalRow.id, goals))
    return {row[0]: row[1] for row in await connection.execute(marks)}


def _marks() -> Select[str]:
    """The goals that are examples, joined with the ledger entries that made them so."""
    marked = GoalEventRow.body["kind"].astext == EventKind.EXEMPLAR_MARKED
    return select(GoalRow.id).join(GoalEventRow, (GoalEventRow.goal_id == GoalRow.id) & marked).where(GoalRow.exemplar)


async def read_bodies(
    connection: AsyncConnection, goals: Sequence[str], kinds: Sequence[str]
) -> dict[str, list[dict[str, Any]]]:
    """The bodies of the ledger entries of these kinds, by goal id, in the order of each ledger."""
    query = (
        select(GoalEventRow.goal_id, GoalEventRow.body, GoalEventRow.texts)
        .where(is_one_of(GoalEventRow.goal_id, goals), is_one_of(GoalEventRow.body["kind"].astext, kinds))
        .order_by(GoalEventRow.goal_id, GoalEventRow.seq)
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for goal, body, texts in await connection.execute(query):
        found.setdefault(goal, []).append(open_texts(body, texts or {})[0])
    return found


class LedgerLine(NamedTuple):
    """A ledger entry: the event as JSON (`event_of`), and what the ledger stores beside it.

    `body` is the hashed form of the event's body. What people are shown comes from `event`; the column `kind_column` and the
    others are for the proof (service/proof.py), which compares them with it.
    """

    event: dict[str, Any]
    body: dict[str, Any]
    kind_column: str
    prev_hash: str
    hash: str
    recorded_at: datetime
    recorded_hash: str
    texts: dict[str, dict[str, str]] | None

    @property
    def kind(self) -> str:
        """What the hashed form says; empty if that was altered and says nothing."""
        kind = self.body.get("kind") if isinstance(self.body, dict) else None
        return kind if isinstance(kind, str) else ""


async def read_ledger(
    connection: AsyncConnection, goal: str, after: int = 0, limit: int | None = None
) -> list[LedgerLine]:
    """The entries of a goal's ledger after the number `after`, in order. Raises `UNREADABLE` for a row that was altered so."""
    query = (
        select(GoalEventRow.__table__)
        .where(GoalEventRow.goal_id == goal, GoalEventRow.seq > after)
        .order_by(GoalEventRow.seq)
        .limit(limit)
    )
    return [_ledger_line(row) for row in await connection.execute(query)]


async def read_entries_of_command(connection: AsyncConnection, goal: str, command_id: str) -> list[LedgerLine]:
    """The entries that the command with this id made, in order; by the ledger's unique key."""
    query = (
        select(GoalEventRow.__table__)
        .where(GoalEventRow.goal_id == goal, GoalEventRow.command_id == command_id)
        .order_by(GoalEventRow.seq)
    )
    return [_ledger_line(row) for row in await connection.execute(query)]


async def recorded_commands(
    connection: AsyncConnection, goals: Sequence[str], commands: Sequence[str]
) -> set[tuple[str, str]]:
    """Which of these goals have entries of which of these commands: pairs of goal and command id."""
    query = select(GoalEventRow.goal_id, GoalEventRow.command_id).where(
        is_one_of(GoalEventRow.goal_id, goals), is_one_of(GoalEventRow.command_id, commands)
    )
    return {(row[0], row[1]) for row in await connection.execute(query)}


async def count_recorded(connection: AsyncConnection, cycle: str, command: str) -> int:
    """The number of goals of the cycle that have entries of this command."""
    query = (
        select(func.count(GoalEventRow.goal_id.distinct()))
        .join(GoalRow, GoalRow.id == GoalEventRow.goal_id)
        .where(GoalRow.cycle_id == cycle, GoalEventRow.command_id == command)
    )
    return await connection.scalar(query) or 0


async def latest_entries(
    connection: AsyncConnection, goals: Sequence[str], kinds: Sequence[str]
) -> dict[str, LedgerLine]:
    """The newest ledger entry of these kinds of each goal, by goal id; goals without one are left out. One query."""
    query = (
        select(GoalEventRow.__table__)
        .ext(distinct_on(GoalEventRow.goal_id))
        .where(is_one_of(GoalEventRow.goal_id, goals), is_one_of(GoalEventRow.body["kind"].astext, kinds))
        .order_by(GoalEventRow.goal_id, GoalEventRow.seq.desc())
    )
    return {row.goal_id: _ledger_line(row) for row in await connection.execute(query)}


async def read_ledger_page(
    connection: AsyncConnection, goal: str, *, before: int | None = None, limit: int = 50
) -> list[LedgerLine]:
    """The newest `limit` entries of a goal's ledger, newest first; with `before`, only entries with a smaller number."""
    query = select(GoalEventRow.__table__).where(GoalEventRow.goal_id == goal)
    if before is not None:
        query = query.where(GoalEventRow.seq < before)
    rows = await connection.execute(query.order_by(GoalEventRow.seq.desc()).limit(limit))
    return [_ledger_line(row) for row in rows]


def _ledger_line(row: Row[*tuple[Any, ...]]) -> LedgerLine:
    entry = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    return LedgerLine(
        event_of(entry), entry["body"], entry["kind"], entry["prev_hash"], entry["hash"], entry["recorded_at"],
        entry["recorded_hash"], entry["texts"],
    )  # fmt: skip
