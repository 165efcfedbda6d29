"""What the screens say of an owner who leaves: the goal's page, lists, the inbox of the reviewer, and the preview of a sync."""

from datetime import timedelta

from domain.locale import Locale
from tests.cli.office import CYCLE, HARA, HR, MANAGER, MORI, Office, today
from texts.dates import day_text

HEADER = "社員番号,氏名,部署,上長,在籍,退職日"


async def launch(office: Office, cycle: str, leavers: str) -> None:
    file = office.cycle_file(cycle, CYCLE + f'\n[policy]\nleavers = "{leavers}"\n')
    await office.done("cycle", "start", file, "--as", HR, "--starts", today().isoformat(), "--overlapping")


async def test_a_kept_goal_says_that_its_owner_has_left_and_no_verdict_resets_it(office: Office) -> None:
    await launch(office, "kept", "keep")
    goal = f"kept/{MORI}/1"
    await office.at_work(goal, MORI)
    await office.done("goal", "review", "call", goal, "--as", MANAGER, "--reason", "引き継ぎ")
    file = office.file("left.csv", f"{HEADER}\n{MORI},森 香織,経理部,{MANAGER},いいえ,\n")
    shown = await office.done("people", "sync", file, "--as", HR)
    [heads, row] = [line for line in shown.splitlines() if line.startswith(("cycle ", "kept "))]
    assert heads.endswith("goals kept after leaving")
    assert row.split() == ["kept", "0", "0", "0", "1", "0", "0", "0", "1"]
    await office.done("people", "sync", file, "--as", HR, "--apply")

    shown = await office.done("goal", "show", goal)
    assert "the owner has left, since" in shown
    assert "closes this goal" not in shown
    japanese = await office.done("goal", "show", goal, MEGURI_LOCALE="ja")
    assert "本人は退職済み" in japanese
    assert (await office.told("goal", "show", goal))["gone_on"] is not None
    assert "(owner has left)" in await office.done("goal", "list", "--cycle", "kept", "--owner", MORI)
    [listed] = (await office.told("goal", "list", "--cycle", "kept", "--owner", MORI))["goals"]
    assert listed["gone"] is True
    assert "(本人は退職済み)" in await office.done("inbox", MANAGER, MEGURI_LOCALE="ja")
    waiting = {one["goal"]: one for one in (await office.told("inbox", MANAGER))["waiting"]}
    assert waiting[goal]["gone"] is True
    assert waiting[goal]["command"].startswith(f"meguri goal review decide {goal}")
    assert "本人は退職済み はい" in await office.done("audit", "show", goal, MEGURI_LOCALE="ja")

    seen = str((await office.told("goal", "show", goal))["seq"])
    decide = ("goal", "review", "decide", goal, "unrealistic", "--seen", seen, "--as", MANAGER)
    refused = await office.refused(*decide, "--then", "reset", "--comment", "x", MEGURI_LOCALE="ja")
    assert "本人が退職する(または退職した)ため" in refused
    assert (await office.decide(goal, "unrealistic", "--as", MANAGER))["state"] == "closed"


async def test_a_last_day_to_come_is_on_the_page_with_the_day_from_which_a_verdict_closes_the_goal(
    office: Office,
) -> None:
    await launch(office, "asked", "verdict")
    goal, last_day = f"asked/{HARA}/1", today() + timedelta(days=40)
    await office.at_work(goal, HARA)
    file = office.file("leaves.csv", f"{HEADER}\n{HARA},原田 修,経理部,{MANAGER},はい,{last_day}\n")
    await office.done("people", "sync", file, "--as", HR, "--apply")
    assert f"最終日は{day_text(last_day, Locale.JA)}" in await office.done("goal", "show", goal, MEGURI_LOCALE="ja")
    assert "on closes this goal" in await office.done("goal", "show", goal)
    assert (await office.told("goal", "show", goal))["leaves"] == last_day.isoformat()


async def test_a_cycle_file_with_another_word_is_refused_and_names_the_choices(office: Office) -> None:
    file = office.cycle_file("wrong", CYCLE + '\n[policy]\nleavers = "stay"\n')
    refused = await office.refused("cycle", "check", file)
    assert all(one in refused for one in ("settle", "verdict", "keep"))
