"""Use cases of HR while a cycle runs: where goals are by department, what happened day by day, and whom most decisions wait for."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from domain.access import Action, Caller
from domain.lifecycle import State
from domain.people.departments import Department, Departments
from domain.refusals import Code, Refusal
from domain.values import CycleId, EmployeeId, Frozen
from service.cycle_documents import CycleSummary, summary_of
from service.cycle_lookup import require_cycle
from service.relations import require_colleague, require_hr
from storage import board
from storage.board import DepartmentNumber, Moves
from storage.cycles import Cycle
from storage.database import read_transaction
from storage.departments import load_departments
from storage.person_log import names_at

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

MOST_DAYS = 92
_MOST_FAILED = 100
_MOST_PEOPLE = 20


class Numbers(Frozen):
    """Goals by state, and how many of them are overdue, escalated, paused, or returned and not submitted again.

    `failed`: participants whose launch failed.
    """

    states: dict[State, int]
    goals: int
    overdue: int
    escalated: int
    paused: int
    returned: int
    failed: int


class BoardRow(Frozen):
    """A department with those below it. `has_below`: some of its numbers are of departments below, which a board of its own shows."""

    department: str
    has_below: bool
    numbers: Numbers


class FailedParticipant(Frozen):
    """A participant whose launch failed, and why."""

    employee: EmployeeId
    department: str
    reason: str


class BoardPage(CycleSummary):
    """The numbers of a cycle, or of one department with those below it, and of each department of the next level.

    `path`: the department and those above it, the top first; empty for the whole cycle. `own`: the numbers of the department
    without those below. `failed`: the first hundred participants, by id.
    """

    path: tuple[str, ...]
    total: Numbers
    own: Numbers
    rows: tuple[BoardRow, ...]
    failed: tuple[FailedParticipant, ...]


class Day(Frozen):
    """A day of the cycle: the goals by state at its end, and how many were submitted, approved, reviewed and closed on it.

    A review counts on the day on which it ended, also if it closed the goal; then the goal counts as closed too.
    """

    day: date
    states: dict[State, int]
    submitted: int
    approved: int
    reviewed: int
    closed: int


class Trend(Frozen):
    """The days of a cycle, in its own time zone, the earliest first."""

    cycle: CycleId
    days: tuple[Day, ...]


class WaitingFor(Frozen):
    """A person, and the approvals and verdicts that are overdue and wait for them. `oldest_due`: the earliest deadline."""

    employee: EmployeeId
    name: str
    department: str
    approvals: int
    verdicts: int
    oldest_due: datetime


class Slowest(Frozen):
    """The people whom most overdue decisions of a cycle wait for, at most twenty, most first."""

    cycle: CycleId
    people: tuple[WaitingFor, ...]


class Board:
    """Every method raises a `Refusal` for a caller without permission, and for an unknown cycle. Each is one read transaction."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def read(self, caller: Caller, cycle: CycleId, now: datetime, department: str | None = None) -> BoardPage:
        """The numbers of the level below the department (None: of the top) at `now`; a former name of a department is found too."""
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_CYCLE)
            row = await require_cycle(connection, cycle)
            summary = await _summary(connection, row)
            found = await board.numbers(connection, cycle, now)
            departments = await load_departments(connection)
            level = _Level(found, departments, department)
            names = None if department is None else list(departments.names_meant([department]))
            failed = await board.failed(connection, cycle, names, limit=_MOST_FAILED)
        listed = (
            FailedParticipant(employee=EmployeeId(one.employee), department=one.department, reason=one.reason)
            for one in failed
        )
        return BoardPage(
            **dict(summary),
            path=level.path,
            total=level.total,
            own=level.own,
            rows=level.rows,
            failed=tuple(listed),
        )

    async def trend(self, caller: Caller, cycle: CycleId, now: datetime, days: int = MOST_DAYS) -> Trend:
        """The last `days` days up to `now`, or to the end of the cycle; at most 92, and none before the launch."""
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_CYCLE)
            row = await require_cycle(connection, cycle)
            shown = _days_of(row, now, min(days, MOST_DAYS))
            moves = await board.moves_since(connection, cycle, shown[0]) if shown else []
            present = Counter[str]()
            for one in await board.states(connection, cycle):
                present[one.what] += one.number
        return Trend(cycle=cycle, days=_trend(shown, moves, present))

    async def slowest(self, caller: Caller, cycle: CycleId, now: datetime) -> Slowest:
        """HR: the people whom most overdue approvals and verdicts wait for at `now`; a list of goals has the goals of each."""
        async with read_transaction(self._engine) as connection:
            await require_hr(connection, caller, Action.SEE_DELAYS, cycle)
            found = await board.slowest(connection, cycle, now, limit=_MOST_PEOPLE)
        return Slowest(cycle=cycle, people=tuple(WaitingFor.model_validate(one._asdict()) for one in found))


