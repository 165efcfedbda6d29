"""In which cycles a person may begin another goal of their own now, and why not in others: what a page offers."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from domain.access import Action, Caller, person_of
from domain.cycle.beginning import require_may_begin_own
from domain.messages import Message
from domain.refusals import Refusal
from domain.values import CycleId
from service.cycle_lookup import require_cycle
from service.owner_in_cycle import organisation_of, owner_in_cycle
from service.relations import require_colleague
from storage.beginnings import participant_of
from storage.database import read_transaction

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine


class Another(NamedTuple):
    """A cycle, and why the person cannot begin another goal in it; None: they can."""

    cycle: CycleId
    why_not: Message | None


class MayBegin:
    """The rules of `domain/cycle/beginning.py`, asked before somebody presses a button."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def read(self, caller: Caller, cycles: Sequence[str], now: datetime) -> list[Another]:
        """For each of these cycles in which the person takes part. A few queries for each."""
        owner, found = person_of(caller), []
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_CYCLE)
            for name in cycles:
                participant = await participant_of(connection, name, owner)
                if participant is None:
                    continue
                cycle = await require_cycle(connection, CycleId(name))
                people = await organisation_of(connection, cycle, owner)
                person = await owner_in_cycle(connection, cycle, owner, people, participant)
                try:
                    require_may_begin_own(person, now)
                except Refusal as refused:
                    found.append(Another(CycleId(name), refused.message))
                else:
                    found.append(Another(CycleId(name), None))
        return found
