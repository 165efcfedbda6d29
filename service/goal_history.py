"""What a goal's page shows of its past: entries of the ledger page by page, its content at two versions, the reported values.

Every method reads in one transaction, and raises a `Refusal` for what is not there or not for the caller.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from domain.access import Caller
from domain.goal.events import Event, ProgressReported, ReportUndone
from domain.goal.evolve import created_goal, evolve_all
from domain.lifecycle import EventKind
from domain.policy.policy import Policy
from domain.refusals import Code, Refusal
from domain.values import EmployeeId, Frozen, GoalId, Number
from domain.writing.content import Content
from service.cycle_lookup import require_cycle
from service.projection import people_in_ledger
from service.relations import visible_goal
from storage import goals as rows
from storage.database import read_transaction
from storage.goals import LedgerLine
from storage.person_log import Names, names_at

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

PAGE = 50  # entries
_MOST_REPORTS = 500  # the newest ones of a goal
_REPORTS = (EventKind.PROGRESS_REPORTED, EventKind.REPORT_UNDONE)


class Timeline(NamedTuple):
    """A page of a goal's ledger, the newest entry first, and the names that people had at the times of the entries.

    `time_zone` is the owner's. `next` is the value of `before_seq` for the next page; None on the last page.
    """

    goal: GoalId
    lines: Sequence[LedgerLine]
    names: Names
    time_zone: str
    next: int | None


class Version(Frozen):
    """The content of a goal after the entry number `seq`, and who made that entry. Texts that were erased are "-"."""

    seq: int
    revision: int
    at: datetime
    actor: EmployeeId
    actor_name: str | None
    content: Content


class Versions(Frozen):
    """Two versions of a goal, the earlier one first. `changed`: the fields of the content that differ."""

    goal: GoalId
    before: Version
    after: Version
    changed: tuple[str, ...]


class ReportedValue(Frozen):
    """A report of progress: the `value` of a measure that is a number, else the criteria that were `met`."""

    seq: int
    revision: int
    at: datetime
    actor: EmployeeId
    actor_name: str | None
    value: Number | None
    met: tuple[int, ...] | None


class Reports(Frozen):
    """The reports of a goal, the earliest first, without those that were taken back; the newest 500 entries are read."""

    goal: GoalId
    reports: tuple[ReportedValue, ...]


class GoalHistory:
    """What a caller may read of a goal's past."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def timeline(
        self, caller: Caller, goal: GoalId, before_seq: int | None = None, limit: int = PAGE
    ) -> Timeline:
        """The newest entries before the number `before_seq` (None: the newest of all), at most `limit`."""
        async with read_transaction(self._engine) as connection:
            found = await visible_goal(connection, caller, goal)
            lines = await rows.read_ledger_page(connection, goal, before=before_seq, limit=limit)
            names = await names_at(connection, people_in_ledger(lines))
        last = int(lines[-1].event["seq"]) if lines else 1
        return Timeline(goal, lines, names, found.calendar.timezone, last if last > 1 else None)

    async def versions(self, caller: Caller, goal: GoalId, a: int, b: int) -> Versions:
        """The content after the entries number `a` and `b`, made from the ledger. Raises a `Refusal` where there is no such entry."""
        async with read_transaction(self._engine) as connection:
            found = await visible_goal(connection, caller, goal)
            for seq in (a, b):
                if not 1 <= seq <= found.seq:
                    raise Refusal(Code.NO_SUCH_ENTRY, entry=seq, seq=found.seq)
            policy = (await require_cycle(connection, found.cycle)).launched_policy
            lines = await rows.read_ledger(connection, goal, limit=max(a, b))
            events = [Event.model_validate(line.event) for line in lines]
            shown = [events[seq - 1] for seq in (min(a, b), max(a, b))]
            names = await names_at(connection, [(one.actor, one.at) for one in shown])
        before, after = (_version(goal, policy, events[: one.seq], names) for one in shown)
        return Versions(goal=goal, before=before, after=after, changed=before.content.changed_fields(after.content))

    async def reports(self, caller: Caller, goal: GoalId) -> Reports:
        """What was reported of the measure, over all revisions."""
        async with read_transaction(self._engine) as connection:
            await visible_goal(connection, caller, goal)
            lines = await rows.read_entries_of_kinds(connection, goal, _REPORTS, limit=_MOST_REPORTS)
            kept = _without_undone([Event.model_validate(line.event) for line in lines])
            names = await names_at(connection, [(one.actor, one.at) for one, _ in kept])
        return Reports(goal=goal, reports=tuple(_reported(one, body, names) for one, body in kept))


def _version(goal: GoalId, policy: Policy, events: Sequence[Event], names: Names) -> Version:
    built, last = evolve_all(created_goal(goal, policy, events[0]), events[1:]), events[-1]
    return Version(
        seq=last.seq,
        revision=built.revision,
        at=last.at,
        actor=last.actor,
        actor_name=names.get((last.actor, last.at)),
        content=built.content,
    )


def _without_undone(events: Sequence[Event]) -> list[tuple[Event, ProgressReported]]:
    """The reports in order. Taking a report back removes the last one that is left."""
    kept: list[tuple[Event, ProgressReported]] = []
    for event in events:
        match event.body:
            case ProgressReported() as body:
                kept.append((event, body))
            case ReportUndone(step=None) if kept:
                kept.pop()
    return kept


def _reported(event: Event, body: ProgressReported, names: Names) -> ReportedValue:
    return ReportedValue(
        seq=event.seq,
        revision=event.revision,
        at=event.at,
        actor=event.actor,
        actor_name=names.get((event.actor, event.at)),
        value=body.value,
        met=body.met,
    )
