"""A running cycle gets a short day: HR amends the file, and what is due on that day is due at its hour."""

from datetime import date

from tests.cli.office import CYCLE, HR, MORI, Office, today

GOAL = f"q4/{MORI}/1"


async def test_hr_shortens_the_day_on_which_a_draft_is_due(office: Office) -> None:
    before = (await office.told("goal", "show", GOAL))["task"]
    due = date.fromisoformat(before["due"])
    calendar = f"\n[calendar]\nshort_days = {{ {due} = 12:00:00 }}\n"
    file = office.file("short.toml", CYCLE.format(id="q4") + calendar)
    amend = ("cycle", "amend", "q4", file, "--as", HR, "--reason", "短縮営業", "--starts", str(today()))
    assert f"closes early on {due} 12:00" in await office.done(*amend)
    assert (await office.told("goal", "show", GOAL))["task"] == before, "nothing was changed by looking"
    await office.told(*amend, "--apply")
    task = (await office.told("goal", "show", GOAL))["task"]
    assert (task["due"], task["due_at"]) == (str(due), f"{due}T03:00:00Z")
    waiting = (await office.told("inbox", MORI))["waiting"]
    assert [one["due_at"] for one in waiting if one["goal"] == GOAL] == [f"{due}T03:00:00Z"]


async def test_a_day_that_is_off_and_worked_is_refused_by_the_check(office: Office) -> None:
    text = CYCLE + "\n[calendar]\ndays_off = [2027-01-09]\nworking_days = [2027-01-09]\n"
    assert "day off in the same calendar" in await office.refused(
        "cycle", "check", office.file("w.toml", text.format(id="w"))
    )
