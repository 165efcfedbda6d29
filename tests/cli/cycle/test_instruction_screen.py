import pytest

from cli.cycle.instruction_screen import show_refused
from cli.session.session import Terminal
from domain.refusals import Code, Refusal
from domain.values import Locale
from settings import Settings
from storage.instructions import InstructionResult


def refused(goal: str, code: Code, **fields: object) -> InstructionResult:
    refusal = Refusal(code, **fields)  # type: ignore[arg-type] # any value that a refusal takes
    return InstructionResult(goal, "refused", refusal.code, dict(refusal.fields))


def test_goals_that_are_refused_for_one_reason_are_told_with_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    outside = {"day": "2027-04-01", "first": "2026-11-26", "last": "2027-03-26"}
    results = [refused(f"q4/E{n}/1", Code.DATE_OUTSIDE, **outside) for n in range(9)]
    show_refused([*results, refused("q4/E9/1", Code.NO_TASK)], {}, Terminal(Settings(), Locale.EN, as_json=False))
    shown = capsys.readouterr().err.splitlines()
    assert [line for line in shown if line.startswith("9 goals: ")] == shown[:1]
    assert shown[1:10] == [f"  q4/E{n}/1" for n in range(9)]
    assert shown[10].startswith("q4/E9/1: ")
    assert len(shown) == 11
