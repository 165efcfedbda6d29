"""State changes of cycles, participants, instructions and notices. No other module changes these states.

Each change is an UPDATE whose condition includes the states in which the event is allowed (domain/lifecycles.py). If the event
is not allowed, no row changes; each function returns the number of changed rows.
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
    """Applies the event to cycles. A repeat changes none, unless the lifecycle leads back to the same state."""
    moved = _guarded(CycleRow.state, CYCLE, event).where(where).values(values)
    return (await connection.execute(moved)).rowcount


async def move_participants(
    connection: AsyncConnection, event: ParticipantEvent, where: ColumnElement[bool], **values: Any
) -> int:
    """Applies the event to participants. A repeat changes none."""
    moved = _guarded(ParticipantRow.result, PARTICIPANT, event).where(where).values(values)
    return (await connection.execute(moved)).rowcount


async def move_instructions(
    connection: AsyncConnection, event: InstructionEvent, where: ColumnElement[bool], **values: Any
) -> int:
    """Applies the event to instructions. A repeat changes none."""
    moved = _guarded(InstructionRow.state, INSTRUCTION, event).where(where).values(values)
    return (await connection.execute(moved)).rowcount


async def move_notices(
    connection: AsyncConnection, event: NoticeEvent, where: ColumnElement[bool], **values: Any
) -> int:
    """Applies the event to notices. The state of a notice follows from three of its times, which `values` must set to match."""
    sources = or_(*(NOTICE_IS[state] for state in NOTICE.sources(event)))
    return (await connection.execute(update(OutboxRow).where(where, sources).values(values))).rowcount


def _guarded(state: InstrumentedAttribute[str], lifecycle: Lifecycle[Any, Any], event: StrEnum) -> Update:
    """An UPDATE that sets the state after `event`, on rows whose state allows `event`."""
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
"""The SQL condition for each state of a notice. For each row exactly one is true."""
