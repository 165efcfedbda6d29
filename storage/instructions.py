"""Instructions to many goals: what HR asked for, the goals that are concerned, and the result at each goal."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Insert, Interval, Row, bindparam, func, insert, literal, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.instructions.instructions import INSTRUCTION, AnyInstruction
from domain.journal import Log
from domain.lifecycle import State
from domain.lifecycles import INSTRUCTION as INSTRUCTION_LIFE
from domain.lifecycles import InstructionEvent, InstructionState
from domain.values import CommandId, CycleId, EmployeeId
from storage import journal
from storage.arrays import is_one_of, rows_of
from storage.instruction_choice import concerned_goals
from storage.tables import GoalRow, InstructionGoalRow, InstructionRow
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
    rules_saved_at: datetime | None = None  # when the cycle's own rules were changed
    ended_by: EmployeeId | None = None  # who ended it before every goal was asked, and why
    ended_why: str | None = None

    @property
    def is_over(self) -> bool:
        """Whether no goal is asked any more."""
        return self.state in (InstructionState.DONE, InstructionState.ENDED)

    @cached_property
    def asked(self) -> AnyInstruction:
        """What HR asked for; validated when it is first used."""
        return INSTRUCTION.validate_python(self.asked_form)


def command_of(instruction: str) -> CommandId:
    """The id of the instruction's command at every goal."""
    return CommandId(f"instruction:{instruction}")


class InstructionResult(NamedTuple):
    """The result of an instruction at one goal: done, skipped, refused or failed. `code` and `detail` say why it was not done."""

    goal_id: str
    result: str
    code: str | None = None
    detail: dict[str, Any] | None = None


class Progress(NamedTuple):
    """The state of an instruction, the number of its goals by result, and the tries that failed one after the other.

    `failure` says why the last try failed; None if it succeeded.
    """

    state: InstructionState
    by_result: dict[str, int]
    failures: int = 0
    failure: str | None = None
    failed_at: datetime | None = None

    @property
    def total(self) -> int:
        return sum(self.by_result.values())

    @property
    def settled(self) -> int:
        return self.total - self.by_result.get("waiting", 0)


_INSTRUCTION = select(
    InstructionRow.id, InstructionRow.kind, InstructionRow.cycle_id, InstructionRow.actor, InstructionRow.state,
    InstructionRow.given_at, InstructionRow.finished_at, InstructionRow.asked, InstructionRow.rules_saved_at,
    InstructionRow.ended_by, InstructionRow.ended_why,
)  # fmt: skip


def _instruction(row: Row[*tuple[Any, ...]]) -> Instruction:
    identity, kind, cycle, actor, state, *others = row
    return Instruction(identity, kind, cycle, actor, InstructionState(state), *others)


async def find(connection: AsyncConnection, instruction: str) -> Instruction | None:
    row = (await connection.execute(_INSTRUCTION.where(InstructionRow.id == instruction))).one_or_none()
    return _instruction(row) if row else None


async def latest(
    connection: AsyncConnection, cycle: str | None = None, limit: int = 20, *, kind: str | None = None
) -> list[Instruction]:
    """The newest instructions first; with `cycle`, those of the cycle and those to every open cycle; with `kind`, of that kind."""
    query = _INSTRUCTION.order_by(InstructionRow.given_at.desc()).limit(limit)
    if cycle is not None:
        query = query.where((InstructionRow.cycle_id == cycle) | InstructionRow.cycle_id.is_(None))
    if kind is not None:
        query = query.where(InstructionRow.kind == kind)
    return [_instruction(row) for row in await connection.execute(query)]


async def write(
    connection: AsyncConnection, instruction: str, *, kind: str, cycle: str | None, asked: dict[str, Any], actor: str
) -> bool:
    """Writes the instruction and its entry in the journal. Returns False, and writes nothing, if its id is taken."""
    row = {"id": instruction, "kind": kind, "cycle_id": cycle, "asked": asked, "actor": actor}
    made = await connection.execute(
        upsert(InstructionRow).values(row).on_conflict_do_nothing().returning(InstructionRow.id)
    )
    if made.one_or_none() is None:
        return False
    facts = {"instruction": instruction, "asked_kind": kind, "cycle": cycle}
    texts = {"asked": json.dumps(asked, ensure_ascii=False, sort_keys=True, separators=(",", ":"))}
    await journal.append(connection, Log.INSTRUCTIONS, "instruction_given", actor=actor, facts=facts, texts=texts)
    return True


async def mark_rules_saved(connection: AsyncConnection, instruction: str, at: datetime) -> bool:
    """Stores that the cycle's own rules are changed. Returns False, and changes nothing, if they were changed before."""
    which = (InstructionRow.id == instruction) & InstructionRow.rules_saved_at.is_(None)
    return bool((await connection.execute(update(InstructionRow).where(which).values(rules_saved_at=at))).rowcount)


_IS_UNFINISHED = InstructionRow.state.in_(INSTRUCTION_LIFE.sources(InstructionEvent.ENDED))


async def unfinished(connection: AsyncConnection, kind: str) -> str | None:
    """The id of an instruction of this kind that is not over; None if there is none."""
    query = select(InstructionRow.id).where(InstructionRow.kind == kind, _IS_UNFINISHED).limit(1)
    return (await connection.execute(query)).scalar()


async def unfinished_in(connection: AsyncConnection, cycles: Sequence[str]) -> list[str]:
    """The ids of the instructions that are not over and concern these cycles or every open cycle, the oldest first."""
    concerned = is_one_of(InstructionRow.cycle_id, cycles) | InstructionRow.cycle_id.is_(None)
    query = select(InstructionRow.id).where(concerned, _IS_UNFINISHED).order_by(InstructionRow.given_at)
    return list(await connection.scalars(query))


