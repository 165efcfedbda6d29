"""`meguri cycle extend|pause|resume|add|remove|cancel|reopen|close`, `reassign`, `delegate`: the commands of HR and their output."""

import asyncio
import json
import os
import pty
from contextlib import closing, suppress
from datetime import timedelta
from typing import Any

import pytest

from domain.values import Locale
from tests.cli.office import CYCLE, HARA, HR, MANAGER, MEGURI, MORI, ONO, TOP, Office, goal_file, today
from tests.working_days import JAPAN
from texts.dates import day_text

BY_HR = ("--as", HR, "--reason", "繁忙期")
ACCOUNTANTS = (HARA, MANAGER, MORI, ONO)
LATER = JAPAN.next_working_day(today() + timedelta(days=30)).isoformat()
FAR = (today() + timedelta(days=200)).isoformat()


def goals(told: dict[str, Any]) -> dict[str, str]:
    """The result of the instruction at each goal, with its reason, by owner."""
    return {one["goal"].split("/")[1]: " ".join(filter(None, (one["result"], one["code"]))) for one in told["goals"]}


async def history(office: Office, goal: str) -> list[tuple[str, str | None]]:
    """The kinds and reasons of the ledger's entries after the first one; asserts that the chain is intact."""
    audit = await office.told("audit", "show", goal)
    assert audit["holds"]
    return [(one["kind"], one["body"].get("reason")) for one in audit["ledger"][1:]]


async def test_an_extension_says_how_many_goals_it_moved_and_why_the_others_stay(office: Office) -> None:
    await office.done("goal", "submit", f"q4/{MORI}/1", office.file("goal.toml", goal_file()), "--as", MORI)
    extend = ("cycle", "extend", "q4", *BY_HR, "--due", LATER, "--task", "draft", "--department", "経理部")
    shown = (await office.done(*extend, "--id", "ext-1")).splitlines()
    assert shown == ["instruction ext-1: extend", "4 goals: 3 done, 1 needed nothing, 0 refused"]
    assert (await office.done(*extend, "--id", "ext-2", MEGURI_LOCALE="ja")).splitlines() == [
        "指示 ext-2: 期限の延長",
        "対象 4 件: 完了 0、対象外・変更なし 4、拒否 0",
    ]
    told = await office.told(*extend, "--id", "ext-1")
    assert (told["instruction"], told["kind"], told["state"]) == ("ext-1", "extend", "done")
    assert goals(told) == dict.fromkeys((HARA, MANAGER, ONO), "done") | {MORI: "skipped other_task"}
    (skipped,) = [one for one in told["goals"] if one["result"] == "skipped"]
    assert skipped["message"] == "waits for something else"
    assert (await office.told("goal", "show", f"q4/{HARA}/1"))["task"]["due"] == LATER
    assert ("extended", "繁忙期") in await history(office, f"q4/{HARA}/1")


async def test_a_due_date_on_a_day_off_is_told_with_the_day_to_which_it_is_moved(office: Office) -> None:
    saturday = today() + timedelta(days=30)
    saturday += timedelta(days=(5 - saturday.weekday()) % 7)
    extend = ("cycle", "extend", "q4", *BY_HR, "--person", HARA, "--due", saturday.isoformat())
    monday = JAPAN.next_working_day(saturday)
    assert f"{day_text(saturday, Locale.EN)} is a day off: the tasks are due on {day_text(monday, Locale.EN)}" in (
        await office.done(*extend)
    )
    said = f"{day_text(saturday, Locale.JA)}は休業日です。期限は{day_text(monday, Locale.JA)}になります。"
    assert said in await office.done(*extend, MEGURI_LOCALE="ja")
    assert (await office.told("goal", "show", f"q4/{HARA}/1"))["task"]["due"] == monday.isoformat()
    assert "day off" not in await office.done(*extend[:-1], monday.isoformat())


async def test_what_a_goals_rules_forbid_is_named_on_stderr_and_is_the_exit_code(office: Office) -> None:
    result = await office.type("cycle", "extend", "q4", *BY_HR, "--due", FAR, "--person", HARA, "--person", ONO)
    assert result.exit_code == 1
    assert "2 goals: 0 done, 0 needed nothing, 2 refused" in result.stdout
    lines = result.stderr.splitlines()
    assert lines[0].startswith("2 goals: "), "one reason is told once"
    assert lines[1:] == [f"  q4/{HARA}/1", f"  q4/{ONO}/1"]
    assert "cannot be used; give a date from" in result.stderr


