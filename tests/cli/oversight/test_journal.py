"""`meguri audit journal` and `meguri audit erase`: who changed the directory, delegations, hearings, instructions and preferences."""

import hashlib
import json
import re
from datetime import timedelta

import pytest

from tests.as_of.real_clock import needs_the_real_clock
from tests.cli.office import HARA, HR, MANAGER, MORI, Office, today

WRITTEN = "請求書が集まらない"


@pytest.fixture(scope="module")
async def recorded(office: Office) -> Office:
    """Entries in the logs directory (the import of the office), hearings, delegations and preferences."""
    await office.done("hearing", "add", "--cycle", "q4", "--as", MORI, "--text", WRITTEN)
    await office.done("hearing", "add", "--cycle", "q4", "--as", MANAGER, "--text", "契約書を探す")
    days = ("--from", str(today()), "--until", str(today() + timedelta(days=9)))
    await office.done("delegate", MANAGER, HARA, *days, "--as", MANAGER, "--reason", "夏季休暇")
    await office.done("cycle", "pause", "q4", "--person", HARA, "--as", HR, "--reason", "育児休業")
    await office.done("prefer", MORI, "--channel", "mail", "--as", MORI)
    return office


async def test_each_entry_is_shown_with_who_did_what_and_the_words_that_were_written(recorded: Office) -> None:
    shown = await recorded.done("audit", "journal", MEGURI_LOCALE="ja")
    assert "課題のヒアリング: 2 件の記録のハッシュチェーンは整合しています。" in shown
    assert re.search(rf"1 +\d{{4}}-\d\d-\d\d \d\d:\d\d JST +森 香織 \({MORI}\) +課題の登録 .*本文 {WRITTEN}", shown)
    assert re.search(
        rf"清水 幸恵 \({MANAGER}\) +代理の設定 .*被代理者 {MANAGER}; 代理人 {HARA}; .*理由 夏季休暇", shown
    )
    assert re.search(rf"森 香織 \({MORI}\) +通知設定の変更 .*経路 メール", shown)
    assert re.search(
        rf"西村 直美 \({HR}\) +一括の指示 +評価サイクル q4; 種類 一時停止; 対象の社員 {HARA}; 理由 育児休業", shown
    )
    assert re.search(rf"一括の指示 +種類 代理; 被代理者 {MANAGER}; 代理人 {HARA}; 初日 .*理由 夏季休暇", shown)
    assert re.search(r"課題の登録 .*立場 担当者", shown)
    english = await recorded.done("audit", "journal", "--log", "delegations")
    assert re.search(rf"delegation given .*delegator {MANAGER}; to {HARA}; .*reason 夏季休暇", english)
    assert "problem added" not in english


