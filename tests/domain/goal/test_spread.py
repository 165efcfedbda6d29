"""The spread of alarms: after a company-wide due date, no minute gets more than its share."""

from collections import Counter
from datetime import timedelta
from math import ceil
from statistics import mean

import pytest

from domain.goal.alarms import spread
from domain.goal.goal import Goal
from domain.values import GoalId
from tests.domain.builders import draft, policy


def in_slots(first: int, count: int, every: int = 1, minutes: int = 15) -> list[timedelta]:
    """The spreads of `count` goals: of every `every`-th slot from `first` on."""
    goal = draft(policy(spread_minutes=minutes))
    return [spread(goal.model_copy(update={"slot": first + n * every})) for n in range(count)]


def most_in_a_minute(spreads: list[timedelta]) -> int:
    return max(Counter(one // timedelta(minutes=1) for one in spreads).values())


@pytest.mark.parametrize("count", [1, 2, 14, 15, 16, 100, 290, 987, 1_000, 8_064, 10_000])
@pytest.mark.parametrize("every", [1, 2, 3])
@pytest.mark.parametrize("first", [0, 1, 4_181, 50_000])
def test_no_minute_gets_more_than_its_share_and_three_however_many_goals_there_are(
    first: int, every: int, count: int
) -> None:
    spreads = in_slots(first, count, every)
    assert most_in_a_minute(spreads) <= count / 15 + 3
    assert min(spreads) >= timedelta(0)
    assert max(spreads) < timedelta(minutes=15)


def test_every_beginning_of_ten_thousand_slots_keeps_to_its_share() -> None:
    minutes: Counter[int] = Counter()
    for n, one in enumerate(in_slots(0, 10_000), start=1):
        minutes[one // timedelta(minutes=1)] += 1
        assert minutes[one // timedelta(minutes=1)] <= n / 15 + 3


def test_the_policy_says_over_how_many_minutes_alarms_are_spread() -> None:
    spreads = in_slots(0, 1_000, minutes=60)
    assert most_in_a_minute(spreads) <= ceil(1_000 / 60) + 3
    assert timedelta(minutes=59) < max(spreads) < timedelta(hours=1)


def test_the_first_slot_rings_at_the_opening_hour_and_the_second_far_from_it() -> None:
    assert in_slots(0, 3) == [timedelta(0), timedelta(seconds=556), timedelta(seconds=212)]  # for all releases to come


def test_goals_without_a_slot_are_spread_by_their_ids_the_same_every_time() -> None:
    def of(goal_id: str) -> Goal:
        return draft(goal_id=GoalId(goal_id))

    spreads = [spread(of(f"2026-q4/e{n}/1")) for n in range(2_000)]
    assert spreads == [spread(of(f"2026-q4/e{n}/1")) for n in range(2_000)]
    seconds = [one.total_seconds() for one in spreads]
    assert min(seconds) >= 0
    assert max(seconds) < 15 * 60
    assert 430 < mean(seconds) < 470
    assert len(set(seconds)) > 750  # of 900: no crowd at any second
    assert spread(of("2026-q4/e100/1")) == timedelta(minutes=11, seconds=31)  # of all releases to come as well
