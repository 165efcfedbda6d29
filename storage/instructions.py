"""Instructions to many goals: what HR asked for, the goals that are concerned, and the result at each goal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import Interval, Row, bindparam, func, insert, literal, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.instructions.instructions import INSTRUCTION, AnyInstruction
from domain.lifecycle import State
from domain.lifecycles import RUNNING, InstructionEvent, InstructionState, ParticipantState
from domain.values import CycleId, EmployeeId
from storage.directory import works_today
from storage.tables import CycleRow, EmployeeRow, GoalRow, InstructionGoalRow, InstructionRow, ParticipantRow
from storage.transitions import move_instructions


@dataclass(frozen=True)
class Instruction:
    """An instruction as it is stored. `cycle_id` None: it concerns every open cycle."""

    id: str
    kind: str
    cycle_id: CycleId | None
    actor: EmployeeId
    state: InstructionState
    given_at: datetime
    finished_at: datetime | None
    asked_form: dict[str, Any]

    @cached_property
    def asked(self) -> AnyInstruction:
        """What HR asked for; validated when it is first used."""
        return INSTRUCTION.validate_python(self.asked_form)


class InstructionResult(NamedTuple):
    """The result of an instruction at one goal: done, skipped, refused or failed. `code` and `detail` say why it was not done."""

    goal_id: str
    result: str
    code: str | None = None
    detail: dict[str, Any] | None = None


class Progress(NamedTuple):
    """The state of an instruction, and the number of its goals by result."""

    state: InstructionState
    by_result: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.by_result.values())

    @property
    def settled(self) -> int:
        return self.total - self.by_result.get("waiting", 0)


_INSTRUCTION = select(
    InstructionRow.id, InstructionRow.kind, InstructionRow.cycle_id, InstructionRow.actor, InstructionRow.state,
    InstructionRow.given_at, InstructionRow.finished_at, InstructionRow.asked,
)  # fmt: skip


def _instruction(row: Row[*tuple[Any, ...]]) -> Instruction:
    identity, kind, cycle, actor, state, given_at, finished_at, asked = row
    return Instruction(identity, kind, cycle, actor, InstructionState(state), given_at, finished_at, asked)


async def find(connection: AsyncConnection, instruction: str) -> Instruction | None:
    row = (await connection.execute(_INSTRUCTION.where(InstructionRow.id == instruction))).one_or_none()
    return _instruction(row) if row else None


async def latest(connection: AsyncConnection, cycle: str | None = None, limit: int = 20) -> list[Instruction]:
    """The newest instructions first; with `cycle`, those of the cycle and those to every open cycle."""
    query = _INSTRUCTION.order_by(InstructionRow.given_at.desc()).limit(limit)
    if cycle is not None:
        query = query.where((InstructionRow.cycle_id == cycle) | InstructionRow.cycle_id.is_(None))
    return [_instruction(row) for row in await connection.execute(query)]


async def write(
    connection: AsyncConnection, instruction: str, *, kind: str, cycle: str | None, asked: dict[str, Any], actor: str
) -> bool:
    """Writes the instruction. Returns False, and writes nothing, if its id is taken."""
    row = {"id": instruction, "kind": kind, "cycle_id": cycle, "asked": asked, "actor": actor}
    made = await connection.execute(
        upsert(InstructionRow).values(row).on_conflict_do_nothing().returning(InstructionRow.id)
    )
    return made.one_or_none() is not None


async def unfinished(connection: AsyncConnection, kind: str) -> str | None:
    """The id of an instruction of this kind that is not done; None if there is none."""
    return (
        await connection.execute(
            select(InstructionRow.id)
            .where(InstructionRow.kind == kind, InstructionRow.state != InstructionState.DONE)
            .limit(1)
        )
    ).scalar()


async def finish(connection: AsyncConnection, instruction: str, at: datetime) -> bool:
    """Marks the instruction as done. Returns False, and changes nothing, if it is done already or its goals were not chosen."""
    which = InstructionRow.id == instruction
    return bool(await move_instructions(connection, InstructionEvent.FINISHED, which, finished_at=at))


async def choose_goals(
    connection: AsyncConnection,
    instruction: str,
    *,
    cycle: str | None,
    departments: Sequence[str],
    people: Sequence[str],
    ended: Sequence[str] = (),
) -> int:
    """Records the goals that the instruction concerns; returns how many.

    These are the open goals of these departments and people; of everybody if both are empty. With `ended`, they are instead
    the closed goals with one of these outcomes, of active employees; a goal of a person who was removed from the cycle is
    chosen only if the person is in `people`. A repeat adds nothing: goals of people who join later are not concerned.
    """
    chosen = select(literal(instruction), GoalRow.id)
    if ended:
        chosen = (
            chosen.join(EmployeeRow, EmployeeRow.id == GoalRow.owner_id)
            .join(
                ParticipantRow,
                (ParticipantRow.cycle_id == GoalRow.cycle_id) & (ParticipantRow.employee_id == GoalRow.owner_id),
            )
            .where(GoalRow.state == State.CLOSED, GoalRow.outcome.in_(ended), works_today())
            .where((ParticipantRow.result != ParticipantState.REMOVED) | GoalRow.owner_id.in_(people))
        )
    else:
        chosen = chosen.where(GoalRow.state != State.CLOSED)
    if cycle is None:
        chosen = chosen.join(CycleRow, CycleRow.id == GoalRow.cycle_id).where(CycleRow.state.in_(RUNNING))
    else:
        chosen = chosen.where(GoalRow.cycle_id == cycle)
    if departments or people:
        chosen = chosen.where(GoalRow.department.in_(departments) | GoalRow.owner_id.in_(people))
    return await _record_once(
        connection, instruction, insert(InstructionGoalRow).from_select(["instruction_id", "goal_id"], chosen)
    )


async def record_goals(connection: AsyncConnection, instruction: str, goals: Sequence[str]) -> int:
    """Records that the instruction concerns exactly these goals; returns how many. A repeat adds nothing."""
    rows = [{"instruction_id": instruction, "goal_id": one} for one in goals]
    return await _record_once(connection, instruction, insert(InstructionGoalRow).values(rows) if rows else None)


async def _record_once(connection: AsyncConnection, instruction: str, statement: Any) -> int:
    """Records the goals unless they are recorded already; returns how many are.

    The UPDATE locks the instruction's row: of two concurrent transactions only the first one records goals.
    """
    which = InstructionRow.id == instruction
    if await move_instructions(connection, InstructionEvent.GOALS_CHOSEN, which) and statement is not None:
        await connection.execute(statement)
    return (
        await connection.scalar(
            select(func.count()).select_from(InstructionGoalRow).where(InstructionGoalRow.instruction_id == instruction)
        )
    ) or 0


async def waiting_goals(connection: AsyncConnection, instruction: str, limit: int, after: str = "") -> list[str]:
    """The ids of the next goals after `after` at which the instruction has no result yet, in order."""
    query = (
        select(InstructionGoalRow.goal_id)
        .where(
            InstructionGoalRow.instruction_id == instruction,
            InstructionGoalRow.result == "waiting",
            InstructionGoalRow.goal_id > after,
        )
        .order_by(InstructionGoalRow.goal_id)
        .limit(limit)
    )
    return list((await connection.execute(query)).scalars())


_PEOPLE_ACT = text("""
SELECT EXISTS (
    SELECT FROM goal_event
    WHERE recorded_at > now() - :within AND actor <> :clock
      AND command_id !~ '^(instruction|settle|launch):')
