from collections import Counter
from pathlib import Path

import pytest

from domain.people.organisation import Organisation, appoint
from domain.people.people_file import MAX_BYTES, PeopleFile, read_people
from domain.values import EmployeeId, Locale
from texts.say import say_both

ROOT = Path(__file__).parents[3]
HEADER = "社員番号,氏名,メールアドレス,部署,役職,上長,言語\n"
TWO = HEADER + "M1,山田 太郎,taro@meguri.example,営業部,部長,,ja\nM2,Jane Doe,jane@meguri.example,営業部,,M1,en\n"


def read(text: str, mapping: dict[str, str] | None = None) -> PeopleFile:
    return read_people(text.encode(), mapping)


def told(file: PeopleFile) -> list[tuple[str, str]]:
    assert file.employees == ()  # all or nothing
    return [(finding.code, finding.where) for finding in file.findings]


def foreign(name: str) -> bytes:
    path = ROOT.parent / "shared" / "data" / name
    if not path.exists():
        pytest.skip(f"../shared/data/{name} is not there: a company that nobody here wrote")
    return path.read_bytes()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_a_company_is_read_in_each_encoding_newline_and_separator(encoding: str, newline: str, separator: str) -> None:
    file = read_people(TWO.replace("\n", newline).replace(",", separator).encode(encoding))
    assert file.findings == ()
    boss, report = file.employees
    assert (boss.id, boss.name, boss.mail, boss.title) == ("M1", "山田 太郎", "taro@meguri.example", "部長")
    assert (boss.department, boss.manager_id, boss.locale, boss.active) == ("営業部", None, Locale.JA, True)
    assert (report.manager_id, report.title, report.locale) == ("M1", None, Locale.EN)
    assert file.rows == {"M1": 2, "M2": 3}
    assert file.place(EmployeeId("M2")) == "row 3"
    assert file.place(EmployeeId("elsewhere")) == "elsewhere"


@pytest.mark.parametrize(
    "header",
    [
        "社員ID,名前,所属,上司",
        "社員コード,社員名,部門,上長社員番号",
        "employee_id,Name,Department,Manager ID",
        "Emp No,full-name,DEPT,manager",
        "ＩＤ,氏 名,部署,上長ＩＤ",
    ],
)
def test_headers_are_recognised_in_both_languages_whatever_their_spelling(header: str) -> None:
    file = read(f"{header}\n1,a,b,\n")
    assert file.findings == ()
    assert [one.id for one in file.employees] == ["1"]


def test_columns_that_nobody_asked_for_are_left_alone() -> None:
    assert read("id,name,department,manager,hire_date,在籍\n1,a,b,,2009-01-14,在籍\n").findings == ()


def test_a_header_that_is_not_known_is_named_by_a_mapping_in_either_language() -> None:
    for field in ("name", "氏名"):
        file = read("id,login,department,manager\n1,ken0,b,\n", {field: "Login"})
        assert [one.name for one in file.employees] == ["ken0"]


def test_a_mapping_goes_before_a_header_that_would_be_recognised() -> None:
    file = read("id,name,kanji,department,manager\n1,Yamada,山田,b,\n", {"name": "kanji"})
    assert [one.name for one in file.employees] == ["山田"]


def test_a_mapping_chooses_between_headers_that_differ_in_case_only() -> None:
    text = "id,Name,name,department,manager\n1,first,second,b,\n"
    assert told(read(text)) == [("ambiguous_column", "row 1")]
    assert [one.name for one in read(text, {"name": "name"}).employees] == ["second"]


def test_a_mapping_of_a_field_or_to_a_header_that_does_not_exist_lists_what_there_is() -> None:
    file = read(TWO, {"salary": "給与", "name": "login", "氏名": "役職"})
    assert told(file) == [("bad_field", "file"), ("field_twice", "file"), ("no_header", "row 1")]
    assert "manager_id" in say_both(file.findings[0].message).en
    assert "メールアドレス" in say_both(file.findings[2].message).ja


def test_each_column_that_must_be_there_is_asked_for_and_the_headers_are_listed() -> None:
    file = read("番号,login\n1,a\n")
    assert told(file) == [("no_column", "row 1")] * 4
    assert [say_both(finding.message).en.split(";")[0] for finding in file.findings] == [
        f"no column for {name}" for name in ("id", "name", "department", "manager_id")
    ]
    assert "番号, login" in say_both(file.findings[0].message).en


