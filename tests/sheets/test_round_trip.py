"""Round trips: writing and reading again changes nothing, for any text; and exactly the changed fields change."""

import io
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any
from zipfile import ZipFile

import pytest
from hypothesis import given, settings
from python_calamine import CalamineWorkbook
from xlsxwriter.workbook import Workbook

from domain.findings import Finding
from domain.values import Locale
from domain.writing.content import Content, Contributor
from sheets.fields import FIELDS, InvalidFields, fields_of, merged
from sheets.goal_sheet import cells_of_block, write_goal_sheet
from sheets.goals_csv import read_goals_csv, write_goals_csv
from sheets.model import ReadGoal, SheetGoal
from sheets.reading import read_goal_sheet
from sheets.workbook import WorkbookReader
from tests.domain.builders import CONTENT, PICTURE, content, policy
from tests.sheets.filled import CONTENTS, goal_with, sheet_of
from texts.places import field_of_sheet
from texts.say import say_both

PICTURED = content(measure=PICTURE)
READER = WorkbookReader()


@pytest.fixture(scope="module", autouse=True)
def reading_process() -> Iterator[None]:
    """One process reads the workbooks of all these tests."""
    with READER:
        yield


def by_sheet(one: Content, locale: Locale) -> ReadGoal:
    (read,) = goals_of(read_goal_sheet(write_goal_sheet(sheet_of(one), locale), READER))
    return read


def by_csv(one: Content, locale: Locale) -> ReadGoal:
    (read,) = goals_of(read_goals_csv(write_goals_csv([goal_with(one)], locale)))
    return read


def goals_of(read: tuple[ReadGoal, ...] | tuple[Finding, ...]) -> list[ReadGoal]:
    assert not [one for one in read if isinstance(one, Finding)], read
    return [one for one in read if isinstance(one, ReadGoal)]


WAYS = pytest.mark.parametrize("way", [by_sheet, by_csv])
Way = Callable[[Content, Locale], ReadGoal]


@WAYS
@pytest.mark.parametrize("locale", Locale)
@given(one=CONTENTS)
@settings(max_examples=60, deadline=None)
def test_nothing_changes_on_the_way_out_and_in_again(way: Way, locale: Locale, one: Content) -> None:
    read = way(one, locale)
    assert (read.id, read.seq) == ("2026-q4/e100/1", 1)
    assert merged(one, read.fields, read.places) == one


@WAYS
@given(one=CONTENTS)
@settings(max_examples=60, deadline=None)
def test_a_blank_goal_takes_what_a_sheet_holds(way: Way, one: Content) -> None:
    """Reads every field into an empty goal; only spaces, line ends and control characters may differ."""
    read = way(one, Locale.JA)
    made = merged(Content(), read.fields)
    again = way(made, Locale.JA)
    assert merged(made, again.fields) == made
    plain = {name: value for name, value in fields_of(made).items() if isinstance(value, int | Decimal | date)}
    assert plain == {name: value for name, value in fields_of(one).items() if isinstance(value, int | Decimal | date)}


@WAYS
@pytest.mark.parametrize("one", [CONTENT, PICTURED], ids=["number", "picture"])
def test_each_field_that_is_changed_changes_and_nothing_else(way: Way, one: Content) -> None:
    changes: dict[str, Any] = {
        "theme": "別のテーマ", "challenge": "別の\n課題", "heard": "営業部\n総務部", "weight": Decimal(30), "parent": "digital",
        "answers": "H1\nH2", "measure": "別の指標", "step1_title": "別のステップ", "step2_due": date(2026, 12, 1), "points": Decimal(50),
    }  # fmt: skip
    read = way(one, Locale.JA)
    for field, value in changes.items():
        after = merged(one, dict(read.fields) | {field: value}, read.places)
        before, now = fields_of(one), fields_of(after)
        assert {name for name in FIELDS if before.get(name) != now.get(name)} == {field}
        assert now[field] == value


SHARED = CONTENT.model_copy(
    update={
        "contributors": (Contributor(person="M1", share=30),),
        "steps": (CONTENT.steps[0].model_copy(update={"by": "M1"}), CONTENT.steps[1]),
    }
)


