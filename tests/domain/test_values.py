"""The basic value types at their limits."""

import sys
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from importlib import import_module
from pkgutil import walk_packages
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from domain.characters import NOT_STORABLE
from domain.cycle.sections import CycleSection
from domain.messages import message
from domain.problems import problems_of
from domain.values import MAX_LINE, MAX_TEXT, Frozen, Id, Line, Locale, Moment, Number, Prose, Text, Weight

LINE: TypeAdapter[str] = TypeAdapter(Line)
PROSE: TypeAdapter[str] = TypeAdapter(Prose)
NUMBER: TypeAdapter[Decimal] = TypeAdapter(Number)
WEIGHT: TypeAdapter[Decimal] = TypeAdapter(Weight)
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
    assert [problem.message for problem in problems_of(caught.value)] == [
        message("problem.not_storable", at=3, character="U+0000")
    ]


@pytest.mark.parametrize("wrong", ["NaN", "sNaN", "Infinity", "1e19", "0.0000001", "", "１２a", None, True, [1]])
def test_a_number_is_finite_and_exact(wrong: object) -> None:
    with pytest.raises(ValidationError):
        NUMBER.validate_python(wrong)


@pytest.mark.parametrize(
    "wrong", ["33.333", "30%", "1e1", "NaN", "３３．３", "", "0", -1, 0, "100.01", 10**400, None, True, [30]]
)
def test_a_weight_is_above_0_at_most_100_and_has_two_decimals(wrong: object) -> None:
    with pytest.raises(ValidationError):
        WEIGHT.validate_python(wrong)


@pytest.mark.parametrize(
    ("given", "form"),
    [(30, b"30"), ("30.0", b"30"), ("100.00", b"100"), (33.3, b'"33.3"'), ("33.30", b'"33.3"'), ("３０", b"30")],
)
def test_a_whole_weight_keeps_the_form_it_had_and_a_decimal_one_is_a_text(given: object, form: bytes) -> None:
    assert WEIGHT.dump_json(WEIGHT.validate_python(given)) == form
    assert WEIGHT.validate_json(form, strict=True) == WEIGHT.validate_python(given)


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


@pytest.mark.parametrize("character", ["\x1b", "\a", "\x7f", "\x9b", "\u202e", "\u2066"])
def test_a_text_with_a_control_character_is_refused_with_its_place(character: str) -> None:
    with pytest.raises(ValidationError) as caught:
        PROSE.validate_python(f"ab{character}c")
    (problem,) = problems_of(caught.value)
    assert problem.message.fields["at"] == 3


def test_the_refused_characters_are_controls_half_surrogates_and_changes_of_direction() -> None:
    turning = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    expected = {
        one
        for one in map(chr, range(sys.maxunicode + 1))
        if (unicodedata.category(one) in ("Cc", "Cs") and one not in "\t\n\r\x85")
        or unicodedata.bidirectional(one) in turning
    }
    assert {one for one in map(chr, range(sys.maxunicode + 1)) if NOT_STORABLE.match(one)} == expected


@pytest.mark.parametrize("text", ["a\tb\nc\r\nd", "👨\u200d👩\u200d👧🇯🇵", "𠮷野家 髙﨑", "e\u0301", "עברית"])
def test_a_text_of_any_language_is_kept_as_it_is(text: str) -> None:
    assert PROSE.validate_python(text) == text


def _aliases_in(annotation: Any) -> Iterator[Any]:
    """Everything that stands as metadata in an `Annotated` and is an `Annotated` itself: pydantic would ignore it."""
    if get_origin(annotation) is Annotated:
        yield from (one for one in annotation.__metadata__ if get_origin(one) is Annotated)
    for part in get_args(annotation):
        yield from _aliases_in(part)


def _models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for below in model.__subclasses__():
        yield from _models(below)


def test_no_field_of_any_model_has_a_check_that_is_ignored() -> None:
    rooms = ("domain", "service", "workflows", "storage")
    for room in rooms:
        for module in walk_packages([room], f"{room}."):
            if "migrations" not in module.name:
                import_module(module.name)
    ignored = [
        f"{model.__module__}.{model.__name__}.{name}"
        for model in _models(Frozen)
        for name, hint in get_type_hints(model, include_extras=True).items()
        if list(_aliases_in(hint))
    ]
    assert len(list(_models(Frozen))) > 100
    assert not ignored


@pytest.mark.parametrize(
    "given", ["2027/1Q", "../../../escape", "", "２０２６", "a\x1b[31m", "x" * 300, "a b", "@clock", "a\n"]
)
def test_the_ids_of_a_cycle_file_are_ids(given: str) -> None:
    cycle = {
        "name": "x",
        "starts": "2026-10-01",
        "ends": "2027-03-01",
        "closes": "2027-03-02",
        "reviews": [],
        "hr": ["E1"],
    }
    with pytest.raises(ValidationError) as caught:
        CycleSection.model_validate(cycle | {"id": given, "hr": [given], "without": [given], "tops": [given]})
    assert {problem.where for problem in problems_of(caught.value)} >= {"id", "hr[0]", "without[0]", "tops[0]"}


def test_no_error_of_validation_repeats_what_a_person_wrote() -> None:
    with pytest.raises(ValidationError) as caught:
        CycleSection.model_validate(
            {"name": "社外秘の人事情報", "id": "社外秘の人事情報", "starts": "社外秘の人事情報"}
        )
    assert "社外秘" not in str(caught.value)
    loud = [
        model.__qualname__
        for model in _models(BaseModel)
        if not model.model_config.get("hide_input_in_errors") and _is_ours(model)
    ]
    assert not loud


@pytest.mark.parametrize("package", ["domain", "service", "storage", "activities", "workflows", "channels", "sheets"])
def test_no_error_about_a_list_or_one_of_several_models_repeats_it_either(package: str) -> None:
    names = [name for _, name, _ in walk_packages([package], f"{package}.") if ".versions." not in name]
    for name in names:
        if name.endswith(".env"):  # alembic's: it runs migrations when it is imported
            continue
        for adapter in (one for one in vars(import_module(name)).values() if isinstance(one, TypeAdapter)):
            for wrong in ("社外秘", ["社外秘"], {"kind": "社外秘"}, {"kind": "pause", "社外秘": "社外秘"}):
                assert "input_value" not in _complaint(adapter, wrong), (name, adapter)


def _complaint(adapter: TypeAdapter[Any], wrong: object) -> str:
    try:
        adapter.validate_python(wrong)
    except ValidationError as error:
        return str(error)
    return ""


def _is_ours(model: type[BaseModel]) -> bool:
    return model.__module__.split(".")[0] in {
        "domain",
        "service",
        "workflows",
        "storage",
        "activities",
        "channels",
        "settings",
    }
