"""The verification of a goal's ledger.

Recomputes the hash chain, compares what the ledger stores beside the hashed form (texts, kinds, times of recording) with it, and
compares the goal's row with the goal as rebuilt from the events.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import ValidationError

from domain.cycle.launch import policy_digest
from domain.goal import scoring
from domain.goal.events import Created, Event
from domain.goal.evolve import created_goal, evolve_all
from domain.goal.goal import Goal
from domain.goal.ledger import Beside, Break, Link, seal, verify, verify_beside
from domain.goal.tasks import is_escalated
from domain.refusals import Code, Refusal
from domain.values import GoalId
from storage import cycles
from storage.database import UNREADABLE, read_transaction
from storage.goals import LedgerLine, load_aggregates, read_columns, read_ledger

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

_MAX_REPEATS = 5  # a goal that changes while it is read is read again


class LedgerProof(NamedTuple):
    """The entries of a goal's ledger, and the result of their verification.

    `broken` is the first entry at which the chain is broken, or that differs from what is stored beside it. `differs` names the columns and fields of the goal's row (the
    projection) that do not agree with the ledger. `head` is the hash of the last entry.
    """

    lines: list[LedgerLine]
    broken: Break | None
    head: str
    differs: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return self.broken is None and not self.differs

    def is_proven(self, line: LedgerLine) -> bool:
        """Whether the entry is before the first broken one. From there on a body may have any form."""
        return self.broken is None or line.event["seq"] < self.broken.seq


async def prove(engine: "AsyncEngine", goal: GoalId) -> LedgerProof:
    """Verifies the ledger of a goal. Raises a `Refusal` for an unknown goal."""
    proof, is_unchanged = await _read(engine, goal)
    for _ in range(_MAX_REPEATS):
        if is_unchanged:
            break
        proof, is_unchanged = await _read(engine, goal)
    return proof


async def _read(engine: "AsyncEngine", goal: GoalId) -> tuple[LedgerProof, bool]:
    """The proof, and whether the goal did not change while it was read."""
    async with read_transaction(engine) as connection:
        before = await read_columns(connection, goal)
        loaded = await load_aggregates(connection, ids=[goal])
    if before is None or not loaded:
        raise Refusal(Code.UNKNOWN_GOAL, goal=goal[:80])
    async with read_transaction(engine) as connection:
        lines, unreadable = await _read_lines(connection, goal)
    events, broken = _events_of(goal, lines, unreadable)
    differs = _head_differs(before, lines) if broken else await _differences(engine, before, loaded[0], events)
    async with read_transaction(engine) as connection:
        after = await read_columns(connection, goal)
    head = lines[-1].hash if lines else ""
    return LedgerProof(lines, broken, head, differs), after is not None and after["seq"] == before["seq"]


async def _read_lines(connection: "AsyncConnection", goal: GoalId) -> tuple[list[LedgerLine], Break | None]:
    """The entries of the goal's ledger, up to the first that cannot be read because it was altered; and that one."""
    try:
        lines = await read_ledger(connection, goal)
    except UNREADABLE:
        lines = []
        while True:
            try:
                lines += await read_ledger(connection, goal, after=len(lines), limit=1)
            except UNREADABLE:
                return lines, Break(len(lines) + 1, "content")
    endless = next((n for n, one in enumerate(lines) if None in (one.event["at"].tzinfo, one.recorded_at.tzinfo)), None)
    if endless is not None:  # the driver returns the time `infinity` without a zone
        return lines[:endless], Break(endless + 1, "content")
    return lines, None


def _events_of(goal: GoalId, lines: list[LedgerLine], unreadable: Break | None) -> tuple[list[Event], Break | None]:
    """The valid events, and where the chain is broken. An entry that is not a valid event was altered."""
    events: list[Event] = []
    invalid = unreadable
    for line in lines:
        try:
            events.append(Event.model_validate(line.event))
        except ValidationError:
            invalid = Break(line.event["seq"], "content")
            break
    valid = list(zip(events, lines, strict=False))  # up to the first invalid entry
    links = [Link(event.seq, _hashed(event, line), line.prev_hash, line.hash) for event, line in valid]
    beside = [_beside(event, line) for event, line in valid]
    empty = None if lines or unreadable else Break(1, "gap")
    found = [one for one in (verify(goal, links), verify_beside(beside), invalid, empty) if one]
    return events, min(found, key=lambda one: one.seq, default=None)


def _hashed(event: Event, line: LedgerLine) -> dict[str, Any]:
    """The form that was hashed. Its body is the stored one, so that an altered commitment is found."""
    return event.json_form | {"body": line.body}


def _beside(event: Event, line: LedgerLine) -> Beside:
    is_sealed = line.recorded_hash == seal(line.hash, line.recorded_at)
    return Beside(event.seq, line.body, line.kind_column, line.texts, is_sealed)


def _head_differs(row: dict[str, Any], lines: list[LedgerLine]) -> tuple[str, ...]:
    return () if row["seq"] == len(lines) else ("seq",)


async def _differences(
    engine: "AsyncEngine", row: dict[str, Any], stored: dict[str, object], events: list[Event]
) -> tuple[str, ...]:
    """The names of the columns and fields of the row that differ from the goal as rebuilt from the events."""
    try:
        projected = Goal.model_validate(stored)
    except ValidationError:
        return ("aggregate",)
    async with read_transaction(engine) as connection:
        cycle = await cycles.find_cycle(connection, events[0].body.cycle if isinstance(events[0].body, Created) else "")
    if cycle is None:
        return ("cycle",)
    rebuilt = evolve_all(created_goal(GoalId(row["id"]), cycle.launched_policy, events[0]), events[1:])
    different = {name for name in Goal.model_fields if getattr(rebuilt, name) != getattr(projected, name)}
    different |= {name for name, value in _columns_of(rebuilt, events[-1]).items() if row[name] != value}
    if isinstance(events[0].body, Created) and events[0].body.policy != policy_digest(cycle.launched_policy_form):
        different.add("policy")
    return tuple(sorted(different))


def _columns_of(goal: Goal, last: Event) -> dict[str, object]:
    """What the columns of the goal's row must be (`read_columns`)."""
    return {
        "cycle_id": goal.cycle,
        "owner_id": goal.owner,
        "department": goal.department,
        "state": goal.state,
        "revision": goal.revision,
        "task": goal.task.kind if goal.task else None,
        "assignees": list(goal.task.assignees) if goal.task else [],
        "due_at": goal.due_at,
        "score": scoring.score(goal),
        "outcome": goal.outcome,
        "progress": scoring.progress(goal),
        "escalated": is_escalated(goal),
        "seq": goal.seq,
        "head": goal.head,
        "updated_at": last.at,
    }
