"""Whose number (社員番号) it is: numbers that change, and numbers that another person gets."""

from datetime import date

import pytest

from domain.findings import Level
from domain.people.listed import as_listed
from domain.people.numbers import NOTHING_SAID, Numbered, Said, numbered
from domain.people.organisation import Employee
from domain.people.people_file import read_people
from domain.values import EmployeeId

TODAY = date(2026, 11, 27)
TOP, MORI, ONO = (EmployeeId(one) for one in ("E1", "E11", "E13"))
HEADER = "社員番号,氏名,部署,上長,メール"
TOP_ROW = "E1,社長 一,経営,,"


def one(
    identity: str, name: str, *, active: bool = True, mail: str | None = None, number: str | None = None
) -> Employee:
    return Employee(
        id=EmployeeId(identity),
        name=name,
        mail=mail,
        department="経理部",
        manager_id=TOP,
        active=active,
        number=EmployeeId(number) if number else None,
    )


def directory(*people: Employee) -> dict[EmployeeId, Employee]:
    top = Employee(id=TOP, name="社長 一", department="経営")
    return {person.id: person for person in (top, *people)}


def read(known: dict[EmployeeId, Employee], *rows: str, said: Said = NOTHING_SAID) -> Numbered:
    file = read_people("\n".join([HEADER, TOP_ROW, *rows]).encode())
    assert not file.findings
    return numbered(file, known, said, TODAY)


def codes(found: Numbered) -> list[tuple[str, str]]:
    return [(finding.code, finding.where) for finding in found.findings]


def same(person: str, number: str) -> Said:
    return Said({number: person})


GIVEN_AWAY = "E11,山本 圭,経理部,E1,yamamoto@example.com"


def test_a_number_of_somebody_who_left_is_not_given_to_another_name_without_a_word() -> None:
    known = directory(one(MORI, "森 香織", active=False))
    assert codes(read(known, GIVEN_AWAY)) == [("number_reused", "row 3")]
    assert codes(read(known, "E11,森 香織,経理部,E1,")) == []  # who comes back
    assert codes(read(known, "E11,森田 香織,経理部,E1,")) == []  # who comes back with another family name
    assert codes(read(known, "E11,森香織,経理部,E1,")) == []


@pytest.mark.parametrize(
    ("before", "after", "mails", "is_unclear"),
    [
        ("森 香織", "山本 圭", ("mori@example.com", "yamamoto@example.com"), True),
        ("森 香織", "山本 圭", ("mori@example.com", "MORI@example.com"), False),  # the same mailbox
        ("森 香織", "山本 圭", (None, "yamamoto@example.com"), False),  # nothing but the name says so
        ("森 香織", "山本 香織", ("mori@example.com", "yamamoto@example.com"), False),  # a marriage
        ("森香織", "山本香織", ("mori@example.com", "yamamoto@example.com"), False),
        ("森香織", "山本圭", ("mori@example.com", "yamamoto@example.com"), True),
    ],
)
def test_a_number_of_somebody_who_works_here_is_unclear_if_name_and_mail_are_anothers(
    before: str, after: str, mails: tuple[str | None, str], is_unclear: bool
) -> None:
    found = read(directory(one(MORI, before, mail=mails[0])), f"E11,{after},経理部,E1,{mails[1]}")
    assert codes(found) == ([("number_reused", "row 3")] if is_unclear else [])


def test_a_new_person_with_a_used_number_gets_another_id_and_the_former_holder_has_left() -> None:
    known = directory(one(MORI, "森 香織"), one("E12", "原田 修"), one("E11-2", "以前 人", active=False))
    found = read(known, GIVEN_AWAY, "E12,原田 修,経理部,E11,", said=Said(new=frozenset({"E11"})))
    assert codes(found) == []
    people = {person.id: person for person in as_listed(found.file, known, TODAY)}
    assert people[EmployeeId("E11-3")].name == "山本 圭"
    assert people[EmployeeId("E11-3")].number == "E11"
    assert people[EmployeeId("E12")].manager_id == "E11-3"  # the file means the new person
    assert (people[MORI].active, people[MORI].number, people[MORI].name) == (False, None, "森 香織")
    assert found.file.place(EmployeeId("E11-3")) == "row 3"

    after = {**known, **people}
    again = read(after, GIVEN_AWAY, "E12,原田 修,経理部,E11,", said=Said(new=frozenset({"E11"})))
    assert {person.id: person for person in as_listed(again.file, after, TODAY)} == {
        one: after[one] for one in (TOP, EmployeeId("E11-3"), EmployeeId("E12"))
    }
    plain = read(after, GIVEN_AWAY, "E12,原田 修,経理部,E11,")  # later files need no word
    assert as_listed(plain.file, after, TODAY) == as_listed(again.file, after, TODAY)
    assert codes(plain) == []


