"""`meguri goal begin`: by HR for a person, carried over from another cycle, and the refusals in both languages."""

import pytest

from tests.cli.office import HARA, HR, MORI, Office, goal_file, today

pytestmark = pytest.mark.slow


async def test_hr_begins_a_goal_for_a_person_from_a_file_and_from_the_catalogue(office: Office) -> None:
    file = office.file("new.toml", goal_file())
    begun = await office.told("goal", "begin", "q4", file, "--for", MORI, "--as", HR, "--id", "new-1")
    assert (begun["goal"], begun["state"], begun["seq"], begun["task"]["assignees"]) == (
        f"q4/{MORI}/2", "draft", 1, [MORI],
    )  # fmt: skip
    again = await office.told("goal", "begin", "q4", file, "--for", MORI, "--as", HR, "--id", "new-1")
    assert again["goal"] == begun["goal"]
    said = await office.done("goal", "begin", "q4", "--catalog", "accounting/closing-days", "--for", HARA, "--as", HR)
    assert f"q4/{HARA}/2" in said
    shown = await office.done("goal", "show", f"q4/{HARA}/2", MEGURI_LOCALE="ja")
    assert "期間中に開始" in shown
    [first] = (await office.told("goal", "show", f"q4/{HARA}/2"))["ledger"]
    assert first["body"]["begun"] is True


async def test_the_owner_hears_whom_to_ask_in_both_languages(office: Office) -> None:
    words = ("goal", "begin", "q4", "--as", MORI)
    assert "in this cycle HR begins new goals: ask 西村 直美 (E2)" in await office.refused(*words)
    assert "人事担当者が開始します。西村 直美さん(E2)に依頼してください" in await office.refused(
        *words, MEGURI_LOCALE="ja"
    )


async def test_only_one_source_is_taken(office: Office) -> None:
    file = office.file("two.toml", goal_file())
    words = ("goal", "begin", "q4", file, "--catalog", "accounting/closing-days", "--for", MORI, "--as", HR)
    assert "give one of a file, --catalog and --from" in await office.refused(*words, code=2)


async def test_a_goal_is_carried_over_with_its_open_steps_and_the_ledger_says_from_where(office: Office) -> None:
    await office.launch("q3")
    source = f"q3/{HARA}/1"
    await office.at_work(source, HARA)
    assert "q3/E11/1" in await office.refused("goal", "begin", "q4", "--from", source, "--for", MORI, "--as", HR)
    await office.refused("goal", "begin", "q4", "--from", source, "--for", HARA, "--as", HR)  # it is still open
    await office.done("goal", "step", source, "1", "--as", HARA)
    await office.done("cycle", "close", "q3", "--reason", "終了", "--as", HR, "--yes")
    begun = await office.told("goal", "begin", "q4", "--from", source, "--for", HARA, "--as", HR)
    shown = await office.told("goal", "show", begun["goal"])
    assert shown["carried_from"] == source
    assert [one["title"] for one in shown["content"]["steps"]] == ["手順書で 1 回締める"]
    assert shown["content"]["steps"][0]["due"] >= today().isoformat()
    assert f"from    {source}" in await office.done("goal", "show", begun["goal"])
    again = await office.refused("goal", "begin", "q4", "--from", source, "--for", HARA, "--as", HR)
    assert f"carried over before, to {begun['goal']}" in again
