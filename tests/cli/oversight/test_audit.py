"""`meguri inbox` and `meguri audit`."""

import hashlib
import json
import re
from typing import Any

import pytest

from tests.cli.office import HARA, HR, MANAGER, MORI, ONO, TOP, Office, goal_file

GOAL = f"q4/{MORI}/1"


@pytest.fixture(scope="module")
async def worked_on(office: Office) -> str:
    """A goal with several ledger entries."""
    await office.at_work(GOAL, MORI)
    await office.done("goal", "step", GOAL, "1", "--as", MORI, "--evidence", "一覧を共有した")
    return GOAL


async def test_the_inbox_names_what_waits_and_the_command_that_answers_it(office: Office, worked_on: str) -> None:
    goal = f"q4/{HARA}/1"
    await office.done("goal", "submit", goal, office.file("hara.toml", goal_file()), "--as", HARA)
    waiting = {one["goal"]: one for one in (await office.told("inbox", MANAGER))["waiting"]}
    assert waiting[goal]["command"] == f"meguri goal approve {goal} --seen 3 --as {MANAGER}"
    assert waiting[f"q4/{MANAGER}/1"]["command"] == f"meguri goal submit q4/{MANAGER}/1 FILE --as {MANAGER}"
    (own,) = (await office.told("inbox", MORI))["waiting"]
    assert (own["task"]["kind"], own["overdue"], own["command"]) == (
        "step",
        False,
        f"meguri goal step {GOAL} 2 --as {MORI}",
    )
    shown = await office.done("inbox", MANAGER, MEGURI_LOCALE="ja")
    assert f"承認  {goal} 原田 修 (E11)  月次決算の早期化" in shown
    await office.done(*waiting[goal]["command"].split()[1:])
    assert goal not in [one["goal"] for one in (await office.told("inbox", MANAGER))["waiting"]]


async def test_what_is_overdue_is_marked(office: Office) -> None:
    await office.alter(f"UPDATE goal SET due_at = '2020-01-06T09:00Z' WHERE id = 'q4/{ONO}/1'")  # noqa: S608 - the test's own words
    assert (await office.told("inbox", ONO))["waiting"][0]["overdue"] is True
    assert "2020-01-06 18:00 JST OVERDUE" in await office.done("inbox", ONO)
    assert "2020-01-06 18:00 JST 期限超過" in await office.done("goal", "list", "--owner", ONO, MEGURI_LOCALE="ja")


async def test_a_returned_draft_is_in_the_inbox_with_who_returned_it_and_what_to_change(office: Office) -> None:
    goal = f"q4/{TOP}/1"
    await office.done("goal", "submit", goal, office.file("top.toml", goal_file()), "--as", TOP)
    (asked,) = [one for one in (await office.told("inbox", HR))["waiting"] if one["goal"] == goal]
    assert asked["returned"] is None
    await office.done("goal", "return", goal, "--as", HR, "--comment", "基準値の出典を書いてください")
    (waiting,) = (await office.told("inbox", TOP))["waiting"]
    assert waiting["returned"] == {
        "actor": HR, "actor_name": "西村 直美", "comment": "基準値の出典を書いてください",
    }  # fmt: skip
    shown = await office.done("inbox", TOP, MEGURI_LOCALE="ja")
    assert "差し戻し(西村 直美 (E2)): 基準値の出典を書いてください" in shown
    await office.done("goal", "submit", goal, "--as", TOP)
    await office.done("goal", "recall", goal, "--as", TOP)
    (again,) = (await office.told("inbox", TOP))["waiting"]
    assert again["returned"] is None, "it was submitted again since"


