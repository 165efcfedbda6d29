"""Use case: the latest changes of the directory, by a file or by the identity provider, and what each did to goals."""

from datetime import datetime
from typing import TYPE_CHECKING

from domain.access import Action, Caller
from domain.instructions.instructions import Sync
from domain.lifecycles import InstructionState
from domain.values import EmployeeId, Frozen
from service.relations import require_hr_everywhere
from storage import instructions
from storage.database import read_transaction
from storage.instructions import Instruction
from storage.person_log import Names, names_at

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine


class PastSync(Frozen):
    """A change of the directory. The numbers are of people and of departments; `by_result` of goals."""

    instruction: str
    state: InstructionState
    given_at: datetime
    finished_at: datetime | None
    actor: EmployeeId
    actor_name: str | None  # None: not in the directory
    reason: str
    joined: int
    left: int
    moved: int
    departments: int
    by_result: dict[str, int]


class SyncHistory:
    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def latest(self, caller: Caller, limit: int = 10) -> tuple[PastSync, ...]:
        """The newest changes first. Only for those who may change the directory."""
        async with read_transaction(self._engine) as connection:
            await require_hr_everywhere(connection, caller, Action.CHANGE_DIRECTORY)
            rows = await instructions.latest(connection, limit=limit, kind="sync")
            counts = await instructions.counts_by_result(connection, [row.id for row in rows])
            names = await names_at(connection, [(row.actor, row.given_at) for row in rows])
        return tuple(_past(row, counts.get(row.id, {}), names) for row in rows)


def _past(row: Instruction, by_result: dict[str, int], names: Names) -> PastSync:
    asked = row.asked
    if not isinstance(asked, Sync):
        raise TypeError(f"{row.id} is no change of the directory")
    return PastSync(
        instruction=row.id,
        state=row.state,
        given_at=row.given_at,
        finished_at=row.finished_at,
        actor=row.actor,
        actor_name=names.get((row.actor, row.given_at)),
        reason=asked.reason,
        joined=len(asked.joined),
        left=len(asked.stands_in),
        moved=len(asked.moved),
        departments=len(asked.departments) + len(asked.merged),
        by_result=by_result,
    )
