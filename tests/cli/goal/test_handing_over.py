"""`meguri goal handover`: shown first, then carried out; the old and the new goal name each other, in both languages."""

import pytest

from tests.cli.office import HARA, HR, MORI, Office

pytestmark = pytest.mark.slow


async def test_the_effect_is_shown_first_and_changes_nothing(office: Office) -> None:
    words = ("goal", "handover", f"q4/{MORI}/1", "--to", HARA, "--reason", "産休", "--as", HR)
    shown = await office.done(*words)
    assert f"q4/{MORI}/1 is closed" in shown
    assert f"goes on as q4/{HARA}/2" in shown
    assert "--apply" in shown
    assert f"が q4/{HARA}/2 として続けます" in await office.done(*words, MEGURI_LOCALE="ja")
    document = await office.told(*words, "--weight", "30")
    assert (document["successor"], document["weight"], document["score"]) == (f"q4/{HARA}/2", "30", "0")
    assert (await office.told("goal", "show", f"q4/{MORI}/1"))["state"] == "draft"


async def test_both_goals_and_both_ledgers_name_each_other_in_both_languages(office: Office) -> None:
    old, new = f"q4/{MORI}/1", f"q4/{HARA}/2"
    words = ("goal", "handover", old, "--to", HARA, "--reason", "産休", "--as", HR, "--apply", "--id", "hand-1")
    given = await office.told(*words)
    assert (given["goal"], given["state"]) == (new, "draft")
    assert (await office.told(*words))["seq"] == given["seq"]
    shown = await office.done("goal", "show", old)
    assert "handed over" in shown
    assert f"goes on {new}" in shown
    assert f"goes on as {new}" in shown  # the ledger
    assert f"from    {old}" in await office.done("goal", "show", new)
    japanese = await office.done("goal", "show", old, MEGURI_LOCALE="ja")
    assert "引き継ぎ済み" in japanese
    assert f"引継先 {new}" in japanese
    assert f"引き継ぎ元の目標 {old}" in await office.done("goal", "show", new, MEGURI_LOCALE="ja")
    assert new in await office.done("inbox", HARA)
    assert old not in await office.done("inbox", MORI)
    assert "引き継ぎ" in await office.done("audit", "show", old, MEGURI_LOCALE="ja")


async def test_a_refusal_names_what_to_do_in_both_languages(office: Office) -> None:
    words = ("goal", "handover", f"q4/{HARA}/1", "--to", HARA, "--reason", "産休", "--as", HR)
    assert "is the owner already; name another person" in await office.refused(*words)
    assert "すでにこの目標の本人です" in await office.refused(*words, "--apply", MEGURI_LOCALE="ja")