def test_a_person_with_another_number_stays_the_same_person() -> None:
    known = directory(one(MORI, "森 香織"), one(ONO, "大野 あかり"))
    rows = ("E200,森 香織,経理部,E1,", "E13,大野 あかり,経理部,E200,")
    assert codes(read(known, *rows)) == [("number_changed", "row 3")]
    found = read(known, *rows, said=same("E11", "E200"))
    assert codes(found) == []
    people = {person.id: person for person in as_listed(found.file, known, TODAY)}
    assert (people[MORI].number, people[ONO].manager_id) == ("E200", MORI)
    assert found.id_of("E200") == MORI

    later = read({**known, **people}, *rows)  # the directory knows it from now on
    assert codes(later) == []
    assert {person.id for person in later.file.employees} == {TOP, MORI, ONO}
    back = read({**known, **people}, "E11,森 香織,経理部,E1,")  # and gets the old number again
    assert [person.number for person in back.file.employees] == [None, None]


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("E200,森 香織,経理部,E1,", [("number_changed", Level.REFUSE)]),  # active, and not in the file
        ("E200,森 香織,営業部,E1,", []),  # another department: namesakes are frequent
        ("E200,山本 圭,営業部,E1,Mori@example.com", [("number_changed", Level.REFUSE)]),  # the same mailbox
        ("E200,大野 あかり,営業部,E1,", [("may_be_back", Level.ADVISE)]),  # who had left
        ("E200,大野 あかり,営業部,E1,ono@example.com", [("number_changed", Level.REFUSE)]),
        ("E200,新 人,経理部,E1,", []),
    ],
)
def test_a_new_number_may_be_that_of_somebody_whom_the_file_does_not_list(
    row: str, found: list[tuple[str, Level]]
) -> None:
    known = directory(
        one(MORI, "森 香織", mail="mori@example.com"),
        one(ONO, "大野 あかり", active=False, mail="ono@example.com"),
    )
    assert [(finding.code, finding.level) for finding in read(known, row).findings] == found
    assert codes(read(known, row, said=Said(new=frozenset({"E200"})))) == []


def test_what_is_said_must_be_about_the_file_and_the_directory() -> None:
    known = directory(one(MORI, "森 香織"))
    row = "E11,森 香織,経理部,E1,"
    assert codes(read(known, row, said=same("E77", "E11"))) == [("same_unknown", "--same E77=E11")]
    assert codes(read(known, row, said=same("E11", "E77"))) == [("number_not_in_file", "--same E11=E77")]
    assert codes(read(known, row, said=Said(new=frozenset({"E77"})))) == [("number_not_in_file", "--new E77")]
    twice = read(known, row, "E200,森 香織,経理部,E1,", said=same("E11", "E200"))
    assert codes(twice) == [("person_twice", "row 3, row 4")]


def test_a_number_that_was_given_up_goes_to_a_new_person() -> None:
    """E11 got E200 and left; then E200 is given to somebody else."""
    known = directory(one(MORI, "森 香織", number="E200", active=False))
    row = "E200,山本 圭,経理部,E1,"
    assert codes(read(known, row)) == [("number_reused", "row 3")]
    found = read(known, row, said=Said(new=frozenset({"E200"})))
    people = {person.id: person for person in as_listed(found.file, known, TODAY)}
    assert (people[EmployeeId("E200")].number, people[MORI].number) == (None, None)


def test_who_has_left_by_the_file_is_nobody_to_ask_about() -> None:
    known = directory(one(MORI, "森 香織", active=False), one(ONO, "大野 あかり", active=False))
    header = "社員番号,氏名,部署,上長,在籍"
    file = read_people(f"{header}\nE11,山本 圭,経理部,E1,いいえ\nE200,大野 あかり,経理部,E1,いいえ".encode())
    assert numbered(file, known, NOTHING_SAID, TODAY).findings == ()


def test_numbers_become_ids_in_every_column_that_names_people() -> None:
    known = directory(one(MORI, "森 香織", number="E200"), one(ONO, "大野 あかり"))
    header = "社員番号,氏名,部署,上長,一次評価者,代理者"
    file = read_people(f"{header}\nE200,森 香織,経理部,E1,,\nE13,大野 あかり,経理部,E200,E200,E200".encode())
    ono = numbered(file, known, NOTHING_SAID, TODAY).file.employees[1]
    assert (ono.manager_id, ono.evaluators, ono.deputy_id) == (MORI, (MORI,), MORI)
    alone = read_people(f"{header}\nE13,大野 あかり,経理部,E200,,".encode())  # whose manager the file does not list
    assert numbered(alone, known, NOTHING_SAID, TODAY).file.employees[0].manager_id == MORI


def test_a_new_person_gets_an_id_that_nobody_has_and_no_number_is() -> None:
    known = directory(one(MORI, "森 香織", active=False))
    row = "E11,森 香織,経理部,E1,"  # a namesake
    found = read(known, row, "E11-2,新 人,経理部,E1,", said=Said(new=frozenset({"E11"})))
    assert [person.id for person in found.file.employees] == [TOP, "E11-3", "E11-2"]
