"""Which goals go on in another cycle, and with which content."""

from datetime import timedelta
from decimal import Decimal

import pytest

from domain.cycle.carry_over import (
    EarlierCycle,
    SettledGoal,
    carried_content,
    carry_over_findings,
    chosen,
    drafts_beside,
    post_of_carried,
)
from domain.cycle.file import PostDraft
from domain.goal import commands
from domain.goal.goal import Goal
from domain.people.departments import NO_DEPARTMENTS, Department, Departments
from domain.values import CycleId, EmployeeId, GoalId
from domain.writing.content import NumericMeasure
from tests.domain.builders import HR, MANAGER, OWNER, PICTURE, POLICY, active, after, at, content, day

STARTS, ENDS = day(1, 4, 2027), day(3, 26, 2027)
Q3 = CycleId("2026-q3")


def settled(goal: Goal) -> Goal:
    return after(goal, commands.Close(id="close", actor=HR, reason="終了"), at(day(12, 28)))


def reviewed(value: int) -> Goal:
    """A goal whose report was confirmed by a review that goes on."""
    goal, now = active(), at(day(10, 30))
    for command in (
        commands.CompleteStep(id="s", actor=OWNER, step=0),
        commands.ReportProgress(id="p", actor=OWNER, value=value),
        commands.CallReview(id="c", actor=MANAGER, reason="確認"),
        commands.SubmitSelfReview(id="r", actor=OWNER, went_well="進んだ"),
    ):
        goal = after(goal, command, now)
    decided = commands.DecideReview(id="d", actor=MANAGER, verdict="continue", expected_seq=goal.seq)
    goal = after(goal, decided, now)
    return after(goal, commands.ReportProgress(id="q", actor=OWNER, value=value - 1), now)


def test_a_number_begins_at_the_confirmed_value_and_only_open_steps_go_on() -> None:
    goal = settled(reviewed(8))
    carried = carried_content(goal, STARTS, STARTS, ENDS, ())
    assert isinstance(carried.measure, NumericMeasure)
    assert (carried.measure.baseline, carried.measure.target) == (
        Decimal(8),
        Decimal(6),
    )  # 7 was reported and not reviewed
    assert [step.title for step in carried.steps] == ["手順書で 1 回締める"]
    assert (carried.theme, carried.weight) == (goal.content.theme, goal.content.weight)


def test_steps_move_with_the_start_and_stay_between_the_first_day_and_the_end() -> None:
    goal = settled(active())
    moved = STARTS - POLICY.starts
    assert [step.due for step in carried_content(goal, STARTS, STARTS, ENDS, ()).steps] == [
        step.due + moved for step in goal.content.steps
    ]
    late = day(3, 20, 2027)
    assert [step.due for step in carried_content(goal, late, STARTS, ENDS, ()).steps] == [late, late]
    soon = STARTS + timedelta(days=30)
    assert [step.due for step in carried_content(goal, STARTS, STARTS, soon, ()).steps] == [
        goal.content.steps[0].due + moved, soon,
    ]  # fmt: skip


def test_a_parent_stays_where_the_new_cycle_has_it_and_heard_problems_stay_behind() -> None:
    goal = settled(active(content=content(parent="fast-closing", answers=("H1",))))
    assert carried_content(goal, STARTS, STARTS, ENDS, {"fast-closing"}).parent == "fast-closing"
    gone = carried_content(goal, STARTS, STARTS, ENDS, {"other"})
    assert (gone.parent, gone.answers) == (None, None)


def test_a_picture_of_success_goes_on_as_it_is() -> None:
    goal = settled(active(content=content(measure=PICTURE)))
    assert carried_content(goal, STARTS, STARTS, ENDS, ()).measure == PICTURE


def one(number: int, owner: str = "e1", attained: str = "0.5") -> SettledGoal:
    return SettledGoal(GoalId(f"2026-q3/{owner}/{number}"), EmployeeId(owner), Decimal(attained), "経理部")


def test_goals_that_reached_their_target_stay_behind_and_nobody_gets_more_than_the_limit() -> None:
    found = chosen([one(1), one(2, attained="1"), one(3), one(4), one(1, "e2", "1.2"), one(1, "e3", "0")], 2)
    assert found == {"e1": (one(1), one(3)), "e3": (one(1, "e3", "0"),)}


RENAMED = Departments([Department(id="D1", name="会計部", former=("経理部",)), Department(id="D2", name="営業部")])


@pytest.mark.parametrize(
    ("department", "main", "posts", "post"),
    [
        ("経理部", "経理部", (), None),
        ("経理部", "会計部", ("営業部",), None),  # renamed since then
        ("経理部", "営業部", ("会計部",), "会計部"),  # the posts have changed places
        ("営業部", "会計部", ("営業部",), "営業部"),
        ("営業部", "会計部", (), None),  # the post has ended
    ],
)
def test_a_carried_goal_goes_on_with_the_post_in_its_department(
    department: str, main: str, posts: tuple[str, ...], post: str | None
) -> None:
    assert post_of_carried(department, main, posts, RENAMED) == post


def test_a_post_without_a_carried_goal_has_the_drafts_of_the_file() -> None:
    drafts = (PostDraft(None, content()), PostDraft("営業部", content()), PostDraft("営業部", content()))
    main = one(1)
    of_post = main._replace(department="営業部")

    def beside(*carried: SettledGoal) -> list[str | None]:
        return [draft.post for draft in drafts_beside(drafts, carried, "経理部", ("営業部",), NO_DEPARTMENTS)]

    assert beside() == [None, "営業部", "営業部"]
    assert beside(main) == ["営業部", "営業部"]
    assert beside(of_post) == [None]
    assert beside(main, of_post) == []


@pytest.mark.parametrize(
    ("earlier", "codes"),
    [
        (None, [("refuse", "carry_over_unknown")]),
        (EarlierCycle(Q3, 0), [("advise", "carry_over")]),
        (EarlierCycle(Q3, 7), [("advise", "carry_over_open"), ("advise", "carry_over")]),
    ],
)
def test_the_check_says_what_is_carried_over_and_what_is_not(
    earlier: EarlierCycle | None, codes: list[tuple[str, str]]
) -> None:
    carried = chosen([one(1), one(2), one(1, "e2")], 5)
    found = list(carry_over_findings(Q3, earlier, ["2026-q2"], carried, {EmployeeId("e1"), EmployeeId("e9")}))
    assert [(finding.level, finding.code) for finding in found] == codes
    if earlier:
        assert (found[-1].message.fields["count"], found[-1].message.fields["people"]) == (2, 1)
