"""Shared goals: an owner with contributors, each with a share of the points and with steps of their own."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from domain.goal import commands
from domain.goal.constraints import constraints_of
from domain.goal.decide import decide
from domain.goal.goal import Goal
from domain.goal.handing import remaining
from domain.goal.scoring import apportioned, divided, score
from domain.instructions.instructions import Sync
from domain.instructions.placement_check import PlacementCheck, placement_of
from domain.instructions.reorganisation import SyncContext, sync_command_for
from domain.lifecycle import State
from domain.people.organisation import Employee, Organisation
from domain.policy.policy import TaskKind
from domain.refusals import Code
from domain.results.exemplars import KnownNames, exemplar_of
from domain.values import EmployeeId
from domain.writing.content import Content
from tests.domain.builders import (
    CONTENT,
    DEPUTY,
    DIRECTOR,
    GOAL_ID,
    HR,
    HR_TOO,
    MANAGER,
    NUMBERS,
    OWNER,
    PRESIDENT,
    STRANGER,
    active,
    after,
    approve,
    at,
    awaiting_verdict,
    change_line,
    closed,
    content,
    day,
    delegate,
    draft,
    fresh_id,
    pending,
    policy,
    reassign,
    refusal,
    task_of,
    verdict,
)

NOW = at(day(10, 9))
FIRST, SECOND = EmployeeId("c1"), EmployeeId("c2")


def shared(*people: tuple[EmployeeId, int], steps_by: EmployeeId | None = None, **changes: Any) -> Content:
    """The content with these contributors; the first of them does the first step, if nobody else is named."""
    by = steps_by or people[0][0]
    steps = (CONTENT.steps[0].model_copy(update={"by": by}), CONTENT.steps[1])
    named = [{"person": person, "share": share} for person, share in people]
    return content(contributors=named, steps=steps, **changes)


BOTH = shared((FIRST, 30), (SECOND, 20))


def step_done(number: int, by: EmployeeId) -> commands.CompleteStep:
    return commands.CompleteStep(id=fresh_id(), actor=by, step=number)


@pytest.mark.parametrize(
    ("contributors", "problem"),
    [
        ([{"person": "c1", "share": 30}, {"person": "c1", "share": 20}], "contributor_twice"),
        ([{"person": "c1", "share": 60}, {"person": "c2", "share": 40}], "shares_too_large"),
        ([{"person": "c1", "share": 0}], "greater_than_equal"),
        ([{"person": "名前", "share": 10}], "string_pattern_mismatch"),
    ],
)
def test_contributors_that_cannot_be_are_refused(contributors: list[dict[str, Any]], problem: str) -> None:
    with pytest.raises(ValidationError) as caught:
        content(contributors=contributors)
    assert [one["type"] for one in caught.value.errors()] == [problem]
    assert caught.value.errors()[0]["loc"][0] == "contributors"


def test_a_step_is_of_the_owner_or_of_a_contributor() -> None:
    with pytest.raises(ValidationError) as caught:
        shared((FIRST, 30), steps_by=SECOND)
    assert caught.value.errors()[0]["type"] == "step_by_nobody"


def test_a_goal_without_contributors_has_the_json_that_it_had() -> None:
    written = CONTENT.model_dump_json(exclude_none=True)
    assert "contributors" not in written
    assert '"by"' not in written
    assert Content(contributors=()) == Content()
    assert "earned" not in closed().model_dump_json(exclude_none=True)


def test_the_owner_is_no_contributor() -> None:
    for command in (commands.Revise, commands.Submit):
        asked = command(id=fresh_id(), actor=OWNER, content=shared((OWNER, 30)))
        refusal(draft(), asked, NOW, Code.OWNER_CONTRIBUTES)


def test_somebody_of_hr_has_no_share() -> None:
    everybody = shared((HR, 10), (HR_TOO, 10))
    refusal(draft(), commands.Submit(id=fresh_id(), actor=OWNER, content=everybody), NOW, Code.NOBODY_DECIDES)
    goal = pending(content=shared((HR, 10)))
    amended = commands.AmendPolicy(id=fresh_id(), actor=HR, policy=policy(hr=(HR,)), reason="改定")
    refusal(goal, amended, NOW, Code.NOBODY_DECIDES)


@pytest.mark.parametrize(
    ("contributor", "line", "asked"),
    [
        (STRANGER, (MANAGER, DIRECTOR), (MANAGER,)),
        (MANAGER, (MANAGER, DIRECTOR), (DIRECTOR,)),
        (DIRECTOR, (MANAGER, DIRECTOR, PRESIDENT), (PRESIDENT,)),  # the manager reports to the director
        (DIRECTOR, (MANAGER, DIRECTOR), (HR, HR_TOO)),
        (HR, (), (HR_TOO,)),
    ],
)
def test_nobody_is_asked_to_sign_for_themselves_or_for_a_boss(
    contributor: EmployeeId, line: tuple[EmployeeId, ...], asked: tuple[EmployeeId, ...]
) -> None:
    goal = pending(content=shared((contributor, 30)), line=line)
    assert task_of(goal).assignees == asked
    assert awaiting_verdict(content=shared((contributor, 30)), line=line).review_deciders() == asked


@pytest.mark.parametrize(("contributor", "asked"), [(STRANGER, DEPUTY), (DEPUTY, MANAGER)])
def test_an_evaluator_who_contributes_or_reports_to_a_contributor_is_not_asked(
    contributor: EmployeeId, asked: EmployeeId
) -> None:
    goal = pending(content=shared((contributor, 30)), stages=((STRANGER, DEPUTY),), reviewers=(STRANGER, DEPUTY))
    assert task_of(goal).assignees == (asked,)
    assert goal.review_deciders() == (asked,)


def test_a_contributor_decides_nothing_not_even_for_somebody_else() -> None:
    waiting = after(pending(content=shared((STRANGER, 30))), delegate(MANAGER, STRANGER), NOW)
    refusal(waiting, approve(waiting, STRANGER, acting_for=MANAGER), NOW, Code.CONTRIBUTOR_DECIDES)
    refusal(waiting, reassign(STRANGER), NOW, Code.CONTRIBUTOR_DECIDES)
    reviewed = awaiting_verdict(content=shared((MANAGER, 30)))
    refusal(reviewed, verdict(reviewed, "achieved", MANAGER), NOW, Code.CONTRIBUTOR_DECIDES)
    over = after(reviewed, verdict(reviewed, "achieved", DIRECTOR), at(day(11, 4)))
    exemplar = commands.MarkExemplar(id=fresh_id(), actor=MANAGER, reason="手本")
    refusal(over, exemplar, at(day(11, 5)), Code.CONTRIBUTOR_DECIDES)


def test_hr_that_contributes_calibrates_closes_and_hands_over_nothing() -> None:
    plan = shared((HR, 30))
    adjust = commands.Adjust(id=fresh_id(), actor=HR, points="5", reason="調整")
    refusal(closed(content=plan), adjust, at(day(11, 5)), Code.CONTRIBUTOR_DECIDES)
    close = commands.Close(id=fresh_id(), actor=HR, reason="終了", achieved=True)
    refusal(active(content=plan), close, NOW, Code.CONTRIBUTOR_DECIDES)
    hand = commands.HandOver(id=fresh_id(), actor=HR, to=STRANGER, successor=f"2026-q4/{STRANGER}/1", reason="異動")
    refusal(active(content=plan), hand, NOW, Code.NOT_ALLOWED)
    erase = commands.EraseTexts(id=fresh_id(), actor=HR, entries=(1,), reason="請求")
    refusal(closed(content=plan), erase, at(day(11, 5)), Code.NOT_ALLOWED)


def test_an_escalation_passes_over_hr_that_contributes() -> None:
    goal = pending(content=shared((HR, 30)), line=())
    assert task_of(goal).assignees == (HR_TOO,)
    from domain.goal.alarms import next_alarm, ring
    from domain.goal.evolve import evolve_all

    while alarm := next_alarm(goal):
        if goal.is_closed or alarm.at > at(day(12, 1)):
            break
        goal = evolve_all(goal, ring(goal, alarm, alarm.at))
    assert HR not in task_of(goal).assignees


def test_a_step_of_a_contributor_waits_for_both_and_each_may_complete_it() -> None:
    goal = active(content=BOTH)
    assert (task_of(goal).kind, task_of(goal).assignees) == (TaskKind.STEP, (OWNER, FIRST))
    for by in (OWNER, FIRST):
        done = after(goal, step_done(0, by), NOW)
        assert task_of(done).assignees == (OWNER,)
    undone = commands.UndoReport(id=fresh_id(), actor=FIRST, step=0, reason="押し間違い")
    assert after(after(goal, step_done(0, FIRST), NOW), undone, NOW).done == ()


def test_a_contributor_reports_own_steps_and_nothing_else() -> None:
    goal = active(content=BOTH)
    refusal(goal, step_done(1, FIRST), NOW, Code.NOT_ALLOWED)
    refusal(goal, step_done(0, SECOND), NOW, Code.NOT_ALLOWED)
    for command in (
        commands.ReportProgress(id=fresh_id(), actor=FIRST, value="8"),
        commands.UndoReport(id=fresh_id(), actor=FIRST, reason="誤り"),
        commands.CallReview(id=fresh_id(), actor=FIRST, reason="相談"),
        commands.SubmitSelfReview(id=fresh_id(), actor=FIRST, went_well="順調"),
    ):
        refusal(goal, command, NOW, Code.NOT_ALLOWED)
    said = after(goal, commands.Comment(id=fresh_id(), actor=SECOND, text="了解"), NOW)
    assert said.seq == goal.seq + 1


def test_the_points_are_divided_by_the_shares() -> None:
    goal = after(active(content=BOTH), step_done(0, FIRST), NOW)
    assert divided(goal) == {OWNER: Decimal(10), FIRST: Decimal(6), SECOND: Decimal(4)}
    assert {one: credit.score for one, credit in (goal.credited or {}).items()} == divided(goal)
    assert divided(closed()) == {OWNER: score(closed())}
    assert closed().credited is None


def test_an_adjustment_is_divided_like_the_points() -> None:
    goal = closed(content=shared((STRANGER, 30)))
    adjust = commands.Adjust(id=fresh_id(), actor=HR, points="10", reason="調整")
    credited = after(goal, adjust, at(day(11, 5))).credited or {}
    assert {one: credit.final - credit.score for one, credit in credited.items()} == {OWNER: 7, STRANGER: 3}


def test_with_more_points_nobody_has_less() -> None:
    """With the largest remainder, the share of 6 would fall from 6 to 5 where the points rise by a hundredth."""
    shares = {EmployeeId(name): share for name, share in (("a", 6), ("b", 6), ("c", 2), ("d", 86))}
    before = dict.fromkeys(shares, Decimal(0))
    for cents in range(2_000):
        parts = apportioned(Decimal(cents) / 100, shares)
        assert sum(parts.values()) == Decimal(cents) / 100
        assert all(parts[one] >= before[one] for one in shares)
        before = parts
    assert apportioned(Decimal("0.01"), {FIRST: 50, SECOND: 50}) == {FIRST: Decimal("0.01"), SECOND: Decimal(0)}


def test_a_contributor_who_leaves_keeps_what_was_earned_and_the_rest_is_the_owners() -> None:
    goal = after(active(content=BOTH), step_done(0, FIRST), NOW)
    left = after(goal, change_line(goal, left=[FIRST, STRANGER]), NOW)
    assert left.shares == {OWNER: 80, SECOND: 20}
    assert left.content.steps[0].by is None
    assert divided(left) == divided(goal)
    later = after(left, step_done(1, OWNER), NOW)
    assert divided(later) == {OWNER: Decimal(26), SECOND: Decimal(8), FIRST: Decimal(6)}
    assert decide(left, change_line(left, left=[FIRST, STRANGER]), NOW) == ()


def test_a_step_that_is_taken_back_after_somebody_left_is_taken_from_everybody() -> None:
    goal = after(active(content=BOTH), step_done(0, FIRST), NOW)
    left = after(goal, change_line(goal, left=[FIRST]), NOW)
    undo = commands.UndoReport(id=fresh_id(), actor=OWNER, step=0, reason="押し間違い")
    assert set(divided(after(left, undo, NOW)).values()) == {Decimal(0)}


def test_the_task_and_the_approval_follow_a_contributor_who_leaves() -> None:
    goal = active(content=BOTH)
    assert task_of(after(goal, change_line(goal, left=[FIRST]), NOW)).assignees == (OWNER,)
    waiting = pending(content=BOTH)
    left = after(waiting, change_line(waiting, left=[FIRST]), NOW)
    refused = refusal(left, approve(left, expected_seq=waiting.seq), NOW, Code.GOAL_CHANGED)
    assert "協力者" in str(refused.message.fields) or "contributors" in str(refused.message.fields)


def test_the_step_of_a_contributor_stays_with_them_while_they_contribute() -> None:
    goal = active(content=BOTH)
    assert decide(goal, change_line(goal, replaced={FIRST: DEPUTY}), NOW) == ()


def test_other_shares_in_the_next_revision_change_no_point_that_was_earned() -> None:
    goal = after(active(content=BOTH), step_done(0, FIRST), NOW)
    review = commands.CallReview(id=fresh_id(), actor=MANAGER, reason="相談")
    said = commands.SubmitSelfReview(id=fresh_id(), actor=OWNER, went_well="順調")
    goal = after(after(goal, review, NOW), said, NOW)
    goal = after(goal, verdict(goal, "unrealistic"), NOW)
    assert goal.state is State.DRAFT
    plan = content(contributors=[{"person": SECOND, "share": 50}])
    again = after(goal, commands.Submit(id=fresh_id(), actor=OWNER, content=plan), NOW)
    assert divided(again) == {OWNER: Decimal(10), SECOND: Decimal(4), FIRST: Decimal(6)}


def test_the_goal_of_a_contributor_who_takes_over_has_the_other_contributors() -> None:
    content = remaining(active(content=BOTH), None).without([FIRST])
    assert [one.person for one in content.contributors or ()] == [SECOND]
    hand = commands.HandOver(id=fresh_id(), actor=HR, to=FIRST, successor=f"2026-q4/{FIRST}/1", reason="異動")
    assert decide(active(content=BOTH), hand, NOW)


def test_a_contributor_on_leave_does_not_pause_the_goal() -> None:
    goal = active(content=BOTH)
    company = _company(away=FIRST)
    command = sync_command_for(goal, Sync(reason="-"), HR, SyncContext(company, (), day(10, 9)))
    assert not getattr(command, "away", False)
    assert not getattr(command, "left", ())


def _company(*, left: EmployeeId | None = None, away: EmployeeId | None = None) -> Organisation:
    def person(one: EmployeeId, manager: EmployeeId | None) -> Employee:
        leave: dict[str, Any] = (
            {"away_from": date(2026, 10, 1), "away_until": date(2026, 11, 30)} if one == away else {}
        )
        return Employee(id=one, name=one, department="経理", manager_id=manager, active=one != left, **leave)

    line = (
        (DIRECTOR, None),
        (MANAGER, DIRECTOR),
        (OWNER, MANAGER),
        (FIRST, DIRECTOR),
        (SECOND, DIRECTOR),
        (HR, None),
        (HR_TOO, None),
    )
    return Organisation((person(*one) for one in line), day(10, 9))


def test_a_sync_finds_the_goals_of_a_contributor_who_left_and_only_those() -> None:
    goal = active(content=BOTH)
    assert not PlacementCheck(_company()).differs(placement_of(goal))
    company = _company(left=FIRST)
    assert PlacementCheck(company).differs(placement_of(goal))
    command = sync_command_for(goal, Sync(reason="退職"), HR, SyncContext(company, (), day(10, 9)))
    assert isinstance(command, commands.ChangeLine)
    after_it = after(goal, command.model_copy(update={"id": fresh_id()}), NOW)
    assert after_it.contributors == (SECOND,)
    assert not PlacementCheck(company).differs(placement_of(after_it))


def _recorded(before: Goal, command: commands.Command) -> Any:
    made = decide(before, command, NOW)
    return constraints_of(before, after(before, command, NOW), made)


def test_contributors_are_looked_up_when_they_are_named_and_when_the_goal_is_submitted() -> None:
    revised = after(
        draft(goal_id=GOAL_ID), commands.Revise(id=fresh_id(), actor=OWNER, content=shared((FIRST, 30))), NOW
    )
    more = _recorded(revised, commands.Revise(id=fresh_id(), actor=OWNER, content=BOTH))
    assert more.named == (SECOND,)
    assert _recorded(revised, commands.Submit(id=fresh_id(), actor=OWNER)).named == (FIRST,)
    assert _recorded(revised, commands.Revise(id=fresh_id(), actor=OWNER, content=content(measure=NUMBERS))) is None


def test_an_example_to_follow_names_no_contributor() -> None:
    ledger = [{"body": {"kind": "exemplar_marked", "reason": "手本"}}]
    example = exemplar_of(closed(content=BOTH), "ab" * 32, ledger, KnownNames([]))
    assert FIRST not in example.model_dump_json()


def test_who_decides_on_a_shared_goal_must_not_report_to_a_contributor() -> None:
    goal = pending(content=BOTH)
    found = _recorded(goal, approve(goal))
    assert (found.deciders, found.contributors, found.named) == ((MANAGER,), (FIRST, SECOND), ())
