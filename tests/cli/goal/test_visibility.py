"""The output of commands with and without `--as`."""

import pytest

from cli.goal import giving
from tests.cli.office import HARA, HR, MANAGER, MORI, PEOPLE, Office

MORIS = f"q4/{MORI}/1"


async def test_with_as_a_list_and_a_goal_show_what_that_person_may_see(office: Office) -> None:
    for viewer, seen in ((MORI, 1), (MANAGER, 4), (HR, 6)):
        listed = (await office.told("goal", "list", "--cycle", "q4", "--as", viewer))["goals"]
        assert len(listed) == seen
        assert (await office.told("goal", "show", MORIS, "--as", viewer))["goal"] == MORIS
    assert await office.done("goal", "list", "--as", HARA, "--owner", MORI) == "no goals match\n"
    for words in (("show",), ("score",), ("check",), ("draft",), ("review", "form")):
        assert f"原田 修 ({HARA}) may not" in await office.refused("goal", *words, MORIS, "--as", HARA)


async def test_without_as_the_operator_sees_everything(office: Office) -> None:
    assert len((await office.told("goal", "list", "--cycle", "q4"))["goals"]) == 6


async def test_somebody_who_is_not_employed_sees_and_gives_nothing(office: Office) -> None:
    assert (await office.told("goal", "list", "--as", "E77"))["goals"] == []
    assert "E77 may not" in await office.refused("goal", "comment", MORIS, "--as", "E77", "--text", "x")
    assert "E77 may not" in await office.refused("hearing", "list", "--cycle", "q4", "--as", "E77")


async def test_a_goal_that_may_not_be_seen_is_not_shown_before_a_decision(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(giving, "can_ask", lambda _: True)
    result = await office.type("goal", "approve", MORIS, "--as", HARA)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"原田 修 ({HARA}) may not" in result.stderr


async def test_while_a_cycle_is_open_an_import_is_refused_and_names_sync(office: Office) -> None:
    file = office.file("people.csv", PEOPLE)
    unnamed = await office.refused("people", "import", file)
    assert f"西村 直美 ({HR}) may do it" in unnamed
    assert "--as" in unnamed
    assert f"森 香織 ({MORI}) may not" in await office.refused("people", "import", file, "--as", MORI)
    for words in ((), ("--dry-run",)):
        refused = await office.refused("people", "import", file, "--as", HR, *words)
        assert "cycle q4 is open" in refused
        assert "meguri people sync" in refused


async def test_only_hr_looks_at_what_a_file_of_people_would_change(office: Office) -> None:
    refused = await office.refused("people", "sync", office.file("people.csv", PEOPLE), "--as", MORI)
    assert f"森 香織 ({MORI}) may not" in refused
