"""`meguri people departments`, `people sync --renamed`, and filters by a former name."""

import json

from tests.cli.office import HARA, HR, MANAGER, MORI, ONO, TOP, Office

HEADER = "社員番号,氏名,部署,上長"
NEW = "経理財務部"


def renamed_people(office: Office) -> str:
    rows = [
        f"{MANAGER},清水 幸恵,{NEW},{TOP}", f"{MORI},森 香織,{NEW},{MANAGER}",
        f"{HARA},原田 修,{NEW},{MANAGER}", f"{ONO},大野 あかり,{NEW},{MANAGER}",
    ]  # fmt: skip
    return str(office.file("renamed.csv", "\n".join([HEADER, *rows])))


async def test_a_file_is_shown_then_applied_and_the_tree_has_heads_and_numbers(office: Office) -> None:
    file = office.file(
        "departments.csv",
        f"部署ID,部署名,上位部署,部門長\nD1,管理本部,,{TOP}\nD2,経理部,管理本部,{MANAGER}\nD3,人事部,D1,\n",
    )
    command = ("people", "departments", file, "--as", HR)
    shown = await office.done(*command, "--dry-run")
    assert "departments: " in shown
    assert "管理本部: new (D1)" in shown
    assert f"経理部: head - → {MANAGER}" in shown
    assert shown.endswith("nothing was changed: without --dry-run it is\n")
    assert {one["department_id"] for one in (await office.told("people", "departments"))["departments"]} == {
        "人事部", "経営", "経理部",
    }  # fmt: skip
    changes = json.loads(await office.done(*command, "--dry-run", "--json"))["department_changes"]
    assert {"change": "id", "department": "経理部", "old": "経理部", "new": "D2"} in changes

    assert "instruction sync-" in await office.done(*command)
    assert (await office.done(*command)).endswith("nothing to do\n")
    tree = {one["department"]: one for one in (await office.told("people", "departments"))["departments"]}
    assert tree["管理本部"]["active_below_count"] == 5
    assert (tree["経理部"]["depth"], tree["経理部"]["department_head_name"]) == (1, "清水 幸恵")
    table = await office.done("people", "departments", MEGURI_LOCALE="ja")
    assert "  経理部" in table
    assert "下位部署を含む人数" in table
    status = await office.done("cycle", "status", "q4")
    assert "管理本部 (with those below)" in status
    assert {one["department"]: one["depth"] for one in (await office.told("cycle", "status", "q4"))["departments"]} == {
        "経営": 0, "管理本部": 0, "人事部": 1, "経理部": 1,
    }  # fmt: skip


async def test_a_file_that_cannot_be_applied_says_where(office: Office) -> None:
    file = office.file("broken.csv", "部署ID,部署名,上位部署\nD1,経理部,D9\nD1,総務部,\n")
    told = await office.refused("people", "departments", file, "--as", HR)
    assert "row 2, row 3" in told
    file = office.file("circle.csv", "部署ID,部署名,上位部署\nD1,経理部,D2\nD2,総務部,D1\n")
    told = await office.refused("people", "departments", file, "--as", HR, MEGURI_LOCALE="ja")
    assert "上位部署が循環しています" in told


async def test_a_renaming_is_suggested_then_named_and_filters_know_the_old_name(office: Office) -> None:
    sync = ("people", "sync", renamed_people(office), "--as", HR)
    suggested = await office.type(*sync)
    assert f"--renamed 経理部={NEW}" in suggested.stderr + suggested.stdout
    shown = await office.done(*sync, "--renamed", f"経理部={NEW}")
    assert f"経理部 is called {NEW}" in shown
    assert "moves" not in shown
    await office.done(*sync, "--renamed", f"経理部={NEW}", "--apply")

    listed = await office.type("goal", "list", "--department", "経理部", "--json")
    assert listed.stderr == f"department 経理部 is called {NEW} now\n"
    assert len((await office.told("goal", "list", "--department", NEW))["goals"]) == 4
    people = await office.type("people", "show", "--department", "経理部", MEGURI_LOCALE="ja")
    assert people.stderr == f"部署「経理部」は現在「{NEW}」です。\n"
    tree = await office.type("cycle", "tree", "q4", "--department", "経理部", "--orphans")
    assert tree.stdout.count("q4/") == 4
    assert f"is called {NEW} now" in tree.stderr
    await office.refused("cycle", "tree", "q4", "--department", "経理部", "--node", "q4/E10/1", code=2)
    paused = await office.type("cycle", "pause", "q4", "--department", "経理部", "--reason", "x", "--as", HR)
    assert "4 goals: 4 done" in paused.stdout
    assert f"is called {NEW} now" in paused.stderr


async def test_a_renaming_is_written_as_two_names(office: Office) -> None:
    sync = ("people", "sync", renamed_people(office), "--as", HR)
    for option in ("経理部", "経理部=経理部", "=経理部"):
        assert "OLD=NEW" in await office.refused(*sync, "--renamed", option, code=2)
    assert "no department is called 経里部" in await office.refused(*sync, "--renamed", f"経里部={NEW}")
