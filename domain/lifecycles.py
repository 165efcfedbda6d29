"""The lifecycles of a cycle, a participant, an instruction and a notice: one table each. The goal's is in domain/lifecycle.py.

`Lifecycle.next_state` says to which state an event leads. Storage changes a state only through storage/transitions.py,
which reads the same tables.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from domain.lifecycle import ImpossibleTransition

StateT = TypeVar("StateT", bound=StrEnum)
EventT = TypeVar("EventT", bound=StrEnum)


@dataclass(frozen=True)
class Lifecycle(Generic[StateT, EventT]):
    """A table of states and events. Every state has a row; the row of a final state is empty. An event leads to one state."""

    name: str
    table: Mapping[StateT, Mapping[EventT, StateT]]

    def next_state(self, state: StateT, event: EventT) -> StateT:
        """The state after `event`; raises `ImpossibleTransition` where the table has no entry."""
        try:
            return self.table[state][event]
        except KeyError:
            raise ImpossibleTransition(f"{event} cannot happen to a {self.name} that is {state}") from None

    def sources(self, event: EventT) -> tuple[StateT, ...]:
        """The states in which `event` can happen."""
        return tuple(state for state, row in self.table.items() if event in row)

    def target(self, event: EventT) -> StateT:
        """The state to which `event` leads."""
        return next(row[event] for row in self.table.values() if event in row)


class CycleState(StrEnum):
    LAUNCHING = "launching"
    OPEN = "open"
    CLOSED = "closed"
    CANCELLED = "cancelled"

    @property
    def is_running(self) -> bool:
        """Whether its goals can still be worked on."""
        return self in RUNNING


class CycleEvent(StrEnum):
    LAUNCHED = "launched"  # the goals of all participants run, or their launch failed
    CLOSED = "closed"
    CANCELLED = "cancelled"
    REOPENED = "reopened"


RUNNING = (CycleState.LAUNCHING, CycleState.OPEN)
ENDED = (CycleState.CLOSED, CycleState.CANCELLED)

CYCLE = Lifecycle(
    "cycle",
    {
        CycleState.LAUNCHING: {
            CycleEvent.LAUNCHED: CycleState.OPEN,
            CycleEvent.CLOSED: CycleState.CLOSED,
            CycleEvent.CANCELLED: CycleState.CANCELLED,
        },
        CycleState.OPEN: {
            CycleEvent.LAUNCHED: CycleState.OPEN,  # people who joined later
            CycleEvent.CLOSED: CycleState.CLOSED,
            CycleEvent.CANCELLED: CycleState.CANCELLED,
        },
        CycleState.CLOSED: {CycleEvent.REOPENED: CycleState.OPEN},
        CycleState.CANCELLED: {CycleEvent.REOPENED: CycleState.OPEN},
    },
)


class ParticipantState(StrEnum):
    WAITING = "waiting"  # nothing was done for them yet
    WRITTEN = "written"  # their goals are in the ledger
    STARTED = "started"  # the workflows of their goals run
    FAILED = "failed"  # their launch failed; the row says why
    REMOVED = "removed"  # HR took them out


class ParticipantEvent(StrEnum):
    GOALS_WRITTEN = "goals_written"
    GOALS_STARTED = "goals_started"
    LAUNCH_FAILED = "launch_failed"
    RETRIED = "retried"
    REMOVED = "removed"
    ADDED_AGAIN = "added_again"  # removed before they had a goal: they are launched
    REINSTATED = "reinstated"  # removed with goals: these run again


_P, _PE = ParticipantState, ParticipantEvent

PARTICIPANT = Lifecycle(
    "participant",
    {
        _P.WAITING: {
            _PE.GOALS_WRITTEN: _P.WRITTEN,
            _PE.GOALS_STARTED: _P.STARTED,
            _PE.LAUNCH_FAILED: _P.FAILED,
            _PE.REMOVED: _P.REMOVED,
        },
        _P.WRITTEN: {_PE.GOALS_STARTED: _P.STARTED, _PE.LAUNCH_FAILED: _P.FAILED, _PE.REMOVED: _P.REMOVED},
        _P.STARTED: {_PE.REMOVED: _P.REMOVED},
        _P.FAILED: {_PE.RETRIED: _P.WAITING, _PE.REMOVED: _P.REMOVED},
        _P.REMOVED: {_PE.ADDED_AGAIN: _P.WAITING, _PE.REINSTATED: _P.STARTED},
    },
)


class InstructionState(StrEnum):
    WAITING = "waiting"  # its goals are not chosen yet
    RUNNING = "running"
    DONE = "done"
    ENDED = "ended"  # HR ended it before every goal was asked


class InstructionEvent(StrEnum):
    GOALS_CHOSEN = "goals_chosen"
    FINISHED = "finished"
    ENDED = "ended"
    RETRIED = "retried"  # the goals that failed, or were not asked, are asked again


INSTRUCTION = Lifecycle(
    "instruction",
    {
        InstructionState.WAITING: {
            InstructionEvent.GOALS_CHOSEN: InstructionState.RUNNING,
            InstructionEvent.ENDED: InstructionState.ENDED,
        },
        InstructionState.RUNNING: {
            InstructionEvent.FINISHED: InstructionState.DONE,
            InstructionEvent.ENDED: InstructionState.ENDED,
        },
        InstructionState.DONE: {InstructionEvent.RETRIED: InstructionState.WAITING},
        InstructionState.ENDED: {InstructionEvent.RETRIED: InstructionState.WAITING},
    },
)


class NoticeState(StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    GIVEN_UP = "given_up"  # it cannot be sent until its cause is removed
    WITHDRAWN = "withdrawn"  # its goals were cancelled before it was sent


class NoticeEvent(StrEnum):
    TRIED = "tried"  # in vain; it is tried again, later or over another channel
    SENT = "sent"
    GIVEN_UP = "given_up"
    WITHDRAWN = "withdrawn"
    PUT_BACK = "put_back"


NOTICE = Lifecycle(
    "notice",
    {
        NoticeState.QUEUED: {
            NoticeEvent.TRIED: NoticeState.QUEUED,
            NoticeEvent.SENT: NoticeState.SENT,
            NoticeEvent.GIVEN_UP: NoticeState.GIVEN_UP,
            NoticeEvent.WITHDRAWN: NoticeState.WITHDRAWN,
        },
        NoticeState.SENT: {},
        NoticeState.GIVEN_UP: {NoticeEvent.PUT_BACK: NoticeState.QUEUED},
        NoticeState.WITHDRAWN: {},
    },
)
