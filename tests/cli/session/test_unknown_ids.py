"""Every option that takes an id refuses one that does not exist: an empty answer or a record would hide the misspelling."""

from pathlib import Path

import pytest

from tests.cli.office import HR, MANAGER, MORI, Office, today

GOAL = f"q4/{MORI}/1"
DAYS = ("--from", str(today()), "--until", str(today()))
REASON = ("--as", HR, "--reason", "x")

# The unknown id is `nope`, with a slash where an id has one.
UNKNOWN: tuple[tuple[str, ...], ...] = (
    ("inbox", "nope"),
    ("people", "show", "nope"),
    ("people", "show", "--department", "nope"),
    ("delegations", "nope"),
    ("delegate", "nope", MORI, *DAYS, *REASON),
    ("delegate", MORI, "nope", *DAYS, *REASON),
    ("reassign", "nope", MORI, *REASON),
    ("reassign", MORI, "nope", *REASON),
    ("reassign", MORI, MANAGER, *REASON, "--cycle", "nope"),
    ("prefer", "nope", "--as", HR),
    ("instruction", "nope"),
    ("instruction", "--cycle", "nope"),
    ("cycle", "status", "nope"),
    ("cycle", "retry", "nope", "--as", HR),
    ("cycle", "tree", "nope"),
    ("cycle", "tree", "q4", "--node", "nope"),
    ("cycle", "scores", "nope", "--as", HR),
    ("cycle", "pause", "nope", *REASON),
    ("cycle", "pause", "q4", "--person", "nope", *REASON),
    ("cycle", "pause", "q4", "--department", "nope", *REASON),
    ("goal", "list", "--cycle", "nope"),
    ("goal", "list", "--owner", "nope"),
    ("goal", "show", "nope"),
    ("goal", "check", "nope"),
    ("goal", "score", "nope"),
    ("goal", "draft", "nope"),
    ("goal", "draft", GOAL, "--catalog", "nope/nope"),
    ("goal", "draft", GOAL, "--exemplar", "nope"),
    ("goal", "draft", GOAL, "--parent", "nope"),
    ("goal", "draft", GOAL, "--answer", "nope"),
    ("goal", "review", "form", "nope"),
    ("goal", "comment", "nope", "--as", MORI, "--text", "x"),
    ("goal", "comment", GOAL, "--as", "nope", "--text", "x"),
    ("goal", "comment", GOAL, "--as", MORI, "--for", "nope", "--text", "x"),
    ("catalog", "nope/nope"),
    ("exemplars", "nope"),
    ("hearing", "add", "--cycle", "nope", "--as", MORI, "--text", "x"),
    ("hearing", "add", "--cycle", "q4", "--as", "nope", "--text", "x"),
    ("hearing", "add", "--cycle", "q4", "--as", MORI, "--text", "x", "--department", "nope"),
    ("hearing", "list", "--cycle", "nope"),
    ("notices", "show", "nope"),
    ("notices", "retry", "nope", "--as", HR),
    ("audit", "show", "nope"),
)


@pytest.mark.parametrize("words", UNKNOWN, ids=" ".join)
async def test_an_unknown_id_is_refused_and_named(office: Office, words: tuple[str, ...]) -> None:
    assert "nope" in await office.refused(*words)


@pytest.mark.parametrize("words", [("export", "nope"), ("goals", "nope"), ("results", "nope")], ids=" ".join)
async def test_sheets_of_an_unknown_cycle_are_refused(office: Office, tmp_path: Path, words: tuple[str, str]) -> None:
    file = tmp_path / "out.csv"
    assert "nope" in await office.refused("sheet", *words, file, "--as", HR)
    assert not file.exists()


async def test_the_sheet_of_an_unknown_person_is_refused(office: Office, tmp_path: Path) -> None:
    assert "nope" in await office.refused("sheet", "export", "q4", tmp_path, "--as", HR, "--person", "nope")
