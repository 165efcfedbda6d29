"""Help with writing a goal, at the terminal: catalogue, hearing, draft, check, score, review form, tree, scores, examples."""

import tomllib
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from cli.goal import giving
from domain.locale import Locale
from tests.cli.office import HARA, HR, MANAGER, MORI, ONO, TOP, Office, goal_file, today
from tests.working_days import JAPAN
from texts.dates import day_text

MORIS, HARAS, ONOS = (f"q4/{owner}/1" for owner in (MORI, HARA, ONO))


# --- catalogue -------------------------------------------------------------------------------------------------------


async def test_the_catalogue_lists_a_departments_measures_in_the_readers_language(bare_office: Office) -> None:
    listed = await bare_office.done("catalog", "経理部", MEGURI_LOCALE="ja")
    assert "accounting/closing-days" in listed
    assert "清算完了までの平均日数" in listed
    assert "common/errors" in listed
    assert "hr/hires" not in listed
    assert "average days until settlement" in await bare_office.done("catalog", "accounting")
    found = await bare_office.told("catalog", "--search", "離職")
    assert [one["entry"] for one in found["entries"]] == ["hr/early-turnover"]
    assert "no entries match" in await bare_office.done("catalog", "--search", "宇宙")


async def test_an_entry_is_shown_whole(bare_office: Office) -> None:
    shown = await bare_office.done("catalog", "accounting/manuals", MEGURI_LOCALE="ja")
    for part in (
        "手順の文書化",
        "分かること",
        "数え方",
        "達成時の姿",
        "基準",
        "85 % の頃",
        "--catalog accounting/manuals",
    ):
        assert part in shown
    assert (await bare_office.told("catalog", "finance/roe"))["unit"] == {"ja": "%", "en": "%"}


@pytest.mark.parametrize(
    ("what", "said"),
    [("魔法部", "the departments are hr (人事)"), ("accounting/closing", "did you mean accounting/closing-days?")],
)
async def test_what_the_catalogue_does_not_have_is_refused_with_what_comes_near(
    bare_office: Office, what: str, said: str
) -> None:
    assert said in await bare_office.refused("catalog", what)


# --- draft, check, score ---------------------------------------------------------------------------------------------


async def test_a_draft_from_the_catalogue_can_be_submitted_as_it_is(office: Office) -> None:
    printed = await office.done(
        "goal", "draft", MORIS, "--catalog", "accounting/closing-days", "--baseline", "9", "--target", "6.5"
    )
    tree = tomllib.loads(printed)
    assert (tree["measure"]["baseline"], tree["measure"]["target"]) == (9, "6.5")
    assert tree["measure"]["unit"] == "日", "in the owner's language, whoever prints it"
    file = office.file("drafted.toml", printed)
    checked = await office.done("goal", "check", MORIS, file)
    assert checked.startswith("suggestions:") and "the problem of the example" in checked  # noqa: PT018 - nothing that stops it
    await office.done("goal", "submit", MORIS, file, "--as", MORI)
    again = tomllib.loads(await office.done("goal", "draft", MORIS))
    assert (again.pop("seen"), tree.pop("seen")) == (3, 1), "the number of the goal from which the text was written"
    assert again == tree, "a goal as it is, to write on"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--catalog", "a/b", "--exemplar", "x"), 2, "not both"),
        (("--catalog", "a/b"), 1, "the catalogue has no entry a/b"),
        (("--exemplar", "x"), 1, "example x was not found"),
        (("--catalog", "accounting/manuals", "--target", "3"), 2, "no number"),
        (("--catalog", "accounting/closing-days", "--target", "much"), 2, "--target"),
    ],
)
async def test_a_draft_of_what_there_is_not_is_refused(
    office: Office, words: tuple[str, ...], code: int, said: str
) -> None:
    assert said in await office.refused("goal", "draft", HARAS, *words, code=code)


