"""A stage that several people must all agree to, as the command line shows it: check, inbox, the goal's page, the ledger, sheets."""

from pathlib import Path
from typing import Any

import pytest_asyncio
from python_calamine import CalamineWorkbook

from tests.cli.office import CYCLE, HARA, HR, MANAGER, MORI, ONO, Office, goal_file, today

STAGES = '\n[policy]\nstages = [{{ all = ["line", "person {signer}"] }}]\n'
MORIS, ONOS = f"j4/{MORI}/1", f"j4/{ONO}/1"


@pytest_asyncio.fixture(scope="module")
async def joint(office: Office) -> Office:
    """The manager and Hara must both agree to the goals of Mori and Ono, who have submitted them."""
    file = office.cycle_file("j4", CYCLE + STAGES.replace("{signer}", HARA))
    for locale, words in (("en", "one signature is enough"), ("ja", "その人の承認だけで足ります")):
        checked = await office.type("cycle", "check", file, MEGURI_LOCALE=locale)
        assert (checked.exit_code, words in checked.stdout + checked.stderr) == (0, True)
    await office.done("cycle", "start", file, "--as", HR, "--starts", today().isoformat(), "--overlapping")
    for goal, owner in ((MORIS, MORI), (ONOS, ONO)):
        await office.done("goal", "submit", goal, office.file("j.toml", goal_file()), "--as", owner)
    return office


async def waiting(office: Office, person: str) -> dict[str, Any]:
    return {one["goal"]: one for one in (await office.told("inbox", person))["waiting"]}


async def test_a_file_that_asks_one_person_or_somebody_unknown_is_refused_in_both_languages(office: Office) -> None:
    for wrong, en, ja in (
        ('["line"]', "names at least two", "二つ以上"),
        ('["line", "line"]', "names at least two", "二つ以上"),
        ('["line", "boss"]', "`person ID`", "`person 社員番号`"),
        ('["line", "person E99"]', "E99 is to agree", "E99が社員名簿にいない"),
    ):
        file = office.cycle_file("wrong", CYCLE + f"\n[policy]\nstages = [{{{{ all = {wrong} }}}}]\n")
        assert en in await office.refused("cycle", "check", file)
        assert ja in await office.refused("cycle", "check", file, MEGURI_LOCALE="ja")


async def test_both_have_it_in_their_inbox_and_sign_many_at_once_each_for_themself(joint: Office) -> None:
    for person in (MANAGER, HARA):
        assert {MORIS, ONOS} <= set(await waiting(joint, person))
    shown = await joint.done("goal", "show", MORIS)
    assert shown.count(f"清水 幸恵 ({MANAGER}) + 原田 修 ({HARA})") == 2, "who signs, and whom the task waits for"
    seen = str((await joint.told("goal", "show", MORIS))["seq"])
    both = (MORIS, ONOS, "--seen", seen, "--seen", seen)  # what both saw
    signed = await joint.told("goal", "approve", *both, "--as", HARA)
    assert [one["state"] for one in signed["results"]] == ["pending_approval"] * 2
    assert not {MORIS, ONOS} & set(await waiting(joint, HARA))
    assert {MORIS, ONOS} <= set(await waiting(joint, MANAGER))
    assert "already approved" in await joint.refused("goal", "approve", MORIS, "--seen", seen, "--as", HARA)

    shown = await joint.done("goal", "show", MORIS)
    assert f"agreed  原田 修 ({HARA})" in shown
    assert f"承認済  原田 修 ({HARA})" in await joint.done("goal", "show", MORIS, MEGURI_LOCALE="ja")
    document = await joint.told("goal", "show", MORIS)
    assert [(one["signer"], one.get("agreed")) for one in document["task"]["parts"]] == [(MANAGER, None), (HARA, HARA)]
    signed = await joint.told("goal", "approve", *both, "--as", MANAGER)
    assert [one["state"] for one in signed["results"]] == ["active"] * 2
    assert "ほかに承認を待つ人" in await joint.done("audit", "show", MORIS, MEGURI_LOCALE="ja")
    assert "still awaited" in await joint.done("audit", "show", MORIS)


async def test_the_sheet_names_both(joint: Office, tmp_path: Path) -> None:
    [written] = (await joint.told("sheet", "export", "j4", tmp_path, "--as", HR, "--person", MORI))["files"]
    cells = CalamineWorkbook.from_path(written).get_sheet_by_index(0).to_python()
    assert any("清水 幸恵" in str(cell) and "原田 修" in str(cell) for row in cells for cell in row)


async def test_the_preview_of_a_handover_names_both(joint: Office) -> None:
    words = ("goal", "handover", MORIS, "--to", ONO, "--reason", "産休", "--as", HR)
    assert f"first approval by 清水 幸恵 ({MANAGER}) + 原田 修 ({HARA})" in await joint.done(*words)
    assert (await joint.told(*words))["approvers"] == [MANAGER, HARA]


async def test_whom_the_stages_ask_stays_while_the_cycle_runs(joint: Office) -> None:
    file = joint.cycle_file("j4", CYCLE + STAGES.replace("{signer}", ONO))
    refused = await joint.refused("cycle", "amend", "j4", file, "--as", HR, "--reason", "改定")
    assert "cannot change in a cycle that runs" in refused
