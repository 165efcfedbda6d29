"""Rules on the parts that a goal must have: each finds its defect, and no other rule does."""

from typing import Any

import pytest

from domain.findings import Level, refuses
from domain.writing.content import Content
from domain.writing.rules import check
from domain.writing.rules.structure import STRUCTURE
from tests.domain.builders import CONTENT, PICTURE, POLICY, content, day
from texts.say import say_both

NUMERIC = {"kind": "numeric", "name": "処理件数", "unit": "件", "baseline": "100", "target": "120", "points": 60}
LAST_DAY = {"title": "振り返る", "due": day(12, 25)}
FIRST_DAY = {"title": "始める", "due": day(10, 1)}

FAULTS: list[tuple[dict[str, Any], str, str]] = [
    ({"theme": ""}, "no_theme", "theme"),
    ({"theme": "  "}, "no_theme", "theme"),
    ({"challenge": ""}, "no_challenge", "challenge"),
    ({"measure": None}, "no_measure", "measure"),
    ({"measure": NUMERIC | {"baseline": None}}, "no_baseline", "measure.baseline"),
    ({"measure": NUMERIC | {"target": "100"}}, "target_not_ahead", "measure.target"),  # 現状維持
    ({"measure": NUMERIC | {"target": "99"}}, "target_not_ahead", "measure.target"),
    ({"measure": NUMERIC | {"direction": "down"}}, "target_not_ahead", "measure.target"),
    ({"measure": PICTURE.model_copy(update={"criteria": ()})}, "no_criteria", "measure.criteria"),
    ({"steps": ()}, "too_few_steps", "steps"),
    ({"steps": (FIRST_DAY,)}, "too_few_steps", "steps"),
    ({"steps": (LAST_DAY, FIRST_DAY)}, "steps_out_of_order", "steps[1].due"),
    ({"steps": (FIRST_DAY | {"due": day(9, 30)}, LAST_DAY)}, "step_outside_cycle", "steps[0].due"),
    ({"steps": (FIRST_DAY, LAST_DAY | {"due": day(12, 26)})}, "step_outside_cycle", "steps[1].due"),
]


@pytest.mark.parametrize(("fault", "code", "where"), FAULTS)
def test_a_fault_is_found_where_it_is_and_said_in_both_languages(fault: dict[str, Any], code: str, where: str) -> None:
    (finding,) = check(content(**fault), POLICY)
    assert (finding.code, finding.where) == (code, where)
    assert say_both(finding.message).ja != say_both(finding.message).en
    assert refuses([finding]) == (code != "no_challenge")


@pytest.mark.parametrize(
    "right",
    [
        {},
        {"measure": NUMERIC},
        {"measure": NUMERIC | {"target": "80", "direction": "down"}},
        {"measure": NUMERIC | {"baseline": "0", "target": "0.000001"}},
        {"measure": NUMERIC | {"baseline": "-5", "target": "-4"}},
        {"measure": PICTURE},
        {"steps": (FIRST_DAY, LAST_DAY)},
        {"steps": (FIRST_DAY, FIRST_DAY)},
    ],
)
def test_a_goal_that_has_what_it_needs_has_no_finding(right: dict[str, Any]) -> None:
    assert check(content(**right), POLICY) == ()


def test_all_that_is_wrong_is_found_at_once_and_a_challenge_is_only_advised() -> None:
    found = check(Content(), POLICY)
    assert [(one.code, one.level) for one in found] == [
        ("no_theme", Level.REFUSE),
        ("no_challenge", Level.ADVISE),
        ("no_measure", Level.REFUSE),
        ("too_few_steps", Level.REFUSE),
    ]


def test_every_rule_finds_something_here() -> None:
    faulty = [content(**fault) for fault, _, _ in FAULTS]
    for rule in STRUCTURE:
        assert any(list(rule(wrong, POLICY)) for wrong in faulty), rule.__name__
        assert not list(rule(CONTENT, POLICY))
