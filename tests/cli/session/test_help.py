"""Help and usage errors: in the reader's language, whole, and no wider than a terminal."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any, get_args

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

import worker
from cli.cycle.scores import By
from cli.cycle.steering import Task
from cli.goal.review import Next, Verdict
from cli.session import servers
from cli.session.choices import Choice, WrongUsage, day
from cli.session.help import page
from cli.session.layout import width, wrap
from cli.session.parameters import choice_of, metavar_key
from domain.goal.commands import DecideReview
from domain.journal import Log
from domain.locale import Locale
from domain.policy.policy import TaskKind
from service.results import Grouping
from starter import app
from texts import translations

ROOT = get_command(app)
# Latin letters on a Japanese help page: commands, options, ids, file formats, products, examples of values.
ALLOWED = re.compile(
    r"`[^`]*`|--[a-z-]+|\./var|name=login|氏名=login|Ctrl-C|2026-q4/M0025/1"
    r"|(?<![A-Za-z])(?:meguri(?: [a-z-]+)*|PostgreSQL|Temporal|ID|JSON|TOML|CSV|UTF-8|CP932|Excel|URL|API|Web|Webhook|xlsx|csv)(?![A-Za-z])"
)
ENGLISH = re.compile(r"[A-Za-z]{2,}")


def contexts(command: Any = ROOT, parent: Any = None) -> Iterator[Any]:
    """The context of every command and group."""
    ctx = typer.Context(command, info_name=command.name, parent=parent)
    yield ctx
    for one in getattr(command, "commands", {}).values():
        yield from contexts(one, ctx)


CONTEXTS = {ctx.command_path: ctx for ctx in contexts()}
PARAMS = {(path, one.name): one for path, ctx in CONTEXTS.items() for one in ctx.command.params}


def run(*words: str, locale: Locale = Locale.JA) -> tuple[int, str, str]:
    result = CliRunner(env={"MEGURI_LOCALE": locale, "COLUMNS": "80"}).invoke(app, words)
    return result.exit_code, result.stdout, result.stderr


def without_names(text: str) -> str:
    """The text without what has no other name in Japanese: the commands in the first column too."""
    return ALLOWED.sub("", re.sub(r"^  [a-z-]+(?=  )", "", text, flags=re.MULTILINE))


@pytest.mark.parametrize("path", CONTEXTS)
def test_every_help_page_is_japanese_and_fits_the_terminal(path: str) -> None:
    text = page(CONTEXTS[path].command, CONTEXTS[path], Locale.JA)
    assert ENGLISH.findall(without_names(text)) == []
    assert all(width(line) <= 80 for line in text.splitlines())


@pytest.mark.parametrize("path", CONTEXTS)
def test_every_help_page_is_there_in_english(path: str) -> None:
    text = page(CONTEXTS[path].command, CONTEXTS[path], Locale.EN)
    assert text.isascii()
    assert text.startswith("Usage: meguri")


def test_help_has_no_text_of_a_command_an_option_or_a_placeholder_that_is_gone() -> None:
    commands = {path.replace(" ", ".") for path in CONTEXTS}
    placeholders = {metavar_key(one.metavar) for one in PARAMS.values() if one.metavar}
    used = {f"help.{path}" for path in commands} | {one.help for one in PARAMS.values()} | placeholders
    used |= {"help.option.show_help", *(metavar_key(one) for one in ("TEXT", "NUMBER", "DATE", "FILE"))}
    ids = (str(one.id) for one in translations.catalog("help", Locale.JA))
    assert {one for one in ids if one.startswith(("help.meguri", "help.option.", "help.metavar."))} == used


def test_every_group_and_command_prints_its_help() -> None:
    for path in CONTEXTS:
        code, out, err = run(*path.split()[1:], "--help")
        assert (code, err) == (0, ""), path
        assert out.startswith(f"使い方: {path}"), path


@pytest.mark.parametrize(
    ("words", "japanese", "english"),
    [
        (("goal", "list", "--stat", "x"), "--stat というオプションはありません。「--state」のことですか。", "There is no option --stat; did you mean --state?"),
        (("goal", "list", "--state"), "--state には値が必要です。", "The option --state needs a value"),
        (("goal", "list", "--json=1"), "--json に値は指定できません。", "The option --json takes no value"),
        (("goal", "show"), "引数「目標ID」を指定してください。", "The argument GOAL is missing"),
        (("goal", "show", "a", "b"), "余分な引数があります: b", "Unexpected arguments: b"),
        (("goal", "approve", "a"), "--as 社員番号 を指定してください。", "The option --as EMPLOYEE is missing"),
        (
            ("goal", "list", "--state", "眠い"),
            "「--state 状態」の値に誤りがあります: 「眠い」は選べません。下書き、承認待ち、実行中、見直し中、完了 のどれかを指定してください。",
            "Wrong value for '--state STATE': '眠い' cannot be chosen; give one of: draft, pending_approval, active, in_review, closed",
        ),
        (("goal", "list", "--limit", "0"), "「--limit 個数」の値に誤りがあります: 1 以上の値にしてください。", "Wrong value for '--limit COUNT': give 1 or more"),
        (("goal", "step", "g", "x", "--as", "M1"), "「番号」の値に誤りがあります: 整数を指定してください。", "Wrong value for 'N': give a whole number"),
        (("goal", "review", "decide", "g", "--as", "M1"), "引数「判定」を指定してください。継続、達成、目標を見直し のどれかを指定してください。", "The argument VERDICT is missing; give one of: continue, achieved, unrealistic"),
        (("cycle", "extend", "q4", "--as", "M1", "--reason", "x", "--due", "soon"), "「soon」は日付として読めません。日付は 2027-04-01、2027/4/1、令和9年4月1日 のように書いてください。", "'soon' is not read as a day: write the day as 2027-04-01, 2027/4/1 or R9.4.1"),
        (("gaol",), "「gaol」というコマンドはありません。「goal」のことですか。", "There is no command 'gaol'; did you mean goal?"),
        (("goal", "shwo"), "「shwo」というコマンドはありません。「show」のことですか。", "There is no command 'shwo'; did you mean show?"),
        (("--",), "コマンドの書き方に誤りがあります。", "The command line cannot be read"),
    ],
)  # fmt: skip
def test_a_wrong_command_line_is_told_in_the_readers_language(
    words: tuple[str, ...], japanese: str, english: str
) -> None:
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert japanese in err
    told = err.partition("\n\n")[2]  # behind the usage
    assert set(ENGLISH.findall(without_names(told))) <= {*words, *" ".join(CONTEXTS).split()}
    assert english in run(*words, locale=Locale.EN)[2]


def test_a_group_without_a_command_prints_its_help_as_a_wrong_usage() -> None:
    code, out, err = run("goal")
    assert (code, out) == (2, "")
    assert "コマンド:" in err
    assert "差し戻します" in err


@pytest.mark.parametrize(
    ("key", "whole"),
    [
        (("meguri goal review decide", "verdict"), get_args(DecideReview.model_fields["verdict"].annotation)),
        (("meguri goal review decide", "then"), ("continue", "reset", "close")),
        (("meguri cycle extend", "task"), tuple(TaskKind)),
        (("meguri worker", "role"), tuple(worker.Role)),
        (("meguri cycle scores", "by"), ("person", *Grouping)),
        (("meguri audit journal", "log"), tuple(Log)),
    ],
)
def test_a_choice_has_all_values_of_the_rules_behind_it(key: tuple[str, str], whole: tuple[str, ...]) -> None:
    choice = choice_of(PARAMS[key])
    assert choice is not None
    assert [str(one) for one in choice.members] == [str(one) for one in whole]


CHOICES = {path: found for path, one in PARAMS.items() if (found := choice_of(one))}


@pytest.mark.parametrize("key", CHOICES)
def test_a_value_is_typed_as_it_is_printed_in_either_language(key: tuple[str, str]) -> None:
    choice = CHOICES[key]
    for member in choice.members:
        typed = {str(member), str(member).upper(), *(choice.name_of(member, locale) for locale in Locale)}
        assert {choice(one) for one in typed} == {member}
    japanese = choice.allowed(Locale.JA)
    assert not any(one.isascii() for one in japanese)
    assert len(set(japanese)) == len(choice.allowed(Locale.EN))


def test_a_word_of_another_kind_or_no_word_is_not_taken() -> None:
    choice = Choice("task", Task)
    for typed in ("下書き", "unknown", ""):
        with pytest.raises(WrongUsage):
            choice(typed)
    assert {Choice("verdict", Verdict)("継続"), Choice("next", Next)("再設定"), Choice("grouping", By)("評価者")} == {
        Verdict.CONTINUE, Next.RESET, By.REVIEWER,
    }  # fmt: skip
    assert servers.Role("all") is servers.Role.ALL


@pytest.mark.parametrize("typed", ["2026-11-30", "2026/11/30", "2026年11月30日", "2026年11月30日(月)", " 2026-11-30 "])
def test_a_day_is_typed_as_it_is_printed(typed: str) -> None:
    assert day(typed) == date(2026, 11, 30)


@pytest.mark.parametrize("typed", ["soon", "2026-13-01", "2026-02-30", "30.11.2026", ""])
def test_what_is_no_day_is_refused(typed: str) -> None:
    with pytest.raises(WrongUsage):
        day(typed)


def test_japanese_lines_break_anywhere_but_before_punctuation() -> None:
    assert wrap("あいう、えお。", 6) == ["あい", "う、え", "お。"]
    assert wrap("abc defg hi", 8) == ["abc defg", "hi"]
    assert wrap("「あ」いう", 6) == ["「あ」", "いう"]
    assert wrap("", 10) == []
