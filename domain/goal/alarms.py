"""Alarms of a goal: `next_alarm` says which alarm rings next and when, `ring` returns the events of an alarm that rang."""

import hashlib
from datetime import date, timedelta
from enum import StrEnum

from domain.goal import events, scoring
from domain.goal.assignees import awaited, copied_to, escalated_parts, next_manager
from domain.goal.commands import SYSTEM
from domain.goal.goal import Goal
from domain.goal.steering import end_outcome
from domain.lifecycle import State
from domain.policy.calendar import BusinessCalendar
from domain.policy.policy import Act
from domain.values import CommandId, Frozen, Moment

LATE = timedelta(hours=1)  # an alarm that rings more than this after its time was delayed by an outage


class AlarmKind(StrEnum):
    RUNG = "rung"  # of the open task's ladder
    REVIEW = "review"  # a review date of the policy
    LEAVING = "leaving"  # the last review, before the owner's last day
    END = "end"  # the cycle is over


class Alarm(Frozen):
    """The next thing that happens to a goal without a command. `day` is the day by the calendar, `at` the exact time."""

    kind: AlarmKind
    at: Moment
    day: date
    rung: int = 0

    @property
    def id(self) -> CommandId:
        """The same for every attempt to ring the alarm, so that the ledger stores its event once."""
        return CommandId(f"alarm:{self.kind}:{self.day}:{self.rung}")


_GOLDEN = 0.6180339887498949  # (√5 − 1) / 2


def spread(goal: Goal) -> timedelta:
    """The delay of this goal's alarms after the opening hour. It differs by goal, so that not all goals ring at once.

    It is computed from the goal's slot. Multiples of the golden ratio, modulo 1, are spread evenly for any number of slots
    (three-distance theorem), so every minute gets about as many goals. Goals without a slot are spread by their ids.
    """
    if goal.slot is None:
        share = int.from_bytes(hashlib.sha256(goal.id.encode()).digest()[:4]) / 2**32
    else:
        share = goal.slot * _GOLDEN % 1
    return timedelta(seconds=int(share * goal.policy.spread_minutes * 60))


def next_alarm(goal: Goal) -> Alarm | None:
    """The next reminder, escalation, review or end; None for a goal that is closed or paused."""
    return min(_alarms(goal), key=lambda alarm: alarm.at, default=None)


def due_alarms(goal: Goal, now: Moment) -> tuple[Alarm, ...]:
    """The alarms whose time has come: the end first, then a review, then a rung."""
    return tuple(alarm for alarm in _alarms(goal) if alarm.at <= now)


def _alarms(goal: Goal) -> list[Alarm]:
    """The next alarm of each kind. The end is first: nobody gets a reminder of a task that ends at the same time."""
    if goal.is_closed or goal.is_paused:
        return []
    return [alarm for alarm in (_end(goal), _leaving(goal), _review(goal), _rung(goal)) if alarm]


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
    """The first review date after the goal's approval whose review was not opened yet."""
    if goal.state is not State.ACTIVE:
        return None
    for review in goal.policy.reviews:
        if goal.reviewed_through is not None and review <= goal.reviewed_through:
            continue
        alarm = _alarm(goal, goal.calendar, AlarmKind.REVIEW, goal.calendar.on_or_after(review))
        if goal.active_since is None or alarm.at > goal.active_since:
            return alarm.model_copy(update={"rung": goal.policy.reviews.index(review)})
    return None


def _leaving(goal: Goal) -> Alarm | None:
    """The last review of a goal whose owner leaves. One whose day has passed rings at once."""
    day = goal.last_review_on
    if goal.state is not State.ACTIVE or day is None:
        return None
    return _alarm(goal, goal.calendar, AlarmKind.LEAVING, goal.calendar.on_or_after(day))


def _end(goal: Goal) -> Alarm:
    return _alarm(goal, goal.calendar, AlarmKind.END, goal.calendar.on_or_after(goal.policy.closes + timedelta(days=1)))


def ring(goal: Goal, alarm: Alarm, now: Moment) -> tuple[events.Event, ...]:
    """The events of the alarm at `now`; none if this is not the goal's next alarm, or its time has not come."""
    if alarm != next_alarm(goal) or now < alarm.at:
        return ()
    bodies = {
        AlarmKind.RUNG: _remind_or_escalate,
        AlarmKind.REVIEW: _open_review,
        AlarmKind.LEAVING: _open_last_review,
        AlarmKind.END: _lapse,
    }
    event = events.Event(
        seq=goal.seq + 1,
        revision=goal.revision,
        at=now,
        actor=SYSTEM,
        command=CommandId(f"{alarm.id}:{goal.seq + 1}"),
        body=bodies[alarm.kind](goal, alarm, now),
    )
    return (event,)


def _remind_or_escalate(goal: Goal, alarm: Alarm, now: Moment) -> events.Body:
    task = goal.task
    if task is None:
        raise ValueError(f"{goal.id} has no task with a ladder")
    late = now - alarm.at > LATE
    match goal.policy.ladders[task.kind].rungs[alarm.rung].act:
        case Act.REMIND:
            return events.Reminded(rung=alarm.rung, due=alarm.at, late=late)
        case Act.REMIND_AND_COPY:
            return events.Reminded(rung=alarm.rung, due=alarm.at, late=late, copied=tuple(copied_to(goal)))
        case Act.ESCALATE | Act.ESCALATE_TO_HR as act if task.parts:
            return _escalate_parts(goal, alarm, act, late=late)
        case Act.ESCALATE:
            joined, climbed = next_manager(goal, task.climbed)
        case Act.ESCALATE_TO_HR:
            joined, climbed = goal.hr_asked, task.climbed
    # An owner or a contributor who is in HR never becomes the approver of their own goal.
    # Who approved an earlier stage is not asked again.
    new = tuple(person for person in joined if person not in (*task.assignees, *goal.sharers, *goal.signed))
    to_hr = joined == goal.hr_asked
    return events.Escalated(rung=alarm.rung, due=alarm.at, late=late, joined=new, climbed=climbed, to_hr=to_hr)


def _escalate_parts(goal: Goal, alarm: Alarm, act: Act, *, late: bool) -> events.Escalated:
    """In a joint stage, the next of every chain that is awaited joins."""
    parts, before = escalated_parts(goal, act), goal.task.assignees if goal.task else ()
    joined = tuple(one for one in awaited(parts) if one not in before)
    climbed = max(part.climbed for part in parts if part.is_awaited)
    to_hr = act is Act.ESCALATE_TO_HR or any(one in goal.hr for one in joined)
    return events.Escalated(rung=alarm.rung, due=alarm.at, late=late, joined=joined, climbed=climbed, to_hr=to_hr)


def _open_review(goal: Goal, alarm: Alarm, now: Moment) -> events.Body:
    return events.ReviewOpened(scheduled=goal.policy.reviews[alarm.rung])


def _open_last_review(goal: Goal, alarm: Alarm, now: Moment) -> events.Body:
    return events.ReviewOpened(leaves=goal.leaves or goal.gone_on)


def _lapse(goal: Goal, alarm: Alarm, now: Moment) -> events.Body:
    return events.Lapsed(due=alarm.at, outcome=end_outcome(goal), attained=goal.attained, score=scoring.score(goal))
