"""Exemplary goals of all cycles, without names of people. Every active employee may read them."""

import unicodedata
from typing import TYPE_CHECKING

from domain.access import Action, Caller
from domain.refusals import Code, Refusal
from domain.results.exemplars import Exemplar, KnownNames, exemplar_of
from domain.values import CycleId
from service.projection import goals_of_cycle
from service.relations import require_colleague
from storage.cycles import list_cycles
from storage.database import read_transaction
from storage.directory import distinct_names
from storage.goals import read_ledger

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine


class Exemplars:
    """Use cases of examples. Every method raises a `Refusal` for a caller who is not an active employee."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def search(self, caller: Caller, *, department: str | None = None, words: str = "") -> list[Exemplar]:
        """The examples that contain all of the words, those of the latest cycle first."""
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_LIBRARY)
            found = await _load(connection, department)
        wanted = _search_form(words).split()
        return [one for one in found if all(word in _search_form(one.model_dump_json()) for word in wanted)]

    async def show(self, caller: Caller, exemplar: str) -> Exemplar:
        """The example with this id. Raises a `Refusal` if there is none."""
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_LIBRARY)
            return await require_exemplar(connection, exemplar)


async def require_exemplar(connection: "AsyncConnection", exemplar: str) -> Exemplar:
    """The example with this id. Raises a `Refusal` if there is none."""
    for one in await _load(connection, None):
        if one.id == exemplar:
            return one
    raise Refusal(Code.UNKNOWN_EXEMPLAR, exemplar=exemplar[:40])


async def _load(connection: "AsyncConnection", department: str | None) -> list[Exemplar]:
    names = KnownNames(await distinct_names(connection))
    found = []
    for cycle in await list_cycles(connection):
        for goal in await goals_of_cycle(connection, CycleId(cycle.id), department=department, exemplars=True):
            ledger = await read_ledger(connection, goal.id)
            found.append(exemplar_of(goal, (line.event for line in ledger), names))
    return found


def _search_form(text: str) -> str:
    """The text for a search: full-width characters and capitals make no difference."""
    return unicodedata.normalize("NFKC", text).casefold()
