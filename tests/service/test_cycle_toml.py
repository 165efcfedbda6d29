"""A stored cycle's file as text: reading it gives the same file."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from domain.cycle.file import CycleFile, read_cycle_file
from service.cycle_toml import as_toml

_SAMPLE = Path(__file__).parents[2] / "samples" / "cycle.toml"
_MORE = """
[sites.berlin]
country = "DE"
timezone = "Europe/Berlin"
short_days = { 2026-12-28 = 12:00:00 }

[[policy.hr_of]]
department = "経理部"
people = ["M0012"]
"""


def _read(text: str) -> CycleFile:
    file = read_cycle_file(text.encode())
    assert isinstance(file, CycleFile), file
    return file


@pytest.mark.parametrize("days", [0, 91])
def test_the_text_of_a_file_gives_the_same_file(days: int) -> None:
    file = _read(_SAMPLE.read_text("utf-8") + _MORE)
    file = file.moved_to(file.cycle.starts + timedelta(days=days))
    stored = CycleFile.model_validate(file.model_dump(mode="json"))
    assert _read(as_toml(stored)) == file


def test_what_is_left_to_the_defaults_is_not_written() -> None:
    text = as_toml(
        _read(
            '[cycle]\nid = "x"\nname = "x"\nstarts = 2027-01-04\nends = 2027-02-01\ncloses = 2027-02-05\nreviews = []\nhr = ["E1"]\n'
        )
    )
    assert "policy" not in text
    assert f"starts = {date(2027, 1, 4)}" in text
