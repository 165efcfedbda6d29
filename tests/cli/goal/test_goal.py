"""`meguri goal`: its output, its refusals, and that a refusal changes nothing."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.goal import giving
from tests.cli.office import HARA, HR, MANAGER, MORI, ONO, TOP, Office, goal_file, today
from tests.working_days import JAPAN

MORIS, HARAS, ONOS = (f"q4/{owner}/1" for owner in (MORI, HARA, ONO))


async def seq_of(office: Office, goal: str) -> int:
    return int((await office.told("goal", "show", goal))["seq"])


@pytest.fixture
async def submitted(office: Office) -> str:
    """Mori's goal, waiting for approval, independent of the tests before."""
    if (await office.told("goal", "show", MORIS))["state"] == "pending_approval":
        await office.done("goal", "recall", MORIS, "--as", MORI)
    await office.done("goal", "submit", MORIS, office.file("mori.toml", goal_file()), "--as", MORI)
    return MORIS


async def test_a_stale_approval_is_refused_and_changes_nothing(office: Office, submitted: str) -> None:
    seen = await seq_of(office, submitted)
    await office.done("goal", "recall", submitted, "--as", MORI)
    await office.done("goal", "submit", submitted, "--as", MORI)
    before = await seq_of(office, submitted)
    said = await office.refused("goal", "approve", submitted, "--as", MANAGER, "--seen", str(seen))
    assert "recalled" in said
    assert await seq_of(office, submitted) == before


@pytest.mark.parametrize(
    ("who", "why"), [(MORI, "your own goal"), (HARA, f"清水 幸恵 ({MANAGER}) may"), (HR, f"清水 幸恵 ({MANAGER}) may")]
)
async def test_who_may_not_approve_is_told_why(office: Office, submitted: str, who: str, why: str) -> None:
    before = await seq_of(office, submitted)
    assert why in await office.refused("goal", "approve", submitted, "--as", who, "--seen", str(before))
    assert await seq_of(office, submitted) == before


async def test_of_several_goals_each_has_its_own_result(office: Office, submitted: str) -> None:
    seen = ("--seen", "1", "--seen", str(await seq_of(office, submitted)), "--seen", "1")
    result = await office.type("goal", "approve", ONOS, submitted, "q4/nobody/1", "--as", MANAGER, "--json", *seen)
    assert result.exit_code == 1
    first, second, third = json.loads(result.stdout)["results"]
    assert (first["goal"], first["error"]["code"]) == (ONOS, "wrong_state")
    assert (second["goal"], second["state"]) == (submitted, "active")
    assert third["error"]["code"] == "unknown_goal"
    assert f"{ONOS}: the goal is “draft”" in result.stderr