@WAYS
def test_contributors_and_their_steps_are_changed_in_a_sheet(way: Way) -> None:
    read = way(SHARED, Locale.JA)
    assert (read.fields["contributors"], read.fields["step1_by"]) == ("M1 30", "M1")
    after = merged(SHARED, dict(read.fields) | {"contributors": "M1 ２０\nM2  5 %", "step2_by": "M2"}, read.places)
    assert [(one.person, one.share) for one in after.contributors or ()] == [("M1", 20), ("M2", 5)]
    assert [step.by for step in after.steps] == ["M1", "M2"]
    alone = {name: value for name, value in read.fields.items() if name not in ("contributors", "step1_by")}
    assert merged(SHARED, alone, read.places).contributors is None


@pytest.mark.parametrize(
    ("said", "where", "code"),
    [
        ({"contributors": "M1"}, "contributors", "bad_contributor"),
        ({"contributors": "M1 many"}, "contributors", "bad_contributor"),
        ({"contributors": "M1 100"}, "contributors", "invalid"),
        ({"contributors": "M1 60\nM2 40"}, "contributors", "invalid"),
        ({"contributors": "M2 30"}, "step1_by", "invalid"),
        ({"step2_by": "M9"}, "step2_by", "invalid"),
    ],
)
def test_contributors_that_cannot_be_are_found_in_their_cell(said: dict[str, str], where: str, code: str) -> None:
    with pytest.raises(InvalidFields) as caught:
        merged(SHARED, dict(fields_of(SHARED)) | said)
    assert {(one.code, one.where.split(".")[0]) for one in caught.value.findings} == {(code, where)}


def test_a_sheet_of_the_first_version_is_read_and_leaves_the_contributors_as_they_are() -> None:
    out = io.BytesIO()
    with Workbook(out, {"in_memory": True}) as book:
        page, hidden = book.add_worksheet("目標管理シート"), book.add_worksheet("meguri")
        hidden.write_row(0, 0, ["meguri", 1, "ja"])
        hidden.write_row(1, 0, ["2026-q4/e100/1", 1, 5, 4])
        page.write_string(6, 2, "新しいテーマ")
        page.write_string(15, 0, "1")
        page.write_string(15, 2, "最初のステップ")
        page.write_string(19, 2, "手順")  # the points, below the steps
    (read,) = goals_of(read_goal_sheet(out.getvalue(), READER))
    assert {name: value for name, value in read.fields.items() if value} == {
        "theme": "新しいテーマ", "step1_title": "最初のステップ",
    }  # fmt: skip
    known = dict(fields_of(SHARED)) | {"theme": "新しいテーマ"}
    old = {name: value for name, value in known.items() if name in read.places}
    after = merged(SHARED, old, read.places)
    assert (after.theme, after.contributors, after.steps) == ("新しいテーマ", SHARED.contributors, SHARED.steps)


def test_numbers_and_dates_are_read_as_people_write_them() -> None:
    said = {
        "baseline": "１，２００",
        "target": "1,500.5",
        "direction": "大きいほど良い",
        "weight": "３３．３",
        "step1_due": "2026年12月1日",
        "step2_due": "2026/12/10",
    }
    after = merged(CONTENT, dict(fields_of(CONTENT)) | said)
    fields = fields_of(after)
    assert (fields["baseline"], fields["target"], fields["direction"]) == (Decimal(1200), Decimal("1500.5"), "up")
    assert fields["weight"] == Decimal("33.3")
    assert (fields["step1_due"], fields["step2_due"]) == (date(2026, 12, 1), date(2026, 12, 10))


