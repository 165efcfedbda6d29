"""The sheets of all 290 people of a real organisation: written within seconds, and imported again without a change."""

import time
from pathlib import Path

import pytest

from tests.cli.office import Office, today

_ORGANISATION = Path(__file__).parents[4] / "shared" / "data" / "adventureworks-org.csv"
_PEOPLE = 290
_SECONDS = 30  # about six on two idle cores; longer if other tests run at the same time
_CYCLE = """
[cycle]
id = "all"
name = "全社"
starts = 2026-11-24
ends = 2027-03-12
closes = 2027-03-26
reviews = []
hr = ["235", "236"]

[[drafts]]
catalog = "common/processing-time"
heard = ["現場の担当者", "=SUM(A1:A9)"]
"""


@pytest.mark.slow
@pytest.mark.skipif(not _ORGANISATION.exists(), reason="the organisation of 290 people is not beside the project")
async def test_the_sheets_of_everybody_go_out_in_seconds_and_come_in_without_a_change(
    bare_office: Office, tmp_path: Path
) -> None:
    office = bare_office
    await office.done("people", "import", _ORGANISATION, "--map", "name=login")
    cycle = office.file("all.toml", _CYCLE)
    launched = await office.told("cycle", "start", cycle, "--as", "235", "--starts", today().isoformat())
    assert launched["goal_count"] == _PEOPLE
    before = await office.told("goal", "list", "--cycle", "all", "--limit", "1000")

    began = time.monotonic()
    written = (await office.told("sheet", "export", "all", tmp_path / "sheets", "--as", "235"))["files"]
    seconds = time.monotonic() - began
    assert len(written) == _PEOPLE
    assert seconds < _SECONDS

    done = await office.told("sheet", "import", *written, "--as", "235")
    assert (done["changed"], done["unchanged"]) == ([], _PEOPLE)
    assert await office.told("goal", "list", "--cycle", "all", "--limit", "1000") == before
    print(
        f"\n{_PEOPLE} sheets written in {seconds:.1f} s, all read again in {time.monotonic() - began - seconds:.1f} s"
    )
