"""`meguri cycle`: check, launch, watch, retry, close."""

import asyncio
import json
import os
import pty
import signal
from contextlib import closing, suppress

import pytest

from tests.cli.office import CYCLE, HR, MEGURI, MORI, PEOPLE_IN_CYCLE, Office, today


async def test_the_same_file_again_changes_nothing_and_says_so(office: Office) -> None:
    before = await office.told("goal", "list")
    again = ("cycle", "start", office.cycle_file("q4"), "--as", HR, "--starts", today().isoformat())
    assert (await office.done(*again)).splitlines()[0] == "q4: already launched, nothing changed"
    assert (await office.told(*again))["already_launched"] is True
    assert await office.told("goal", "list") == before


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("reviews", "revews", "revews (cycle.revews): unknown key; did you mean reviews?"),
        ("2027-01-15", "2029-01-15", "review 1 (cycle.reviews[0]): "),
        ('"E2"', '"E99"', "HR, person 1 (cycle.hr[0]): E99 is not in the directory"),
        ("ends = 2027-03-12", "ends = 2020-03-12", "last day of steps (cycle.ends): "),
    ],
)
async def test_nothing_starts_while_a_finding_refuses(office: Office, old: str, new: str, words: str) -> None:
    file = office.cycle_file("refused", CYCLE.replace(old, new))
    for command in (("cycle", "start", file, "--as", HR), ("cycle", "check", file)):
        assert words in await office.refused(*command)
    assert "refused" not in [one["cycle"] for one in (await office.told("cycle", "status"))["cycles"]]


async def test_an_id_that_is_taken_by_another_file_is_refused(office: Office) -> None:
    file = office.cycle_file("q4", CYCLE.replace("第4四半期", "第3四半期"))
    said = await office.refused("cycle", "start", file, "--as", HR, "--starts", today().isoformat())
    assert "id (cycle.id): a cycle q4 was already launched from another file" in said


async def test_only_hr_launches_and_closes(office: Office) -> None:
    start = ("cycle", "start", office.cycle_file("strange"), "--overlapping", "--starts", today().isoformat())
    assert "森 香織 (E10) may not do this; 西村 直美 (E2) may" in await office.refused(*start, "--as", MORI)
    assert "西村 直美 (E2) may" in await office.refused("cycle", "close", "q4", "--as", MORI, "--reason", "x")
    assert [one["cycle"] for one in (await office.told("cycle", "status"))["cycles"]] == ["q4"]


async def test_findings_are_one_document_to_a_program(office: Office) -> None:
    file = office.cycle_file("refused", CYCLE.replace('"E2"', '"E99"'))
    result = await office.type("cycle", "start", file, "--as", HR, "--json")
    assert result.exit_code == 1
    findings = [(one["code"], one["where"]) for one in json.loads(result.stdout)["error"]["findings"]]
    assert findings == [("hr_unknown", "cycle.hr[0]"), ("cycle_overlaps", "cycle")]


async def test_the_same_file_under_another_id_is_launched_only_when_that_is_confirmed(office: Office) -> None:
    start = ("cycle", "start", office.cycle_file("q4-again"), "--as", HR, "--starts", today().isoformat())
    said = await office.refused(*start, MEGURI_LOCALE="ja")
    assert "同じ内容の評価サイクル q4 が同じ期間に進行中です" in said
    assert "meguri cycle start --overlapping" in said
    assert [one["cycle"] for one in (await office.told("cycle", "status"))["cycles"]] == ["q4"]
    assert "launched" in await office.done(*start, "--overlapping")


async def test_those_whose_launch_failed_are_named_and_tried_again(office: Office) -> None:
    failed = f"result = 'failed', reason = 'no room' WHERE employee_id = '{MORI}'"
    await office.alter(f"UPDATE participant SET {failed}")  # noqa: S608 - the test's own words
    status = await office.told("cycle", "status", "q4")
    assert status["failed"] == [{"employee": MORI, "reason": "no room"}]
    assert f"{MORI}: no room" in await office.done("cycle", "status", "q4")
    assert (await office.told("cycle", "retry", "q4", "--as", HR))["participants"] == {"started": PEOPLE_IN_CYCLE}


async def test_the_status_counts_goals_by_department_and_state(office: Office) -> None:
    status = await office.told("cycle", "status", "q4")
    assert (status["state"], status["participants"]) == ("open", {"started": PEOPLE_IN_CYCLE})
    assert {name: sum(states.values()) for name, states in status["goals_by_department"].items()} == {
        "人事部": 1,
        "経営": 1,
        "経理部": 4,
    }
    shown = await office.done("cycle", "status", "q4", MEGURI_LOCALE="ja")
    assert "対象者: 開始済み 6" in shown
    assert ["経理部", "4", "0", "0", "0", "0", "4"] in [line.split() for line in shown.splitlines()]


@pytest.mark.parametrize("words", [("status",), ("retry", "--as", HR), ("close", "--as", HR, "--yes", "--reason", "x")])
async def test_a_cycle_that_is_not_there_is_refused(office: Office, words: tuple[str, ...]) -> None:
    assert "cycle q9 was not found" in await office.refused("cycle", words[0], "q9", *words[1:])


async def test_watching_shows_the_counts_live_until_it_is_interrupted(office: Office) -> None:
    here, there = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *MEGURI, "cycle", "status", "q4", "--watch", env={**os.environ, **office.env, "TERM": "xterm"}, stdout=there
    )
    os.close(there)
    with closing(os.fdopen(here, "rb", buffering=0)) as screen:
        shown = b""
        async with asyncio.timeout(60):
            while shown.count(b"participants: started 6") < 2:  # drawn, and drawn again
                shown += await asyncio.to_thread(screen.read, 4096)
            process.send_signal(signal.SIGINT)
            # Keeps reading while the command ends: the buffer of a terminal is small, and a writer waits when it is full.
            with suppress(OSError):  # the error when the last writer has closed the terminal
                while more := await asyncio.to_thread(screen.read, 4096):
                    shown += more
            assert await process.wait() == 130
    assert b"Traceback" not in shown


async def test_watching_needs_a_terminal(office: Office) -> None:
    assert "needs a cycle's id and a terminal" in await office.refused("cycle", "status", "q4", "--watch", code=2)


async def test_a_closed_cycle_is_not_launched_again(office: Office) -> None:
    await office.launch("short")
    await office.done("cycle", "close", "short", "--as", HR, "--yes", "--reason", "取りやめ")
    await office.launch("short")
    assert (await office.told("cycle", "status", "short"))["state"] == "closed"
    assert "the cycle is “closed”; this can be asked of one that is “open”" in await office.refused(
        "cycle", "close", "short", "--as", HR, "--yes", "--reason", "x"
    )