async def test_who_and_what_is_asked_must_be_known(office: Office) -> None:
    pause = ("cycle", "pause", "q4")
    extend = ("cycle", "extend", "q4", *BY_HR, "--due", LATER, "--task", "drafts")
    assert "give one of: draft, approval" in await office.refused(*extend, code=2)
    for words, said in (
        ((*pause, *BY_HR, "--department", "経理"), "department 経理 cannot be selected; did you mean 経理部?"),
        ((*pause, *BY_HR, "--person", "E100"), "no employee with the id E100 was found; did you mean E10?"),
        ((*pause, "--as", MORI, "--reason", "x"), f"森 香織 ({MORI}) may not do this; 西村 直美 ({HR}) may"),
        (("cycle", "extend", "q4", *BY_HR), "give a new due date, a new last day, or both"),
        (("cycle", "extend", "q4", *BY_HR, "--closes", "2020-01-31"), "cannot be used; give a date from"),
        (("cycle", "reopen", "q4", *BY_HR), "the cycle is “open”; this can be asked of one that is “closed”"),
        (("cycle", "add", "q4", *BY_HR), "name the people or departments to include"),
        (("reassign", MANAGER, "E98", *BY_HR), "no employee with the id E98 was found"),
        (("instruction", "nothing"), "instruction nothing was not found"),
    ):
        assert said in await office.refused(*words)


async def test_who_does_not_wait_looks_later_and_one_id_is_one_instruction(office: Office) -> None:
    pause = ("cycle", "pause", "q4", *BY_HR, "--person", ONO, "--id", "pause-1")
    assert "instruction pause-1: pause" in await office.done(*pause, "--no-wait")
    assert goals(await office.told(*pause)) == {ONO: "done"}, "given again, it is waited for"
    one = await office.told("instruction", "pause-1")
    assert (one["actor"], one["asked"]["reason"], one["counts"]) == (HR, "繁忙期", {"done": 1})
    shown = await office.done("instruction", "pause-1", MEGURI_LOCALE="ja")
    assert shown.splitlines() == [
        f"pause-1  一時停止  q4  {HR}  繁忙期",
        "対象 1 件: 完了 1、対象外・変更なし 0、拒否 0",
    ]
    taken = ("cycle", "resume", "q4", *BY_HR, "--person", ONO, "--id", "pause-1")
    assert "is used by another instruction" in await office.refused(*taken)

    resume = ("cycle", "resume", "q4", *BY_HR, "--person", ONO, "--person", HARA, "--id", "resume-1")
    assert goals(await office.told(*resume)) == {ONO: "done", HARA: "skipped not_paused"}
    latest = (await office.told("instruction", "--cycle", "q4"))["instructions"]
    assert [row["instruction"] for row in latest[:2]] == ["resume-1", "pause-1"]
    assert "resume-1" in await office.done("instruction", MEGURI_LOCALE="ja")


async def test_people_come_and_go_and_a_cycle_that_ended_comes_back(office: Office) -> None:
    without = CYCLE.replace('hr = ["E2"]', f'hr = ["E2"]\nwithout = ["{ONO}"]')
    file = office.cycle_file("steered", without)
    await office.done("cycle", "start", file, "--as", HR, "--starts", today().isoformat())
    assert goals(await office.told("cycle", "add", "steered", *BY_HR, "--person", ONO)) == {ONO: "done"}
    assert goals(await office.told("cycle", "remove", "steered", *BY_HR, "--person", ONO)) == {ONO: "done"}
    assert goals(await office.told("cycle", "cancel", "steered", *BY_HR, "--person", MORI)) == {MORI: "done"}
    assert (await office.told("goal", "show", f"steered/{MORI}/1"))["outcome"] == "cancelled"

    rest = dict.fromkeys((HARA, MANAGER, HR, TOP), "done")
    assert goals(await office.told("cycle", "close", "steered", *BY_HR, "--yes")) == rest
    assert (await office.told("cycle", "status", "steered"))["state"] == "closed"
    assert goals(await office.told("cycle", "reopen", "steered", *BY_HR, "--closes", FAR)) == rest | {MORI: "done"}
    assert (await office.told("cycle", "status", "steered"))["state"] == "open"
    await office.done("cycle", "cancel", "steered", *BY_HR, "--yes")
    assert "取り止め" in await office.done("cycle", "status", "steered", MEGURI_LOCALE="ja")
    assert [kind for kind, _ in await history(office, f"steered/{HARA}/1")] == ["closed", "reopened", "closed"]


