"""Texts that are written to keep a rule busy: the time of all rules grows with the length, and stays small at full length."""

from time import perf_counter

import pytest

from domain.values import MAX_LINE, MAX_TEXT
from domain.writing.content import QualitativeMeasure
from domain.writing.rules import check
from tests.domain.builders import content, policy

# Pieces of what the patterns look for: repeated, each begins many matches that fail late.
PIECES = (
    "一", "十", "百万", "0", "0 ", "0.", "no ", "no any ", "without any ", "without a single ", "any more ", "ミス", "ミスあ", "なく",
    "、", "業務の", "業務を", "改善", "to do our best ", "improve my ", "ゼロ", "zero ", "および", "するとともに", "stop a", "eliminate ",
    "努力", "not ", "-", "a", " ", "\t",
)  # fmt: skip
_LONG_ENOUGH = 0.25  # seconds, on a busy machine; a quadratic pattern took 1.1 for one text


def seconds(piece: str, share: float) -> float:
    """The time of all rules for a goal whose every text is `piece`, repeated up to this share of the longest text."""
    line = (piece * MAX_LINE)[: int(MAX_LINE * share)].strip() or "x"
    prose = (piece * MAX_TEXT)[: int(MAX_TEXT * share)].strip() or "x"
    measure = QualitativeMeasure(name=line, success_image=prose, criteria=(line,) * 10, points=10)
    goal = content(theme=line, challenge=prose, measure=measure)
    began = perf_counter()
    check(goal, policy(edition=2))
    return perf_counter() - began


@pytest.mark.parametrize("piece", PIECES)
def test_no_text_keeps_the_writing_rules_busy(piece: str) -> None:
    assert min(seconds(piece, 1.0) for _ in range(3)) < _LONG_ENOUGH