@pytest.mark.parametrize(
    ("said", "code", "where"),
    [
        ({"target": "多め"}, "bad_number", "target"),
        ({"weight": "40.555"}, "invalid", "weight"),
        ({"weight": "40 %"}, "bad_number", "weight"),
        ({"weight": Decimal("0.4")}, "bad_number", "weight"),  # a cell that shows 40 %
        ({"weight": "inf"}, "bad_number", "weight"),
        ({"weight": Decimal(101)}, "invalid", "weight"),
        ({"step1_due": "来月"}, "bad_date", "step1_due"),
        ({"step3_title": "もう一歩"}, "bad_date", "step3_due"),
        ({"direction": "横ばい"}, "bad_direction", "direction"),
        ({"image": "姿"}, "two_measures", "image"),
        ({"theme": "a" * 201}, "invalid", "theme"),
        ({"step1_title": "a\nb"}, "invalid", "step1_title"),
        ({"parent": "a b"}, "invalid", "parent"),
        ({"target": "NaN"}, "invalid", "target"),
        ({"points": "inf"}, "bad_number", "points"),
    ],
)
def test_what_makes_no_goal_is_named_by_its_field_in_both_languages(
    said: dict[str, Any], code: str, where: str
) -> None:
    with pytest.raises(InvalidFields) as caught:
        merged(CONTENT, dict(fields_of(CONTENT)) | said)
    assert [(one.code, one.where) for one in caught.value.findings] == [(code, where)]
    assert all(say_both(one.message).ja and say_both(one.message).en for one in caught.value.findings)


def test_a_measure_that_is_neither_number_nor_picture_is_named() -> None:
    with pytest.raises(InvalidFields) as caught:
        merged(Content(), {"measure": "件数"})
    assert caught.value.findings[0].code == "no_measure"
    assert merged(CONTENT, {}, ("measure", "unit", "direction", "baseline", "target", "points")).measure is None


def test_columns_that_a_file_does_not_have_leave_their_fields_alone() -> None:
    data = "目標の ID,ウェイト\n2026-q4/e100/1,40\n".encode("cp932")
    (read,) = goals_of(read_goals_csv(data))
    assert read.seq is None
    assert merged(CONTENT, read.fields, read.places) == CONTENT.model_copy(update={"weight": 40})


def test_a_weight_below_1_stays_where_nobody_changes_it() -> None:
    small = content(weight="0.1")
    (read,) = goals_of(read_goal_sheet(write_goal_sheet(sheet_of(small), Locale.JA), READER))
    after = merged(small, dict(read.fields) | {"theme": "別のテーマ"}, read.places)
    assert after.weight == Decimal("0.1")


def test_a_sheet_says_at_what_weight_points_count() -> None:
    weighted = goal_with(content(weight="33.3")).model_copy(update={"policy": policy(weighted=True)})
    one = sheet_of(CONTENT)
    data = write_goal_sheet(one._replace(goals=(SheetGoal(weighted),)), Locale.JA)
    rows = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()
    assert any("得点(× 33.3 %)" in row for row in rows)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_is_read_with_each_separator(separator: str) -> None:
    data = "目標の ID,テーマ,ウェイト\n2026-q4/e100/1,早期化,40\n".replace(",", separator).encode()
    (read,) = goals_of(read_goals_csv(data))
    assert read.fields == {"theme": "早期化", "weight": "40"}


def test_a_title_above_the_header_of_a_table_is_one_finding() -> None:
    table = write_goals_csv([goal_with(CONTENT)], Locale.JA).decode("utf-8-sig")
    width = table.split("\n", 1)[0].count(",")
    (found,) = read_goals_csv(f"目標一覧{',' * width}\n\n{table}".encode())
    assert isinstance(found, Finding)
    assert (found.code, found.where) == ("title_above", "row 1")


@pytest.mark.parametrize("encoding", ["utf-16", "euc_jp"])
def test_a_table_whose_encoding_is_not_sure_is_refused(encoding: str) -> None:
    (found,) = read_goals_csv("目標の ID,ウェイト\n2026-q4/e100/1,40\n".encode(encoding))
    assert isinstance(found, Finding)
    assert found.code == "not_text"


