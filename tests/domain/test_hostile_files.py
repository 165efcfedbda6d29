"""Every field of every file that people hand in, with hostile values: findings that name the place, or a value that does no harm."""

import csv
import io
import tomllib
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from domain.cycle.checks import check_cycle
from domain.cycle.file import CycleFile, read_cycle_file
from domain.findings import Finding, refuses
from domain.people.organisation import Organisation
from domain.people.people_file import PeopleFile, read_people
from domain.values import Locale
from domain.writing.content import Content
from domain.writing.content_file import read_content
from domain.writing.rules import check
from service.calendars import freeze
from sheets.goals_csv import read_goals_csv, write_goals_csv
from sheets.model import ReadGoal
from tests.domain.builders import POLICY, draft
from tests.hostile import DATES, EVERYTHING, JSON_VALUES, NO_JSON, NUMBERS

SAMPLES = Path(__file__).parents[2] / "samples"
COMPANY = (SAMPLES / "company.csv").read_text(encoding="utf-8")
CYCLE = tomllib.loads((SAMPLES / "cycle.toml").read_text(encoding="utf-8"))
GOAL = """
theme = "月次決算の早期化"
challenge = "締め処理が属人化している"
weight = 20
[measure]
kind = "numeric"
name = "所要日数"
unit = "日"
direction = "down"
baseline = 10
target = 6
[[steps]]
title = "手順を洗い出す"
due = 2026-12-11
points = 20
"""
TODAY = date(2026, 10, 1)
COMPANY_NOW = Organisation(read_people(COMPANY.encode()).employees)

Replace = Callable[[Any], Any]


def leaves(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all values in the tree; of a list, only its first element."""
    if isinstance(tree, dict):
        for key, below in tree.items():
            yield from leaves(below, (*path, key))
    elif isinstance(tree, list) and tree:
        yield from leaves(tree[0], (*path, 0))
    else:
        yield path


def replaced(tree: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    head, *rest = path
    if isinstance(tree, dict):
        return {**tree, head: replaced(tree[head], tuple(rest), value)}
    return [replaced(one, tuple(rest), value) if n == head else one for n, one in enumerate(tree)]


def as_toml(tree: Any) -> bytes:
    return tomli_w.dumps(tree).encode("utf-8", "surrogatepass")


def days() -> Iterator[date]:
    yield from (date.min, date.max, date(1, 3, 1), date(9998, 12, 31), date(2027, 2, 28))


def named(findings: tuple[Finding, ...]) -> bool:
    return bool(findings) and all(one.where and one.message.key for one in findings)


def takes_cycle(data: bytes) -> None:
    file = read_cycle_file(data)
    if not isinstance(file, CycleFile):
        assert named(file)
        return
    if not refuses(check_cycle(file, COMPANY_NOW, TODAY)):
        freeze(file)


def takes_content(data: bytes) -> None:
    content = read_content(data)
    if not isinstance(content, Content):
        assert named(content)
        return
    check(content, POLICY)


@pytest.mark.parametrize("path", list(leaves(CYCLE)), ids=lambda path: ".".join(map(str, path)))
def test_a_cycle_file_with_a_hostile_value_in_any_field_is_taken_or_refused_by_place(path: tuple[Any, ...]) -> None:
    for value in [*EVERYTHING.values(), *days(), 10**30, -1, 0, 1e308, True, [], {}, [[]], [{}], {"a": {"b": 1}}]:
        takes_cycle(as_toml(replaced(CYCLE, path, value)))


@pytest.mark.parametrize("path", list(leaves(tomllib.loads(GOAL))), ids=lambda path: ".".join(map(str, path)))
def test_a_goal_file_with_a_hostile_value_in_any_field_is_taken_or_refused_by_place(path: tuple[Any, ...]) -> None:
    for value in [*EVERYTHING.values(), *days(), 10**30, -1, 0, 1e308, True, [], {}, [[]], [{}]]:
        takes_content(as_toml(replaced(tomllib.loads(GOAL), path, value)))


@pytest.mark.parametrize("reader", [takes_cycle, takes_content])
def test_what_is_no_file_of_the_kind_is_refused_by_place(reader: Callable[[bytes], None]) -> None:
    nested = "a = " + "[" * 100_000 + "]" * 100_000
    tables = "a." * 5_000 + "b = 1"
    for text in (*JSON_VALUES, *NO_JSON, *EVERYTHING.values(), nested, tables, "x = " + "1" * 100_000, "[a]\n[a]"):
        reader(text.encode("utf-8", "surrogatepass"))
    for data in (b"\xff\xfe\x00", b"\x80", b"\0" * 10_000, bytes(range(256)), b"PK\x03\x04", b"x" * 10_000_000):
        reader(data)


def people_with(column: int, value: str) -> bytes:
    header, first, *rest = csv.reader(io.StringIO(COMPANY))
    out = io.StringIO()
    csv.writer(out).writerows([header, [value if n == column else one for n, one in enumerate(first)], *rest])
    return out.getvalue().encode("utf-8", "surrogatepass")


def test_a_people_file_with_a_hostile_value_in_any_cell_is_taken_or_refused_by_place() -> None:
    header = next(csv.reader(io.StringIO(COMPANY)))
    for column in range(len(header)):
        for value in EVERYTHING.values():
            found = read_people(people_with(column, value))
            assert isinstance(found, PeopleFile)
            assert found.employees or named(found.findings)


def test_a_table_of_goals_with_a_hostile_value_in_any_cell_is_taken_or_refused_by_place() -> None:
    header, first = csv.reader(io.StringIO(write_goals_csv([draft()], Locale.JA).decode("utf-8-sig")))
    for column in range(len(header)):
        for value in EVERYTHING.values():
            out = io.StringIO()
            csv.writer(out).writerows([header, [value if n == column else one for n, one in enumerate(first)]])
            read = read_goals_csv(out.getvalue().encode("utf-8", "surrogatepass"))
            findings = tuple(one for one in read if isinstance(one, Finding))
            assert all(isinstance(one, ReadGoal) for one in read) or named(findings)


def test_every_kind_of_hostile_value_is_in_the_table() -> None:
    assert {"zero byte", "text direction override", "full width digits", "formula", "very long"} <= set(EVERYTHING)
    assert "no number" in NUMBERS
    assert "leap day of no leap year" in DATES