async def test_a_paused_goal_is_shown_as_paused_and_never_as_overdue(office: Office) -> None:
    goal = f"q4/{HARA}/1"
    await office.done("cycle", "pause", "q4", "--person", HARA, "--as", HR, "--reason", "育児休業")
    await office.alter(f"UPDATE goal SET due_at = '2020-01-06T09:00Z' WHERE id = '{goal}'")  # noqa: S608 - the test's own words
    before = (await office.told("cycle", "status", "q4"))["overdue_count"]
    (waiting,) = [one for one in (await office.told("inbox", HARA))["waiting"] if one["goal"] == goal]
    assert (waiting["paused"], waiting["overdue"], waiting["command"]) == (True, False, None)
    for words in (("inbox", HARA), ("goal", "list", "--owner", HARA), ("goal", "show", goal), ("people", "show", HARA)):
        shown = await office.done(*words, MEGURI_LOCALE="ja")
        assert "一時停止中" in shown, words
        assert "期限超過" not in shown, words
    assert "育児休業" in await office.done("goal", "show", goal)
    assert "paused: 1" in await office.done("cycle", "status", "q4")
    await office.done("cycle", "resume", "q4", "--person", HARA, "--as", HR, "--reason", "復職")
    await office.alter(f"UPDATE goal SET due_at = '2020-01-06T09:00Z' WHERE id = '{goal}'")  # noqa: S608 - the test's own words
    assert (await office.told("cycle", "status", "q4"))["overdue_count"] == before + 1


async def test_who_joined_by_escalation_is_not_told_to_do_the_owners_work(office: Office) -> None:
    await office.alter(f"UPDATE goal SET assignees = '{{{ONO},{TOP}}}' WHERE id = 'q4/{ONO}/1'")  # noqa: S608 - the test's own words
    waiting = {one["goal"]: one["command"] for one in (await office.told("inbox", TOP))["waiting"]}
    assert waiting[f"q4/{ONO}/1"] == f"meguri goal comment q4/{ONO}/1 --as {TOP} --text TEXT"


async def test_the_inbox_of_nobody_is_refused(office: Office) -> None:
    assert "no employee with the id E99 was found" in await office.refused("inbox", "E99")


async def test_the_ledger_is_shown_with_the_proof_that_it_holds(office: Office, worked_on: str) -> None:
    shown = await office.done("audit", "show", worked_on)
    lines = shown.splitlines()
    assert lines[-1] == "the chain of 5 entries holds, and the goal as shown is what they make"
    assert re.search(r"step completed +step 1; points 20; evidence 一覧を共有した +[0-9a-f]{12}", shown)
    assert re.search(
        r" 4 +1 +\d{4}-\d\d-\d\d \d\d:\d\d JST +清水 幸恵 \(E3\) +approved +version seen 3; stage 1", shown
    )
    told = await office.told("audit", "show", worked_on)
    assert (told["holds"], told["broken"], told["differs"]) == (True, None, [])
    assert [line["kind"] for line in told["ledger"]][1:] == ["revised", "submitted", "approved", "step_completed"]
    assert all(
        after["prev_hash"] == one["hash"] for one, after in zip(told["ledger"], told["ledger"][1:], strict=False)
    )


