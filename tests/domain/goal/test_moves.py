"""Who changes the department starts a new revision there: the old one is settled on that day, and nothing is lost."""

from decimal import Decimal

import pytest

from domain.goal import commands, events
from domain.goal.decide import decide
from domain.goal.evolve import evolve
from domain.goal.goal import Goal
from domain.goal.scoring import score
from domain.lifecycle import State
from domain.policy.policy import TaskKind
from domain.refusals import Code
from domain.writing.content import NumericMeasure
from tests.domain.builders import (
    BERLIN,
    DEPUTY,
    DIRECTOR,
    MANAGER,
    OWNER,
    PRESIDENT,
    STRANGER,
    active,
    after,
    approve,
    at,
    awaiting_verdict,
    change_line,
    day,
    draft,
    fresh_id,
    in_review,
    pause,
    pending,
    policy,
    refusal,
    task_of,
    verdict,
)  # fmt: skip

MOVE = {"line": (STRANGER, PRESIDENT), "department": "総務", "settle": True, "new_weight": 35}
NOW = at(day(11, 5))


def worked_on() -> Goal:
    """One of two steps done (20 points), half the way from 10 to 6 (30 of 60), and a bonus of 5 from the first review."""
    goal = after(active(), commands.CompleteStep(id=fresh_id(), actor=OWNER, step=0), at(day(10, 12)))
    goal = after(goal, commands.ReportProgress(id=fresh_id(), actor=OWNER, value="8"), at(day(10, 13)))
    goal = after(goal, commands.CallReview(id=fresh_id(), actor=OWNER, reason="相談"), at(day(10, 14)))
    goal = after(goal, commands.SubmitSelfReview(id=fresh_id(), actor=OWNER, went_well="順調"), at(day(10, 15)))
    return after(goal, verdict(goal, "continue", bonus=5), at(day(10, 16)))


def moved(goal: Goal, **changes: object) -> tuple[events.Moved, Goal]:
    (event,) = decide(goal, change_line(goal, **(MOVE | changes)), NOW)
    assert isinstance(event.body, events.Moved)
    return event.body, evolve(goal, event)


def test_a_move_settles_what_was_reached_and_begins_the_next_revision_as_a_draft() -> None:
    body, goal = moved(worked_on())
    assert (goal.state, goal.revision) == (State.DRAFT, 2)
    assert (body.attained, body.banked) == (Decimal("0.5"), Decimal(55))
    assert (goal.banked, score(goal)) == (Decimal(55), Decimal(55))
    assert (goal.line, goal.department) == ((STRANGER, PRESIDENT), "総務")
    assert (goal.done, goal.value, goal.met, goal.bonus, goal.stage) == ((), None, (), 0, 0)
    assert goal.attained == 0
    assert goal.active_since is None
    task = task_of(goal)
    assert (task.kind, task.assignees, task.opened, task.due) == (TaskKind.DRAFT, (OWNER,), day(11, 5), day(11, 19))


def test_the_new_draft_begins_at_todays_value_with_the_steps_that_are_left_and_the_new_weight() -> None:
    _, goal = moved(worked_on())
    measure = goal.content.measure
    assert isinstance(measure, NumericMeasure)
    assert (measure.baseline, measure.target) == (Decimal(8), Decimal(6))
    assert [step.title for step in goal.content.steps] == ["手順書で 1 回締める"]
    assert goal.content.weight == 35
    assert moved(worked_on(), new_weight=None)[1].content.weight == 60


def test_points_never_fall_by_a_move_not_even_when_the_value_got_worse_since_the_review() -> None:
    goal = after(worked_on(), commands.ReportProgress(id=fresh_id(), actor=OWNER, value="12"), at(day(11, 4)))
    assert score(goal) == 55
    body, goal = moved(goal)
    assert (body.attained, body.banked, score(goal)) == (Decimal("0.5"), Decimal(55), Decimal(55))


