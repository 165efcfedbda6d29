"""Documents about goals: the same thing has the same type in each of them, whatever its value is."""

from decimal import Decimal
from typing import Any

import pytest

from domain.goal.goal import Goal
from service.goal_documents import GoalPage, ScoreSheet
from service.review_form import ReviewForm
from tests.domain.builders import active


def shares(name: str, **changes: Decimal) -> list[str]:
    """A share as each document about the goal prints it."""
    goal: Goal = active().model_copy(update=changes)
    made = (GoalPage(goal, (), {goal.owner: "森 香織"}, {}), ScoreSheet(goal, ()), ReviewForm(goal, goal.content, None))
    forms: list[dict[str, Any]] = [one.document().model_dump(mode="json") for one in made]
    return [form[name] if name in form else form["attained"] for form in forms]


@pytest.mark.parametrize("share", ["0", "0.00000012", "0.5", "1.5"])
def test_a_share_is_a_string_of_digits_however_small_it_is(share: str) -> None:
    assert shares("confirmed", attained=Decimal(share)) == [share] * 3


def test_a_goal_at_its_baseline_has_reached_nothing_and_not_0e_12() -> None:
    assert shares("attainment", value=Decimal(10)) == ["0"] * 3
    assert shares("attainment", value=Decimal(8)) == ["0.5"] * 3