""").bindparams(bindparam("within", type_=Interval))


async def people_act(connection: AsyncConnection, within: timedelta, *, clock: EmployeeId) -> bool:
    """Whether a person's own command was recorded within this time.

    Commands of instructions, settlements and launches do not count, and none of the actor `clock`.
    """
    return bool(await connection.scalar(_PEOPLE_ACT, {"within": within, "clock": clock}))


async def record(connection: AsyncConnection, instruction: str, result: InstructionResult) -> None:
    """Records the result at one goal. Keyed by instruction and goal, so a repeat writes the same."""
    await connection.execute(
        update(InstructionGoalRow)
        .where(InstructionGoalRow.instruction_id == instruction, InstructionGoalRow.goal_id == result.goal_id)
        .values(result=result.result, code=result.code, detail=result.detail, updated_at=func.now())
    )


async def progress(connection: AsyncConnection, instruction: str) -> Progress | None:
    state = await connection.scalar(select(InstructionRow.state).where(InstructionRow.id == instruction))
    if state is None:
        return None
    counted = await connection.execute(
        select(InstructionGoalRow.result, func.count())
        .where(InstructionGoalRow.instruction_id == instruction)
        .group_by(InstructionGoalRow.result)
    )
    return Progress(InstructionState(state), {row[0]: row[1] for row in counted})


async def results(connection: AsyncConnection, instruction: str, *wanted: str) -> list[InstructionResult]:
    """The results at the instruction's goals; with `wanted`, only those with one of these results."""
    columns = (
        InstructionGoalRow.goal_id, InstructionGoalRow.result, InstructionGoalRow.code, InstructionGoalRow.detail,
    )  # fmt: skip
    query = (
        select(*columns).where(InstructionGoalRow.instruction_id == instruction).order_by(InstructionGoalRow.goal_id)
    )
    if wanted:
        query = query.where(InstructionGoalRow.result.in_(wanted))
    return [InstructionResult(*row) for row in await connection.execute(query)]
