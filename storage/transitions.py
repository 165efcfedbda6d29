"""The only way to a new state of a cycle, a participant, an instruction or a notice.

A state is changed by an UPDATE that is guarded by the states in which the event can happen (domain/lifecycles.py). Where the
event cannot happen nothing changes, and the number of changed rows says so.
"""

from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Update, not_, or_, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from domain.lifecycles import (
    CYCLE,
    INSTRUCTION,
    NOTICE,
    PARTICIPANT,
    CycleEvent,
    InstructionEvent,
    Lifecycle,
    NoticeEvent,
    NoticeState,
    ParticipantEvent,
)
from storage.tables import CycleRow, InstructionRow, OutboxRow, ParticipantRow


async def move_cycles(connection: AsyncConnection, event: CycleEvent, where: ColumnElement[bool], **values: Any) -> int:
    """How many cycles changed; a repeat changes none, unless the table leads back to the same state."""
    moved = _guarded(CycleRow.state, CYCLE, event).where(where).values(values)
    return (await connection.execute(moved)).rowcount


async def move_participants(
    connection: AsyncConnection, event: ParticipantEvent, where: ColumnElement[bool], **values: Any
) -> int:
    """How many participants changed; a repeat changes none."""
    moved = _guarded(ParticipantRow.result, PARTICIPANT, event).where(where).values(values)
    return (await connection.execute(moved)).rowcount


async def move_instructions(
    connection: AsyncConnection, event: InstructionEvent, where: ColumnElement[bool], **values: Any
) -> int:
    """How many instructions changed; a repeat changes none."""
    moved = _guarded(InstructionRow.state, INSTRUCTION, event).where(where).values(values)
    return (await connection.execute(moved)).rowcount


async def move_notices(
    connection: AsyncConnection, event: NoticeEvent, where: ColumnElement[bool], **values: Any
) -> int:
    """How many notices changed. A notice's state follows from its three times, which `values` must set accordingly."""
    sources = or_(*(NOTICE_IS[state] for state in NOTICE.sources(event)))
    return (await connection.execute(update(OutboxRow).where(where, sources).values(values))).rowcount


def _guarded(state: InstrumentedAttribute[str], lifecycle: Lifecycle[Any, Any], event: StrEnum) -> Update:
    """An UPDATE to the state to which `event` leads, of rows whose state allows `event`."""
    allowed = state.in_(lifecycle.sources(event))
    return update(state.class_).where(allowed).values({state.key: lifecycle.target(event)})


def _notice_is(state: NoticeState) -> ColumnElement[bool]:
    sent, given_up = OutboxRow.sent_at.is_not(None), OutboxRow.gave_up_at.is_not(None)
    withdrawn = OutboxRow.withdrawn_at.is_not(None)
    match state:
        case NoticeState.SENT:
            return sent
        case NoticeState.GIVEN_UP:
            return given_up & not_(sent)
        case NoticeState.WITHDRAWN:
            return withdrawn & not_(sent) & not_(given_up)
    return not_(sent) & not_(given_up) & not_(withdrawn)


NOTICE_IS = {state: _notice_is(state) for state in NoticeState}
"""The condition in SQL for each state of a notice; exactly one of them holds for a row."""
