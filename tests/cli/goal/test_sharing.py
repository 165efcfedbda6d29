"""Contributors on the command line: the file names them, the check finds what is wrong, and the screens show who has which part."""

import tomllib

import pytest

from tests.cli.office import HARA, HR, MANAGER, MORI, ONO, Office, goal_file

pytestmark = pytest.mark.slow

MORIS = f"q4/{MORI}/1"


def shared_file(*people: tuple[str, int], by: str = "") -> str:
    named = ", ".join(f'{{ person = "{person}", share = {share} }}' for person, share in people)
    text = goal_file(more=f"contributors = [{named}]")
    return text.replace('title = "手順を洗い出す"', f'title = "手順を洗い出す"\nby = "{by or people[0][0]}"')


@pytest.mark.parametrize(
    ("text", "japanese", "english"),
    [
        (shared_file((HARA, 60), (ONO, 40)), "協力者の配分の合計が 100% です", "add up to 100 %"),
        (shared_file((HARA, 0)), "1 以上", "1 or more"),
        (shared_file((HARA, 10), (HARA, 20)), "2 回書かれています", "is named twice"),
        (shared_file((HARA, 10), by=ONO), "協力者に含まれていません", "who is no contributor"),
        (shared_file(*((f"E{n}", 1) for n in range(500, 511))), "10", "10"),
    ],
)
async def test_a_file_that_shares_a_goal_wrongly_is_refused(
    office: Office, text: str, japanese: str, english: str
) -> None:
    file = office.file("wrong.toml", text)
    words = ("goal", "submit", MORIS, file, "--as", MORI)
    assert english in await office.refused(*words)
    assert japanese in await office.refused(*words, MEGURI_LOCALE="ja")
    assert (await office.told("goal", "show", MORIS))["seq"] == 1


@pytest.mark.parametrize(
    ("person", "japanese", "english"),
    [
        ("E404", "在籍する社員の中に見つかりません", "no active employee E404"),
        (MORI, "この目標の責任者です", "is the owner of this goal"),
    ],
)
async def test_the_check_finds_who_cannot_contribute(office: Office, person: str, japanese: str, english: str) -> None:
    file = office.file("wrong.toml", shared_file((person, 30)))
    checked = await office.type("goal", "check", MORIS, file)
    assert (checked.exit_code, english in checked.stdout) == (1, True)
    assert japanese in (await office.type("goal", "check", MORIS, file, MEGURI_LOCALE="ja")).stdout
    assert english in await office.refused("goal", "submit", MORIS, file, "--as", MORI)


async def test_everybody_sees_who_does_what_and_has_which_part(office: Office) -> None:
    file = office.file("shared.toml", shared_file((HARA, 30)))
    assert (await office.told("goal", "check", MORIS, file))["refused"] is False
    await office.done("goal", "submit", MORIS, file, "--as", MORI)
    written = tomllib.loads(await office.done("goal", "draft", MORIS))
    assert written["contributors"] == [{"person": HARA, "share": 30}]
    assert written["steps"][0]["by"] == HARA
    await office.approve(MORIS, MANAGER)
    assert f"meguri goal step {MORIS} 1 --as {HARA}" in await office.done("inbox", HARA)
    assert "may not" in await office.refused("goal", "progress", MORIS, "--value", "8", "--as", HARA)
    await office.done("goal", "step", MORIS, "1", "--as", HARA)
    shown = await office.done("goal", "show", MORIS)
    assert f"shared  原田 修 ({HARA}): 30 %, 6 points" in shown
    assert f"手順を洗い出す [原田 修 ({HARA})]" in shown
    assert f"共同    森 香織 ({MORI}): 配分 70 %、14 点" in await office.done("goal", "show", MORIS, MEGURI_LOCALE="ja")
    assert "森 香織 +1" in await office.done("goal", "list", "--contributor", HARA)
    (line,) = (await office.told("goal", "list", "--contributor", HARA))["goals"]
    assert (line["goal"], line["shared_with"]) == (MORIS, [HARA])
    credited = {MORI: {"score": "14", "final": "14"}, HARA: {"score": "6", "final": "6"}}
    assert (await office.told("goal", "show", MORIS))["credited"] == credited
    assert (await office.told("goal", "score", MORIS))["credited"] == credited
    assert f"shared  原田 修 ({HARA}): 30 %, 6 points" in await office.done("goal", "score", MORIS)
    scores = {
        one["employee"]: one["final"] for one in (await office.told("cycle", "scores", "q4", "--as", HR))["people"]
    }
    assert (scores[MORI], scores[HARA]) == ("14.00", "6.00")
    await office.done("audit", "show", MORIS)


async def test_a_table_with_an_unknown_contributor_changes_no_draft(office: Office) -> None:
    file = office.file("goals.csv", f"id,theme,contributors\nq4/{ONO}/1,別のテーマ,\nq4/{HARA}/1,別のテーマ,E404 30\n")
    shown = await office.type("sheet", "import", file, "--as", HR)
    assert shown.exit_code == 1
    assert "E404" in shown.stderr + shown.stdout
    assert {(await office.told("goal", "show", f"q4/{one}/1"))["seq"] for one in (ONO, HARA)} == {1}
