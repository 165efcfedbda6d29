"""What new rules would do at once, before they are given: which goals end, and whose review opens."""

from datetime import time, timedelta

import pytest

from domain.goal.alarms import AlarmKind
from domain.goal.goal import Goal
from domain.policy.calendar import BusinessCalendar
from domain.policy.policy import Policy
from service.amending import _value, rings_now
from tests.domain.builders import POLICY, TOKYO, active, after, at, change_line, day, draft, pause, pending, policy
from texts.say import say_both

NOW = at(day(10, 15))
KEEP, VERDICT = policy(leavers="keep"), policy(leavers="verdict")
SHORT = policy(ends=day(10, 13), closes=day(10, 14), reviews=())
REVIEWED = policy(reviews=(day(10, 15), day(10, 30), day(11, 30)))


@pytest.mark.parametrize(
    ("goal", "rules", "kind"),
    [
        (draft(), SHORT, AlarmKind.END),
        (active(), SHORT, AlarmKind.END),
        (active(), REVIEWED, AlarmKind.REVIEW),
        (pending(), REVIEWED, None),
        (after(active(KEEP), change_line(active(KEEP), gone=True), at(day(10, 14))), VERDICT, AlarmKind.LEAVING),
        (active(), POLICY, None),
        (active(), policy(closes=day(12, 25)), None),
        (after(active(), pause(), at(day(10, 14))), SHORT, None),
    ],
)
def test_what_new_rules_end_or_open_at_once_is_known_before(goal: Goal, rules: Policy, kind: AlarmKind | None) -> None:
    assert rings_now(goal, rules, NOW) == kind


def test_what_would_ring_anyway_is_not_caused_by_the_rules() -> None:
    late = at(day(12, 28)) + timedelta(days=30)
    assert rings_now(draft(), policy(max_bonus=30), late) is None


def test_an_amendment_shows_the_working_saturdays_and_short_days_of_a_calendar() -> None:
    busy = BusinessCalendar(working_days=(day(12, 26),), short_days={day(12, 28): time(12)})
    plain, changed = _value(TOKYO), _value(busy)
    assert "works on" not in say_both(plain).en
    assert say_both(changed).en.endswith("works on 2026-12-26; closes early on 2026-12-28 12:00")
    assert say_both(changed).ja.endswith("、出勤日 2026-12-26、短縮営業日 2026-12-28 12:00")
