"""What was gathered of the identity provider's changes, and the runs that compared it with the directory."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.lifecycles import InstructionState
from domain.values import EmployeeId
from storage.arrays import is_one_of
from storage.provisioned import COLUMNS, Resource, as_resource
from storage.tables import InstructionRow, ScimRunRow
from storage.tables import ScimResourceRow as R

_LIVES = R.removed_at.is_(None)
_IS_OPEN = or_(R.pending_at.is_not(None), R.refused.is_not(None))
_FEW = 20


class Waiting(NamedTuple):
    """Changes that wait: how many, the first and the last of them; and how many were refused."""

    pending: int
    first: datetime | None
    last: datetime | None
    refused: int


class Run(NamedTuple):
    at: datetime
    actor: str
    instruction: str | None
    resources: int
    refused: int


class Settled(NamedTuple):
    """A resource after a run. `seen`: its last change that the run knew; a later one stays pending."""

    resource: str
    seen: datetime | None
    employee: EmployeeId | None
    applied: dict[str, Any] | None
    refused: list[dict[str, Any]] | None


async def waiting(connection: AsyncConnection) -> Waiting:
    query = select(
        func.count(R.pending_at), func.min(R.pending_at), func.max(R.pending_at), func.count(R.refused)
    ).where(_IS_OPEN)
    return Waiting(*(await connection.execute(query)).one())


async def gathered(connection: AsyncConnection) -> list[Resource]:
    """The users with changes that were not compared, or were refused; the oldest first."""
    query = select(*COLUMNS).where(_IS_OPEN, R.kind == "User").order_by(R.changed_at, R.id)
    return [as_resource(row) for row in await connection.execute(query)]


async def refused(connection: AsyncConnection) -> list[Resource]:
    query = select(*COLUMNS).where(R.refused.is_not(None)).order_by(R.changed_at, R.id)
    return [as_resource(row) for row in await connection.execute(query)]


async def people(connection: AsyncConnection) -> set[EmployeeId]:
    """Whom the provider keeps."""
    query = select(R.employee_id).where(R.kind == "User", _LIVES, R.employee_id.is_not(None))
    return {EmployeeId(one) for one in await connection.scalars(query) if one}


async def numbers(connection: AsyncConnection) -> dict[str, tuple[str | None, str | None]]:
    """The employee number that the provider says, and the person, of each user."""
    rows = await connection.execute(select(R.id, R.number, R.employee_id).where(R.kind == "User", _LIVES))
    return {row[0]: (row[1], row[2]) for row in rows}


async def settle(connection: AsyncConnection, settled: Sequence[Settled]) -> None:
    """Writes what became of the resources. A repeat writes the same."""
    for one in settled:
        values: dict[str, Any] = {"refused": one.refused}
        if one.employee is not None:
            values["employee_id"] = one.employee
        if one.applied is not None:
            values["applied"] = one.applied
        await connection.execute(update(R).where(R.id == one.resource).values(values))
        seen = (R.id == one.resource) & (R.pending_at == one.seen)
        await connection.execute(update(R).where(seen).values(pending_at=None))


async def add_run(connection: AsyncConnection, run: Run) -> None:
    row = {
        "at": run.at, "actor": run.actor, "instruction_id": run.instruction, "resources": run.resources, "refused": run.refused,
    }  # fmt: skip
    await connection.execute(insert(ScimRunRow).values(row))


async def latest_runs(connection: AsyncConnection, limit: int = _FEW) -> list[Run]:
    """The newest first."""
    query = select(ScimRunRow.at, ScimRunRow.actor, ScimRunRow.instruction_id, ScimRunRow.resources, ScimRunRow.refused)
    return [Run(*row) for row in await connection.execute(query.order_by(ScimRunRow.id.desc()).limit(limit))]


async def unfinished(connection: AsyncConnection) -> list[str]:
    """The instructions of runs that are not over."""
    over = [InstructionState.DONE.value, InstructionState.ENDED.value]
    query = (
        select(ScimRunRow.instruction_id)
        .join(InstructionRow, InstructionRow.id == ScimRunRow.instruction_id)
        .where(~is_one_of(InstructionRow.state, over))
    )
    return [one for one in await connection.scalars(query) if one]
