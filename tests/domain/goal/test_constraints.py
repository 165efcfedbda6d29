"""The constraints that a command claims against other goals, and from which edition on."""

from decimal import Decimal
from typing import Any

import pytest

from domain.goal import commands
from domain.goal.constraints import Constraints, constraints_of, judges_of, weight_findings
from domain.goal.decide import decide
from domain.goal.evolve import evolve_all
from domain.goal.goal import Goal, Outcome
from domain.values import GoalId
from tests.domain.builders import (
    DEPUTY,
    HR,
    MANAGER,
    OWNER,
    STRANGER,
    active,
    after,
    approve,
    at,
    awaiting_verdict,
    closed,
    content,
    day,
    delegate,
    draft,
    fresh_id,
    pending,
    policy,
    reassign,
    verdict,
)  # fmt: skip
from texts.say import say_both

EDITION = policy(edition=2, max_goals=3)
NOW = at(day(11, 4), 15)


def claimed(goal: Goal, command: commands.Command) -> Constraints | None:
    events = decide(goal, command, NOW)
    return constraints_of(goal, evolve_all(goal, events), events)


def linked(**changes: Any) -> commands.Submit:
    return commands.Submit(
        id=fresh_id(), actor=OWNER, content=content(parent="digital", answers=("H1", "H2"), **changes)
    )


def test_a_goal_that_is_submitted_claims_its_parent_and_the_problems_that_it_answers() -> None:
    claims = claimed(draft(EDITION), linked())
    assert claims
    assert (claims.parent, claims.answers, claims.weight) == ("digital", ("H1", "H2"), None)


def test_a_goal_that_is_approved_claims_its_share_of_the_weight() -> None:
    claims = claimed(pending(EDITION), approve(pending(EDITION)))
    assert claims
    assert (claims.weight, claims.max_goals, claims.parent) == (Decimal(60), 3, None)
    assert (claims.cycle, claims.owner) == ("2026-q4", OWNER)


def test_of_two_stages_only_the_last_one_claims_it() -> None:
    two = policy(edition=2, approval_stages=2)
    assert claimed(pending(two), approve(pending(two))) is None


def test_a_goal_that_is_reopened_claims_its_weight_again() -> None:
    claims = claimed(closed(EDITION), commands.Reopen(id=fresh_id(), actor=HR, reason="訂正"))
    assert claims
    assert claims.weight == 60


def test_a_goal_that_ends_says_by_which_entry() -> None:
    goal = awaiting_verdict(EDITION)
    claims = claimed(goal, verdict(goal, "achieved"))
    assert claims
    assert claims.ended_by == goal.seq + 1
    assert claims.weight is None


def test_what_concerns_the_goal_alone_claims_nothing() -> None:
    assert claimed(draft(EDITION), commands.Submit(id=fresh_id(), actor=OWNER)) is None
    assert claimed(active(EDITION), commands.ReportProgress(id=fresh_id(), actor=OWNER, value=Decimal(8))) is None


def test_a_parent_is_claimed_when_it_is_submitted_and_not_with_everything_after() -> None:
    linked_goal = active(EDITION).model_copy(update={"content": content(parent="digital")})
    assert claimed(linked_goal, commands.ReportProgress(id=fresh_id(), actor=OWNER, value=Decimal(8))) is None


def test_a_goal_ends_once_whatever_comes_after() -> None:
    adjust = commands.Adjust(id=fresh_id(), actor=HR, points=Decimal(1), reason="調整")
    assert claimed(closed(EDITION), adjust) is None


def test_cycles_of_the_first_edition_claim_nothing() -> None:
    assert claimed(draft(), linked()) is None
    assert claimed(pending(), approve(pending())) is None


def small(weight: str) -> Goal:
    return draft(EDITION, GoalId("2026-q4/e100/3")).model_copy(update={"content": content(weight=weight)})


def test_weights_with_decimals_add_up_exactly() -> None:
    other = draft(EDITION, GoalId("2026-q4/e100/2")).model_copy(update={"content": content(weight=60)})
    assert not list(weight_findings(content(weight="39.9"), [small("0.1"), other], EDITION))
    (finding,) = weight_findings(content(weight="39.8"), [small("0.1"), other], EDITION)
    assert finding.message.fields["total"] == "99.9"


def test_weights_are_weighed_before_they_are_approved() -> None:
    other = draft(EDITION, GoalId("2026-q4/e100/2")).model_copy(update={"content": content(weight=60)})
    assert not list(weight_findings(content(weight=40), [other], EDITION))
    (finding,) = weight_findings(content(weight=50), [other], EDITION)
    assert (finding.code, finding.message.fields["total"]) == ("weights_not_100", 110)
    assert "110" in say_both(finding.message).ja
    assert not list(
        weight_findings(content(weight=100), [closed(EDITION)], EDITION)
    )  # what is closed weighs nothing any more
    codes = [one.code for one in weight_findings(content(weight=25), [other] * 3, EDITION)]
    assert codes == ["weights_not_100", "too_many_goals"]


@pytest.mark.parametrize("outcome", Outcome)
def test_where_points_count_times_weights_goals_with_a_result_are_weighed_too(outcome: Outcome) -> None:
    weighted = EDITION.model_copy(update={"weighted": True})
    ended = closed(EDITION).model_copy(update={"outcome": outcome, "content": content(weight=60)})
    counts = outcome in (Outcome.ACHIEVED, Outcome.UNREALISTIC, Outcome.SETTLED)
    assert [one.message.key for one in weight_findings(content(weight=50), [ended], weighted)] == [
        "finding.weights_not_100.ended" if counts else "finding.weights_not_100"
    ]
    assert bool(list(weight_findings(content(weight=40), [ended], weighted))) is not counts
    assert bool(list(weight_findings(content(weight=100), [ended], weighted))) is counts
    assert not list(weight_findings(content(weight=100), [ended], EDITION))


def test_a_delegate_and_who_gets_a_reassigned_task_are_checked_for_reporting_to_the_owner() -> None:
    goal = pending()
    by_manager = decide(goal, approve(goal), at(day(10, 6)))
    assert judges_of(goal, by_manager) == ()
    assert judges_of(goal, decide(goal, reassign(STRANGER, HR), at(day(10, 6)))) == (STRANGER,)
    assert judges_of(goal, decide(goal, delegate(MANAGER, DEPUTY), at(day(10, 6)))) == (DEPUTY,)
    assert judges_of(goal, decide(goal, delegate(OWNER, DEPUTY, own_goals=True), at(day(10, 6)))) == ()
    goal = after(goal, delegate(MANAGER, DEPUTY), at(day(10, 6)))
    in_name = decide(goal, approve(goal, DEPUTY, acting_for=MANAGER), at(day(10, 6)))
    assert judges_of(goal, in_name) == (DEPUTY,)
    constraints = constraints_of(goal, evolve_all(goal, in_name), in_name)
    assert constraints is not None
    assert constraints.judges == (DEPUTY,)