async def test_findings_come_with_a_rewrite_and_stop_a_submit(office: Office) -> None:
    text = goal_file(target="1").replace("月次決算の早期化", "経費処理のミスをゼロにする")
    file = office.file("flawed.toml", text)
    result = await office.type("goal", "check", HARAS, file)
    assert result.exit_code == 1
    assert "must fix:" in result.stdout
    assert "-> 経費処理の効率化施策を3つ提案する" in result.stdout, "in the goal's language, whoever reads it"
    assert "the goals" not in result.stderr
    japanese = await office.type("goal", "check", HARAS, file, MEGURI_LOCALE="ja")
    assert "-> 経費処理の効率化施策を3つ提案する" in japanese.stdout
    found = (await office.type("goal", "check", HARAS, file, "--json")).stdout
    assert '"refused": true' in found
    assert "can only lose points" in await office.refused("goal", "submit", HARAS, file, "--as", HARA)
    assert (await office.told("goal", "show", HARAS))["seq"] == 1


async def test_a_step_on_a_day_off_is_told_with_the_working_day_that_it_moves_to(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(giving, "can_ask", lambda _: True)
    goal, first = f"q4/{TOP}/1", today() + timedelta(days=20)
    off = first + timedelta(days=(5 - first.weekday()) % 7)  # the next Saturday
    moved = JAPAN.next_working_day(off)
    file = office.file("saturday.toml", goal_file().replace(str(first), str(off)))
    told = f"{day_text(off, Locale.EN)} is a day off: the step is due on {day_text(moved, Locale.EN)}"
    assert told in await office.done("goal", "check", goal, file)
    submitted = await office.type("goal", "submit", goal, file, "--as", TOP)
    assert submitted.exit_code == 0
    assert told in submitted.stderr
    assert f"{off} (day off: {moved})" in await office.done("goal", "show", goal, COLUMNS="200")
    shown = (await office.answered("n", "goal", "approve", goal, "--as", HR)).stdout
    assert f"{off} (day off: {moved})" in shown
    findings = (await office.told("goal", "check", goal))["findings"]
    assert ("step_on_day_off", "steps[0].due") in {(one["code"], one["where"]) for one in findings}


async def test_advice_travels_to_whoever_signs(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    text = goal_file().replace('title = "手順を洗い出す"', 'title = "なるべく早く始める"')
    await office.done("goal", "submit", ONOS, office.file("advised.toml", text), "--as", ONO)
    monkeypatch.setattr(giving, "can_ask", lambda _: True)
    shown = (await office.answered("y", "goal", "approve", ONOS, "--as", MANAGER)).stdout
    assert "step 1: title: nobody can tell on that day" in shown


async def test_a_score_is_told_term_by_term_and_calibrated_beside_it(office: Office) -> None:
    await office.done("goal", "step", ONOS, "1", "--as", ONO)
    await office.done("goal", "progress", ONOS, "--value", "8", "--as", ONO)
    await office.done("goal", "review", "call", ONOS, "--as", ONO, "--reason", "早めに")
    form = await office.done("goal", "review", "form", ONOS, "--target", "5", "--weight", "80")
    for part in ("not there yet", "--cause time", "5 日", "80 %", "settled", "50.00"):
        assert part in form
    said = ("--went-well", "手順が揃った", "--progress", "半分", "--cause", "time")
    await office.done("goal", "review", "self", ONOS, "--as", ONO, *said)
    assert "時間・人手" in await office.done("goal", "review", "form", ONOS, MEGURI_LOCALE="ja")
    assert (await office.told("goal", "review", "form", ONOS))["self_review"]["cause_kinds"] == ["time"]
    decided = ("--bonus", "5", "--comment", "手本", "--praise", "丁寧な聞き取り")
    await office.decide(ONOS, "continue", "--as", MANAGER, *decided)
    table = await office.done("goal", "score", ONOS)
    assert "(8 - 10) / (6 - 10) = 50 % (from 0 to 150 %); confirmed 50 % x 60 points" in table
    assert "score 55.00: the sum; nothing is subtracted" in table
    terms = (await office.told("goal", "score", ONOS))["score_terms"]
    assert sum(Decimal(one) for one in terms.values()) == 55


async def test_a_cause_that_is_not_on_the_list_is_refused_with_the_list(office: Office) -> None:
    await office.done("goal", "review", "call", ONOS, "--as", ONO, "--reason", "もう一度")
    said = await office.refused("goal", "review", "self", ONOS, "--as", ONO, "--went-well", "-", "--cause", "月")
    assert "surroundings" in said
    assert "takes a number" in await office.refused("goal", "review", "form", ONOS, "--target", "x", code=2)


# --- what comes after ------------------------------------------------------------------------------------------------


async def test_a_closed_goal_is_adjusted_shown_and_drafted_from(office: Office) -> None:
    assert "while it is “closed”" in await office.refused(
        "goal", "adjust", ONOS, "--points", "3", "--reason", "-", "--as", HR
    )
    decided = ("--bonus", "0", "--comment", "手本")
    await office.done("goal", "review", "self", ONOS, "--as", ONO, "--went-well", "大野さんが声をかけた")
    await office.decide(ONOS, "achieved", "--as", MANAGER, *decided)
    await office.done("goal", "adjust", ONOS, "--points", "3.5", "--reason", "部署間の甘辛", "--as", HR)
    assert "calibration +3.5 -> 58.50" in await office.done("goal", "score", ONOS)
    assert "do not allow an adjustment that lowers a score" in await office.refused(
        "goal", "adjust", ONOS, "--points", "-1", "--reason", "-", "--as", HR
    )
    assert "may not" in await office.refused("goal", "adjust", ONOS, "--points", "1", "--reason", "-", "--as", MANAGER)
    await office.done("goal", "exemplar", ONOS, "--reason", "大野さんの進め方", "--as", MANAGER)
    (example,) = (await office.told("exemplars"))["exemplars"]
    assert "大野" not in str(example)
    assert ONO not in str(example)
    assert example["exemplar"] in await office.done("exemplars", "--search", "月次 手順")
    shown = await office.done("exemplars", example["exemplar"])
    assert "担当者さんの進め方" in shown
    assert "no examples yet" in await office.done("exemplars", "--department", "営業部")
    tree = tomllib.loads(await office.done("goal", "draft", HARAS, "--exemplar", example["exemplar"]))
    assert tree["theme"] == "月次決算の早期化"
    file = office.file("followed.toml", await office.done("goal", "draft", HARAS, "--exemplar", example["exemplar"]))
    assert (await office.type("goal", "check", HARAS, file)).exit_code == 0


async def test_scores_are_hrs_to_see_by_person_and_as_a_distribution(office: Office) -> None:
    people = {one["employee"]: one for one in (await office.told("cycle", "scores", "q4", "--as", HR))["people"]}
    assert (people[ONO]["score"], people[ONO]["final"]) == ("55.00", "58.50")
    spread = await office.done("cycle", "scores", "q4", "--as", HR, "--by", "reviewer")
    assert "清水 幸恵" in spread
    assert "people per 20 points" in spread
    assert "経理部" in await office.done("cycle", "scores", "q4", "--as", HR, "--by", "department")
    assert "may not" in await office.refused("cycle", "scores", "q4", "--as", MANAGER)


async def test_problems_are_heard_and_the_cycle_says_which_nothing_answers(office: Office) -> None:
    words = ("hearing", "add", "--cycle", "q4", "--as", MORI, "--text", "請求書が集まらない", "--id", "h1")
    first = (await office.told(*words))["problem"]
    assert (await office.told(*words))["problem"] == first, "the same id is kept once"
    second = ("hearing", "add", "--cycle", "q4", "--as", MANAGER, "--text", "契約書を探す", "--id", "h2")
    assert await office.told(*second) == await office.told(*second) != await office.told(*words)
    listed = await office.done("hearing", "list", "--cycle", "q4")
    assert "請求書が集まらない" in listed
    assert "森 香織" in listed
    assert "problems heard: 2, answered by nothing: 2" in await office.done("cycle", "status", "q4")
    text = f'answers = ["{first}"]\n' + goal_file()
    await office.done("goal", "revise", HARAS, office.file("answers.toml", text), "--as", HARA)
    left = (await office.told("cycle", "status", "q4"))["problem_counts"]
    assert (left["heard"], len(left["unanswered"])) == (2, 1)
    before_launch = ("hearing", "add", "--cycle", "q5", "--as", MANAGER, "--text", "契約書を探す")
    assert "cycle q5 was not found" in await office.refused(*before_launch)
    await office.done(*before_launch, "--planned")
    assert "契約書を探す" in await office.done("hearing", "list", "--cycle", "q5")
    unknown = office.file("unknown.toml", 'answers = ["H99"]\n' + goal_file())
    assert "problem H99 is not recorded" in await office.refused("goal", "submit", HARAS, unknown, "--as", HARA)
    assert "not valid" in await office.refused("hearing", "add", "--cycle", "q4", "--as", MORI, "--text", " ")
    assert "no employee with the id E77 was found" in await office.refused(
        "hearing", "add", "--cycle", "q4", "--as", "E77", "--text", "x"
    )


async def test_a_problem_is_corrected_and_taken_back_by_whoever_added_it(office: Office) -> None:
    words = ("--cycle", "q6", "--planned", "--as", MORI, "--text", "契約書が見つからない")
    problem = (await office.told("hearing", "add", *words))["problem"]
    corrected = await office.done("hearing", "correct", problem, "--text", "契約書を探す時間が長い", "--as", MORI)
    assert corrected.strip() == f"{problem}: corrected"
    assert "契約書を探す時間が長い" in await office.done("hearing", "list", "--cycle", "q6")
    assert "may not" in await office.refused("hearing", "withdraw", problem, "--reason", "重複", "--as", HARA)
    told = await office.told("hearing", "withdraw", problem, "--reason", "重複", "--as", MORI)
    assert told["problem"] == problem
    assert "was taken back" in await office.refused("hearing", "correct", problem, "--text", "別の話", "--as", MORI)


async def test_the_tree_shows_what_serves_what_and_lists_what_serves_nothing(office: Office, tmp_path: Path) -> None:
    assert "goals that serve nothing: 6" in await office.done("cycle", "tree", "q4")
    assert MORIS in await office.done("cycle", "tree", "q4", "--orphans")
    text = f'parent = "{ONOS}"\n' + goal_file()
    await office.done("goal", "revise", HARAS, office.file("serves.toml", text), "--as", HARA)
    lines = (await office.done("cycle", "tree", "q4")).splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith(ONOS))
    assert "own 50 %, from below 0 %" in lines[at]
    assert lines[at + 1].startswith(f"  {HARAS}")
    assert (await office.told("cycle", "tree", "q4"))["roots"][0]["children"][0]["node"] == HARAS
    assert "cycle q9 was not found" in await office.refused("cycle", "tree", "q9")


async def test_lessons_of_a_cycle_are_listed_and_carried_into_the_next_hearing(office: Office) -> None:
    words = ("hearing", "add", "--cycle", "q4", "--as", ONO, "--text", "差し戻しの理由が伝わらない")
    problem = (await office.told(*words))["problem"]
    lessons = ("hearing", "lessons", "--from", "q4", "--cycle", "q7")
    assert "差し戻しの理由が伝わらない" in await office.done(*lessons)
    carry = ("hearing", "carry", problem, "--from", "q4", "--cycle", "q7", "--as", HARA)
    assert "cycle q7 was not found" in await office.refused(*carry)
    carried = await office.told(*carry, "--planned")
    assert (carried["source"], (await office.told(*carry, "--planned"))["problem"]) == (problem, carried["problem"])
    shown = (await office.told(*lessons))["problems"]
    assert next(one for one in shown if one["problem"] == problem)["taken_as"] == carried["problem"]
    assert (await office.told("hearing", "list", "--cycle", "q7"))["problems"][0]["source"] == problem
    assert "引き継げる「H999」はありません" in await office.refused(
        "hearing", "carry", "H999", "--from", "q4", "--cycle", "q7", "--planned", "--as", HARA, MEGURI_LOCALE="ja"
    )
    assert "振り返りはありません" in await office.done(*lessons, "--department", "人事部", MEGURI_LOCALE="ja")
