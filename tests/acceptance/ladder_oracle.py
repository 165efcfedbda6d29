"""An oracle of reminders and escalations: who must be notified of what on which day.

It uses only the commands in the ledger, a list of holidays and the ladders. It is a second implementation on purpose: it shares no
code with the product except the names in the policy.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from domain.policy.policy import Act, Ladder, TaskKind
from tests.acceptance.scene import TOKYO


class RungAlarm(NamedTuple):
    """An alarm that rang for a goal, and who was notified."""

    day: date
    kind: str
    told: frozenset[str]


@dataclass
class Office:
    """Working days and ladders."""

    off: frozenset[date]
    ladders: Mapping[TaskKind, Ladder]
    hr: tuple[str, ...]

    def works(self, day: date) -> bool:
        return day.weekday() < 5 and day not in self.off

    def moved(self, day: date, working_days: int) -> date:
        step = timedelta(days=1 if working_days > 0 else -1)
        left = abs(working_days)
        while left:
            day += step
            left -= self.works(day)
        while not self.works(day):
            day += timedelta(days=1)
        return day


@dataclass
class _Waiting:
    kind: TaskKind
    assignees: list[str]
    opened: date
    due: date
    passed: int  # how many managers of the line have the task already, or are below an assignee
    rungs: list[tuple[date, Act]] = field(default_factory=list)


@dataclass
class Expectation:
    """Follows what people did to one goal, and computes the alarms that must have rung between."""

    office: Office
    owner: str
    line: list[str]
    steps: Sequence[date]
    delegates: Sequence[tuple[str, str, date, date]] = ()
    rang: list[RungAlarm] = field(default_factory=list)
    _waiting: _Waiting | None = None
    _done: int = 0

    def follow(self, events: Iterable[Mapping[str, Any]], until: date) -> list[RungAlarm]:
        """The alarms up to and including `until`. Reads only events of people, not those of alarms."""
        for event in events:
            at: datetime = event["at"].astimezone(TOKYO)
            kind = event["body"]["kind"]
            if kind in ("reminded", "escalated"):
                continue
            self._climb(at.date(), before=at)
            self._apply(kind, event, at.date())
        self._climb(until, before=None)
        return self.rang

    def _apply(self, kind: str, event: Mapping[str, Any], day: date) -> None:
        match kind:
            case "created" | "returned" | "recalled" | "reset":
                self._open(TaskKind.DRAFT, [self.owner], day)
            case "submitted":
                self._open(TaskKind.APPROVAL, self._manager(), day, passed=1)
            case "approved" | "continued":
                self._open_step(day)
            case "step_completed":
                self._done += 1
                if self._waiting and self._waiting.kind is TaskKind.STEP:
                    self._open_step(day)
            case "review_opened":
                self._open(TaskKind.SELF_REVIEW, [self.owner], day)
            case "self_reviewed":
                self._open(TaskKind.VERDICT, self._manager(), day, passed=1)
            case "line_changed":
                self._follow_line(list(event["body"]["line"]), day)
            case "closed" | "lapsed" | "withdrawn":
                self._waiting = None

    def _manager(self) -> list[str]:
        return self.line[:1] or [one for one in self.office.hr if one != self.owner]

    def _open_step(self, day: date) -> None:
        self._waiting = None
        if self._done < len(self.steps):
            self._open(TaskKind.STEP, [self.owner], day, due=self.steps[self._done])

    def _open(self, kind: TaskKind, who: list[str], day: date, *, due: date | None = None, passed: int = 0) -> None:
        ladder = self.office.ladders[kind]
        if due is None or due < day:
            due = self.office.moved(day, ladder.due_in)
        due = self.office.moved(due, 0)
        rungs = [(self.office.moved(due, rung.days), rung.act) for rung in ladder.rungs]
        self._waiting = _Waiting(kind, who, day, due, passed, [one for one in rungs if one[0] > day])

    def _follow_line(self, line: list[str], day: date) -> None:
        before, self.line = self.line, line
        waiting = self._waiting
        if waiting is None:
            return
        decision = waiting.kind in (TaskKind.APPROVAL, TaskKind.VERDICT)
        moved = [
            line[before.index(one)] if one in before and before.index(one) < len(line) else one
            for one in waiting.assignees
        ]
        who = list(dict.fromkeys([*(self._manager() if decision else []), *moved]))
        if who == waiting.assignees:
            return
        passed = waiting.passed
        if decision:
            self._open(waiting.kind, who, day, passed=passed)
        else:
            waiting.assignees = who

    def _climb(self, day: date, before: datetime | None) -> None:
        """The rungs up to `day`; rungs of that day only if the office opened before the event of that day."""
        waiting = self._waiting
        while waiting and waiting.rungs:
            rung_day, act = waiting.rungs[0]
            opened = before is None or before.hour >= 10
            if rung_day > day or (rung_day == day and not opened):
                return
            waiting.rungs.pop(0)
            self._ring(waiting, rung_day, act)

    def _ring(self, waiting: _Waiting, day: date, act: Act) -> None:
        copied: list[str] = []
        if act is Act.REMIND_AND_COPY:
            copied, _ = self._above(waiting)
        elif act is Act.ESCALATE:
            joined, waiting.passed = self._above(waiting)
            waiting.assignees = list(dict.fromkeys([*waiting.assignees, *joined]))
        elif act is Act.ESCALATE_TO_HR:
            waiting.assignees = list(dict.fromkeys([*waiting.assignees, *self._hr()]))
        told = {*waiting.assignees, *(one for one in copied if one != self.owner)}
        told |= {
            to for person, to, first, last in self.delegates if person in waiting.assignees and first <= day <= last
        }
        kind = "escalated" if act in (Act.ESCALATE, Act.ESCALATE_TO_HR) else "reminded"
        self.rang.append(RungAlarm(day, kind, frozenset(told)))

    def _above(self, waiting: _Waiting) -> tuple[list[str], int]:
        for level in range(waiting.passed, len(self.line)):
            if self.line[level] not in waiting.assignees:
                return [self.line[level]], level + 1
        return self._hr(), len(self.line)

    def _hr(self) -> list[str]:
        return [one for one in self.office.hr if one != self.owner]
