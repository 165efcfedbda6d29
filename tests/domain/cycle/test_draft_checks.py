"""The goals that a cycle file writes for people are checked by the rules for writing goals, each with its row in the file."""

from datetime import date

import pytest

from domain.cycle.draft_checks import draft_findings
from domain.cycle.file import CycleFile, read_cycle_file
from domain.cycle.file_lines import FileLines
from domain.findings import Level
from tests.domain.cycle.test_file import FILE

DRAFT = """
[[drafts]]
theme = "月次決算の早期化"
measure = { kind = "numeric", name = "平均日数", unit = "日", direction = "down", baseline = 10, target = 7 }
steps = [
    { title = "遅れの原因を三つ挙げる", due = 2026-10-30 },
    { title = "電子受領を五社で始める", due = 2026-11-30 },
]
"""


def found(*replaced: tuple[str, str]) -> list[tuple[str, str, Level]]:
    text = FILE + DRAFT
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new)
    file = read_cycle_file(text.encode())
    assert isinstance(file, CycleFile)
    return [(one.code, one.where, one.level) for one in draft_findings(file)]


def test_what_a_draft_leaves_open_is_its_owners_to_write() -> None:
    assert found() == []
    assert found((DRAFT, '\n[[drafts]]\ntheme = "月次決算の早期化"\n')) == []


@pytest.mark.parametrize(
    ("old", "new", "code", "where"),
    [
        ("target = 7", "target = 12", "target_not_ahead", "drafts[0].measure.target"),
        ("target = 7", "target = 1", "stretch_too_far", "drafts[0].measure.target"),
        ("遅れの原因を三つ挙げる", "がんばる", "vague_step", "drafts[0].steps[0].title"),
        ('unit = "日", ', "", "no_unit", "drafts[0].measure.unit"),
    ],
)
def test_what_a_draft_says_against_the_rules_is_pointed_out(old: str, new: str, code: str, where: str) -> None:
    assert (code, where, Level.ADVISE) in found((old, new))
    text = (FILE + DRAFT).replace(old, new)
    assert FileLines(text).line_of(where), "the page leads to the row"


def test_a_date_outside_the_cycle_forbids_the_launch() -> None:
    outside = str(date(2027, 1, 29))
    assert found(("2026-11-30 },", f"{outside} }},")) == [
        ("step_outside_cycle", "drafts[0].steps[1].due", Level.REFUSE)
    ]


def test_what_both_languages_of_a_draft_share_is_said_once() -> None:
    english = '\n[drafts.en]\ntheme = "A faster monthly close"\n'
    measure = (
        'measure = { kind = "numeric", name = "days", unit = "days", direction = "down", baseline = 10, target = 12 }\n'
    )
    wrong = ("target = 7", "target = 12")
    assert [
        one[:2]
        for one in found(
            wrong,
            (
                '電子受領を五社で始める", due = 2026-11-30 },\n]\n',
                '電子受領を五社で始める", due = 2026-11-30 },\n]\n' + english + measure,
            ),
        )
    ] == [("target_not_ahead", "drafts[0].measure.target")]
