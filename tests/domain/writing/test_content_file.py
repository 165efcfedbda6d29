"""Reading a goal's content from a file."""

from decimal import Decimal

import pytest

from domain.writing.content import Content, NumericMeasure, QualitativeMeasure
from domain.writing.content_file import read_content
from texts.say import say_both

TOML = """
theme = "月次決算の早期化"
heard = ["経理部"]
weight = 60
[measure]
kind = "numeric"
name = "所要日数"
baseline = 10
target = 6.1
[[steps]]
title = "手順を洗い出す"
due = 2026-10-23
"""


def test_toml_and_json_of_the_same_content_are_the_same() -> None:
    content = read_content(TOML.encode())
    assert isinstance(content, Content)
    assert isinstance(content.measure, NumericMeasure)
    assert content.measure.target == Decimal("6.1")
    assert read_content(content.model_dump_json().encode()) == content


@pytest.mark.parametrize(("given", "weight"), [("33.3", "33.3"), ("33.30", "33.3"), ("30", "30"), ('"33.33"', "33.33")])
def test_a_weight_is_read_exactly_as_a_number_or_a_text(given: str, weight: str) -> None:
    for data in (f"weight = {given}", f'{{"weight": {given}}}'):
        content = read_content(data.encode())
        assert isinstance(content, Content)
        assert content.weight == Decimal(weight)


def test_a_byte_order_mark_and_an_empty_file_are_no_fault() -> None:
    assert read_content(TOML.encode("utf-8-sig")) == read_content(TOML.encode())
    assert read_content(b"") == Content()


def test_a_picture_of_success_is_read() -> None:
    content = read_content(
        '[measure]\nkind = "qualitative"\nname = "見える化"\nsuccess_image = "一覧がある"\ncriteria = ["公開"]'.encode()
    )
    assert isinstance(content, Content)
    assert isinstance(content.measure, QualitativeMeasure)


@pytest.mark.parametrize(
    ("data", "code", "where"),
    [
        (b'titel = "x"', "unknown_key", "titel"),
        (b'[measure]\nkind = "numeric"\nname = "x"\ntarget = 1\ntarqet = 2', "unknown_key", "measure.tarqet"),
        (b'[[steps]]\ntitle = "a"\ndue = 2026-10-23\n[[steps]]\ntitle = "b"\ndue = 3', "invalid", "steps[1].due"),
        (b'[measure]\nkind = "numeric"\nname = "x"\ntarget = inf', "invalid", "measure.target"),
        (b'{"measure": {"kind": "numeric", "name": "x", "target": NaN}}', "invalid", "measure.target"),
        (b'weight = "60 %"', "invalid", "weight"),
        (b"weight = true", "invalid", "weight"),
        (b"weight = 33.333", "invalid", "weight"),
        (b"weight = nan", "invalid", "weight"),
        (b"weight = 0", "invalid", "weight"),
        (b"theme = ", "not_toml", "file"),
        (b'{"theme": ', "invalid", "file"),
        ("theme = 'x'".encode("utf-16"), "not_utf8", "byte 0"),
        (b"a = " + b"[" * 100_000, "not_toml", "file"),
        (b'{"theme": ' + b"[" * 100_000, "invalid", "file"),
        (b"[" * 100_000, "not_toml", "line 1"),
    ],
)
def test_what_cannot_be_taken_is_found_with_its_place(data: bytes, code: str, where: str) -> None:
    found = read_content(data)
    assert not isinstance(found, Content)
    assert (found[0].code, found[0].where) == (code, where)


def test_a_mistyped_key_is_answered_with_the_right_one_in_both_languages() -> None:
    found = read_content(b'titel = "x"')
    assert not isinstance(found, Content)
    assert (say_both(found[0].message).ja, say_both(found[0].message).en) == (
        "使えないキーです。「title」のことですか。",
        "unknown key; did you mean title?",
    )
