"""A policy that contradicts itself never comes to be."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from domain.policy import DEFAULT_LADDERS, Act, Ladder, Policy, TaskKind
from tests.domain.builders import POLICY, day, policy


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"ends": day(10, 1)}, "starts < ends <= closes"),
        ({"closes": day(12, 24)}, "starts < ends <= closes"),
        ({"reviews": (day(11, 30), day(10, 30))}, "in order, each on a day of its own"),
        ({"reviews": (day(10, 30), day(10, 30))}, "in order, each on a day of its own"),
        ({"reviews": (day(10, 1),)}, "after the cycle starts"),
        ({"reviews": (day(12, 29),)}, "not after it closes"),
        ({"ladders": {TaskKind.DRAFT: DEFAULT_LADDERS[TaskKind.DRAFT]}}, "no ladder for approval, self_review, step"),
        ({"hr": ()}, "at least 1 item"),
        ({"approval_stages": 0}, "greater than or equal to 1"),
        ({"attainment_cap": "0.9"}, "greater than or equal to 1"),
        ({"attainment_cap": "NaN"}, "finite"),
        ({"deadline": 1}, "Extra inputs are not permitted"),
    ],
)
def test_a_policy_that_cannot_be_kept_is_refused_and_says_why(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        policy(**wrong)


@pytest.mark.parametrize("right", [{"reviews": ()}, {"reviews": (day(12, 28),)}, {"closes": day(12, 25)}])
def test_a_policy_at_its_limits_is_taken(right: dict[str, Any]) -> None:
    policy(**right)


def test_the_rungs_of_a_ladder_go_up() -> None:
    for days in ([1, 1], [3, -1]):
        with pytest.raises(ValidationError, match="each on a later business day"):
            Ladder.model_validate({"due_in": 5, "rungs": [(n, Act.REMIND) for n in days]})


def test_every_default_ladder_reminds_before_it_escalates_and_once_before_the_date() -> None:
    assert set(DEFAULT_LADDERS) == set(TaskKind)
    for ladder in DEFAULT_LADDERS.values():
        acts = [rung.act for rung in ladder.rungs]
        assert acts[:2] == [Act.REMIND, Act.REMIND]
        assert set(acts[2:]) <= {Act.ESCALATE, Act.ESCALATE_TO_HR}
        assert ladder.rungs[0].days < 0 < ladder.rungs[1].days
        assert ladder.due_in + ladder.rungs[0].days > 0  # the first reminder is not lost on a fresh task


def test_a_policy_is_the_same_after_a_journey_through_json() -> None:
    assert Policy.model_validate_json(POLICY.model_dump_json()) == POLICY


def test_a_policy_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        POLICY.starts = date(2026, 9, 1)  # type: ignore[misc] # what must not be possible is tried