def test_no_text_is_a_formula() -> None:
    wicked = content(theme='=HYPERLINK("http://x","y")', challenge="+1", heard=("@SUM(A1)",))
    data = write_goal_sheet(sheet_of(wicked), Locale.JA)
    with ZipFile(io.BytesIO(data)) as parts:
        assert b"<f>" not in parts.read("xl/worksheets/sheet1.xml")
    assert b"'=HYPERLINK" in write_goals_csv([goal_with(wicked)], Locale.JA)


def test_every_field_has_a_cell_of_its_own_that_a_person_may_fill() -> None:
    cells = [(row, column) for _, row, column in cells_of_block(5, 12)]
    assert len(set(cells)) == len(cells)
    assert {field for field, _, _ in cells_of_block(5, 12)} == set(FIELDS)
    assert all(field_of_sheet(field, locale) for field in FIELDS for locale in Locale)


def test_five_goals_come_back_from_one_sheet() -> None:
    contents = (CONTENT, PICTURED, Content(), CONTENT, content(weight=10))
    data = write_goal_sheet(sheet_of(*contents), Locale.JA)
    read = goals_of(read_goal_sheet(data, READER))
    assert [one.id[-1] for one in read] == list("12345")
    for one, found in zip(contents, read, strict=True):
        assert merged(one, found.fields, found.places) == one
    visible = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()
    assert any("岡本 蓮" in map(str, row) for row in visible)


def saved(rows: list[list[Any]], name: str = "meguri") -> bytes:
    out = io.BytesIO()
    with Workbook(out) as book:
        book.add_worksheet("x")
        hidden = book.add_worksheet(name)
        for n, row in enumerate(rows):
            hidden.write_row(n, 0, row)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "no_workbook"),
        (b"PK\x03\x04 broken", "no_workbook"),
        ("目標".encode(), "no_workbook"),
        (b"x" * 5_000_001, "too_large"),
        (saved([], name="other"), "no_goal_sheet"),
        (saved([["meguri", 3, "ja"]]), "other_version"),
        (saved([]), "other_version"),
        (saved([["meguri", 1, "ja"], ["2026-q4/e100/1", "x", 5, 4]]), "hidden_page"),
        (saved([["meguri", 1, "ja"], ["2026-q4/e100/1", 1, 5, 99]]), "hidden_page"),
        (saved([["meguri", 1, "ja"], ["2026-q4/e100/1", 1, 1e300, 4]]), "hidden_page"),
        (saved([["meguri", 1, "ja"], ["2026-q4/e100/1", 1, -8, 4]]), "hidden_page"),
        (saved([["meguri", 1, "ja"], *[["2026-q4/e100/1", 1, 5, 4]] * 200]), "too_large"),
    ],
)
def test_a_file_that_is_no_goal_sheet_is_named_and_nothing_is_read(data: bytes, code: str) -> None:
    (finding,) = read_goal_sheet(data, READER)
    assert isinstance(finding, Finding)
    assert finding.code == code


def test_a_zip_that_is_no_workbook_is_named() -> None:
    out = io.BytesIO()
    with ZipFile(out, "w") as parts:
        parts.writestr("a.txt", "a")
    (finding,) = read_goal_sheet(out.getvalue(), READER)
    assert isinstance(finding, Finding)
    assert finding.code == "no_workbook"


@pytest.mark.parametrize(
    ("data", "codes"),
    [
        ("目標の ID,魔法\nx,1\n", ["unknown_column"]),
        ("テーマ\nx\n", ["no_id"]),
        ("目標の ID,テーマ,theme\nx,1,2\n", ["column_twice"]),
        ("", ["no_id"]),
        ('目標の ID,テーマ\nx,"1\n', ["not_csv"]),
        ("目標の ID,番号\nx,abc\n,3\n", ["bad_row", "bad_row"]),
    ],
)
def test_a_table_that_is_not_ours_is_named_by_column_and_row(data: str, codes: list[str]) -> None:
    found = read_goals_csv(data.encode())
    assert [one.code for one in found if isinstance(one, Finding)] == codes


def test_a_table_in_no_known_encoding_is_named() -> None:
    (finding,) = read_goals_csv(b"\xff\xfe\x00\x81")
    assert isinstance(finding, Finding)
    assert finding.code == "not_text"