async def test_an_approval_without_a_number_shows_what_it_is_about_and_asks(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(giving, "can_ask", lambda _: True)
    await office.done("goal", "submit", HARAS, office.file("hara.toml", goal_file()), "--as", HARA)
    seq = await seq_of(office, HARAS)
    declined = await office.answered("", "goal", "approve", HARAS, "--as", MANAGER)
    assert (declined.exit_code, declined.stderr) == (1, f"{HARAS}: nothing was done\n")
    assert await seq_of(office, HARAS) == seq
    shown = (await office.answered("y", "goal", "approve", HARAS, "--as", MANAGER)).stdout
    first, second = today() + timedelta(days=20), today() + timedelta(days=60)
    for part in (
        f"{HARAS}  number {seq}: 月次決算の早期化", "原田 修 (E11)", "weight  100 %", "月次決算の所要日数: 10 -> 6 日",
        "1: 手順を洗い出す (", "2: 手順書で 1 回締める (", str(first), str(second), "20 points", f"Approve {HARAS} as shown? [y/N]",
        f"{HARAS}: active (revision 1, number {seq + 1}", f"{JAPAN.next_working_day(first)} 18:00 JST",
    ):  # fmt: skip
        assert part in shown


async def test_without_a_terminal_a_decision_needs_the_number_that_was_seen(office: Office) -> None:
    for words in (("goal", "approve", HARAS), ("goal", "review", "decide", HARAS, "continue")):
        before = await seq_of(office, HARAS)
        assert "--seen" in await office.refused(*words, "--as", MANAGER, code=2)
        assert await seq_of(office, HARAS) == before


async def test_a_verdict_without_a_number_shows_the_goal_and_asks(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(giving, "can_ask", lambda _: True)
    await office.done("goal", "review", "call", HARAS, "--as", HARA, "--reason", "相談")
    await office.done("goal", "review", "self", HARAS, "--as", HARA, "--went-well", "手順が揃った")
    seq = await seq_of(office, HARAS)
    decide = ("goal", "review", "decide", HARAS, "continue", "--as", MANAGER)
    declined = await office.answered("", *decide)
    assert (declined.exit_code, declined.stderr) == (1, f"{HARAS}: nothing was done\n")
    assert await seq_of(office, HARAS) == seq
    shown = (await office.answered("y", *decide)).stdout
    for part in (f"{HARAS}  number {seq}:", "10 -> 6 日", "weight  100 %", "1: 手順を洗い出す (", f"number {seq + 1}"):
        assert part in shown


async def test_one_number_cannot_be_what_was_seen_of_two_goals(office: Office) -> None:
    said = await office.refused("goal", "approve", MORIS, HARAS, "--as", MANAGER, "--seen", "3", code=2)
    assert "one --seen for each goal" in said


async def test_a_command_with_its_own_id_is_done_once(office: Office) -> None:
    goal = f"q4/{TOP}/1"
    again = ("goal", "comment", goal, "--as", TOP, "--text", "一度だけ", "--id", "click-1")
    first, second = await office.told(*again), await office.told(*again)
    assert first["command_id"] == "click-1"
    assert first["seq"] == second["seq"] == await seq_of(office, goal)


async def test_an_id_that_was_used_for_another_command_or_content_is_refused(office: Office) -> None:
    comment = ("goal", "comment", f"q4/{TOP}/1", "--as", TOP, "--id", "click-4", "--text")
    await office.done(*comment, "一つ目")
    assert "click-4" in await office.refused(*comment, "二つ目")
    assert "click-4" in await office.refused("goal", "submit", f"q4/{TOP}/1", "--as", TOP, "--id", "click-4")


async def test_the_command_that_ended_a_goal_is_answered_again_after_its_answer_was_lost(office: Office) -> None:
    goal = f"q4/{MANAGER}/1"
    again = ("goal", "withdraw", goal, "--as", MANAGER, "--reason", "組織変更", "--id", "click-2")
    first, second = await office.told(*again), await office.told(*again)
    assert first == second
    assert "the goal is “closed”" in await office.refused(*again[:-1], "click-3")


@pytest.mark.parametrize(
    ("locale", "words", "places"),
    [
        ("en", "write the goal's theme", ["theme", "measure", "steps"]),
        ("ja", "目標のテーマを書いてください", ["テーマ", "指標", "ステップ"]),
    ],
)
async def test_a_draft_that_is_not_ready_is_told_point_by_point_in_the_readers_language(
    office: Office, locale: str, words: str, places: list[str]
) -> None:
    said = await office.refused("goal", "submit", ONOS, "--as", ONO, MEGURI_LOCALE=locale)
    assert [line.split(":")[0] for line in said.splitlines()[1:]] == places
    assert words in said


async def test_unknown_goals_are_refused_by_reads_and_commands(office: Office) -> None:
    for command in (("show",), ("recall", "--as", MORI), ("comment", "--as", MORI, "--text", "x")):
        said = await office.refused("goal", command[0], "q4/nobody/1", *command[1:])
        assert said == "goal q4/nobody/1 was not found; see `meguri goal list`\n"
    assert "was not found" in await office.refused("goal", "recall", "x" * 5000, "--as", MORI)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (goal_file(more='titel = "x"'), "titel: unknown key; did you mean title?"),
        (goal_file(target="nan"), "target: give a number"),
        (goal_file(target="inf"), "target: give a number"),
        (goal_file(target="true"), "target: give a number"),
        ('theme = "x"\nweight = 3 4\n', "line 2: this is not readable as TOML"),
        ('{"theme": "x"', "file: this is not readable as JSON"),
        (f'theme = "{"長" * 201}"', "theme: give at most 200 characters"),
        ('theme = "\\u0000"', "theme: character 1 is the invisible control character U+0000"),
    ],
)
async def test_a_file_that_is_no_goal_is_refused_with_the_place_and_changes_nothing(
    office: Office, text: str, words: str
) -> None:
    before = await seq_of(office, ONOS)
    said = await office.refused("goal", "revise", ONOS, office.file("bad.toml", text), "--as", ONO)
    assert words in said
    assert await seq_of(office, ONOS) == before


async def test_a_text_of_a_megabyte_is_refused_and_not_read(office: Office) -> None:
    file = office.file("long.toml", f'challenge = "{"x" * 1_000_001}"')
    before = await seq_of(office, ONOS)
    said = await office.refused("goal", "revise", ONOS, file, "--as", ONO)
    assert "larger than 1 MB" in said
    said = await office.refused("goal", "comment", ONOS, "--as", ONO, "--text", "x" * 1_000_001)
    assert "at most 4000 characters" in said
    assert len(said) < 200
    assert await seq_of(office, ONOS) == before