async def _summary(connection: "AsyncConnection", row: Cycle) -> CycleSummary:
    return summary_of(row, await names_at(connection, [(row.launched_by, row.launched_at)]))


_Counts = Counter[str]


class _Level:
    """The numbers of one level of the tree. A name that no record has is a department of the top without any below it."""

    def __init__(self, found: Iterable[DepartmentNumber], departments: Departments, asked: str | None) -> None:
        self._departments = departments
        self._own: dict[str, _Counts] = {}  # by the department's id
        self._unknown: dict[str, _Counts] = {}  # by name
        for one in found:
            known = departments.find(one.department)
            counts = (
                self._own.setdefault(known.id, _Counts())
                if known
                else self._unknown.setdefault(one.department, _Counts())
            )
            counts[one.what] += one.number
        record = departments.find(asked) if asked is not None else None
        if asked is not None and record is None and asked not in self._unknown:
            raise Refusal(
                Code.UNKNOWN_DEPARTMENT,
                department=asked[:80],
                known=sorted(one.name for one in departments.by_id.values()) or "-",
            )
        self._fill(record, asked)

    def _fill(self, record: Department | None, asked: str | None) -> None:
        if record is not None:
            self.path = tuple(reversed([one.name for one in self._departments.upwards(record)]))
            own, rows = self._own.get(record.id, _Counts()), self._rows(self._departments.below(record))
            total = self._with_below(record)
        elif asked is not None:
            self.path, rows = (asked,), []
            own = total = self._unknown[asked]
        else:
            self.path, own = (), _Counts()
            tops = [one for depth, one in self._departments.tree() if depth == 0]
            rows = self._rows(tops) + [_row(name, counts) for name, counts in self._unknown.items()]
            total = _sum([*self._own.values(), *self._unknown.values()])
        self.own, self.total = _numbers(own), _numbers(total)
        self.rows = tuple(sorted(rows, key=lambda row: row.department))

    def _rows(self, records: Iterable[Department]) -> list[BoardRow]:
        """Those that have any numbers."""
        totals = ((one, self._with_below(one)) for one in records)
        return [_row(one.name, total, has_below=total != self._own.get(one.id)) for one, total in totals if total]

    def _with_below(self, record: Department) -> _Counts:
        return _sum(self._own[one.id] for one in self._departments.with_below(record) if one.id in self._own)


def _row(name: str, counts: _Counts, *, has_below: bool = False) -> BoardRow:
    return BoardRow(department=name, has_below=has_below, numbers=_numbers(counts))


def _sum(counts: Iterable[_Counts]) -> _Counts:
    total = _Counts()
    for one in counts:
        total.update(one)
    return total


def _numbers(counts: _Counts) -> Numbers:
    states = {state: counts[state] for state in State if counts[state]}
    others = {name: counts[name] for name in Numbers.model_fields if name not in ("states", "goals")}
    return Numbers(states=states, goals=sum(states.values()), **others)


def _days_of(row: Cycle, now: datetime, days: int) -> list[date]:
    """The last days of the cycle up to `now`, in order."""
    zone = ZoneInfo(row.time_zone)
    first, last = (at.astimezone(zone).date() for at in (row.launched_at, min(now, row.closed_at or now)))
    length = min((last - first).days + 1, days)
    return [last - timedelta(days=n) for n in reversed(range(length))]


def _trend(shown: list[date], moves: Iterable[Moves], present: Mapping[str, int]) -> tuple[Day, ...]:
    """Counted backwards from the present numbers: what moved after a day is taken back."""
    by_day: dict[date, list[Moves]] = {}
    for one in moves:
        by_day.setdefault(one.day, []).append(one)
    states, found = Counter(present), list[Day]()
    for day in sorted({*by_day, *shown}, reverse=True):
        today = by_day.get(day, [])
        if day in shown:
            found.append(_day(day, states, today))
        for one in today:
            states[one.after] -= one.goals
            states[one.before] += one.goals
    return tuple(reversed(found))


def _day(day: date, states: Mapping[str, int], moves: list[Moves]) -> Day:
    def moved(*, before: State | None = None, after: State | None = None) -> int:
        return sum(one.goals for one in moves if before in (None, one.before) and after in (None, one.after))

    return Day(
        day=day,
        states={state: states[state] for state in State if states.get(state)},
        submitted=moved(before=State.DRAFT, after=State.PENDING_APPROVAL),
        approved=moved(before=State.PENDING_APPROVAL, after=State.ACTIVE),
        reviewed=moved(before=State.IN_REVIEW),
        closed=moved(after=State.CLOSED),
    )
