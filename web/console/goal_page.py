"""What a goal's page shows beside its content: the way of its measure as a chart, and its ledger as a timeline."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from domain.goal.goal import Goal
from domain.lifecycle import EventKind, State
from domain.values import Locale
from domain.writing.content import NumericMeasure
from service.goals import GoalView
from storage.goals import LedgerLine
from texts.wording import fact_list

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 640, 240, 8, 32, 40  # units of the drawing; a phone has larger letters
_PROSE = frozenset({"comment", "text", "reason", "evidence", "praise", "progress", "went_well", "causes", "to_improve"})
NEWEST = 30  # entries that the page shows at first


class Report(NamedTuple):
    """A value of the measure that was reported and not taken back."""

    at: datetime
    value: Decimal


class Point(NamedTuple):
    x: int
    y: int
    report: Report


class Chart(NamedTuple):
    """A numeric measure over the time of its cycle. Coordinates are units of the drawing."""

    width: int
    height: int
    left: int
    right: int
    baseline: Decimal
    target: Decimal
    y_baseline: int
    y_target: int
    x_today: int | None
    points: tuple[Point, ...]
    first: date
    last: date

    @property
    def path(self) -> str:
        return " ".join(f"{one.x},{one.y}" for one in self.points)


class TimelineEntry(NamedTuple):
    """An entry of the ledger. `prose`: what people wrote, whole, each with what it is called."""

    seq: int
    at: datetime
    kind: str
    actor: str
    acting_for: str | None
    revision: int
    facts: tuple[tuple[str, str], ...]
    prose: tuple[tuple[str, str], ...]
    changes_content: bool


_CHANGE_CONTENT = frozenset({EventKind.REVISED, EventKind.RESET, EventKind.MOVED})
_DECISIONS = frozenset({EventKind.RETURNED, EventKind.STAGE_APPROVED, EventKind.APPROVED})


def decided_before(view: GoalView, person: str) -> int | None:
    """The number of the entry by which the person last decided on the goal, if its content was written again since."""
    found = [one.event["seq"] for one in view.ledger if one.kind in _DECISIONS and one.event["actor"] == person]
    return found[-1] if found and view.goal.written > found[-1] else None


def chart_of(view: GoalView, now: datetime) -> Chart | None:
    """The chart; none for a measure without a number to begin with."""
    goal, measure = view.goal, view.goal.content.measure
    if not isinstance(measure, NumericMeasure) or measure.baseline is None or measure.baseline == measure.target:
        return None
    reports = _reports(view.events, goal.revision)
    values = [measure.baseline, measure.target, *(one.value for one in reports)]
    low, high = min(values), max(values)
    first, last = goal.policy.starts, max(goal.policy.ends, goal.policy.closes)
    inner, lowest = _WIDTH - 2 * _LEFT, _HEIGHT - _BOTTOM

    def y(value: Decimal) -> int:
        return round(lowest - float((value - low) / (high - low)) * (lowest - _TOP))

    def x(day: date) -> int:
        share = (day - first).days / max((last - first).days, 1)
        return round(_LEFT + min(max(share, 0.0), 1.0) * inner)

    calendar = goal.calendar
    today = calendar.day_of(now)
    points = tuple(Point(x(calendar.day_of(one.at)), y(one.value), one) for one in reports)
    return Chart(
        _WIDTH, _HEIGHT, _LEFT, _LEFT + inner, measure.baseline, measure.target, y(measure.baseline), y(measure.target),
        x(today) if first <= today <= last else None, points, first, last,
    )  # fmt: skip


def _reports(events: Sequence[Mapping[str, Any]], revision: int) -> list[Report]:
    found: list[Report] = []
    for event in events:
        body = event["body"]
        if event["revision"] != revision:
            continue
        if body["kind"] == EventKind.PROGRESS_REPORTED and body.get("value") is not None:
            found.append(Report(event["at"], Decimal(str(body["value"]))))
        elif body["kind"] == EventKind.REPORT_UNDONE and body.get("step") is None and found:
            found.pop()
    return found


def days_done(view: GoalView) -> dict[int, date]:
    """The day on which each step of the revision was reported as done, where that was not taken back; the first step is 0."""
    found: dict[int, date] = {}
    for event in view.events:
        body = event["body"]
        if event["revision"] != view.goal.revision or body.get("step") is None:
            continue
        if body["kind"] == EventKind.STEP_COMPLETED:
            found[body["step"]] = view.goal.calendar.day_of(event["at"])
        elif body["kind"] == EventKind.REPORT_UNDONE:
            found.pop(body["step"], None)
    return found


def timeline(entries: Sequence[LedgerLine], locale: Locale, zone: str, names: Mapping[str, str]) -> list[TimelineEntry]:
    """The entries, the newest first."""
    return [_entry(one, locale, zone, names) for one in reversed(entries)]


def _entry(line: LedgerLine, locale: Locale, zone: str, names: Mapping[str, str]) -> TimelineEntry:
    event = line.event
    told = fact_list(event["body"], locale, zone, names)
    return TimelineEntry(
        seq=event["seq"],
        at=event["at"],
        kind=line.kind,
        actor=event["actor"],
        acting_for=event.get("acting_for"),
        revision=event["revision"],
        facts=tuple((label, value) for name, label, value in told if name not in _PROSE),
        prose=tuple((label, value) for name, label, value in told if name in _PROSE),
        changes_content=line.kind in _CHANGE_CONTENT,
    )


class Stop(NamedTuple):
    """A state on the line of the lifecycle."""

    state: State
    is_now: bool
    is_past: bool


def line_of_states(goal: Goal) -> list[Stop]:
    """The states in the order of a goal's life, and where the goal is."""
    order = list(State)
    here = order.index(goal.state)
    return [Stop(one, place == here, place < here) for place, one in enumerate(order)]