async def test_a_file_without_an_end_is_not_read_to_its_end(office: Office) -> None:
    assert "larger than 1 MB" in await office.refused("goal", "revise", ONOS, "/dev/zero", "--as", ONO)


@pytest.mark.parametrize(("name", "words"), [("", "this is a folder"), ("absent.toml", "there is no such file")])
async def test_a_path_that_leads_to_no_file_is_a_wrong_command_line(office: Office, name: str, words: str) -> None:
    said = await office.refused("goal", "revise", ONOS, office.folder / name, "--as", ONO, code=2)
    assert words in said


@pytest.mark.parametrize("words", [("--value", "NaN"), ("--value", "Infinity"), ("--value", "1e400"), ("--met", "a")])
async def test_what_is_no_number_is_refused(office: Office, words: tuple[str, str]) -> None:
    assert "not valid" in await office.refused("goal", "progress", HARAS, *words, "--as", HARA)


@pytest.mark.parametrize("words", [(), ("--value", "1", "--met", "0")])
async def test_progress_is_one_of_two_things(office: Office, words: tuple[str, ...]) -> None:
    said = await office.refused("goal", "progress", HARAS, *words, "--as", HARA, code=2)
    assert "--value or --met" in said


async def test_an_exact_number_in_a_file_stays_exact(office: Office) -> None:
    await office.done("goal", "revise", ONOS, office.file("ono.toml", goal_file(target="6.1")), "--as", ONO)
    assert (await office.told("goal", "show", ONOS))["content"]["measure"]["target"] == "6.1"


async def test_of_two_people_who_write_from_the_same_version_the_second_is_refused(office: Office) -> None:
    theirs, mine = office.file("hr.toml", goal_file(target="5")), office.file("ono.toml", goal_file(target="4"))
    seen = str(await seq_of(office, ONOS))
    await office.done("goal", "revise", ONOS, theirs, "--as", HR, "--seen", seen)
    for command in ("revise", "submit"):
        said = await office.refused("goal", command, ONOS, mine, "--as", ONO, "--seen", seen)
        assert f"the goal has changed since version {seen}" in said
    shown = await office.told("goal", "show", ONOS)
    assert (shown["state"], shown["content"]["measure"]["target"]) == ("draft", "5")


async def test_a_file_that_was_written_from_an_older_version_of_its_goal_is_refused_without_being_asked(
    office: Office,
) -> None:
    printed = await office.done("goal", "draft", ONOS)
    theirs, mine = office.file("first.toml", printed), office.file("second.toml", printed + "\n# 書き足した\n")
    await office.done("goal", "revise", ONOS, office.file("hr2.toml", goal_file(target="6")), "--as", HR)
    for command, file in (("revise", theirs), ("submit", mine)):
        assert "the goal has changed since version" in await office.refused("goal", command, ONOS, file, "--as", ONO)
    assert (await office.told("goal", "show", ONOS))["content"]["measure"]["target"] == "6"
    fresh = office.file("fresh.toml", await office.done("goal", "draft", ONOS))
    await office.done("goal", "revise", ONOS, fresh, "--as", ONO)
    number = await seq_of(office, ONOS)
    await office.done("goal", "revise", ONOS, theirs, "--as", ONO, "--seen", str(number))


async def test_a_file_that_was_written_from_one_goal_can_be_taken_for_another(office: Office) -> None:
    goal = f"q4/{ONO}/1"
    other = office.file("other.toml", f'goal = "q4/{HR}/1"\nseen = 99\n' + goal_file(target="4"))
    await office.done("goal", "revise", goal, other, "--as", ONO)


async def test_a_goal_is_shown_with_what_its_score_is_made_of(office: Office) -> None:
    goal = f"q4/{HR}/1"
    await office.done("goal", "submit", goal, office.file("hr.toml", goal_file()), "--as", HR)
    await office.approve(goal, TOP)
    await office.done("goal", "step", goal, "1", "--as", HR)
    reported = await office.done("goal", "progress", goal, "--value", "8", "--as", HR)
    assert "月次決算の所要日数: 10 -> 6 日, now 8 (reached 50 %, confirmed 0 %)" in reported
    again = await office.done("goal", "progress", goal, "--value", "8", "--as", HR, MEGURI_LOCALE="ja")
    assert "6 日" in again
    assert "到達 50 %" in again
    shown = await office.done("goal", "show", goal)
    assert "score   20.00 = banked 0 + steps 20 + measure 0.00 + bonus 0" in shown
    assert "10 -> 6 日, now 8 (reached 50 %, confirmed 0 %)" in shown
    assert "waits   for step by 西村 直美 (E2), due " in shown
    assert [line.split()[:2] for line in shown.splitlines() if line[:2] in ("1:", "2:")] == [["1:", "[x]"], ["2:", "["]]
    terms = (await office.told("goal", "show", goal))["score_terms"]
    assert terms == {"banked": "0", "steps": "20", "measure": "0.00", "bonus": "0"}


