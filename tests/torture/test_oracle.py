"""The oracle of the torture finds what it is there to find."""

import pytest

from tests.torture.driver import Answer, Sent
from tests.torture.oracle import wrong_answers, wrong_begun

GOAL = "torture/E001/1"
HEADS = {(GOAL, 2): "head"}
ACKNOWLEDGED = Sent(GOAL, "t1", "submit", Answer.ACKNOWLEDGED, 2, "head", asked_at=10.0, answered_at=11.0)
REFUSED = Sent(GOAL, "t1", "submit", Answer.REFUSED, code="paused", asked_at=10.0, answered_at=11.0)
RECORDED = REFUSED._replace(answer=Answer.RECORDED)


@pytest.mark.parametrize(
    ("sent", "recorded"),
    [
        ([ACKNOWLEDGED], {"t1"}),
        ([REFUSED], set()),
        ([REFUSED, ACKNOWLEDGED], {"t1"}),  # sent again when it was allowed
        ([ACKNOWLEDGED, RECORDED], {"t1"}),  # sent again when the goal had forgotten it
        ([ACKNOWLEDGED._replace(name="reassign")], set()),  # nothing changed
    ],
)
def test_answers_that_agree_with_the_ledger_are_right(sent: list[Sent], recorded: set[str]) -> None:
    assert wrong_answers(sent, recorded, HEADS, []) == []


@pytest.mark.parametrize(
    ("sent", "recorded", "found"),
    [
        ([ACKNOWLEDGED], set(), "was acknowledged and is lost"),
        ([ACKNOWLEDGED._replace(head="other")], {"t1"}, "names an entry 2 that is not the ledger's"),
        ([REFUSED], {"t1"}, "is recorded and was refused (paused)"),
        ([REFUSED, REFUSED], {"t1"}, "is recorded and was refused (paused)"),
        ([RECORDED], {"t1"}, "is recorded and was refused (paused) without a fault"),
    ],
)
def test_an_answer_that_does_not_agree_with_the_ledger_is_found(
    sent: list[Sent], recorded: set[str], found: str
) -> None:
    assert any(found in one for one in wrong_answers(sent, recorded, HEADS, [(12.0, 13.0)]))


def test_a_command_may_be_refused_though_it_is_recorded_if_it_was_on_its_way_during_a_fault() -> None:
    assert wrong_answers([RECORDED], {"t1"}, HEADS, [(8.0, 10.5)]) == []


def test_a_goal_that_was_begun_twice_or_although_it_was_refused_or_lost_is_found() -> None:
    begun = {"b1": ["g1"], "b2": ["g2", "g3"], "b3": ["g4"]}
    assert wrong_begun({"b1": "g1", "b5": None}, begun) == []
    for command, goal in (("b2", "g2"), ("b3", None), ("b4", "g5"), ("b1", "g9")):
        assert len(wrong_begun({command: goal}, begun)) == 1