@pytest.mark.parametrize(
    ("alter", "mend", "broken"),
    [
        ("actor = 'E12'", "actor = 'E10'", (3, "content")),
        ("at = at + interval '1 day'", "at = at - interval '1 day'", (3, "content")),
        ("recorded_at = recorded_at - interval '1 hour'", "recorded_at = recorded_at + interval '1 hour'", (3, "time")),
        ("hash = 'f' || hash", "hash = substr(hash, 2)", (3, "content")),
        ("prev_hash = 'f' || prev_hash", "prev_hash = substr(prev_hash, 2)", (3, "link")),
        ('body = body || \'{"kind": "?"}\'', 'body = body || \'{"kind": "submitted"}\'', (3, "content")),
        ("seq = 99", "seq = 3", (3, "gap")),
    ],
)
async def test_a_ledger_that_was_altered_is_told_with_the_place(
    office: Office, worked_on: str, alter: str, mend: str, broken: tuple[int, str]
) -> None:
    where = f"goal_id = '{worked_on}' AND kind = 'submitted'"
    await office.alter(f"UPDATE goal_event SET {alter} WHERE {where}")  # noqa: S608 - the test's own words
    result = await office.type("audit", "show", worked_on, "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert (told["holds"], told["broken"]) == (False, {"seq": broken[0], "reason": broken[1]})
    assert "the chain breaks at entry {} ({})".format(*broken) in (await office.type("audit", "show", worked_on)).stderr
    await office.alter(f"UPDATE goal_event SET {mend} WHERE {where}")  # noqa: S608 - the test's own words
    assert (await office.told("audit", "show", worked_on))["holds"]


async def test_an_entry_that_is_called_something_else_by_its_column_is_told_and_shown_as_what_it_is(
    office: Office, worked_on: str
) -> None:
    """No hash covers the column `kind`: the screens take the kind from the hashed form, and the proof compares the two."""
    where = f"goal_id = '{worked_on}' AND seq = 3"
    await office.alter(f"UPDATE goal_event SET kind = 'approved' WHERE {where}")  # noqa: S608 - the test's own words
    result = await office.type("audit", "show", worked_on, "--json")
    told = json.loads(result.stdout)
    shown = await office.type("audit", "show", worked_on)
    page = await office.done("goal", "show", worked_on)
    await office.alter(f"UPDATE goal_event SET kind = 'submitted' WHERE {where}")  # noqa: S608 - the test's own words
    assert (result.exit_code, told["holds"], told["broken"]) == (1, False, {"seq": 3, "reason": "kind"})
    assert told["ledger"][2]["kind"] == "submitted"
    assert "the chain breaks at entry 3 (kind)" in shown.stderr
    for text in (shown.stdout, page):
        assert re.search(r"^ *3 .* submitted", text, re.MULTILINE)
    assert (await office.told("audit", "show", worked_on))["holds"]


_TEXT = "'{/evidence,text}'"
_SALT = "'{/evidence,salt}'"


@pytest.mark.parametrize(
    ("alter", "reason"),
    [
        (f"texts = jsonb_set(texts, {_TEXT}, '\"承認した\"')", "text"),
        (f"texts = jsonb_set(texts, {_SALT}, '\"{'0' * 32}\"')", "text"),
        ("texts = NULL", "text"),
        ("texts = texts || jsonb_build_object('/more', texts -> '/evidence')", "text"),
        ("body = jsonb_set(body, '{evidence,sha256}', to_jsonb(repeat('0', 64)))", "content"),
        ('body = body || \'{"evidence": "承認した"}\', texts = NULL', "content"),
    ],
)
async def test_a_text_that_was_altered_is_told_with_the_place(
    office: Office, worked_on: str, alter: str, reason: str
) -> None:
    where = f"goal_id = '{worked_on}' AND seq = 5"
    await office.alter(f"CREATE TABLE kept AS SELECT body, texts FROM goal_event WHERE {where}")  # noqa: S608 - the test's own words
    await office.alter(f"UPDATE goal_event SET {alter} WHERE {where}")  # noqa: S608 - the test's own words
    result = await office.type("audit", "show", worked_on, "--json")
    await office.alter(
        f"UPDATE goal_event SET body = kept.body, texts = kept.texts FROM kept WHERE {where}",  # noqa: S608 - as above
        "DROP TABLE kept",
    )
    told = json.loads(result.stdout)
    assert (result.exit_code, told["broken"]) == (1, {"seq": 5, "reason": reason})
    assert (await office.told("audit", "show", worked_on))["holds"]


@pytest.mark.parametrize(
    ("alter", "reason"),
    [
        ("texts = '[]'", "text"),
        ("texts = '{\"/evidence\": {}}'", "text"),
        ('texts = \'{"/evidence": "x"}\'', "text"),
        ('texts = \'{"/evidence": {"salt": 1, "text": null}}\'', "text"),
        ("body = '[]'", "content"),
        ("body = '{}'", "content"),
        ("body = '{\"kind\": []}'", "content"),
        ("body = body || '{\"n\": 1e5000}'", "content"),
        ("at = 'infinity'", "content"),
        ("at = '20000-01-01'", "content"),
        ("recorded_at = 'infinity'", "content"),
        ("recorded_at = '20000-01-01'", "content"),
        ("hash = ''", "content"),
        ("recorded_hash = ''", "time"),
    ],
)
async def test_a_cell_that_has_no_form_is_told_as_a_break_and_does_not_end_the_command(
    office: Office, worked_on: str, alter: str, reason: str
) -> None:
    where = f"goal_id = '{worked_on}' AND seq = 5"
    await office.alter(
        "ALTER TABLE goal_event DROP CONSTRAINT IF EXISTS goal_event_salted",
        f"CREATE TABLE kept AS SELECT * FROM goal_event WHERE {where}",  # noqa: S608 - the test's own words
        f"UPDATE goal_event SET {alter} WHERE {where}",  # noqa: S608 - as above
    )
    results = [await office.type("audit", "show", worked_on, *more) for more in ((), ("--json",))]
    others = [(await office.type("goal", "show", worked_on)).exit_code] if reason == "text" else []
    await office.alter(
        f"DELETE FROM goal_event WHERE {where}",  # noqa: S608 - as above
        "INSERT INTO goal_event SELECT * FROM kept",
        "UPDATE goal_event SET recorded_hash = kept.recorded_hash FROM kept WHERE kept.seq = goal_event.seq"
        " AND kept.goal_id = goal_event.goal_id",
        "DROP TABLE kept",
    )
    assert [one.exit_code for one in results] + others == [1, 1] + [0] * len(others)
    assert f"the chain breaks at entry 5 ({reason})" in results[0].stderr
    assert json.loads(results[1].stdout)["broken"] == {"seq": 5, "reason": reason}
    assert (await office.told("audit", "show", worked_on))["holds"]


async def test_another_program_can_verify_the_ledger_from_what_audit_prints(office: Office, worked_on: str) -> None:
    """With sha256 and JSON alone: the chain from the hashed form, each text with its salt from its commitment."""
    told = await office.told("audit", "show", worked_on)
    before = hashlib.sha256(worked_on.encode()).hexdigest()
    texts = 0
    for entry in told["ledger"]:
        names = ("seq", "revision", "at", "actor", "acting_for", "command")
        event = {name: entry[name] for name in names if name in entry} | {"body": entry["hashed_body"]}
        form = json.dumps(event, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        before = hashlib.sha256(before.encode() + form.encode()).hexdigest()
        assert entry["hash"] == before
        for place, salt in entry.get("salts", {}).items():
            text, committed = (_at(entry[body], place) for body in ("body", "hashed_body"))
            assert committed == {"sha256": hashlib.sha256(f"{salt}{text}".encode()).hexdigest()}
            texts += 1
    assert texts > 10


def _at(body: Any, place: str) -> Any:
    for key in place.split("/")[1:]:
        body = body[int(key)] if isinstance(body, list) else body[key]
    return body


@pytest.mark.parametrize(
    ("alter", "mend", "differs"),
    [
        ("score = score + 1", "score = score - 1", ["score"]),
        ("state = 'closed'", "state = 'active'", ["state"]),
        ("head = 'f' || head", "head = substr(head, 2)", ["head"]),
        ("progress = progress + 1", "progress = progress - 1", ["progress"]),
        ("updated_at = updated_at + interval '1 day'", "updated_at = updated_at - interval '1 day'", ["updated_at"]),
        ("aggregate = aggregate || '{\"bonus\": 7}'", "aggregate = aggregate || '{\"bonus\": 0}'", ["bonus"]),
        ('aggregate = aggregate || \'{"seq": "x"}\'', "aggregate = aggregate || '{\"seq\": 5}'", ["aggregate"]),
    ],
)
async def test_a_goal_that_shows_another_thing_than_its_ledger_is_told(
    office: Office, worked_on: str, alter: str, mend: str, differs: list[str]
) -> None:
    await office.alter(f"UPDATE goal SET {alter} WHERE id = '{worked_on}'")  # noqa: S608 - the test's own words
    result = await office.type("audit", "show", worked_on)
    assert (result.exit_code, result.stderr) == (
        1, f"the goal as shown is not what its ledger makes; they differ in: {', '.join(differs)}\n",
    )  # fmt: skip
    await office.alter(f"UPDATE goal SET {mend} WHERE id = '{worked_on}'")  # noqa: S608 - the test's own words
    assert (await office.told("audit", "show", worked_on))["holds"]


async def test_rules_that_were_altered_behind_the_ledger_are_told(office: Office, worked_on: str) -> None:
    await office.alter("UPDATE cycle SET policy = jsonb_set(policy, '{max_bonus}', '999') WHERE id = 'q4'")
    result = await office.type("audit", "show", worked_on, "--json")
    await office.alter("UPDATE cycle SET policy = jsonb_set(policy, '{max_bonus}', '20') WHERE id = 'q4'")
    shown = json.loads(result.stdout)
    assert (result.exit_code, shown["holds"], shown["differs"]) == (1, False, ["policy"])
    assert (await office.told("audit", "show", worked_on))["holds"] is True