async def test_steps_and_criteria_are_counted_from_one_when_they_are_reported_and_taken_back(office: Office) -> None:
    goal = f"q4/{TOP}/1"
    picture = 'kind = "qualitative"\nname = "姿"\nsuccess_image = "締めの担当者が誰でも、手順書だけで月次決算を一日で終えられる"\ncriteria = ["甲", "乙", "丙"]\n'
    text = re.sub(r"(?s)kind = .*?(?=\n\[\[steps)", picture, goal_file(), count=1)
    await office.done("goal", "submit", goal, office.file("top.toml", text), "--as", TOP)
    await office.approve(goal, HR)
    await office.done("goal", "progress", goal, "--met", "1,3", "--as", TOP)
    await office.done("goal", "step", goal, "2", "--as", TOP)
    shown = [line.split()[:2] for line in (await office.done("goal", "show", goal)).splitlines()]
    assert [one for one in shown if one[:1] in (["1:"], ["2:"], ["3:"])] == [
        ["1:", "[x]"], ["2:", "["], ["3:", "[x]"], ["1:", "["], ["2:", "[x]"],
    ]  # fmt: skip
    assert "step 1" in await office.refused("goal", "undo", goal, "1", "--as", TOP, "--reason", "押し間違い")
    await office.done("goal", "undo", goal, "2", "--as", TOP, "--reason", "押し間違い")
    await office.done("goal", "undo", goal, "--as", TOP, "--reason", "押し間違い")
    assert "[x]" not in await office.done("goal", "show", goal)
    assert "step 3" in await office.refused("goal", "step", goal, "3", "--as", TOP)


async def test_lists_are_filtered_and_turned_page_by_page(office: Office) -> None:
    everybody = [one["goal"] for one in (await office.told("goal", "list", "--cycle", "q4"))["goals"]]
    paged: list[str] = []
    after = ""
    while after is not None:
        page: Any = await office.told("goal", "list", "--cycle", "q4", "--limit", "4", "--after", after)
        paged += [one["goal"] for one in page["goals"]]
        after = page["next"]
    assert paged == everybody == sorted(everybody)
    assert [one["goal"] for one in (await office.told("goal", "list", "--owner", MORI))["goals"]] == [MORIS]
    assert (await office.told("goal", "list", "--department", "人事部"))["goals"][0]["owner_name"] == "西村 直美"
    states = {one["state"] for one in (await office.told("goal", "list", "--state", "draft"))["goals"]}
    assert states <= {"draft"}
    assert await office.done("goal", "list", "--department", "無い部") == "no goals match\n"


@pytest.mark.parametrize(
    ("words", "why"),
    [(("--owner", "E99"), "no employee with the id E99 was found"), (("--cycle", "q9"), "cycle q9 was not found")],
)
async def test_a_list_of_what_does_not_exist_is_refused(office: Office, words: tuple[str, str], why: str) -> None:
    assert why in await office.refused("goal", "list", *words)


async def test_what_a_person_wrote_cannot_steer_the_terminal(office: Office, tmp_path: Path) -> None:
    comment = ("goal", "comment", f"q4/{TOP}/1", "--as", TOP, "--text")
    for wrong in ("a\x1b[2Jb", "a\u202eb"):
        assert "invisible control character" in await office.refused(*comment, wrong, code=2)
    await office.done(*comment, "a\tb\r\nc")
    for screen in (("goal", "show"), ("audit", "show")):
        shown = await office.done(*screen, f"q4/{TOP}/1")
        assert "a b c" in shown
        assert not {"\x1b", "\u202e", "\r"} & set(shown)


async def test_a_refusal_is_one_document_to_a_program_and_a_sentence_to_a_person(office: Office) -> None:
    result = await office.type("goal", "show", "q4/nobody/1", "--json", MEGURI_LOCALE="ja")
    assert result.exit_code == 1
    error = json.loads(result.stdout)["error"]
    assert error["code"] == "unknown_goal"
    assert error["message"] == result.stderr.strip()
    assert "目標「q4/nobody/1」は見つかりません" in error["message"]
