"""The input and the result of the activity that records a goal's events."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

from pydantic_core import to_json
from temporalio import activity

from domain.goal.constraints import Constraints, constraints_of
from domain.goal.events import Event, TextsErased
from domain.goal.evolve import evolve
from domain.goal.goal import Goal
from domain.goal.handing import Succession, succession_of
from domain.goal.scoring import progress, score
from domain.goal.tasks import is_escalated
from domain.messages import FieldValue
from domain.notices.notices import notices_of
from domain.refusals import Code, Refusal
from domain.values import Frozen, GoalId, Moment

MAX_GOAL_BYTES = (
    500_000  # of a goal's JSON, usually 10,000; a run begins with all of it, and Temporal refuses payloads of 2 MB
)


class Recording(Frozen):
    """Events to append behind `before`, and what the goal's row says after them. Texts are JSON, ready for PostgreSQL."""

    goal: GoalId
    before: int  # seq of the ledger's last entry when the events were decided
    before_head: str  # its hash
    row: dict[str, Any]
    events: str
    notices: str
    at: Moment  # of the last event
    constraints: Constraints | None = None  # what must hold of other goals as well
    erases: tuple[int, ...] = ()  # numbers of the entries whose texts are erased
    replaces: str | None = None  # the goal's JSON before the events, as its row must hold it; None: it is not compared
    succession: Succession | None = None  # the goal that begins in the same transaction


class Position(Frozen):
    """A place in a goal's ledger: behind the entry `seq`."""

    goal: GoalId
    seq: int


class RecordedRefusal(Frozen):
    """A refusal on its way from the database: its code and the fields of its sentence."""

    code: Code
    fields: dict[str, FieldValue]


class Recorded(Frozen):
    """What the ledger holds instead of what was handed in.

    `adopted` are the events found at those numbers: an earlier try, perhaps of another command, was committed before its
    worker died. `known` says that a command with the same id was recorded long ago, and `adopted` are its events. `refused` says that it conflicts with
    another goal, or that the ledger was altered: nothing was stored.
    """

    adopted: tuple[Event, ...] = ()
    known: bool = False
    refused: RecordedRefusal | None = None


class Recorder(ABC):
    """The local activities of a goal; implemented in activities/recording.py."""

    @activity.defn(name="record")
    @abstractmethod
    async def record(self, recording: Recording) -> Recorded | None:
        """Stores the recording. None: it is stored; else what the ledger holds instead."""

    @activity.defn(name="read_behind")
    @abstractmethod
    async def read_behind(self, position: Position) -> Recorded:
        """The ledger's entries that the workflow does not know."""


def record(goal: Goal, decided: tuple[Event, ...], salts: Iterator[str]) -> tuple[Goal, Recording]:
    """The goal after the events, and the recording that makes it so. Each text in the events takes the next of `salts`."""
    return recording_of(goal, salted(decided, salts))


def salted(decided: tuple[Event, ...], salts: Iterator[str]) -> tuple[Event, ...]:
    """The events with a fresh salt for each text in them."""
    return tuple(event.salted(salts) for event in decided)


def recording_of(goal: Goal, events: tuple[Event, ...]) -> tuple[Goal, Recording]:
    """The goal after the events, which have their salts, and the recording that makes it so."""
    after, entries, befores = goal, [], []
    for event in events:
        previous, after = after, evolve(after, event)
        befores.append(previous)
        entries.append(_entry(event, previous.head, after.head))
    notices = [n for event, before in zip(events, befores, strict=True) for n in notices_of(after, event, before)]
    recording = Recording(
        goal=goal.id,
        before=goal.seq,
        before_head=goal.head,
        row=row_of(after, amended=after.policy != goal.policy),
        events=to_json(entries).decode(),
        notices=to_json(notices).decode(),
        at=events[-1].at,
        constraints=constraints_of(goal, after, events),
        erases=tuple(seq for event in events if isinstance(event.body, TextsErased) for seq in event.body.entries),
        replaces=aggregate_of(goal),
        succession=next(filter(None, map(succession_of, befores, events)), None),
    )
    return after, recording


def require_size(recording: Recording) -> None:
    """Raises a `Refusal` if the goal, with its rules if they change, would be too large after the recording."""
    size = sum(len(recording.row[part].encode()) for part in ("aggregate", "policy") if recording.row[part])
    if size > MAX_GOAL_BYTES:
        raise Refusal(Code.TOO_LARGE, size=size, most=MAX_GOAL_BYTES)


def _entry(event: Event, prev_hash: str, own_hash: str) -> dict[str, Any]:
    """The row of the ledger: the hashed form of the event, and beside it the texts with their salts."""
    entry = {
        **event.json_form,
        "kind": event.kind,
        "command_id": event.command,
        "prev_hash": prev_hash,
        "hash": own_hash,
    }
    return entry | {"texts": event.texts} if event.texts else entry


def aggregate_of(goal: Goal) -> str:
    """The goal's JSON without its rules, as its row holds it."""
    return goal.model_dump_json(exclude={"policy"}, exclude_none=True)


def row_of(goal: Goal, *, amended: bool = False) -> dict[str, Any]:
    """The goal's row of the projection."""
    return {
        "state": goal.state,
        "department": goal.department,
        "revision": goal.revision,
        "task": goal.task.kind if goal.task else None,
        "assignees": list(goal.task.assignees) if goal.task else [],
        "due_at": goal.due_at,
        "outcome": goal.outcome,
        "score": score(goal),
        "progress": progress(goal),
        "escalated": is_escalated(goal),
        "seq": goal.seq,
        "head": goal.head,
        "aggregate": aggregate_of(goal),
        "policy": goal.policy.model_dump_json() if amended else None,
    }
