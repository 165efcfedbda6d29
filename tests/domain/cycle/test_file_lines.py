"""Where the key of a finding stands in the text of a cycle file."""

import pytest

from domain.cycle.file_lines import FileLines

_TEXT = """[cycle]
id = "q4"
reviews = [2027-01-15,
    2027-03-12]  # ends = 1
hr = ["M1"]

[sites.berlin]
country = "DE"

[policy]
stages = [{}]
ladders.approval = { due_in = 5 }

[policy.ladders.draft]
due_in = 3

[[policy.hr_of]]
department = "経理部"

[[drafts]]
theme = "一"

[[drafts]]  # the second
steps = [
    { title = "x", due = 2027-01-01 },
]
[drafts.en]
theme = "Two"
"""


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ("cycle.id", 2),
        ("cycle.reviews[1]", 3),
        ("cycle", 1),
        ("cycle.closes", 1),  # is missing: the table is the place to write it
        ("sites.berlin.country", 8),
        ("policy.stages[0].title", 11),
        ("policy.ladders.approval.due_in", 12),
        ("policy.ladders.draft.due_in", 15),
        ("policy.hr_of[0].people", 17),
        ("drafts[0].theme", 21),
        ("drafts[1].steps[0].due", 24),
        ("drafts[1].en.theme", 28),
        ("line 5", 5),
        ("line 500", None),
        ("E404", None),
        ("file", None),
    ],
)
def test_a_place_of_a_finding_is_found_in_the_text(where: str, line: int | None) -> None:
    assert FileLines(_TEXT).line_of(where) == line


def test_a_text_that_is_no_toml_has_lines_all_the_same() -> None:
    lines = FileLines("id = \n[[[")
    assert lines.line_of("line 1") == 1
    assert lines.text_of(1) == "id ="
    assert lines.line_of("cycle.id") is None