def test_points_of_a_second_move_come_on_top_of_the_first() -> None:
    _, goal = moved(worked_on())
    goal = after(goal, commands.Submit(id=fresh_id(), actor=OWNER, content=active().content), NOW)
    goal = after(goal, approve(goal), NOW)
    goal = after(goal, commands.CompleteStep(id=fresh_id(), actor=OWNER, step=0), NOW)
    body, goal = moved(goal, department="人事")
    assert (body.banked, score(goal), goal.revision) == (Decimal(75), Decimal(75), 3)


@pytest.mark.parametrize("goal", [in_review(), awaiting_verdict()], ids=["in_review", "awaiting_verdict"])
def test_a_move_in_the_middle_of_a_review_ends_the_review(goal: Goal) -> None:
    _, after_move = moved(goal)
    assert (after_move.state, after_move.self_reviewed) == (State.DRAFT, False)
    assert after_move.reviewed_through == goal.reviewed_through  # later reviews stay where the calendar has them


@pytest.mark.parametrize("goal", [draft(), pending()], ids=["draft", "pending"])
def test_what_was_never_worked_on_is_not_settled_only_its_line_changes(goal: Goal) -> None:
    (event,) = decide(goal, change_line(goal, **MOVE), NOW)
    assert isinstance(event.body, events.LineChanged)
    changed = evolve(goal, event)
    assert (changed.state, changed.revision, changed.content) == (goal.state, 1, goal.content)
    assert (changed.department, changed.line) == ("総務", (STRANGER, PRESIDENT))


def test_without_the_policys_word_or_another_department_no_revision_is_settled() -> None:
    for changes in ({"settle": False}, {"department": "経理"}):
        goal = worked_on()
        (event,) = decide(goal, change_line(goal, **(MOVE | changes)), NOW)
        assert isinstance(event.body, events.LineChanged)
        assert evolve(goal, event).revision == 1


def test_the_same_move_a_second_time_changes_nothing() -> None:
    _, goal = moved(worked_on())
    assert decide(goal, change_line(goal, **MOVE), NOW) == ()


def test_a_move_makes_what_the_approver_saw_before_stale() -> None:
    goal = awaiting_verdict()
    seen = goal.seq
    _, goal = moved(goal)
    submitted = after(goal, commands.Submit(id=fresh_id(), actor=OWNER, content=active().content), NOW)
    said = refusal(submitted, approve(submitted, expected_seq=seen), NOW, Code.GOAL_CHANGED)
    assert "moved" in str(said.fields["changes"])


def test_the_new_managers_sites_and_delegations_come_along() -> None:
    away = {"delegator": STRANGER, "to": DEPUTY, "first": day(11, 1), "last": day(11, 30)}
    goal = active(policy(sites={"berlin": BERLIN}))
    _, goal = moved(goal, sites={OWNER: "berlin"}, delegations=[away])
    assert [one.to for one in goal.delegations] == [DEPUTY]
    assert goal.sites == {OWNER: "berlin"}
    assert task_of(goal).site == "berlin"


def test_a_paused_goal_that_moves_stays_paused() -> None:
    goal = after(active(), pause(), at(day(11, 4)))
    _, goal = moved(goal)
    assert goal.is_paused


def test_the_old_line_has_no_more_to_do_with_the_goal_and_the_new_one_signs_it() -> None:
    _, goal = moved(worked_on())
    goal = after(goal, commands.Submit(id=fresh_id(), actor=OWNER, content=active().content), NOW)
    assert task_of(goal).assignees == (STRANGER,)
    for former in (MANAGER, DIRECTOR):
        refusal(goal, approve(goal, former), NOW, Code.NOT_ALLOWED)


def test_what_was_reported_after_the_last_review_can_still_be_confirmed_in_the_new_department() -> None:
    goal = after(worked_on(), commands.ReportProgress(id=fresh_id(), actor=OWNER, value="6"), at(day(11, 4)))
    body, after_move = moved(goal)
    assert body.banked == 55  # 20 of a step, 30 of half the measure, 5 of bonus; not the half that nobody has reviewed
    measure = after_move.content.measure
    assert isinstance(measure, NumericMeasure)
    assert [measure.baseline, measure.target] == [8, 6]  # begins where the last review has confirmed it