async def test_those_whose_goals_could_not_be_asked_are_named_with_what_to_do(office: Office) -> None:
    await office.done("cycle", "pause", "q4", *BY_HR, "--person", HARA, "--id", "failed-1")
    failed = "result = 'failed', code = 'not_started' WHERE instruction_id = 'failed-1'"
    await office.alter(f"UPDATE instruction_goal SET {failed}")  # noqa: S608 - the test's own words
    result = await office.type("instruction", "failed-1")
    assert result.exit_code == 1
    assert "1 goals: 0 done, 0 needed nothing, 0 refused, 1 failed" in result.stdout
    assert result.stderr == f"q4/{HARA}/1: it was not started: `meguri cycle retry`, then ask again\n"
    await office.done("cycle", "resume", "q4", *BY_HR, "--person", HARA)


async def test_a_delegate_is_shown_and_finds_the_work_in_their_own_list(office: Office) -> None:
    goal = f"q4/{ONO}/1"
    await office.done("goal", "submit", goal, office.file("goal.toml", goal_file()), "--as", ONO)
    assert "nobody acts for anybody" in await office.done("delegations", MANAGER)
    days = ("--from", today().isoformat(), "--until", LATER)
    told = await office.told("delegate", MANAGER, HARA, *days, "--as", MANAGER, "--reason", "休暇", "--id", "away-1")
    assert goals(told)[ONO] == "done"
    assert goals(told)[HARA] == "skipped owner"
    (standing,) = (await office.told("delegations", HARA))["delegations"]
    assert {"delegator": MANAGER, "to": HARA, "last": LATER, "reason": "休暇"}.items() <= standing.items()
    assert "清水 幸恵 (E3)" in await office.done("delegations", MEGURI_LOCALE="ja")

    (waiting,) = [one for one in (await office.told("inbox", HARA))["waiting"] if one["goal"] == goal]
    assert waiting["acting_for"] == MANAGER
    assert goal in await office.done("inbox", HARA)
    chain = ("delegate", HARA, TOP, *days, "--as", HARA)
    assert "it would make a delegate of a delegate (清水 幸恵 (E3) → 原田 修 (E11)" in await office.refused(*chain)
    assert "本人を代理にはできません" in await office.refused("delegate", TOP, TOP, *days, *BY_HR, MEGURI_LOCALE="ja")
    assert "its last day is past" in await office.refused(
        "delegate", TOP, MORI, "--from", "2020-01-01", "--until", "2020-01-31", *BY_HR
    )
    assert len((await office.told("delegations"))["delegations"]) == 1

    given = await office.told("reassign", MANAGER, TOP, *BY_HR, "--cycle", "q4")
    assert goals(given)[ONO] == "done"
    shown = await office.told("goal", "show", goal)
    assert shown["task"]["assignees"] == [TOP]
    assert goal not in [one["goal"] for one in (await office.told("inbox", HARA))["waiting"]]
    assert [one for one in await history(office, goal) if one[0] in ("delegated", "reassigned")] == [
        ("delegated", "休暇"),
        ("reassigned", "繁忙期"),
    ]


async def test_a_program_reads_one_document_of_a_refusal(office: Office) -> None:
    result = await office.type("cycle", "pause", "q4", *BY_HR, "--department", "経理", "--json")
    assert (result.exit_code, json.loads(result.stdout)["error"]["code"]) == (1, "not_in_cycle")


# --- instructions to everybody are confirmed -------------------------------------------------------------------------


async def on_terminal(office: Office, answer: str, *words: str) -> tuple[int | None, str]:
    """Runs a command on a terminal of its own and types `answer`; returns the exit code and what the terminal showed."""
    here, there = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *MEGURI, *words, env={**os.environ, **office.env, "TERM": "xterm"}, stdin=there, stdout=there, stderr=there
    )
    os.close(there)
    with closing(os.fdopen(here, "r+b", buffering=0)) as screen:
        shown, asked = b"", False
        async with asyncio.timeout(60):
            with suppress(OSError):  # the error when the last writer has closed the terminal
                while got := await asyncio.to_thread(screen.read, 4096):
                    shown += got
                    if b"[y/N]" in shown and not asked:
                        asked = True
                        screen.write(answer.encode() + b"\n")
            await process.wait()
    return process.returncode, shown.decode()


EVERYBODY = (
    ("extend", "--due", LATER), ("pause",), ("remove",), ("cancel",), ("close",),
)  # fmt: skip


@pytest.mark.parametrize("words", EVERYBODY, ids=lambda words: words[0])
async def test_an_instruction_to_everybody_is_given_only_after_its_numbers_are_confirmed(
    office: Office, words: tuple[str, ...]
) -> None:
    before = await office.told("cycle", "status", "q4")
    said = await office.refused("cycle", words[0], "q4", *words[1:], *BY_HR, code=2)
    assert "this concerns 6 goals of 6 people" in said
    assert "confirm it with `--yes`" in said
    assert "unconfirmed" in (await office.type("cycle", words[0], "q4", *words[1:], *BY_HR, "--json")).stdout
    assert await office.told("cycle", "status", "q4") == before


