"""What time does to a goal: `next_alarm` says what rings next and when, `ring` what has happened when it did."""

import hashlib
from datetime import date, timedelta
from enum import StrEnum

from domain.goal import events, scoring
from domain.goal.commands import SYSTEM
from domain.goal.goal import Goal
from domain.goal.steering import end_outcome
from domain.lifecycle import State
from domain.policy.calendar import BusinessCalendar
from domain.policy.policy import Act
from domain.values import CommandId, EmployeeId, Frozen, Moment

LATE = timedelta(hours=1)  # an alarm that rings later than this was held up by an outage


class AlarmKind(StrEnum):
    RUNG = "rung"  # of the open task's ladder
    REVIEW = "review"  # a review date of the policy
    END = "end"  # the cycle has closed


class Alarm(Frozen):
    """One thing that time will do, and when by the calendar."""

    kind: AlarmKind
    at: Moment
    day: date
    rung: int = 0

    @property
    def id(self) -> CommandId:
        """The same alarm has the same id, however often it rings: the ledger takes it once."""
        return CommandId(f"alarm:{self.kind}:{self.day}:{self.rung}")


_GOLDEN = 0.6180339887498949  # (√5 − 1) / 2


def spread(goal: Goal) -> timedelta:
    """How long after the opening hour this goal's alarms ring, so that a company-wide deadline is not one instant.

    By the goal's slot: multiples of the golden ratio, taken modulo 1, lie evenly however many there are (three-distance
    theorem), so each minute gets its share and no more. Goals without a slot are spread by their ids.
    """
    if goal.slot is None:
        share = int.from_bytes(hashlib.sha256(goal.id.encode()).digest()[:4]) / 2**32
    else:
        share = goal.slot * _GOLDEN % 1
    return timedelta(seconds=int(share * goal.policy.spread_minutes * 60))


def next_alarm(goal: Goal) -> Alarm | None:
    """The next reminder, escalation, review or end; none for a goal that is closed or paused."""
    if goal.is_closed or goal.is_paused:
        return None
    # At one instant the end comes first, then the review: nobody is reminded of what is over a second later.
    candidates = [alarm for alarm in (_end(goal), _review(goal), _rung(goal)) if alarm]
    return min(candidates, key=lambda alarm: alarm.at)


def _alarm(goal: Goal, calendar: BusinessCalendar, kind: AlarmKind, day: date, rung: int = 0) -> Alarm:
    return Alarm(kind=kind, at=calendar.opening(day) + spread(goal), day=day, rung=rung)


def _rung(goal: Goal) -> Alarm | None:
    if goal.task is None:
        return None
    rungs = goal.policy.ladders[goal.task.kind].rungs
    if goal.task.rung >= len(rungs):
        return None
    calendar = goal.policy.calendar_at(goal.task.site)
    return _alarm(
        goal, calendar, AlarmKind.RUNG, calendar.add(goal.task.due, rungs[goal.task.rung].days), goal.task.rung
    )


def _review(goal: Goal) -> Alarm | None:
    """The first review date that is neither taken up nor older than the goal's approval."""
    if goal.state is not State.ACTIVE:
        return None
    for review in goal.policy.reviews:
        if goal.reviewed_through is not None and review <= goal.reviewed_through:
            continue
        alarm = _alarm(goal, goal.calendar, AlarmKind.REVIEW, goal.calendar.on_or_after(review))
        if goal.active_since is None or alarm.at > goal.active_since:
            return alarm.model_copy(update={"rung": goal.policy.reviews.index(review)})
    return None


def _end(goal: Goal) -> Alarm:
    return _alarm(goal, goal.calendar, AlarmKind.END, goal.calendar.on_or_after(goal.policy.closes + timedelta(days=1)))


def ring(goal: Goal, alarm: Alarm, now: Moment) -> tuple[events.Event, ...]:
    """What the alarm brings; nothing where the goal no longer waits for it."""
    if alarm != next_alarm(goal) or now < alarm.at:
        return ()
    bodies = {AlarmKind.RUNG: _climb, AlarmKind.REVIEW: _open_review, AlarmKind.END: _lapse}
    event = events.Event(
        seq=goal.seq + 1,
        revision=goal.revision,
        at=now,
        actor=SYSTEM,
        command=CommandId(f"{alarm.id}:{goal.seq + 1}"),
        body=bodies[alarm.kind](goal, alarm, now),
    )
    return (event,)


def _climb(goal: Goal, alarm: Alarm, now: Moment) -> events.Body:
    task = goal.task
    if task is None:
        raise ValueError(f"{goal.id} has no task whose ladder could be climbed")
    late = now - alarm.at > LATE
    match goal.policy.ladders[task.kind].rungs[alarm.rung].act:
        case Act.REMIND:
            return events.Reminded(rung=alarm.rung, due=alarm.at, late=late)
        case Act.REMIND_AND_COPY:
            copied = tuple(one for one in _next_up(goal, task.climbed)[0] if one not in (*task.assignees, goal.owner))
            return events.Reminded(rung=alarm.rung, due=alarm.at, late=late, copied=copied)
        case Act.ESCALATE:
            joined, climbed = _next_up(goal, task.climbed)
        case Act.ESCALATE_TO_HR:
            joined, climbed = goal.policy.hr, task.climbed
    # An owner who is in HR is told, and never becomes the approver of their own goal.
    new = tuple(person for person in joined if person not in (*task.assignees, goal.owner))
    to_hr = joined == goal.policy.hr
    return events.Escalated(rung=alarm.rung, due=alarm.at, late=late, joined=new, climbed=climbed, to_hr=to_hr)


def _next_up(goal: Goal, climbed: int) -> tuple[tuple[EmployeeId, ...], int]:
    """The first manager of the line, above those passed, who is not an assignee yet; HR where the line ends."""
    assignees = goal.task.assignees if goal.task else ()
    for level in range(climbed, len(goal.line)):
        if goal.line[level] not in assignees:
            return (goal.line[level],), level + 1
    return goal.policy.hr, len(goal.line)


def _open_review(goal: Goal, alarm: Alarm, now: Moment) -> events.Body:
    return events.ReviewOpened(scheduled=goal.policy.reviews[alarm.rung])


def _lapse(goal: Goal, alarm: Alarm, now: Moment) -> events.Body:
    attained = scoring.confirmed(goal)
    total = goal.banked + scoring.revision_score(goal, attained)
    return events.Lapsed(due=alarm.at, outcome=end_outcome(goal), attained=attained, score=total)
