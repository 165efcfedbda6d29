"""Use case of the auditor: the ledger of a goal and its verification."""

from typing import TYPE_CHECKING, Any, NamedTuple

from domain.access import Caller
from domain.values import Frozen, GoalId
from service.cycle_lookup import require_cycle
from service.goals import GoalReads
from service.projection import people_in_ledger
from service.proof import LedgerProof
from storage.database import read_transaction
from storage.goals import LedgerLine
from storage.person_log import Names, names_at

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine


class BrokenEntry(Frozen):
    """The first entry at which the ledger is broken, and the reason (domain.goal.ledger.Break)."""

    seq: int
    reason: str


class LedgerDocument(Frozen):
    """A goal's ledger for programs. `differs` names the columns of the goal's row that do not agree with the ledger."""

    goal: GoalId
    holds: bool
    broken: BrokenEntry | None
    differs: tuple[str, ...]
    ledger: tuple[dict[str, Any], ...]  # see `_entry`


class LedgerPage(NamedTuple):
    """The proof of a goal's ledger, the names that the people in it had at the times of the entries, and the cycle's time zone."""

    goal: GoalId
    proof: LedgerProof
    names: Names
    time_zone: str

    @property
    def document(self) -> LedgerDocument:
        proof = self.proof
        return LedgerDocument(
            goal=self.goal,
            holds=proof.holds,
            broken=BrokenEntry(seq=proof.broken.seq, reason=proof.broken.reason) if proof.broken else None,
            differs=proof.differs,
            ledger=tuple(_entry(line) for line in proof.lines),
        )


class Audit:
    """Every method raises a `Refusal` for a goal that does not exist or that the caller may not see."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def ledger(self, caller: Caller, goal: GoalId) -> LedgerPage:
        """The goal's ledger with the result of its verification."""
        proof = await GoalReads(self._engine).prove(caller, goal)
        async with read_transaction(self._engine) as connection:
            cycle = await require_cycle(connection, goal.partition("/")[0])
            names = await names_at(connection, people_in_ledger(proof.lines))
            return LedgerPage(goal, proof, names, cycle.time_zone)


def _entry(line: LedgerLine) -> dict[str, Any]:
    """The event with its texts, and what another program needs to verify it: the hashed form of the body, salts and hashes."""
    return {
        **line.event,
        "kind": line.kind,
        "hashed_body": line.body,
        "prev_hash": line.prev_hash,
        "hash": line.hash,
        "recorded_at": line.recorded_at,
    }