async def test_on_a_terminal_the_numbers_are_shown_and_the_answer_decides(office: Office) -> None:
    await office.launch("asked")
    cancel = ("cycle", "cancel", "asked", *BY_HR)
    code, shown = await on_terminal(office, "n", *cancel)
    assert (code, "nothing was changed" in shown) == (1, True)
    assert "they end as: cancelled 6" in shown
    assert (await office.told("cycle", "status", "asked"))["state"] == "open"
    code, shown = await on_terminal(office, "y", *cancel)
    assert (code, "6 goals: 6 done" in shown) == (0, True)
    assert (await office.told("cycle", "status", "asked"))["state"] == "cancelled"


async def test_without_waiting_it_says_that_it_was_accepted_and_how_to_follow_it(office: Office) -> None:
    extend = ("cycle", "extend", "q4", *BY_HR, "--due", LATER, "--person", HARA, "--no-wait", "--id", "later-1")
    assert (await office.done(*extend)).splitlines() == [
        "instruction later-1: extend",
        "accepted: `meguri instruction later-1` shows how far it is",
    ]


# --- an instruction that does not come to its end --------------------------------------------------------------------


async def test_an_instruction_that_fails_is_shown_with_what_can_be_done_and_hr_ends_and_retries_it(
    office: Office,
) -> None:
    await office.done("cycle", "pause", "q4", *BY_HR, "--person", ONO, "--id", "stuck-1")
    await office.alter(
        "UPDATE instruction SET state = 'running', failures = 4, failure = 'DBAPIError', failed_at = now() "
        "WHERE id = 'stuck-1'",
        # A goal that has not carried it out: of one that has, only the result would be missing.
        f"UPDATE instruction_goal SET result = 'waiting', goal_id = 'q4/{MORI}/1' WHERE instruction_id = 'stuck-1'",  # noqa: S608 - an id of the test
    )
    result = await office.type("instruction", "stuck-1")
    assert result.exit_code == 1
    assert "the last 4 tries failed (DBAPIError, " in result.stderr
    assert " JST)" in result.stderr
    end = ("instruction", "stuck-1", "--end", "--as", HR)
    assert "--end needs `--reason` too" in await office.refused(*end, code=2)
    shown = await office.done(*end, "--reason", "取り止め")
    assert "1 goals: 0 done, 1 needed nothing, 0 refused" in shown
    assert f"ended by {HR}: 取り止め" in shown
    told = await office.told("instruction", "stuck-1")
    assert (told["state"], told["ended_by"], told["failure_count"]) == ("ended", HR, 0)
    assert goals(told) == {MORI: "skipped instruction_ended"}

    assert "1 done" in await office.done("instruction", "stuck-1", "--retry", "--as", HR)
    assert "failed at no goal" in await office.refused("instruction", "stuck-1", "--retry", "--as", HR)
    await office.done("cycle", "resume", "q4", *BY_HR, "--person", ONO, "--person", MORI)


async def test_times_of_instructions_are_those_of_the_cycles_place(office: Office) -> None:
    await office.done("cycle", "pause", "q4", *BY_HR, "--person", ONO, "--id", "zone-1")
    await office.alter("UPDATE instruction SET given_at = '2026-11-26T18:30:00Z' WHERE id = 'zone-1'")
    assert "2026-11-27 03:30 JST" in await office.done("instruction", "--cycle", "q4")
    await office.done("cycle", "resume", "q4", *BY_HR, "--person", ONO)


async def test_either_side_or_hr_ends_a_delegation_and_nobody_else(office: Office) -> None:
    days = ("--from", today().isoformat(), "--until", LATER)
    for by in (MORI, ONO, HR):
        await office.done("delegate", MORI, ONO, *days, "--own-goals", "--as", MORI)
        (standing,) = (await office.told("delegations", ONO))["delegations"]
        assert standing["own_goals"] is True
        assert "may not do this" in await office.refused("delegate", MORI, ONO, "--end", "--as", HARA)
        await office.done("delegate", MORI, ONO, "--end", "--as", by, "--reason", "復帰")
        assert (await office.told("delegations", ONO))["delegations"] == []
    assert "there is no delegation" in await office.refused("delegate", MORI, ONO, "--end", "--as", MORI)
    assert "--from" in await office.refused("delegate", MORI, ONO, "--as", MORI, code=2)
