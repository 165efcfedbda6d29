"""`meguri people sync` and `meguri cycle amend`: what HR sees before and after a change."""

import json

from tests.cli.office import CYCLE, HARA, HR, MANAGER, MORI, ONO, TOP, Office, today

HEADER = "社員番号,氏名,部署,上長,在籍"


async def test_a_file_is_shown_first_then_applied_and_then_nothing_is_left_to_do(office: Office) -> None:
    rows = [
        f"{HARA},原田 修,経理部,{TOP},はい",
        f"{ONO},大野 あかり,経理部,{MANAGER},いいえ",
        f"E13,新人 葵,経理部,{MANAGER},はい",
    ]
    file = office.file("next.csv", "\n".join([HEADER, *rows]))
    sync = ("people", "sync", file, "--as", HR)
    shown = await office.done(*sync)
    assert "joiners: 1\n  新人 葵 (E13)" in shown
    assert "leavers: 1\n  大野 あかり (E12)" in shown
    assert f"manager changes: 1\n  原田 修 (E11): {MANAGER} → {TOP}" in shown
    assert shown.endswith("nothing was changed: --apply does it\n")
    assert (await office.told("people", "show", ONO))["person"]["active"]

    applied = await office.done(*sync, "--apply")
    assert "2 goals: 2 done, 0 needed nothing, 0 refused" in applied
    assert not (await office.told("people", "show", ONO))["person"]["active"]
    assert (await office.told("goal", "show", f"q4/{ONO}/1"))["state"] == "closed"
    audit = (await office.told("audit", "show", f"q4/{HARA}/1"))["ledger"]
    assert audit[-1]["kind"] == "line_changed"
    assert audit[-1]["body"]["line"] == [TOP]
    assert (await office.done(*sync, "--apply")).endswith("nothing to do\n")
    assert (await office.done(*sync, MEGURI_LOCALE="ja")).endswith("変更はありません。\n")


async def test_a_file_that_cannot_be_applied_says_where_and_changes_nothing(office: Office) -> None:
    file = office.file("broken.csv", f"{HEADER}\n{MORI},,経理部,{MANAGER},はい\n")
    result = await office.type("people", "sync", file, "--as", HR, "--apply")
    assert result.exit_code == 1
    assert "row 2" in result.stderr


async def test_all_kinds_of_errors_are_told_in_one_go_and_completely_to_a_program(office: Office) -> None:
    orphans = [f"F{n:02},新人 {n},経理部,E97,はい" for n in range(60)]
    tops = [f"G{n:02},社長 {n},経営,,はい" for n in range(8)]
    file = office.file("kinds.csv", "\n".join([HEADER, f"{MORI},,経理部,{MANAGER},はい", *orphans, *tops]))
    result = await office.type("people", "sync", file, "--as", HR, "--json")
    assert result.exit_code == 1
    findings = {one["code"]: one for one in json.loads(result.stdout)["error"]["findings"]}
    assert set(findings) == {"empty_cell", "manager_missing", "several_tops"}
    assert len(findings["manager_missing"]["concerned"]) == 60
    assert len(findings["several_tops"]["concerned"]) == 9, "the one in the directory, too"
    shown = (await office.type("people", "sync", file, "--as", HR)).stderr
    assert "--orphans-to" in shown
    assert "--top" in shown


async def test_a_sync_does_not_overwrite_a_character_that_a_spreadsheet_lost(office: Office) -> None:
    await office.alter(f"UPDATE employee SET name = '𠮷田 香織' WHERE id = '{MORI}'")  # noqa: S608 - the test's own words
    file = office.file("lost.csv", f"{HEADER}\n{MORI},?田 香織,経理部,{MANAGER},はい\n")
    said = await office.refused("people", "sync", file, "--as", HR, "--apply")
    assert "“𠮷田 香織” in the directory" in said
    assert (await office.told("people", "show", MORI))["person"]["name"] == "𠮷田 香織"
    await office.alter(f"UPDATE employee SET name = '森 香織' WHERE id = '{MORI}'")  # noqa: S608 - the test's own words


async def test_people_who_join_by_a_sync_speak_the_companys_language(office: Office) -> None:
    file = office.file("joiner.csv", f"{HEADER}\nE14,Jane Doe,経理部,{MANAGER},はい\n")
    await office.done("people", "sync", file, "--as", HR, "--apply", MEGURI_COMPANY_LOCALE="en")
    assert (await office.told("people", "show", "E14"))["person"]["locale"] == "en"


