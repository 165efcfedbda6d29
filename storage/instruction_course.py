"""The course of an instruction: tries that failed, goals that do not answer, its early end, and asking again."""

from datetime import datetime
from typing import Any

from sqlalchemy import case, exists, func, literal, null, update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.journal import Log
from domain.lifecycles import InstructionEvent
from storage import journal
from storage.arrays import is_one_of
from storage.instructions import command_of
from storage.tables import GoalEventRow, InstructionGoalRow, InstructionRow
from storage.transitions import move_instructions

NO_ANSWER = "no_answer"
ENDED = "instruction_ended"  # the code at goals that were not asked, because HR ended the instruction
_LONGEST_FAILURE = 200  # characters


async def record_no_answers(connection: AsyncConnection, instruction: str, goals: list[str], max_attempts: int) -> None:
    """Counts a try at these goals that had no answer. After `max_attempts` such tries a goal's result is `failed`.

    A goal that has a result in the meantime keeps it.
    """
    attempts = InstructionGoalRow.attempts + 1
    await connection.execute(
        update(InstructionGoalRow)
        .where(
            InstructionGoalRow.instruction_id == instruction,
            is_one_of(InstructionGoalRow.goal_id, goals),
            InstructionGoalRow.result == "waiting",
        )
        .values(
            attempts=attempts,
            code=NO_ANSWER,
            result=case((attempts >= max_attempts, literal("failed")), else_=InstructionGoalRow.result),
            updated_at=func.now(),
        )
    )


async def note_failure(connection: AsyncConnection, instruction: str, failure: str) -> None:
    """Stores that a try of a part of the instruction failed, and why."""
    await connection.execute(
        update(InstructionRow)
        .where(InstructionRow.id == instruction)
        .values(failure=failure[:_LONGEST_FAILURE], failures=InstructionRow.failures + 1, failed_at=func.now())
    )


async def clear_failure(connection: AsyncConnection, instruction: str) -> None:
    """Stores that the last try succeeded. Writes nothing if the try before succeeded too."""
    await connection.execute(
        update(InstructionRow)
        .where(InstructionRow.id == instruction, InstructionRow.failures > 0)
        .values(failure=None, failures=0, failed_at=None)
    )


async def end(connection: AsyncConnection, instruction: str, *, by: str, why: str, at: datetime) -> bool:
    """Ends an instruction that is not done. Returns False, and changes nothing, if it is over.

    Goals without a result are skipped, except those that have carried it out: only their result was not written yet.
    """
    values: dict[str, Any] = {"ended_by": by, "ended_why": why, "finished_at": at, "failure": None, "failures": 0}
    if not await move_instructions(connection, InstructionEvent.ENDED, InstructionRow.id == instruction, **values):
        return False
    is_done = exists().where(
        GoalEventRow.goal_id == InstructionGoalRow.goal_id, GoalEventRow.command_id == command_of(instruction)
    )
    await connection.execute(
        update(InstructionGoalRow)
        .where(InstructionGoalRow.instruction_id == instruction, InstructionGoalRow.result == "waiting")
        .values(
            result=case((is_done, "done"), else_="skipped"),
            code=case((is_done, null()), else_=ENDED),
            updated_at=func.now(),
        )
    )
    facts = {"instruction": instruction}
    await journal.append(connection, Log.INSTRUCTIONS, "instruction_ended", actor=by, facts=facts, texts={"why": why})
    return True


async def ask_again(connection: AsyncConnection, instruction: str, *, by: str) -> bool:
    """Sets the goals back to waiting that failed or were not asked, of an instruction that is over.

    Returns False, and changes nothing, if there are none or if it is not over; an instruction that was ended before its goals
    were chosen has none and is set back too.
    """
    if not await move_instructions(
        connection,
        InstructionEvent.RETRIED,
        InstructionRow.id == instruction,
        finished_at=None,
        ended_by=None,
        ended_why=None,
    ):
        return False
    ended = (InstructionGoalRow.result == "skipped") & (InstructionGoalRow.code == ENDED)
    await connection.execute(
        update(InstructionGoalRow)
        .where(InstructionGoalRow.instruction_id == instruction, (InstructionGoalRow.result == "failed") | ended)
        .values(result="waiting", code=None, detail=None, attempts=0, updated_at=func.now())
    )
    facts = {"instruction": instruction}
    await journal.append(connection, Log.INSTRUCTIONS, "instruction_retried", actor=by, facts=facts)
    return True
