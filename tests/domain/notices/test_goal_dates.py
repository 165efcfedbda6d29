"""The days of a goal that are in the calendars of its owner and contributors."""

from datetime import date

from domain.goal.goal import Goal
from domain.notices.goal_dates import dates_for
from domain.values import EmployeeId
from domain.writing.content import Contributor
from tests.domain.builders import CONTENT, DEPUTY, MANAGER, OWNER, active, content, in_review

TODAY = date(2026, 10, 6)


def days(goal: Goal, person: EmployeeId = OWNER, today: date = TODAY) -> list[tuple[str, date]]:
    return [(one.id, one.day) for one in dates_for(person, goal, today)]


def test_the_owner_sees_the_later_steps_and_the_reviews_to_come_and_the_next_step_as_a_task_only() -> None:
    assert days(active()) == [
        ("step-1-2", date(2026, 11, 20)), ("review-2026-10-30", date(2026, 10, 30)), ("review-2026-11-30", date(2026, 11, 30)),
    ]  # fmt: skip


def test_a_review_that_has_opened_is_no_date_and_the_steps_are_while_none_is_the_task() -> None:
    assert days(in_review(), today=date(2026, 10, 30)) == [
        ("step-1-1", date(2026, 10, 23)), ("step-1-2", date(2026, 11, 20)), ("review-2026-11-30", date(2026, 11, 30)),
    ]  # fmt: skip


def test_a_step_that_is_done_is_no_date() -> None:
    assert days(active().model_copy(update={"done": (1,)}))[0][0] == "review-2026-10-30"


def test_a_contributor_sees_their_own_steps_only_and_others_see_none() -> None:
    mine = [CONTENT.steps[0], CONTENT.steps[1].model_copy(update={"by": DEPUTY})]
    goal = active(content=content(contributors=[Contributor(person=DEPUTY, share=20)], steps=mine))
    assert days(goal, DEPUTY) == [("step-1-2", date(2026, 11, 20))]
    assert days(goal, MANAGER) == []
