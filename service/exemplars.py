"""Exemplary goals of all cycles, without names of people. Every active employee may read them."""

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

from domain.access import Action, Caller
from domain.goal.goal import Goal
from domain.lifecycle import EventKind
from domain.refusals import Code, Refusal
from domain.results.exemplars import ID_LENGTH, Exemplar, KnownNames, exemplar_of
from domain.values import CycleId, GoalId
from service.projection import goals_of_cycle, require_goal
from service.relations import require_colleague
from storage.cycles import list_cycles
from storage.database import read_transaction
from storage.directory import distinct_names
from storage.goals import exemplar_marks, find_exemplar, read_bodies

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

_SHOWN_KINDS = (EventKind.EXEMPLAR_MARKED, EventKind.SELF_REVIEWED)


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
    goal = await find_exemplar(connection, exemplar) if len(exemplar) == ID_LENGTH else None
    if goal is None:
        raise Refusal(Code.UNKNOWN_EXEMPLAR, exemplar=exemplar[:40])
    (found,) = await _exemplars(
        connection, [await require_goal(connection, GoalId(goal))], await known_names(connection)
    )
    return found


async def _load(connection: "AsyncConnection", department: str | None) -> list[Exemplar]:
    """All examples. They are few: somebody chose each. Two queries per cycle."""
    names, found = await known_names(connection), []
    for cycle in await list_cycles(connection):
        goals = await goals_of_cycle(connection, CycleId(cycle.id), department=department, exemplars=True)
        found += await _exemplars(connection, goals, names)
    return found


async def known_names(connection: "AsyncConnection") -> KnownNames:
    """Everybody's: a text of an example may name anybody, and no name may remain in it."""
    return KnownNames(await distinct_names(connection))


async def _exemplars(connection: "AsyncConnection", goals: Sequence[Goal], names: KnownNames) -> list[Exemplar]:
    if not goals:
        return []
    ids = [goal.id for goal in goals]
    bodies, marks = await read_bodies(connection, ids, _SHOWN_KINDS), await exemplar_marks(connection, ids)
    return [exemplar_of(goal, marks[goal.id], ({"body": one} for one in bodies[goal.id]), names) for goal in goals]


def _search_form(text: str) -> str:
    """The text for a search: full-width characters and capitals make no difference."""
    return unicodedata.normalize("NFKC", text).casefold()
