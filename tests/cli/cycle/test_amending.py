"""What `meguri cycle amend` shows before new rules are given."""

import json
from datetime import date
from typing import Any

import pytest

from cli.cycle.amending import show
from cli.session.session import Terminal
from domain.findings import advise
from domain.goal.goal import Outcome
from domain.messages import message
from domain.values import EmployeeId, GoalId, Locale
from service.amending import Amendment, EndingGoal, RuleChange
from settings import Settings
from tests.cli.json_vocabulary import differences

AMENDMENT = Amendment(
    before=None,
    after=None,
    findings=(advise("already_started", "cycle.starts", today=date(2026, 11, 27)),),
    rules=(
        RuleChange("closes", message("rule.day", day=date(2027, 3, 26)), message("rule.day", day=date(2026, 11, 27))),
    ),
    goals=22,
    ending=tuple(
        EndingGoal(GoalId(f"q4/E{n}/1"), EmployeeId(f"E{n}"), "経理部", Outcome.SETTLED if n else Outcome.LAPSED)
        for n in range(22)
    ),
    reviews_now=(GoalId("q4/E30/1"),),
)


def shown(capsys: pytest.CaptureFixture[str], *, as_json: bool = False) -> str:
    show(AMENDMENT, Terminal(Settings(), Locale.EN, as_json=as_json))
    return capsys.readouterr().out


def test_it_says_how_many_goals_end_at_once_and_whose_and_how_many_reviews_open(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = shown(capsys).splitlines()
    (first,) = [n for n, line in enumerate(lines) if line == "22 goals end at once:"]
    assert lines[first + 1 : first + 3] == ["  q4/E0/1: lapsed", "  q4/E1/1: settled"]
    assert lines[first + 21] == "  and 2 more"
    assert lines[first + 22] == "the review of 1 goals opens at once"


def test_a_program_gets_all_goals_that_end_and_the_findings(capsys: pytest.CaptureFixture[str]) -> None:
    document: Any = json.loads(shown(capsys, as_json=True))
    assert list(differences(document)) == []
    assert [(one["goal"], one["owner"], one["outcome"]) for one in document["ending"][:2]] == [
        ("q4/E0/1", "E0", "lapsed"),
        ("q4/E1/1", "E1", "settled"),
    ]
    assert len(document["ending"]) == 22
    assert document["reviews_now"] == ["q4/E30/1"]
    assert [one["code"] for one in document["findings"]] == ["already_started"]
