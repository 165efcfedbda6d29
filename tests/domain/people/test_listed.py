"""What a file says about people who are in the directory already: whether they work here, and fields without a column."""

from dataclasses import fields
from datetime import date
from typing import Any

import pytest

from domain.people.listed import as_listed, joined_again
from domain.people.organisation import Employee
from domain.people.people_file import read_people
from domain.values import EmployeeId

TODAY = date(2026, 11, 16)
OVER, AHEAD = date(2026, 11, 13), date(2026, 12, 28)


def known(**changes: Any) -> dict[EmployeeId, Employee]:
    one = Employee(**({"id": "C", "name": "千葉 栞", "department": "経理", "manager_id": "A"} | changes))
    return {one.id: one}


def listed(row: str, header: str = "", **directory: Any) -> Employee:
    """C as the file says: `row` has the cells after the four fields that every file has."""
    file = read_people(f"id,name,department,manager{header}\nC,千葉 栞,経理,A{row}\n".encode())
    assert not file.findings
    [one] = as_listed(file, known(**directory), TODAY)
    return one


@pytest.mark.parametrize("active", ["yes", ""])
def test_somebody_whose_last_day_is_over_is_not_active_whatever_the_file_says(active: str) -> None:
    one = listed(f",{active or '在籍'},{OVER}", ",active,leaves")
    assert (one.active, one.leaves) == (False, OVER)
    assert not listed(f",{OVER}", ",leaves").active


def test_a_last_day_that_is_over_holds_in_a_file_with_every_column_and_for_somebody_new() -> None:
    header = "id,name,mail,department,title,manager,locale,active,site,leaves,二次評価者,休職開始日,休職終了日,代理者,兼務区分,会社,出向元,入社日,休業開始日2,フリガナ"
    row = f"千葉 栞,,経理,,A,ja,yes,,{OVER},,,,,,,,,,"
    file = read_people(f"{header}\nC,{row}\nN,{row}\n".encode())
    assert not file.findings
    assert file.fields == {field.name for field in fields(Employee)}
    assert [(one.active, one.leaves) for one in as_listed(file, known(), TODAY)] == [(False, OVER)] * 2
    part = read_people(f"id,name,department,manager,leaves\nN,新人,経理,A,{OVER}\n".encode())
    assert [one.active for one in as_listed(part, known(), TODAY)] == [False]


def test_somebody_leaves_only_when_the_last_day_is_over() -> None:
    assert listed(f",{TODAY}", ",leaves").active
    assert listed(f",{AHEAD}", ",leaves").active


def test_somebody_whom_a_file_without_a_column_for_it_lists_works_here() -> None:
    one = listed("", active=False)
    assert one.active
    [back] = joined_again(known(active=False), [one], TODAY)
    assert (back.code, back.concerned) == ("joined_again", ("C",))


def test_a_last_day_that_is_over_is_dropped_when_somebody_is_back_and_one_ahead_is_kept() -> None:
    back, leaving = listed("", active=False, leaves=OVER), listed("", leaves=AHEAD)
    assert (back.active, back.leaves) == (True, None)
    assert (leaving.active, leaving.leaves) == (True, AHEAD)


def test_somebody_who_stays_away_has_not_joined_again() -> None:
    gone = listed(",no", ",active", active=False, leaves=OVER)
    assert (gone.active, gone.leaves) == (False, OVER)
    assert joined_again(known(active=False), [gone], TODAY) == ()
    assert joined_again(known(), [listed("")], TODAY) == ()


def test_what_the_file_has_no_column_for_stays_as_the_directory_says() -> None:
    one = listed("", mail="chiba@example.jp", locale="en", site="berlin", title="課長")
    assert (one.mail, one.locale, one.site, one.title) == ("chiba@example.jp", "en", "berlin", "課長")
