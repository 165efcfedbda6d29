"""What a provider wants, as rows of a file: what it says, what it took back, what it never said, and who owns a field."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from domain.findings import Finding
from domain.people.organisation import Employee
from domain.people.provisioned import OWNABLE, Desired, Gathered, Provisioned, keep_provisioned, owned_fields, rows_of
from domain.people.wanted import ENTERPRISE, ResourceKind, Wanted, key_of, wanted_of
from domain.values import EmployeeId, Locale

TODAY = date(2026, 11, 28)
ALL = owned_fields(",".join(OWNABLE))
BOSS = Employee(id=EmployeeId("E1"), name="社長 一", department="経営", number=EmployeeId("N1"))
ONE = Employee(
    id=EmployeeId("E2"), name="森 香織", department="経理部", manager_id=BOSS.id, title="主任", mail="m@example.jp"
)
KNOWN = {one.id: one for one in (BOSS, ONE)}


def gathered(*desired: Desired, owned: frozenset[str] = ALL, known: dict[EmployeeId, Employee] = KNOWN) -> Gathered:
    numbers = {"r-boss": "N1", "r-none": ""}
    return rows_of(desired, Provisioned(known, numbers, {"E2": "r"}), owned, TODAY, Locale.JA)


def wants(applied: dict[str, Any] | None = None, *, removed: bool = False, **said: Any) -> Desired:
    return Desired("r", EmployeeId("E2"), Wanted.model_validate(said), removed, applied)


def row(one: Desired, **how: Any) -> Employee:
    [found] = gathered(one, **how).file.employees
    return found


def test_what_was_never_said_stays_and_the_manager_is_named_by_number() -> None:
    assert row(wants(name="森 かおり")) == replace(ONE, name="森 かおり", manager_id=EmployeeId("N1"))


def test_what_was_taken_back_is_emptied_where_the_directory_can_do_without_it() -> None:
    found = row(wants({"title": "主任", "manager": "r-boss", "mail": "m@example.jp", "name": "x", "department": "y"}))
    assert (found.title, found.manager_id, found.mail) == (None, None, None)
    assert (found.name, found.department) == (ONE.name, ONE.department)


def test_a_field_that_is_not_owned_stays() -> None:
    owned = owned_fields("name,active")
    found = row(wants({"title": "主任"}, name="新", department="営業部", title="課長", manager="r-boss"), owned=owned)
    assert (found.name, found.department, found.title) == ("新", "経理部", "主任")
    assert row(wants(active=False), owned=owned_fields("name")).active, "nor does it end an employment"


@pytest.mark.parametrize(
    ("works", "applied", "active", "removed", "after"),
    [
        (True, None, True, False, True),
        (True, {"active": True}, False, False, False),
        (True, {"active": True}, True, True, False),
        (False, {"active": True}, True, False, False),  # left by another way
        (False, {"active": False}, True, False, True),  # is back
        (False, None, True, False, True),
        (True, {"active": False}, False, False, False),
    ],
)
def test_whether_somebody_works_here(
    works: bool, applied: dict[str, Any] | None, active: bool, removed: bool, after: bool
) -> None:
    known = KNOWN | {ONE.id: replace(ONE, active=works)}
    assert row(wants(applied, active=active, removed=removed), known=known).active is after


def test_somebody_whose_last_day_is_over_is_no_longer_here_whatever_the_directory_still_says() -> None:
    known = KNOWN | {ONE.id: replace(ONE, leaves=date(2026, 11, 27))}
    assert not row(wants({"active": True}, name="x"), known=known).active


def test_what_cannot_be_a_row_says_why() -> None:
    def new(**said: Any) -> Finding:
        [found] = gathered(Desired("n", None, Wanted.model_validate(said), False, None)).unready.values()
        return found

    assert (new(name="x", department="y").code, new(number="9", department="y").code) == ("not_provisioned",) * 2
    assert new(number="9", name="x", department="y", manager="r-none").code == "manager_not_provisioned"
    assert new(number="E2", name="x").code == "provisioned_twice", "another resource is this person"
    gone = Desired("n", None, Wanted(number=EmployeeId("E2")), True, None)
    assert not gathered(gone).file.employees, "a removed account of somebody who has another one"


def test_a_file_keeps_what_is_owned_of_those_who_are_provisioned_only() -> None:
    listed = [replace(ONE, name="x", site="osaka"), replace(BOSS, name="y")]
    kept = keep_provisioned(listed, KNOWN, {ONE.id}, owned_fields("name"))
    assert [(one.name, one.site) for one in kept.people] == [(ONE.name, "osaka"), ("y", None)]
    assert [one.concerned for one in kept.findings] == [(ONE.id,)]
    assert keep_provisioned([], KNOWN, {ONE.id}, owned_fields("active")).absent == [ONE]


def test_attributes_are_read() -> None:
    attributes = {
        "userName": "A@b",
        "name": {"familyName": "森", "givenName": "香織"},
        "preferredLanguage": "en_US",
        "locale": "ja-JP",
        "emails": [{"value": "home@x.jp", "type": "home"}, {"value": "work@x.jp", "type": "work"}],
        ENTERPRISE: {"employeeNumber": "7", "manager": {"value": "r"}},
    }
    found = wanted_of(attributes)
    assert (found.name, found.mail, found.locale, found.number) == ("森 香織", "work@x.jp", Locale.EN, "7")
    assert (found.manager, found.department, found.active) == ("r", None, True)
    attributes["emails"][0]["primary"] = True  # type: ignore[index]
    assert wanted_of(attributes).mail == "home@x.jp"
    assert key_of(ResourceKind.USER, attributes) == "a@b"
    with pytest.raises(ValidationError):
        wanted_of({"emails": [{"value": "nobody"}]})
