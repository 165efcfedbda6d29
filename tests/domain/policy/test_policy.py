"""Validation: a policy that contradicts itself is refused."""

import json
import re
from datetime import date, time, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from domain.cycle.launch import policy_digest
from domain.goal import events
from domain.goal.ledger import canonical
from domain.policy.policy import DEFAULT_LADDERS, Act, Ladder, Policy, TaskKind
from domain.problems import problems_of
from tests.domain.builders import BERLIN, POLICY, day, pending, policy

WORKED = BERLIN.model_copy(
    update={
        "working_days": tuple(date(2000, 1, 1) + timedelta(days=n) for n in range(5_000)),
        "short_days": {date(2000, 1, 1) + timedelta(days=n): time(12) for n in range(5_000)},
    }
)
CROWDED = BERLIN.model_copy(update={"days_off": tuple(date(2000, 1, 1) + timedelta(days=n) for n in range(10_000))})


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"ends": day(10, 1)}, "dates_order"),
        ({"closes": day(12, 24)}, "dates_order"),
        ({"stages": ({},), "approval_stages": 2}, "stages_count"),
        ({"stages": ({"department": "経理"},), "approval_stages": 1}, "department_without_title"),
        ({"stages": ({"title": "部長", "head": True},), "approval_stages": 1}, "head_and_title"),
        ({"stages": ({"weight_over": 50},), "approval_stages": 1}, "no_stage_always"),
        ({"reviews": (day(11, 30), day(10, 30))}, "reviews_order"),
        ({"reviews": (day(10, 30), day(10, 30))}, "reviews_order"),
        ({"reviews": (day(10, 1),)}, "review_outside"),
        ({"reviews": (day(12, 29),)}, "review_outside"),
        ({"sites": {"berlin": CROWDED, "osaka": WORKED}}, r"too_many_days_off \(days: 200\d\d; most: 20000\)"),
        ({"sites": {"berlin": CROWDED, "osaka": CROWDED}}, r"too_many_days_off \(days: 200\d\d; most: 20000\)"),
        ({"hr": tuple(f"h{n}" for n in range(101))}, "too_long"),
        (
            {"ladders": {TaskKind.DRAFT: DEFAULT_LADDERS[TaskKind.DRAFT]}},
            r"no_ladder \(kinds: approval, self_review, step, verdict\)",
        ),
        ({"hr": ()}, r"too_short \(min_length: 1\)"),
        ({"approval_stages": 0}, r"greater_than_equal \(ge: 1\)"),
        ({"attainment_cap": "0.9"}, r"greater_than_equal \(ge: 1\)"),
        ({"attainment_cap": "NaN"}, "decimal_parsing"),
        ({"deadline": 1}, "extra_forbidden"),
    ],
)
def test_a_policy_that_cannot_be_kept_is_refused_and_says_why(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError) as caught:
        policy(**wrong)
    assert [re.search(says, str(problem.message)) for problem in problems_of(caught.value)] != [None]


@pytest.mark.parametrize("right", [{"reviews": ()}, {"reviews": (day(12, 28),)}, {"closes": day(12, 25)}])
def test_a_policy_at_its_limits_is_taken(right: dict[str, Any]) -> None:
    policy(**right)


def test_the_rungs_of_a_ladder_go_up() -> None:
    for days in ([1, 1], [3, -1]):
        with pytest.raises(ValidationError, match="ladder_order"):
            Ladder.model_validate({"due_in": 5, "rungs": [(n, Act.REMIND) for n in days]})


def test_every_default_ladder_reminds_before_the_date_copies_the_manager_after_it_escalates_and_ends_at_hr() -> None:
    assert set(DEFAULT_LADDERS) == set(TaskKind)
    for ladder in DEFAULT_LADDERS.values():
        acts = [rung.act for rung in ladder.rungs]
        assert acts[:2] == [Act.REMIND, Act.REMIND_AND_COPY]
        assert set(acts[2:-1]) == {Act.ESCALATE}
        assert acts[-1] is Act.ESCALATE_TO_HR
        assert ladder.rungs[0].days < 0 < ladder.rungs[1].days
        assert ladder.due_in + ladder.rungs[0].days > 0  # the first reminder is not lost on a fresh task


