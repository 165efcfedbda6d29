"""People whom an identity provider keeps: which fields it owns, and what it wants, as rows of a file of people.

The rows go through the same comparison as a file. A field of which the provider never said anything stays as it is in the
directory; one of which it says nothing any more is emptied.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Any, NamedTuple

from domain.findings import Finding, advise, refuse
from domain.people.numbers import Said
from domain.people.organisation import Employee, some_of
from domain.people.people_file import PeopleFile
from domain.people.wanted import Wanted
from domain.values import EmployeeId, Locale

# What can be owned, by the names of the setting, and the fields of the directory.
OWNABLE: Mapping[str, str] = MappingProxyType(
    {
        "name": "name", "mail": "mail", "department": "department", "manager": "manager_id", "active": "active",
        "title": "title", "locale": "locale",
    }
)  # fmt: skip
_EMPTIED = ("mail", "title", "manager")  # the directory needs a value of the others


class Kept(NamedTuple):
    """The people of a file with the values that the provider keeps; and provisioned people whom the file does not name."""

    people: list[Employee]
    absent: list[Employee]
    findings: tuple[Finding, ...]


class Desired(NamedTuple):
    """A user of the provider. `employee`: who it is in the directory, where that is known. `applied`: what it said when that was last applied."""

    resource: str
    employee: EmployeeId | None
    wanted: Wanted
    removed: bool
    applied: Mapping[str, Any] | None


class Provisioned(NamedTuple):
    """What is known: the directory; the employee numbers of users, by their resources; the resources of people."""

    known: Mapping[EmployeeId, Employee]
    number_of: Mapping[str, str]
    resource_of: Mapping[str, str]


class Gathered(NamedTuple):
    """Rows of a file by employee number; the resource of each; and resources that cannot be a row yet, with the reason."""

    file: PeopleFile
    said: Said
    resources: Mapping[EmployeeId, str]
    unready: Mapping[str, Finding]


def owned_fields(setting: str) -> frozenset[str]:
    """The fields of the directory in a list such as `name,mail,manager`."""
    return frozenset(OWNABLE[one] for one in setting.split(",") if one)


def keep_provisioned(
    listed: Iterable[Employee],
    known: Mapping[EmployeeId, Employee],
    provisioned: Collection[EmployeeId],
    owned: frozenset[str],
) -> Kept:
    """The people of a file, where those whom the provider keeps have the directory's values of the fields that it owns."""
    people, changed, named = [], [], set()
    for one in listed:
        named.add(one.id)
        before = known.get(one.id) if one.id in provisioned else None
        values = {field: getattr(before, field) for field in owned} if before else {}
        kept = {field: value for field, value in values.items() if getattr(one, field) != value}
        if kept:
            changed.append(one.id)
        people.append(replace(one, **kept) if kept else one)
    absent = [known[one] for one in provisioned if one in known and one not in named] if "active" in owned else []
    findings = (
        (advise("provider_keeps", changed[0], count=len(changed), people=some_of(changed), concerned=changed),)
        if changed
        else ()
    )
    return Kept(people, absent, findings)


def rows_of(
    desired: Sequence[Desired],
    directory: Provisioned,
    owned: frozenset[str],
    today: date,
    locale: Locale,
) -> Gathered:
    """What the provider wants, as a file."""
    known = directory.known
    holders = {EmployeeId(one.number or one.id): one for one in known.values()}
    rows: dict[EmployeeId, Employee] = {}
    same: dict[str, str] = {}
    resources, unready = {}, {}
    for one in sorted(desired, key=lambda each: each.removed):
        before = known.get(one.employee) if one.employee else holders.get(EmployeeId(one.wanted.number or ""))
        number = EmployeeId(one.wanted.number or (_number(before) if before else ""))
        is_another = before is not None and directory.resource_of.get(before.id, one.resource) != one.resource
        if one.removed and (is_another or number in rows or not before):
            continue  # the person has another account, or was never here
        if not before and not one.wanted.active:
            continue
        found = (
            refuse("provisioned_twice", one.resource, number=number)
            if is_another or number in rows
            else _row(one, number, before, directory, owned, today, locale)
        )
        if isinstance(found, Finding):
            unready[one.resource] = found
            continue
        rows[number], resources[number] = found, one.resource
        if one.employee and before:
            same[number] = str(one.employee)
    fields = frozenset({"id", "number", *owned})
    file = PeopleFile(employees=tuple(rows.values()), fields=fields, placed=tuple(rows.values()))
    return Gathered(file, Said(same=same), resources, unready)


def _row(  # noqa: PLR0917 - what a row is made of
    one: Desired,
    number: EmployeeId,
    before: Employee | None,
    directory: Provisioned,
    owned: frozenset[str],
    today: date,
    locale: Locale,
) -> Employee | Finding:
    values = said_of(one.wanted)
    if before:
        values = _present(before, directory.known) | {
            name: value for name, value in values.items() if OWNABLE[name] in owned
        }
        values |= {name: None for name in _EMPTIED if OWNABLE[name] in owned and _is_emptied(one, name)}
        works = before.works_on(today)
        values["active"] = _works(one, works=works) if "active" in owned else works
    missing = "number" if not number else next((name for name in ("name", "department") if not values.get(name)), None)
    if missing:
        return refuse("not_provisioned", one.resource, name=missing)
    manager = values.pop("manager", None)
    manager = directory.number_of.get(manager, manager) if manager else None
    if manager == "":
        return refuse("manager_not_provisioned", one.resource)
    return Employee(id=number, manager_id=manager, locale=values.pop("locale", None) or locale, **values)


def said_of(wanted: Wanted) -> dict[str, Any]:
    """What the provider says, by the names of `OWNABLE`."""
    found = {name: getattr(wanted, name) for name in OWNABLE}
    return {name: value for name, value in found.items() if value is not None}


def _is_emptied(one: Desired, name: str) -> bool:
    return getattr(one.wanted, name) is None and bool(one.applied and one.applied.get(name) is not None)


def _works(one: Desired, *, works: bool) -> bool:
    """Whether the person works here. Somebody who left by another way does not come back while the provider only says the same as before."""
    if one.removed or not one.wanted.active:
        return False
    return works if one.applied and one.applied.get("active") else True


def _number(one: Employee) -> str:
    return one.number or one.id


def _present(one: Employee, known: Mapping[EmployeeId, Employee]) -> dict[str, Any]:
    """The directory's values, the manager by employee number."""
    values = {name: getattr(one, field) for name, field in OWNABLE.items()}
    manager = known.get(one.manager_id) if one.manager_id else None
    return values | {"manager": _number(manager) if manager else one.manager_id}