async def test_many_who_leave_at_once_need_a_second_word(office: Office) -> None:
    rows = "\n".join(f"{one},去る 人,経理部,{TOP},いいえ" for one in (MORI, HARA))
    result = await office.type("people", "sync", office.file("many.csv", f"{HEADER}\n{rows}"), "--as", HR, "--apply")
    assert result.exit_code == 1
    assert "--yes-many" in result.stderr
    assert (await office.told("people", "show", MORI))["person"]["active"]


async def test_other_rules_are_shown_date_by_date_before_they_hold(office: Office) -> None:
    told = await office.told("cycle", "status", "q4")
    assert told["state"] == "open"
    starts = (await office.told("goal", "show", f"q4/{MORI}/1"))["task"]
    ladder = '\n[policy.ladders.draft]\ndue_in = 12\nrungs = [[1, "remind_and_copy"], [4, "escalate_to_hr"]]\n'
    file = office.file("rules.toml", CYCLE.format(id="other") + ladder)
    refused = await office.type("cycle", "amend", "q4", file, "--as", HR, "--reason", "r")
    assert refused.exit_code == 1
    assert "cycle.id" in refused.stderr

    moved = office.file("rules2.toml", CYCLE.format(id="q4") + ladder)
    amend = ("cycle", "amend", "q4", moved, "--as", HR, "--reason", "余裕を見る", "--starts", str(today()))
    document = await office.told(*amend)
    assert [one["rule"] for one in document["rules"]] == ["ladders.draft"]
    dues = {one["goal"]: one["after"] for one in document["dues"]}
    assert f"q4/{MORI}/1" in dues
    assert (await office.told("goal", "show", f"q4/{MORI}/1"))["task"] == starts, "nothing was changed by looking"
    applied = await office.told(*amend, "--apply")
    assert applied["counts"] == {"done": document["goal_count"]}
    for goal, due in dues.items():
        assert (await office.told("goal", "show", goal))["task"]["due"] == due
    assert "the rules are the same" in await office.done(*amend)


async def test_a_used_number_is_refused_until_hr_says_whose_it_is(office: Office) -> None:
    people = "\n".join([HEADER, f"{ONO},別の 人,経理部,{MANAGER},はい"])
    leave = office.file("leave.csv", "\n".join([HEADER, f"{ONO},大野 あかり,経理部,{MANAGER},いいえ"]))
    await office.done("people", "sync", leave, "--as", HR, "--apply")
    file = office.file("used.csv", people)
    sync = ("people", "sync", file, "--as", HR)
    refused = await office.type(*sync, MEGURI_LOCALE="ja")
    assert refused.exit_code == 1
    assert f"同じ人なら `--same {ONO}={ONO}`、別の人なら `--new {ONO}` を付けてください。" in refused.stderr
    wrong = await office.type(*sync, "--same", "E77")
    assert (wrong.exit_code, "NUMBER=NEW_NUMBER" in wrong.stderr) == (2, True)

    same = await office.done(*sync, "--same", f"{ONO}={ONO}")
    assert f"joiners: 1\n  別の 人 ({ONO})" in same
    assert "goals reopened" in same
    new = await office.done(*sync, "--new", ONO)
    assert f"joiners: 1\n  別の 人 ({ONO}-2)" in new
    await office.done(*sync, "--new", ONO, "--apply")
    page = await office.done("people", "show", f"{ONO}-2")
    assert f"{ONO}-2 ({ONO})" in page
    assert "left" in await office.done("people", "show", ONO)


async def test_administrators_of_the_directory_are_named_and_listed(office: Office) -> None:
    admins = ("people", "admins")
    file = office.file("admins.csv", f"{HEADER}\n{HARA},原田 修,総務部,{MANAGER},はい\n")
    sync = ("people", "sync", file, "--as", MANAGER)
    assert HR in await office.refused(*sync)
    assert "HR of every open cycle" in await office.done(*admins, "list")
    assert (await office.told(*admins, "add", MANAGER))["roles"] == [
        {"employee": MANAGER, "name": "清水 幸恵", "role": "directory", "source": "hand"}
    ]
    assert MANAGER in await office.refused(*admins, "add", HARA), "there is one, who names the next"
    assert "E77" in await office.refused(*admins, "add", "E77", "--as", MANAGER)
    assert HARA in await office.done(*admins, "add", HARA, "--as", MANAGER)
    assert "nothing was changed" in await office.done(*sync)
    assert "社員情報の管理者" in await office.done(*admins, "list", MEGURI_LOCALE="ja")
    for one in (HARA, MANAGER):
        await office.done(*admins, "remove", one, "--as", MANAGER)
    assert (await office.told(*admins, "list"))["roles"] == []
    assert "role given" in await office.done("audit", "journal", "--log", "roles")