async def is_ending(connection: AsyncConnection, cycle: str) -> bool:
    """Whether an instruction that ends the whole cycle is not over."""
    ends = InstructionRow.kind.in_(("close", "cancel")) & (InstructionRow.cycle_id == cycle)
    rows = await connection.execute(_INSTRUCTION.where(ends, _IS_UNFINISHED))
    return any(_instruction(row).asked.selection.is_everybody for row in rows)


async def finish(connection: AsyncConnection, instruction: str, at: datetime) -> bool:
    """Marks the instruction as done. Returns False, and changes nothing, if it is done already or its goals were not chosen."""
    which = InstructionRow.id == instruction
    return bool(await move_instructions(connection, InstructionEvent.FINISHED, which, finished_at=at))


async def closed_goals_of(
    connection: AsyncConnection, cycle: str, people: Sequence[str], outcomes: Sequence[str]
) -> list[str]:
    """The ids of these people's closed goals in the cycle that ended with one of these outcomes, in order."""
    query = select(GoalRow.id).where(
        GoalRow.cycle_id == cycle,
        is_one_of(GoalRow.owner_id, people),
        GoalRow.state == State.CLOSED,
        is_one_of(GoalRow.outcome, outcomes),
    )
    return list(await connection.scalars(query.order_by(GoalRow.id)))


async def choose_goals(
    connection: AsyncConnection,
    instruction: str,
    *,
    cycle: str | None,
    departments: Sequence[str],
    people: Sequence[str],
    ended: Sequence[str] = (),
    only: ColumnElement[bool] | None = None,
) -> int:
    """Records the goals that the instruction concerns (storage/instruction_choice.py); returns how many.

    A repeat adds nothing: goals of people who join later are not concerned.
    """
    chosen = (
        await concerned_goals(connection, cycle=cycle, departments=departments, people=people, ended=ended, only=only)
    ).subquery()
    statement = insert(InstructionGoalRow).from_select(
        ["instruction_id", "goal_id"], select(literal(instruction), chosen.c.id)
    )
    return await _record_once(connection, instruction, statement)


async def record_goals(connection: AsyncConnection, instruction: str, goals: Sequence[str]) -> int:
    """Records that the instruction concerns exactly these goals; returns how many. A repeat adds nothing."""
    rows = rows_of("goal_id", goals)
    statement = insert(InstructionGoalRow).from_select(
        ["instruction_id", "goal_id"], select(literal(instruction), rows.c.goal_id)
    )
    return await _record_once(connection, instruction, statement)


async def _record_once(connection: AsyncConnection, instruction: str, statement: Insert) -> int:
    """Records the goals unless goals are recorded already, as when the instruction is retried; returns how many are.

    The UPDATE locks the instruction's row: of two concurrent transactions only the first one records goals.
    """
    if not await move_instructions(connection, InstructionEvent.GOALS_CHOSEN, InstructionRow.id == instruction):
        return await _count(connection, instruction)
    if not await _count(connection, instruction):
        await connection.execute(statement)
    return await _count(connection, instruction)


async def _count(connection: AsyncConnection, instruction: str) -> int:
    goals = select(func.count()).where(InstructionGoalRow.instruction_id == instruction)
    return await connection.scalar(goals) or 0


async def waiting_goals(
    connection: AsyncConnection, instruction: str, limit: int, after: str = "", *, closed: bool = False
) -> list[str]:
    """The ids of the next goals after `after` at which the instruction has no result yet, in order; `closed`: of closed goals."""
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
    if closed:
        query = query.join(GoalRow, GoalRow.id == InstructionGoalRow.goal_id).where(GoalRow.state == State.CLOSED)
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
    columns = (InstructionRow.state, InstructionRow.failures, InstructionRow.failure, InstructionRow.failed_at)
    found = (await connection.execute(select(*columns).where(InstructionRow.id == instruction))).one_or_none()
    if found is None:
        return None
    counted = await connection.execute(
        select(InstructionGoalRow.result, func.count())
        .where(InstructionGoalRow.instruction_id == instruction)
        .group_by(InstructionGoalRow.result)
    )
    by_result = {row[0]: row[1] for row in counted}
    return Progress(InstructionState(found.state), by_result, found.failures, found.failure, found.failed_at)


async def counts_by_result(connection: AsyncConnection, identities: Sequence[str]) -> dict[str, dict[str, int]]:
    """The numbers of goals by result, of each of these instructions that has goals. One query."""
    one, result = InstructionGoalRow.instruction_id, InstructionGoalRow.result
    rows = await connection.execute(
        select(one, result, func.count()).where(is_one_of(one, identities)).group_by(one, result)
    )
    found: dict[str, dict[str, int]] = {}
    for identity, name, number in rows:
        found.setdefault(identity, {})[name] = number
    return found


async def results(connection: AsyncConnection, instruction: str, *wanted: str) -> list[InstructionResult]:
    """The results at the instruction's goals; with `wanted`, only those with one of these results."""
    columns = (
        InstructionGoalRow.goal_id, InstructionGoalRow.result, InstructionGoalRow.code, InstructionGoalRow.detail,
    )  # fmt: skip
    query = (
        select(*columns).where(InstructionGoalRow.instruction_id == instruction).order_by(InstructionGoalRow.goal_id)
    )
    if wanted:
        query = query.where(is_one_of(InstructionGoalRow.result, wanted))
    return [InstructionResult(*row) for row in await connection.execute(query)]