async def test_as_json_it_can_be_verified_by_another_program(recorded: Office) -> None:
    told = await recorded.told("audit", "journal", "--log", "hearings")
    assert told["logs"] == [{"log": "hearings", "holds": True, "broken": None, "entry_count": 2}]
    before = hashlib.sha256(b"@journal/hearings").hexdigest()
    for entry in told["ledger"]:
        names = ("seq", "at", "actor", "kind")
        form = {name: entry[name] for name in names} | {"body": entry["hashed_body"]}
        written = json.dumps(form, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        before = hashlib.sha256(before.encode() + written.encode()).hexdigest()
        assert (entry["log"], entry["hash"]) == ("hearings", before)
        salted = f"{entry['salts']['/text']}{entry['body']['text']}"
        assert entry["hashed_body"]["text"] == {"sha256": hashlib.sha256(salted.encode()).hexdigest()}
    assert [(one["actor"], one["actor_name"], one["body"]["text"]) for one in told["ledger"]] == [
        (MORI, "森 香織", WRITTEN), (MANAGER, "清水 幸恵", "契約書を探す"),
    ]  # fmt: skip


async def test_it_is_listed_page_by_page_over_all_logs(recorded: Office) -> None:
    whole = [(one["log"], one["seq"]) for one in (await recorded.told("audit", "journal"))["ledger"]]
    assert whole == sorted(whole)
    assert {log for log, _ in whole} >= {"delegations", "directory", "hearings", "preferences"}
    found, after = [], ""
    while True:
        page = await recorded.told("audit", "journal", "--limit", "2", "--after", after)
        assert len(page["ledger"]) <= 2
        found += [(one["log"], one["seq"]) for one in page["ledger"]]
        if (after := page["next"]) is None:
            break
    assert found == whole
    assert "more: --after delegations/1" in await recorded.done("audit", "journal", "--limit", "1")


@needs_the_real_clock
async def test_since_leaves_out_the_entries_of_earlier_days_and_still_verifies_all(recorded: Office) -> None:
    assert (await recorded.told("audit", "journal", "--since", str(today())))["ledger"]
    later = await recorded.told("audit", "journal", "--since", str(today() + timedelta(days=1)))
    assert (later["ledger"], later["next"]) == ([], None)
    assert sum(one["entry_count"] for one in later["logs"]) >= 5
    for far in ("0001-01-01", "9999-12-31"):
        await recorded.told("audit", "journal", "--since", far)


async def test_nobody_but_hr_and_the_operator_reads_it(recorded: Office) -> None:
    for person in (MORI, MANAGER, "E99"):
        assert WRITTEN not in await recorded.refused("audit", "journal", "--as", person)
    assert WRITTEN in await recorded.done("audit", "journal", "--as", HR)


@pytest.mark.parametrize(
    ("change", "reason", "listed"),
    [
        ("UPDATE journal SET actor = 'E99' WHERE log = 'hearings' AND seq = 2", "content", 2),
        ("""UPDATE journal SET body = '["<"]', texts = '[]' WHERE log = 'hearings' AND seq = 2""", "content", 2),
        ("UPDATE journal SET at = '20000-01-01' WHERE log = 'hearings' AND seq = 2", "content", 1),
        ("DELETE FROM journal WHERE log = 'hearings' AND seq = 2", "gap", 1),
    ],
)
async def test_an_altered_entry_is_told_and_the_rest_is_shown(
    recorded: Office, change: str, reason: str, listed: int
) -> None:
    where = "log = 'hearings' AND seq = 2"
    off, on = "ALTER TABLE journal DISABLE TRIGGER USER", "ALTER TABLE journal ENABLE TRIGGER USER"
    await recorded.alter(f"CREATE TABLE kept AS SELECT * FROM journal WHERE {where}", off, change)  # noqa: S608 - the test's own words
    shown = [await recorded.type("audit", "journal", "--log", "hearings", *more) for more in ((), ("--json",))]
    await recorded.alter(
        f"DELETE FROM journal WHERE {where}",  # noqa: S608 - as above
        "INSERT INTO journal SELECT * FROM kept", "DROP TABLE kept", on,
    )  # fmt: skip
    assert [one.exit_code for one in shown] == [1, 1]
    assert f"hearings: the chain breaks at entry 2 ({reason})" in shown[0].stderr
    assert WRITTEN in shown[0].stdout
    told = json.loads(shown[1].stdout)
    assert told["logs"][0]["broken"] == {"seq": 2, "reason": reason}
    assert len(told["ledger"]) == listed
    assert (await recorded.told("audit", "journal"))["logs"][2]["holds"]


async def test_hr_erases_the_texts_of_an_entry_and_the_journal_says_so(recorded: Office) -> None:
    erase = ("audit", "erase", "hearings", "1", "--reason", "本人の請求による")
    assert "may not" in await recorded.refused(*erase, "--as", MORI)
    assert "no entry 9" in await recorded.refused("audit", "erase", "hearings", "9", "--as", HR, "--reason", "x")
    assert await recorded.told(*erase, "--as", HR) == {"log": "hearings", "erased": [1]}
    assert await recorded.told(*erase, "--as", HR) == {"log": "hearings", "erased": []}
    shown = await recorded.done("audit", "journal", "--log", "hearings", MEGURI_LOCALE="ja")
    assert WRITTEN not in shown
    assert "[消去済み / erased]" in shown
    assert re.search(rf"3 .*西村 直美 \({HR}\) +文章の消去 .*対象の記録 1; 理由 本人の請求による", shown)
    assert "3 件の記録のハッシュチェーンは整合しています" in shown
