"""Reading exemplary goals, without names, over all cycles."""

import unicodedata
from typing import TYPE_CHECKING

from domain.refusals import Code, Refusal
from domain.results.exemplars import Exemplar, exemplar_of
from domain.values import CycleId
from service.goals import GoalReads
from storage.cycles import list_cycles
from storage.database import read_transaction
from storage.goals import read_ledger
from storage.people import load_organisation

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine


class Exemplars:
    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def find_all(self, *, department: str | None = None, search: str = "") -> list[Exemplar]:
        """The examples, the latest cycle first; with `search`, those in which every word of it stands."""
        async with read_transaction(self._engine) as connection:
            organisation, rows = await load_organisation(connection), await list_cycles(connection)
        names = [one.name for one in organisation.employees.values()]
        reads, found = GoalReads(self._engine), []
        for cycle in rows:
            for goal in await reads.of_cycle(CycleId(cycle.id), department=department, exemplars=True):
                async with read_transaction(self._engine) as connection:
                    ledger = await read_ledger(connection, goal.id)
                found.append(exemplar_of(goal, (line.event for line in ledger), names))
        words = _plain(search).split()
        return [one for one in found if all(word in _plain(one.model_dump_json()) for word in words)]

    async def require(self, exemplar: str) -> Exemplar:
        """The example of that id; a `Refusal` where there is none."""
        for one in await self.find_all():
            if one.id == exemplar:
                return one
        raise Refusal(Code.UNKNOWN_EXEMPLAR, exemplar=exemplar[:40])


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