def test_a_policy_is_the_same_after_a_journey_through_json() -> None:
    assert Policy.model_validate_json(POLICY.model_dump_json()) == POLICY


def test_a_policy_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        POLICY.starts = date(2026, 9, 1)  # type: ignore[misc] # what must not be possible is tried


# --- rules of later releases -----------------------------------------------------------------------------------------

LATER = (
    "sites", "spread_minutes", "joiners_get_drafts", "moves_settle", "edition", "max_stretch", "causes", "adjust_down",
    "review_stage", "stages", "leavers", "owners_begin_goals", "weighted", "hr_of",
)  # fmt: skip


def test_a_policy_that_says_nothing_of_later_rules_is_written_as_the_first_release_wrote_it() -> None:
    for form in (POLICY.model_dump(mode="json"), json.loads(POLICY.model_dump_json())):
        assert set(form) == set(Policy.model_fields) - set(LATER)


@pytest.mark.parametrize(
    "rule",
    [
        {"sites": {"berlin": BERLIN}},
        {"spread_minutes": 30},
        {"joiners_get_drafts": False},
        {"moves_settle": True},
        {"edition": 2},
        {"max_stretch": 100},
        {"causes": ("監査の指摘",)},
        {"adjust_down": True},
        {"review_stage": 2},
        {"stages": ({},)},
        {"leavers": "keep"},
        {"owners_begin_goals": True},
        {"weighted": True},
        {"hr_of": ({"company": "巡商事", "people": ("M1",)},)},
    ],
    ids=LATER,
)
def test_a_later_rule_that_says_something_is_written_and_makes_another_digest(rule: dict[str, Any]) -> None:
    form = policy(**rule).model_dump(mode="json")
    assert set(form) & set(LATER) == set(rule)
    assert Policy.model_validate(form) == policy(**rule)
    assert policy_digest(form) != policy_digest(POLICY.model_dump(mode="json"))


_SIGN: dict[str, Any] = {
    "due_in": 5,
    "rungs": [[-1, "remind"], [1, "remind"], [3, "escalate"], [5, "escalate"], [8, "escalate_to_hr"]],
}
_BACK = {"due_in": 5, "rungs": [[-1, "remind"], [1, "remind"], [3, "escalate"], [6, "escalate_to_hr"]]}
FIRST_RELEASE: dict[str, Any] = {  # the ladders that it had by default
    "draft": {"due_in": 10, "rungs": [[-3, "remind"], *_SIGN["rungs"][1:]]},
    "approval": _SIGN,
    "step": {"due_in": 5, "rungs": [[-3, "remind"], [1, "remind"], [5, "escalate"]]},
    "self_review": _BACK,
    "verdict": _SIGN,
}


def test_an_old_ledgers_policy_keeps_its_digest_on_the_way_through_this_release() -> None:
    stored = POLICY.model_dump(mode="json") | {"ladders": FIRST_RELEASE}
    assert policy_digest(stored) == "459e086c58369d2f"  # as the first release computed it
    again = Policy.model_validate(stored).model_dump(mode="json")
    assert canonical(again) == canonical(stored)
    assert policy_digest(again) == policy_digest(stored)


def test_later_rules_are_left_out_wherever_a_policy_travels() -> None:
    goal = pending()
    assert not set(LATER) & set(goal.model_dump(mode="json")["policy"])
    amended = events.PolicyAmended(policy=policy(max_bonus=30), reason="改定").model_dump(mode="json")
    assert not set(LATER) & set(amended["policy"])


@pytest.mark.parametrize("minutes", [0, 481])
def test_alarms_are_spread_over_a_minute_to_a_working_day(minutes: int) -> None:
    with pytest.raises(ValidationError, match="spread_minutes"):
        policy(spread_minutes=minutes)
