"""Messages become sentences: values are formatted as the text says, in the reader's language."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from domain.findings import refuse
from domain.goal.commands import COMMANDS
from domain.goal.goal import Delegation
from domain.instructions.instructions import KINDS, Selection
from domain.lifecycle import State
from domain.messages import Message, did_you_mean, message
from domain.problems import problems_of
from domain.reasons import END_OF_CYCLE, LEFT
from domain.refusals import Code, Refusal, wrong_state
from domain.values import Line, Locale
from domain.writing.content import Content
from texts.dates import day_text
from texts.findings import documents_of, finding_hint, finding_text
from texts.places import place_text
from texts.refusals import refusal_text, refusal_with_hint
from texts.say import people_in, say
from texts.words import reason_text, value_of, word
from workflows.failures import invalid

NAMES = {"M0032": "佐藤 花子", "M0015": "山田 太郎"}


def test_people_are_told_by_name_and_id_where_the_names_are_known() -> None:
    refusal = Refusal(Code.NOT_ALLOWED, actor="M0032", allowed=["M0015", "M0001"])
    assert people_in(refusal.message) == {"M0032", "M0015", "M0001"}
    assert refusal_text(refusal, Locale.JA, NAMES) == (
        "佐藤 花子さん(M0032)はこの操作を行えません。行えるのは 山田 太郎さん(M0015)、社員番号 M0001 です。"
    )
    assert refusal_text(refusal, Locale.EN, NAMES) == "佐藤 花子 (M0032) may not do this; 山田 太郎 (M0015), M0001 may"


def test_people_in_a_message_within_a_message_are_found() -> None:
    why = message(
        "part.delegate_chained", delegator="A", to="B", first=date(2026, 1, 1), last=date(2026, 1, 2), other="C"
    )
    assert people_in(Refusal(Code.DELEGATION, why=why).message) == {"A", "B", "C"}


def test_what_changed_is_told_in_words() -> None:
    changes = [
        message("part.change", seq=5, kind="returned"),
        message("part.change_in", seq=6, kind="revised", fields=["steps", "weight"]),
    ]
    refusal = Refusal(Code.GOAL_CHANGED, expected_seq=4, seq=6, changes=changes)
    assert "5 差し戻し、6 改訂(ステップ、ウェイト)" in refusal_text(refusal, Locale.JA)
    assert "5 returned, 6 revised (steps, weight)" in refusal_text(refusal, Locale.EN)


def test_a_state_and_those_that_would_do_are_told_in_words() -> None:
    refusal = wrong_state(State.CLOSED, State.ACTIVE, State.IN_REVIEW)
    assert "「完了」" in refusal_text(refusal, Locale.JA)
    assert "「実行中」か「見直し中」のとき" in refusal_text(refusal, Locale.JA)
    assert "“active” or “in review”" in refusal_text(refusal, Locale.EN)


def test_a_refusal_is_the_same_after_it_travelled_as_json() -> None:
    refusal = Refusal(
        Code.DELEGATION,
        why=message("part.delegate_chain"),
        points=Decimal("1.50"),
        day=date(2026, 1, 2),
        ids=("a", "b"),
    )
    assert refusal.fields == {
        "why": {"key": "part.delegate_chain", "fields": {}}, "points": "1.50", "day": "2026-01-02", "ids": ["a", "b"],
    }  # fmt: skip
    assert Refusal.from_json(refusal.code, refusal.fields).message == refusal.message


@pytest.mark.parametrize(
    ("code", "fields"), [("no such code", {}), ("paused", {"reason": {"x": 1}}), ("paused", {"a": None})]
)
def test_what_is_no_refusal_is_not_taken_for_one(code: str, fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - either of two kinds
        Refusal.from_json(code, fields)


def test_a_text_that_is_not_there_is_named() -> None:
    for locale in Locale:
        with pytest.raises(KeyError, match=r"no\.such\.text"):
            say("no.such.text", locale)


def test_a_value_that_is_missing_is_an_error_and_no_gap_in_a_sentence() -> None:
    with pytest.raises(KeyError, match="reason"):
        say("refusal.paused", Locale.EN)


def test_what_people_wrote_is_never_read_as_a_template() -> None:
    assert "{actor:person}" in say("refusal.paused", Locale.JA, reason="{actor:person}")


def test_a_number_takes_the_form_that_its_language_has() -> None:
    counted = [
        say("rule.calendar", locale, zone="Asia/Tokyo", opens="09:00", closes="18:00", n=days)
        for locale in (Locale.EN, Locale.JA)
        for days in (1, 2)
    ]
    assert [one.removeprefix("Asia/Tokyo") for one in counted] == [
        ", 09:00 to 18:00, 1 day off",
        ", 09:00 to 18:00, 2 days off",
        "、09:00〜18:00、休日 1 日",
        "、09:00〜18:00、休日 2 日",
    ]


def test_a_hint_names_the_option_and_the_sentence_does_not() -> None:
    refusal = Refusal(Code.CYCLE_OVER, closes=date(2026, 12, 28))
    assert "--closes" not in refusal_text(refusal, Locale.EN)
    assert refusal_with_hint(refusal, Locale.EN).endswith("; give the new last day with `--closes`")
    assert refusal_with_hint(Refusal(Code.NO_TASK), Locale.JA) == "この目標には対応待ちの作業がありません。"


@pytest.mark.parametrize(
    ("where", "japanese", "english"),
    [
        ("measure.target", "目標値", "target"),
        ("steps[1].due", "ステップ2の期日", "step 2: due date"),
        ("steps", "ステップ", "steps"),
        ("measure.criteria[0]", "達成基準1", "criterion 1"),
        ("row 8", "8行目", "row 8"),
        ("row 3, row 8", "3行目、8行目", "row 3, row 8"),
        ("leaves", "退職日", "last day of work"),
        ("goals.csv / row 2 / step3_due", "goals.csv / 2行目 / ステップ3の期日", "goals.csv / row 2 / step 3 due"),
        (
            "2026-q4/M0001/1 / image / C12",
            "2026-q4/M0001/1 / 達成時の姿 / C12",
            "2026-q4/M0001/1 / picture of success / C12",
        ),
        ("sites.berlin.closes", "拠点のberlinの締め日・終業時刻", "sites: berlin: last day or closing hour"),
        ("drafts[2].steps[0].due", "下書き3のステップ1の期日", "draft 3: step 1: due date"),
        ("M0015", "M0015", "M0015"),
        ("cycle.nosuchkey", "nosuchkey", "nosuchkey"),
    ],
)
def test_a_place_is_told_in_words(where: str, japanese: str, english: str) -> None:
    assert (place_text(where, Locale.JA), place_text(where, Locale.EN)) == (japanese, english)


def test_hr_reads_the_key_of_the_cycle_file_behind_the_place() -> None:
    finding = refuse("hr_unknown", "cycle.hr[0]", person="E99")
    assert finding_text(finding, Locale.JA).startswith("人事担当1(cycle.hr[0]): ")
    assert finding_text(refuse("no_theme", "theme"), Locale.JA) == "テーマ: 目標のテーマを書いてください。"


def test_a_refusal_that_can_name_nobody_says_so_in_words() -> None:
    refused = message("refusal.not_allowed", actor="M0034", allowed="-")
    names = {"M0034": "安藤 誠"}
    assert say(refused, Locale.JA, names) == "安藤 誠さん(M0034)はこの操作を行えません。"
    assert say(refused, Locale.EN, names).endswith("may not do this")


def test_a_finding_about_a_person_names_them() -> None:
    finding = refuse("own_manager", "M0032", person="M0032")
    assert finding_text(finding, Locale.JA, NAMES).startswith("佐藤 花子さん(M0032): 佐藤 花子さん(M0032)の上長が本人")


def test_a_program_gets_the_key_the_place_and_the_sentence_in_both_languages() -> None:
    (document,) = documents_of([refuse("no_theme", "theme")])
    assert document.model_dump(mode="json") == {
        "level": "refuse", "code": "no_theme", "where": "theme", "place": {"ja": "テーマ", "en": "theme"},
        "message": {"ja": "目標のテーマを書いてください。", "en": "write the goal's theme"}, "suggestion": None,
        "concerned": [],
    }  # fmt: skip


def test_a_finding_has_its_hint_by_its_text() -> None:
    assert finding_hint(refuse("site_unknown", "sites.x", site="x", n=1, near=""), Locale.EN) is None
    elsewhere = refuse("site_unknown", "x", text="finding.cycle_without_site", cycle="q4", site="x")
    assert finding_hint(elsewhere, Locale.EN) == "use `meguri cycle amend`"


@pytest.mark.parametrize(
    ("kind", "typed", "value"),
    [
        ("state", "下書き", "draft"), ("state", "pending approval", "pending_approval"), ("state", "IN-REVIEW", "in_review"),
        ("verdict", "継続", "continue"), ("verdict", "continue", "continue"), ("cause", "時間・人手", "time"),
        ("state", "nonsense", None),
    ],
)  # fmt: skip
def test_commands_take_words_as_they_print_them(kind: str, typed: str, value: str | None) -> None:
    assert value_of(kind, typed) == value


def test_a_cause_of_the_companys_own_stays_as_it_is() -> None:
    assert word("cause", "監査の指摘", Locale.EN) == "監査の指摘"


def test_the_nearest_name_is_asked_for_and_nothing_where_none_is_near() -> None:
    assert did_you_mean("titel", ["title", "theme"]) == message("part.did_you_mean", near="title")
    assert did_you_mean("xyz", ["title"]) == ""


# --- pydantic ---------------------------------------------------------------------------------------------------------


def problems(model: type[BaseModel], text: str) -> list[tuple[str, Message]]:
    with pytest.raises(ValidationError) as caught:
        model.model_validate_json(text, strict=True)
    return [(one.where, one.message) for one in problems_of(caught.value)]


@pytest.mark.parametrize(
    ("text", "where", "japanese", "english"),
    [
        ('{"weight": 0}', "weight", "0 より大きい値にしてください。", "give a value greater than 0"),
        ('{"weight": 33.333}', "weight", "小数点以下は 2 桁までです。", "give at most 2 decimal places"),
        ('{"weight": "30%"}', "weight", "数値を指定してください。", "give a number"),
        ('{"steps": [{"title": "a", "due": "2026-10-01", "points": "6"}]}', "steps[0].points", "整数を指定してください。", "give a whole number"),
        ('{"titel": "x"}', "titel", "この項目は使えません。", "this field is not known"),
        ('{"theme": "a\\nb"}', "theme", "改行を取り除いて、1 行にしてください。", "remove the line break: this is one line of text"),
        ('{"theme": ', "", "JSON として読めません。", "this is not readable as JSON"),
        ('{"steps": [{"title": "a"}]}', "steps[0].due", "値が必要です。", "a value is required"),
        ('{"steps": [{"title": "a", "due": "x"}]}', "steps[0].due", "日付は 2027-04-01、2027/4/1、令和9年4月1日 のように書いてください。", "write the day as 2027-04-01, 2027/4/1 or R9.4.1"),
        ('{"measure": {"kind": "numeric", "name": "x", "target": "NaN"}}', "measure.target", "数値を指定してください。", "give a number"),
        ('{"measure": {"kind": "both"}}', "measure", "「both」は選べません。数値(numeric)か達成時の姿(qualitative) のどれかを指定してください。", "both cannot be chosen; give numeric or qualitative"),
        ('{"measure": {"kind": "numeric", "name": "x", "target": 1, "direction": "left"}}', "measure.direction", "大きいほど良い(up)か小さいほど良い(down) のどれかを指定してください。", "give up or down"),
    ],
)  # fmt: skip
def test_pydantics_errors_are_told_in_both_languages(text: str, where: str, japanese: str, english: str) -> None:
    ((place, problem),) = problems(Content, text)
    assert (place, say(problem, Locale.JA), say(problem, Locale.EN)) == (where, japanese, english)


def test_an_error_without_a_sentence_of_its_own_is_told_in_general_words() -> None:
    class Odd(BaseModel):
        model_config = ConfigDict(extra="forbid")
        value: complex

    ((_, problem),) = problems(Odd, '{"value": "x"}')
    assert say(problem, Locale.EN) == "the value is not valid"


def test_an_invalid_command_is_a_refusal_that_names_five_places_and_never_a_value() -> None:
    with pytest.raises(ValidationError) as caught:
        COMMANDS["submit_self_review"].model_validate_json('{"a": 1, "b": 2, "c": 3, "d": 4, "proposed": "secret"}')
    refusal = invalid(caught.value)
    japanese = refusal_text(refusal, Locale.JA)
    assert "提案: 継続(continue)か達成(achieved)か" in japanese or "ほか" in japanese
    assert "secret" not in str(refusal) + japanese + str(refusal.fields)
    assert len(refusal.fields["problems"]) == 5  # type: ignore[arg-type]


def test_an_invalid_value_alone_is_told_with_the_place_that_is_given() -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Line).validate_python("")
    assert (
        refusal_text(invalid(caught.value, "reason"), Locale.JA)
        == "入力に誤りがあります: 理由: 1 文字以上にしてください。"
    )


def test_a_day_is_written_with_its_weekday_in_both_languages() -> None:
    day = date(2026, 11, 3)
    assert (day_text(day, Locale.JA), day_text(day, Locale.EN)) == ("2026年11月3日(火)", "Tue 3 Nov 2026")


def test_a_reason_of_the_programs_own_is_told_in_words_and_a_persons_as_it_is() -> None:
    assert reason_text(END_OF_CYCLE, Locale.JA) == "評価サイクルの終了"
    assert reason_text(f"{LEFT} (2026-12-31)", Locale.EN) == "left the company (2026-12-31)"
    assert reason_text("産休 (12 月から)", Locale.EN) == "産休 (12 月から)"
    assert "(理由: 退職)" in refusal_text(Refusal(Code.PAUSED, reason=LEFT), Locale.JA)


@pytest.mark.parametrize("model", [*COMMANDS.values(), *KINDS, Delegation, Selection])
def test_every_field_of_every_command_can_be_said_as_a_place(model: type[BaseModel]) -> None:
    for field in model.model_fields:
        assert place_text(field, Locale.EN)
        assert not place_text(field, Locale.JA).isascii() or field in ("id", "name"), field
