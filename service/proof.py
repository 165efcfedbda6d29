"""The proof of a goal's ledger: its chain is recomputed, and the goal is built again from its events alone."""

from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError

from domain.cycle.launch import policy_digest
from domain.goal import scoring
from domain.goal.events import Created, Event
from domain.goal.evolve import created_goal, evolve_all
from domain.goal.goal import Goal
from domain.goal.ledger import Break, Link, verify
from domain.refusals import Code, Refusal
from domain.values import GoalId
from storage import cycles
from storage import goals as read
from storage.database import read_transaction

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

_TRIES = 5  # a goal that is worked on meanwhile is read again


class LedgerProof(NamedTuple):
    """A goal's ledger as stored, and what does not hold.

    `broken` is the first place where the chain does not hold; `differs` names what the goal's row, which people read,
    says otherwise than the ledger does.
    """

    lines: list[read.LedgerLine]
    broken: Break | None
    head: str
    differs: tuple[str, ...]

    @property
    def projection_agrees(self) -> bool:
        return not self.differs

    @property
    def holds(self) -> bool:
        return self.broken is None and not self.differs


async def prove(engine: "AsyncEngine", goal: GoalId) -> LedgerProof:
    """The ledger and what does not hold in it; raises a `Refusal` where there is no such goal."""
    proof, settled = await _read(engine, goal)
    for _ in range(_TRIES):
        if settled:
            break
        proof, settled = await _read(engine, goal)
    return proof


async def _read(engine: "AsyncEngine", goal: GoalId) -> tuple[LedgerProof, bool]:
    """The proof, and whether the goal stood still while it was read."""
    async with read_transaction(engine) as connection:
        before = await read.find_line(connection, goal)
        loaded = await read.load_aggregates(connection, ids=[goal])
    if before is None or not loaded:
        raise Refusal(Code.UNKNOWN_GOAL, goal=goal[:80])
    async with read_transaction(engine) as connection:
        lines = await read.read_ledger(connection, goal)
    events, broken = _events_of(goal, lines)
    differs = _head_differs(before, lines) if broken else await _differences(engine, before, loaded[0], events)
    async with read_transaction(engine) as connection:
        after = await read.find_line(connection, goal)
    head = lines[-1].hash if lines else ""
    return LedgerProof(lines, broken, head, differs), after is not None and after.seq == before.seq


def _events_of(goal: GoalId, lines: list[read.LedgerLine]) -> tuple[list[Event], Break | None]:
    """The events that can be read, and where the chain breaks; an entry that is no event any more was altered."""
    events: list[Event] = []
    unreadable: Break | None = None
    for line in lines:
        try:
            events.append(Event.model_validate(line.event))
        except ValidationError:
            unreadable = Break(line.event["seq"], "content")
            break
    links = [
        Link(event.seq, event.json_form, line.prev_hash, line.hash)
        for event, line in zip(events, lines, strict=False)  # up to the one that cannot be read
    ]
    empty = None if lines else Break(1, "gap")
    return events, verify(goal, links) or unreadable or empty


def _head_differs(row: read.GoalLine, lines: list[read.LedgerLine]) -> tuple[str, ...]:
    return () if row.seq == len(lines) else ("seq",)


async def _differences(
    engine: "AsyncEngine", row: read.GoalLine, stored: dict[str, object], events: list[Event]
) -> tuple[str, ...]:
    """What the row says otherwise than the goal that the events make, by the names of its columns and fields."""
    try:
        shown = Goal.model_validate(stored)
    except ValidationError:
        return ("aggregate",)
    async with read_transaction(engine) as connection:
        cycle = await cycles.find_cycle(connection, events[0].body.cycle if isinstance(events[0].body, Created) else "")
    if cycle is None:
        return ("cycle",)
    made = evolve_all(created_goal(GoalId(row.id), cycle.launched_policy, events[0]), events[1:])
    wrong = {name for name in Goal.model_fields if getattr(made, name) != getattr(shown, name)}
    wrong |= {name for name, value in _columns_of(made).items() if getattr(row, name) != value}
    if isinstance(events[0].body, Created) and events[0].body.policy != policy_digest(cycle.launched_policy_form):
        wrong.add("policy")
    return tuple(sorted(wrong))


def _columns_of(goal: Goal) -> dict[str, object]:
    return {
        "owner_id": goal.owner,
        "department": goal.department,
        "state": goal.state,
        "revision": goal.revision,
        "task": goal.task.kind if goal.task else None,
        "assignees": list(goal.task.assignees) if goal.task else [],
        "due_at": goal.due_at,
        "score": scoring.score(goal),
        "outcome": goal.outcome,
        "seq": goal.seq,
    }