def test_two_columns_for_one_field_are_refused_and_not_guessed() -> None:
    file = read("id,name,部署,所属,manager\n1,a,b,c,\n")
    assert told(file) == [("ambiguous_column", "row 1")]
    assert "部署、所属" in say_both(file.findings[0].message).ja


def test_rows_are_numbered_as_a_spreadsheet_shows_them_through_line_breaks_and_empty_rows() -> None:
    file = read('id,name,department,manager\n1,a,"営業部\n第一課",\n\n,,,\n//,b,c,1\n')
    assert told(file) == [("bad_cell", "row 5")]
    file = read('\nid,name,department,manager\n1,a,"営業部\n第一課",\n2,b,c,1\n')
    assert file.employees[0].department == "営業部 第一課"
    assert file.rows == {"1": 3, "2": 4}


def test_ids_are_trimmed_and_full_width_ones_folded_on_both_ends_of_a_line() -> None:
    file = read("id,name,department,manager\n Ｍ００１ ,a,b,\nM002,c,d,Ｍ００１\n")
    assert [(one.id, one.manager_id) for one in file.employees] == [("M001", None), ("M002", "M001")]


def test_every_bad_cell_is_found_at_its_row_and_says_what_would_do() -> None:
    file = read(
        "id,name,mail,department,manager,locale,在籍\n"
        "a/b,a,a@x.example,d,,ja,はい\n"
        "2,,b@x.example,,1,fr,たぶん\n"
        f"3,{'x' * 201},no-address,d,-,en,\n"
    )
    assert told(file) == [
        ("bad_cell", "row 2"),
        *[("empty_cell", "row 3")] * 2,
        *[("bad_cell", "row 3")] * 2,
        *[("bad_cell", "row 4")] * 3,
        ("empty_cell", "row 4"),
    ]
    assert "a/b" in say_both(file.findings[0].message).en
    assert "x" * 41 not in say_both(file.findings[5].message).en  # what is too long is not repeated in full


@pytest.mark.parametrize(
    ("word", "active"), [("在籍", True), ("○", True), ("TRUE", True), ("1", True), ("退職", False), ("no", False)]
)
def test_who_left_is_read_from_the_words_that_systems_write(word: str, active: bool) -> None:
    file = read(f"id,name,department,manager,在籍\n1,a,b,,{word}\n")
    assert [one.active for one in file.employees] == [active]


def test_an_id_that_comes_twice_names_both_rows_also_when_they_differ_in_width() -> None:
    file = read("id,name,department,manager\n1,a,b,\n2,c,d,1\n１,e,f,2\n")
    assert told(file) == [("duplicate", "row 2, row 4")]


def test_a_mail_address_that_comes_twice_names_both_rows_whatever_its_case() -> None:
    file = read("id,name,mail,department,manager\n1,a,A@x.example,b,\n2,c,a@X.example,d,1\n3,c,,d,1\n4,c,,d,1\n")
    assert told(file) == [("duplicate", "row 2, row 3")]


def test_rows_with_more_or_fewer_cells_than_the_header_are_refused() -> None:
    assert told(read("id,name,department,manager\n1,a,b\n2,a,b,,\n3,a,b,\n")) == [
        ("cell_count", "row 2"),
        ("cell_count", "row 3"),
    ]


