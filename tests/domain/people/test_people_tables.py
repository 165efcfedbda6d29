"""Tables of people as people make them: with a title, with semicolons, too large, and with several kinds of errors at once."""

import time
import tracemalloc

import pytest

from domain.csv_text import start_of_long_row
from domain.people.listed import findings_with, lost_characters
from domain.people.organisation import Employee
from domain.people.people_file import PeopleFile, read_people, read_people_rows
from domain.people.people_rows import MAX_ROWS
from domain.values import EmployeeId, Locale
from texts.findings import finding_hint, finding_text

HEADER = "社員番号,氏名,部署,上長"


def codes(file: PeopleFile) -> list[tuple[str, str]]:
    return [(one.code, one.where) for one in file.findings]


def test_a_title_above_the_header_is_one_finding() -> None:
    rows = "".join(f"{n},社員,営業,\n" for n in range(54))
    for separator in ",;\t":
        table = f"社員名簿 2027年4月\n\n{HEADER}\n{rows}".replace(",", separator)
        file = read_people(table.encode())
        assert codes(file) == [("title_above", "row 1")]
        assert "row 3" in finding_text(file.findings[0], Locale.EN)


def test_all_kinds_of_errors_are_found_in_one_go() -> None:
    tops = [f"T{n},長,経営," for n in range(60)]
    missing = [f"M{n},社員,営業,X{n}" for n in range(140)]
    broken = ["B1,,営業,T0", "B2,社員,営業,B1", "B3,社員,営業"]
    under_broken = ["B4,社員,営業,B3"]
    file = read_people("\n".join([HEADER, *broken, *tops, *missing, *under_broken]).encode())
    found = findings_with(file, file.placed, ())
    assert [(one.code, one.where) for one in found[:2]] == [("empty_cell", "row 2"), ("cell_count", "row 4")]
    assert [one.code for one in found[2:]] == ["several_tops", *["manager_missing"] * 140], (
        "B3 is there, though not read"
    )
    several, first_missing = found[2], found[3]
    assert several.concerned == tuple(f"T{n}" for n in range(60)), "all of them, also for programs"
    assert "--top" in str(finding_hint(several, Locale.EN))
    assert "--orphans-to" in str(finding_hint(first_missing, Locale.EN))


def test_a_circle_is_found_although_the_names_in_it_are_empty() -> None:
    file = read_people(f"{HEADER}\n0,長,経営,\n1,,営業,2\n2,,営業,1\n".encode())
    assert [one.code for one in findings_with(file, file.placed, ())] == [
        "empty_cell",
        "empty_cell",
        "circular_managers",
    ]


def test_a_table_of_too_many_rows_is_refused_by_its_bytes_before_it_takes_memory() -> None:
    data = f"{HEADER}\n".encode() + b"1,a,b,\n" * (MAX_ROWS + 1)
    tracemalloc.start()
    started = time.process_time()
    file = read_people(data)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert codes(file) == [("too_large", "file")]
    assert most < 1_000_000, "bytes"
    assert time.process_time() - started < 1


def test_a_row_of_commas_alone_is_refused_before_it_becomes_cells() -> None:
    data = f"{HEADER}\n".encode() + b"," * 60_000_000
    tracemalloc.start()
    file = read_people(data)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert codes(file) == [("too_large", "row 2")]
    assert most < 5_000_000, "bytes"


# Repeated to the longest cell that a CSV file can have; each begins many matches that fail late.
@pytest.mark.parametrize("piece", [" ", "\u3000", "\n ", "0", "１", "-", ".", "a@", "年", "令和", "x\n"])
def test_no_cell_keeps_the_reader_busy(piece: str) -> None:
    cell = f'"a{piece * (130_000 // len(piece))}b"'
    table = f"{HEADER},メール,在籍,退職日\n" + ",".join([cell] * 7) + "\n2,b,c,,,,\n"
    started = time.process_time()
    read_people(table.encode())
    assert time.process_time() - started < 2, "a run of blanks took 30 seconds"


@pytest.mark.parametrize("table", [b"x" * 200_000, (b"x" * 2_000 + b"\n") * 5_000], ids=["one row", "many rows"])
def test_looking_for_a_long_row_takes_a_time_that_grows_with_the_file_alone(table: bytes) -> None:
    started = time.process_time()
    assert start_of_long_row(table) is None
    assert time.process_time() - started < 1, "each row took a time that grew with its square"
    assert start_of_long_row(table + b"\r\n" + b"," * 2_000_001) == len(table) + 2


def test_rows_of_a_workbook_are_read_as_those_of_a_text() -> None:
    rows = [
        ["社員番号", "氏名", "部署", "上長", "退職日"],
        ["1", "社員", "経営", "", ""],
        ["", "", "", "", ""],
        ["2", "社員", "営業", "1", "2027-03-31"],
    ]
    file = read_people_rows(rows)
    assert file.findings == ()
    assert [(one.id, one.manager_id) for one in file.employees] == [("1", None), ("2", "1")]
    assert file.place(EmployeeId("2")) == "row 4"


def test_a_character_that_a_spreadsheet_lost_is_refused_where_the_directory_has_it() -> None:
    known = {EmployeeId("1"): Employee(id=EmployeeId("1"), name="𠮷田 太郎", department="営業", manager_id=None)}
    lost = read_people(f"{HEADER}\n1,?田 太郎,営業,\n2,?田 花子,営業,1\n3,Who?,営業,1\n".encode("cp932"))
    assert [(one.level, one.code, one.where) for one in lost_characters(lost, known)] == [
        ("refuse", "lost_character", "row 2"),
        ("advise", "question_mark", "row 3"),
    ]
    twice = read_people(f"{HEADER}\n1,??田 太郎,営業,\n".encode())
    assert [one.code for one in lost_characters(twice, known)] == ["lost_character"]


def test_no_number_of_question_marks_keeps_the_comparison_busy() -> None:
    name = "あ" * 190
    known = {EmployeeId("1"): Employee(id=EmployeeId("1"), name=name, department="営業", manager_id=None)}
    file = read_people(f"{HEADER}\n1,{'??あ' * 60}い,営業,\n".encode())
    started = time.process_time()
    assert [one.code for one in lost_characters(file, known)] == ["question_mark"]
    assert time.process_time() - started < 1


def test_a_name_that_the_directory_has_with_its_question_mark_is_left_alone() -> None:
    known = {EmployeeId("1"): Employee(id=EmployeeId("1"), name="なに?", department="営業", manager_id=None)}
    assert lost_characters(read_people(f"{HEADER}\n1,なに?,営業,\n".encode()), known) == ()
