"""Use cases of the auditor: the ledger of a goal, and the journal of what concerns no single goal, with their verification."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from domain.access import Action, Caller
from domain.commitments import open_texts, well_formed
from domain.goal.events import Event
from domain.goal.evolve import created_goal, evolve_all
from domain.goal.goal import Goal
from domain.journal import Entry, Log, moment
from domain.refusals import Code, Refusal
from domain.values import Frozen, GoalId
from service.cycle_lookup import require_cycle
from service.goals import GoalReads
from service.projection import people_in_ledger
from service.proof import LedgerProof
from service.relations import require_hr
from storage import journal
from storage.database import LONG, read_transaction, set_limits
from storage.goals import LedgerLine
from storage.person_log import Names, names_at

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine


_MAX_NUMBER = 2**31 - 1  # of an entry


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


class LogProof(Frozen):
    """Whether a log of the journal is as it was written; `entries`: how many it has."""

    log: Log
    holds: bool
    broken: BrokenEntry | None
    entries: int

    def covers(self, entry: Entry) -> bool:
        """Whether the entry is before the first broken one. From there on a body may have any form."""
        return self.broken is None or entry.seq < self.broken.seq


class JournalFilter(NamedTuple):
    """Which entries: of these logs, from a moment on, the next after `log/number`."""

    logs: tuple[Log, ...]
    since: datetime | None = None
    limit: int = 100
    after: str = ""


class JournalDocument(Frozen):
    """A page of the journal for programs."""

    logs: tuple[LogProof, ...]
    ledger: tuple[dict[str, Any], ...]  # see `_journal_entry`
    next: str | None


class JournalPage(NamedTuple):
    """The proof of each log, and a page of entries by log and number, with the names that those who made them had then."""

    proofs: tuple[LogProof, ...]
    entries: list[tuple[Log, Entry]]
    names: Names
    next: str | None

    @property
    def document(self) -> JournalDocument:
        entries = tuple(_journal_entry(log, one, self.names) for log, one in self.entries)
        return JournalDocument(logs=self.proofs, ledger=entries, next=self.next)


class Audit:
    """Every method raises a `Refusal` for a goal that does not exist or that the caller may not see."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def journal(self, caller: Caller, wanted: JournalFilter) -> JournalPage:
        """A page of the journal, for HR and operators, with the verification of the whole logs that are asked for."""
        async with read_transaction(self._engine) as connection:
            await require_hr(connection, caller, Action.SEE_JOURNAL)
            await set_limits(connection, LONG)
            counts = await journal.counts(connection)
            breaks = {one: await journal.first_break(connection, one) for one in wanted.logs}
            log, _, number = wanted.after.partition("/")
            after = (log, min(int(number), _MAX_NUMBER) if number.isdecimal() else 0)
            found = await journal.page(connection, wanted.logs, since=wanted.since, after=after, limit=wanted.limit)
            # An altered time may have no zone (`infinity`).
            names = await names_at(connection, {(one.actor, one.at) for _, one in found.entries if one.at.tzinfo})
        proofs = (
            LogProof(
                log=one,
                holds=broken is None,
                broken=BrokenEntry(seq=broken.seq, reason=broken.reason) if broken else None,
                entries=counts.get(one, 0),
            )
            for one, broken in breaks.items()
        )
        return JournalPage(tuple(proofs), found.entries, names, _next(found, wanted.limit))

    async def ledger(self, caller: Caller, goal: GoalId) -> LedgerPage:
        """The goal's ledger with the result of its verification."""
        proof = await GoalReads(self._engine).prove(caller, goal)
        async with read_transaction(self._engine) as connection:
            cycle = await require_cycle(connection, goal.partition("/")[0])
            names = await names_at(connection, people_in_ledger(proof.lines))
            return LedgerPage(goal, proof, names, cycle.time_zone)

    async def as_of(self, caller: Caller, goal: GoalId, seq: int) -> Goal:
        """The goal as it was after the entry with this number, built from the ledger: what somebody saw who decided on that version.

        Raises a `Refusal` for an entry that does not exist, or before which the ledger is broken.
        """
        proof = await GoalReads(self._engine).prove(caller, goal)
        if not 1 <= seq <= len(proof.lines) or not proof.is_proven(proof.lines[seq - 1]):
            raise Refusal(Code.UNKNOWN_GOAL, goal=f"{goal}#{seq}"[:80])
        async with read_transaction(self._engine) as connection:
            cycle = await require_cycle(connection, goal.partition("/")[0])
        first, *more = [Event.model_validate(line.event) for line in proof.lines[:seq]]
        return evolve_all(created_goal(goal, cycle.launched_policy, first), more)


def _next(found: journal.Found, limit: int) -> str | None:
    if not found.entries or (len(found.entries) < limit and not found.is_cut):
        return None
    log, last = found.entries[-1]
    return f"{log}/{last.seq + found.is_cut}"  # behind an entry that cannot be read


def _journal_entry(log: Log, entry: Entry, names: Names) -> dict[str, Any]:
    """The entry with its texts, and what another program needs to verify it, as for a goal's ledger."""
    return {
        "log": log,
        "seq": entry.seq,
        "at": moment(entry.at),
        "actor": entry.actor,
        "actor_name": names.get((entry.actor, entry.at)),
        "kind": entry.kind,
        "body": opened(entry),
        "hashed_body": entry.body,
        "salts": {place: one["salt"] for place, one in well_formed(entry.texts).items()},
        "prev_hash": entry.prev_hash,
        "hash": entry.hash,
    }


def opened(entry: Entry) -> Any:
    """The body of the entry with the texts in their places; a JSON object, if the entry was not altered."""
    return open_texts(entry.body, entry.texts)[0]


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
