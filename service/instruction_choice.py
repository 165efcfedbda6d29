"""Which goals an instruction concerns: the query that its worker records, and that a preview reads."""

from sqlalchemy import ColumnElement, Select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.goal.goal import Outcome
from domain.instructions.instructions import AnyInstruction, Delegate, EndDelegation, Reassign, Reopen
from domain.values import CycleId
from storage.goals_concerned import concerns, waits_for
from storage.instruction_choice import concerned_goals

ENDED_WITH_CYCLE = (
    Outcome.SETTLED,
    Outcome.LAPSED,
    Outcome.REMOVED,
    Outcome.CANCELLED,
)  # the others ended by a decision of their own


async def concerned_by(connection: AsyncConnection, asked: AnyInstruction, cycle: CycleId | None) -> Select[str]:
    """The query of the ids of the goals that the instruction concerns. Not for `Add`, whose goals are made later."""
    return await concerned_goals(
        connection,
        cycle=cycle,
        departments=asked.selection.departments,
        people=asked.selection.people,
        ended=outcomes_reopened(asked),
        only=await condition_of(connection, asked),
    )


def outcomes_reopened(asked: AnyInstruction) -> tuple[Outcome, ...]:
    """The outcomes of closed goals that the instruction is for; none for an instruction to open goals."""
    return ENDED_WITH_CYCLE if isinstance(asked, Reopen) else ()


async def condition_of(connection: AsyncConnection, asked: AnyInstruction) -> ColumnElement[bool] | None:
    """The condition of the goals that an instruction about one person can change; None for other instructions."""
    match asked:
        case Reassign(person=person):
            return waits_for(person)
        case Delegate(delegation=delegation):
            return await concerns(connection, delegation.delegator)
        case EndDelegation(delegator=delegator):
            return await concerns(connection, delegator)
    return None