@pytest.mark.parametrize(
    ("data", "code", "where"),
    [
        (b"", "empty_file", "file"),
        (b"\xef\xbb\xbf\r\n\r\n", "empty_file", "file"),
        (HEADER.encode(), "no_rows", "file"),
        (b"PK\x03\x04\x14\x00\x06\x00", "spreadsheet", "file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "spreadsheet", "file"),
        (TWO.encode("utf-16"), "utf_16", "file"),
        (b"\xfe\xff" + TWO.encode("utf-16-be"), "utf_16", "file"),
        (b"id,name\n1,\0\n", "binary", "row 2"),
        (b"id,name,department,manager\n1,J\xfcrgen\xff,b,\n", "bad_encoding", "row 2"),
        (b"\xef\xbb\xbf" + TWO.encode("cp932"), "bad_encoding", "row 1"),
        ("id,name,department,manager\n1,山田,営,\n".encode("euc_jp"), "ambiguous_encoding", "file"),
        (b'id,name,department,manager\n1,a,b,\n2,"a,b,\n3,a,b,\n', "bad_csv", "row 3"),
        (b"id,name,department,manager\n1," + b"x" * 200_000 + b",b,\n", "bad_csv", "row 2"),
        (b"x" * (MAX_BYTES + 1), "too_large", "file"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_file_that_is_no_csv_of_people_is_refused_with_a_reason(data: bytes, code: str, where: str) -> None:
    file = read_people(data)
    assert told(file) == [(code, where)]
    assert say_both(file.findings[0].message).ja != say_both(file.findings[0].message).en


def test_the_byte_that_no_encoding_knows_is_counted_from_the_beginning_of_the_file() -> None:
    data = b"id,name,department,manager\n1,J\xfcrgen\xff,b,\n"
    message = say_both(read_people(data).findings[0].message).en
    assert f"byte {data.index(0xFC) + 1} is 0xFC" in message


def test_signs_that_a_broken_conversion_left_are_refused() -> None:
    assert told(read("id,name,department,manager\n1,\ufffd\ufffd,b,\n")) == [("bad_cell", "row 2")]


def test_the_sample_company_is_sound_and_as_deep_as_promised() -> None:
    file = read_people((ROOT / "samples" / "company.csv").read_bytes())
    company = Organisation(file.employees)
    assert (file.findings, company.findings()) == ((), ())
    assert len(file.employees) == 120
    assert len(company.tops()) == 1
    assert Counter(len(company.manager_line(one.id)) for one in file.employees) == {0: 1, 1: 3, 2: 10, 3: 16, 4: 90}
    assert {"人事部", "経理部", "財務部", "総務部", "法務部", "営業部", "開発部", "製造部"} <= {
        one.department for one in file.employees
    }
    assert {one.locale for one in file.employees} == {Locale.JA, Locale.EN}
    assert all(one.mail and one.mail.endswith("@meguri.example") for one in file.employees)


def test_adventureworks_is_read_with_its_login_as_the_name() -> None:
    data = foreign("adventureworks-org.csv")
    assert told(read_people(data)) == [("no_column", "row 1")]
    file = read_people(data, {"name": "login"})
    company = Organisation(file.employees)
    assert (len(file.employees), file.findings, company.findings()) == (290, (), ())
    assert max(len(company.manager_line(one.id)) for one in file.employees) == 4


def test_the_eight_thousand_are_read_and_the_holes_in_their_lines_are_found() -> None:
    """The file names three managers who are not in it, and two people who are each other's managers."""
    file = read_people(foreign("employees-8k.csv"))
    assert (len(file.employees), file.findings) == (8064, ())
    findings = Organisation(file.employees).findings(place=file.place)
    assert [finding.code for finding in findings] == ["circular_managers", *["manager_missing"] * 3]
    assert findings[0].where == "row 32, row 186"


def test_the_eight_thousand_hold_together_once_somebody_says_who_is_at_the_top() -> None:
    top = EmployeeId("10039")
    company = Organisation(appoint(read_people(foreign("employees-8k.csv")).employees, (top,), top))
    assert (len(company.employees), company.tops(), company.findings()) == (8064, (top,), ())


@pytest.mark.parametrize(
    ("header", "row"),
    [("社員番号,氏名,部署,上長", "M1,Jane Doe,Sales,"), ("社員番号,氏名,部署,上長,言語", "M1,Jane Doe,Sales,,")],
)
def test_people_for_whom_the_file_names_no_language_speak_the_companys(header: str, row: str) -> None:
    data = f"{header}\n{row}\n".encode()
    assert [read_people(data, locale=locale).employees[0].locale for locale in Locale] == list(Locale)
    assert read_people(data).employees[0].locale is Locale.JA


def test_the_companys_language_does_not_overrule_the_file() -> None:
    assert [one.locale for one in read_people(TWO.encode(), locale=Locale.EN).employees] == [Locale.JA, Locale.EN]
