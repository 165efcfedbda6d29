"""A roster from a spreadsheet program: read as the same table in a text file, by the same rules."""

import io
from datetime import date, datetime
from typing import Any

import xlsxwriter

from service.people_files import PeopleSource, read_file

ROWS = (
    ("社員番号", "氏名", "部署", "上長", "在籍", "退職日"),
    (1, "社長 一", "経営", "", True, ""),
    ("E2", "𠮷田 花子", "営業", 1, "はい", date(2027, 3, 31)),
    ("E3", "退職 者", "営業", 1.0, False, datetime(2026, 3, 31)),
)


def workbook(rows: Any, *, cover: bool = False) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    days = book.add_format({"num_format": "yyyy/mm/dd"})
    if cover:
        book.add_worksheet("表紙").write(0, 0, "社員名簿")
    sheet = book.add_worksheet("名簿")
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            if isinstance(cell, date):
                sheet.write_datetime(number, column, cell, days)
            else:
                sheet.write(number, column, cell)
    book.close()
    return out.getvalue()


async def test_a_roster_of_a_spreadsheet_is_read_with_its_numbers_days_and_answers() -> None:
    for cover in (False, True):
        file = await read_file(PeopleSource(workbook(ROWS, cover=cover)))
        assert file.findings == ()
        assert [(one.id, one.name, one.manager_id, one.active, one.leaves) for one in file.employees] == [
            ("1", "社長 一", None, True, None),
            ("E2", "𠮷田 花子", "1", True, date(2027, 3, 31)),
            ("E3", "退職 者", "1", False, date(2026, 3, 31)),
        ]


async def test_a_day_that_the_spreadsheet_keeps_as_a_number_is_refused_by_what_it_is() -> None:
    rows = (ROWS[0], ("E1", "a", "b", "", "はい", 46478))
    file = await read_file(PeopleSource(workbook(rows)))
    assert [(one.code, one.where, one.message.key) for one in file.findings] == [
        ("bad_cell", "row 2", "finding.bad_day")
    ]


async def test_a_title_above_the_table_of_a_spreadsheet_is_one_finding() -> None:
    file = await read_file(PeopleSource(workbook((("社員名簿", "", "", "", "", ""), *ROWS))))
    assert [(one.code, one.where) for one in file.findings] == [("title_above", "row 1")]


async def test_what_only_begins_as_a_workbook_is_no_workbook() -> None:
    file = await read_file(PeopleSource(b"PK\x03\x04 nothing"))
    assert [one.code for one in file.findings] == ["no_workbook"]
