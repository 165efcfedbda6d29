"""The basic value types at their limits."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from domain.messages import message
from domain.problems import problems_of
from domain.values import MAX_LINE, MAX_TEXT, Id, Line, Locale, Moment, Number, Prose, Text

LINE: TypeAdapter[str] = TypeAdapter(Line)
PROSE: TypeAdapter[str] = TypeAdapter(Prose)
NUMBER: TypeAdapter[Decimal] = TypeAdapter(Number)
ID: TypeAdapter[str] = TypeAdapter(Id)
MOMENT: TypeAdapter[Any] = TypeAdapter(Moment)


@pytest.mark.parametrize("text", ["", " 　\n", "字" * (MAX_LINE + 1), "二\n行", "二\u2028行", "a\r\nBcc: x", "a\0b"])
def test_a_line_is_one_line_with_something_on_it(text: str) -> None:
    with pytest.raises(ValidationError):
        LINE.validate_python(text)


@pytest.mark.parametrize("text", ["", " 　\n", "字" * (MAX_TEXT + 1), "a\0b", "\ud800"])
def test_prose_is_neither_empty_nor_endless_nor_what_a_database_cannot_keep(text: str) -> None:
    with pytest.raises(ValidationError):
        PROSE.validate_python(text)


def test_texts_at_their_limits_are_taken_without_the_blanks_around_them() -> None:
    assert LINE.validate_python("　目標 " + "") == "目標"
    assert len(LINE.validate_python("字" * MAX_LINE)) == MAX_LINE
    assert PROSE.validate_python(" 一行目\n二行目\t👨‍👩‍👧 \n") == "一行目\n二行目\t👨‍👩‍👧"
    assert len(PROSE.validate_python("字" * MAX_TEXT)) == MAX_TEXT


def test_a_character_that_cannot_be_stored_is_named_with_its_place() -> None:
    with pytest.raises(ValidationError) as caught:
        PROSE.validate_python("目標\0")
    assert [problem.message for problem in problems_of(caught.value)] == [message("problem.not_storable", at=3)]


@pytest.mark.parametrize("wrong", ["NaN", "sNaN", "Infinity", "1e19", "0.0000001", "", "１２a", None, True, [1]])
def test_a_number_is_finite_and_exact(wrong: object) -> None:
    with pytest.raises(ValidationError):
        NUMBER.validate_python(wrong)


@pytest.mark.parametrize(("given", "text"), [("1.0", "1"), (1, "1"), ("-0", "0"), ("1E3", "1000"), (0.1, "0.1")])
def test_a_number_has_one_spelling(given: object, text: str) -> None:
    assert str(NUMBER.validate_python(given)) == text


@pytest.mark.parametrize("wrong", ["", "-a", "a/b", "a b", "a\n", "社員1", "x" * 41])
def test_an_id_is_short_and_visible(wrong: str) -> None:
    with pytest.raises(ValidationError):
        ID.validate_python(wrong)


def test_an_instant_needs_its_offset_and_is_kept_in_utc() -> None:
    with pytest.raises(ValidationError, match="timezone"):
        MOMENT.validate_python("2026-10-01T09:00:00")
    assert MOMENT.dump_json(MOMENT.validate_python("2026-10-01T09:00:00+09:00")) == b'"2026-10-01T00:00:00Z"'


def test_a_text_is_said_in_the_readers_language() -> None:
    text = Text(ja="承認", en="approve")
    assert [text.in_(Locale.JA), text.in_(Locale.EN)] == ["承認", "approve"]
