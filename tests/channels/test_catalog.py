"""The catalogues are whole: both languages have every text that the code says, with the same fields, and none besides."""

import ast
import string
from pathlib import Path

import pytest

from channels.catalog import catalogue, say, say_counted, text
from channels.texts import HEADINGS, MISSING, TASKS, WORDINGS, WORDS
from domain.values import Locale

CHANNELS = Path(__file__).resolve().parents[2] / "channels"
SAYING = ("text", "say", "say_counted")
IN_TABLES = (
    {f"notice.{kind}" for kind in WORDINGS}
    | {f"heading.{group}" for group in HEADINGS}
    | {f"word.{word}" for word in WORDS}
    | {f"missing.{name}" for name in MISSING}
    | {f"task.{kind}" for kind in TASKS}
)


def forms(locale: Locale) -> dict[str, tuple[str, ...]]:
    """The text of each key; where it depends on a number, its forms, under the key of the first."""
    found: dict[str, tuple[str, ...]] = {}
    for one in catalogue(locale):
        key, said = one.id, one.string
        first = key if isinstance(key, str) else key[0]
        found[first] = (said,) if isinstance(said, str) else tuple(said or ())
    return {key: said for key, said in found.items() if key}


def keys(locale: Locale) -> set[str]:
    found: set[str] = set()
    for one in catalogue(locale):
        found |= {one.id} if isinstance(one.id, str) else set(one.id)
    return found - {""}


def fields(said: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in string.Formatter().parse(said) if name is not None)


def in_code() -> set[str]:
    """Every key that stands in the code as such: text("…"), say(…, "…"), say_counted(…, "…", "…", …)."""
    found: set[str] = set()
    for path in CHANNELS.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SAYING:
                told = [one.value for one in node.args if isinstance(one, ast.Constant)]
                found |= {one for one in told if isinstance(one, str)}
    return found


def test_both_languages_have_the_same_texts() -> None:
    assert keys(Locale.JA) == keys(Locale.EN)


def test_every_text_in_the_catalogues_is_said_and_every_one_that_is_said_is_there() -> None:
    said = in_code() | IN_TABLES
    assert keys(Locale.JA) - said == set()
    assert said - keys(Locale.JA) == set()


def test_a_text_has_the_same_fields_in_both_languages_and_in_each_of_its_forms() -> None:
    japanese, english = forms(Locale.JA), forms(Locale.EN)
    assert {key: set(map(fields, said)) for key, said in japanese.items()} == {
        key: set(map(fields, said)) for key, said in english.items()
    }
    assert all(len(set(map(fields, said))) == 1 for said in japanese.values())


def test_no_text_is_empty_or_marked_as_doubtful() -> None:
    for locale in Locale:
        assert all(all(said) for said in forms(locale).values())
        assert not [one.id for one in catalogue(locale) if one.id and one.fuzzy]


def test_a_text_that_is_not_there_is_named() -> None:
    with pytest.raises(KeyError, match=r"no\.such\.text"):
        say(Locale.JA, "no.such.text")
    with pytest.raises(KeyError, match=r"no\.such\.text"):
        text("no.such.text")


def test_a_number_takes_the_form_that_its_language_has() -> None:
    def late(locale: Locale, days: int) -> str:
        return say_counted(locale, "detail.day_late", "detail.days_late", days)

    assert [late(Locale.EN, days) for days in (1, 2)] == ["1 business day past due", "2 business days past due"]
    assert [late(Locale.JA, days) for days in (1, 2)] == ["期限から1営業日", "期限から2営業日"]
