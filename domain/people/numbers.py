"""Which person each row of a file is about: numbers (社員番号) change, and are given to somebody else after their holder left.

A person's id in Meguri never changes and is never given to another person. As a rule it is the number that the company gave
first; `Employee.number` holds the present one where it is another.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Any, NamedTuple

from domain.findings import Finding, advise, refuse
from domain.people.organisation import Employee
from domain.people.people_file import PeopleFile
from domain.people.posts import Post
from domain.values import EmployeeId


class Said(NamedTuple):
    """What HR says about numbers of the file. `same`: the person (by id or former number) whose number it is now, by number.

    `new`: numbers of people who are new, whoever had the number before.
    """

    same: Mapping[str, str] = MappingProxyType({})
    new: frozenset[str] = frozenset()


NOTHING_SAID = Said()


class Numbered(NamedTuple):
    """The file with ids instead of numbers, what is unclear about them, and the id of each number."""

    file: PeopleFile
    findings: tuple[Finding, ...]
    id_of: Callable[[str], EmployeeId]


def numbered(file: PeopleFile, known: Mapping[EmployeeId, Employee], said: Said, today: date) -> Numbered:
    """The people of the file under their ids. Takes time linear in the number of people."""
    rows = file.employees or file.placed
    ids = _Ids([one.id for one in rows], known, said, {one.id: one.name for one in rows})
    listed = {one.id: ids.of(one.id) for one in rows}
    findings = (*_of_said(said, ids, listed), *_twice(file, listed))
    if not findings:
        findings = tuple(_unclear(file, listed, known, said, today))
    if all(number == one for number, one in listed.items()) and not ids.holders:
        return Numbered(file, findings, ids.of)
    by_id = {one: file.rows[number] for number, one in listed.items() if number in file.rows}
    former = _former_holders(listed, known, said) if file.employees else ()
    return Numbered(
        replace(
            file,
            employees=(*(_under_id(one, ids) for one in file.employees), *former),
            placed=tuple(_under_id(one, ids) for one in file.placed),
            rows=by_id,
        ),
        findings,
        ids.of,
    )


class _Ids:
    """The id of each number: what HR says, then who has the number in the directory, then the number itself."""

    def __init__(
        self, numbers: Iterable[EmployeeId], known: Mapping[EmployeeId, Employee], said: Said, names: Mapping[str, str]
    ) -> None:
        self.known = known
        self.holders: dict[str, EmployeeId] = {one.number: one.id for one in known.values() if one.number}
        self._said: dict[str, EmployeeId] = {}
        taken = {*known, *numbers}
        for number in sorted(said.new):
            self._said[number] = self._of_new(number, names.get(number, ""), taken)
            taken.add(self._said[number])
        self._said |= {number: self._named(one) for number, one in said.same.items()}

    def of(self, number: str) -> EmployeeId:
        return self._said.get(number) or self.holder(number)

    def holder(self, number: str) -> EmployeeId:
        """Who has the number in the directory."""
        return self.holders.get(number) or EmployeeId(number)

    def _named(self, given: str) -> EmployeeId:
        """The person whom HR names by an id, or by the number that they have in the directory."""
        return EmployeeId(given) if given in self.known else self.holder(given)

    def _of_new(self, number: str, name: str, taken: set[EmployeeId]) -> EmployeeId:
        """A free id: the number, or the number with `-2`, `-3` … A repeat finds the person who got it before."""
        holder = self.known.get(self.holder(number))
        if holder is not None and holder.active and not _are_unlike(holder.name, name):
            return holder.id
        free, n = EmployeeId(number), 1
        while free in (self.known if n == 1 else taken):
            n += 1
            free = EmployeeId(f"{number}-{n}")
        return free


def _under_id(one: Employee, ids: _Ids) -> Employee:
    """The same person with ids instead of numbers, also for managers, evaluators and the deputy."""
    own = ids.of(one.id)
    values: dict[str, Any] = {
        "id": own,
        "number": one.id if own != one.id else None,
        "manager_id": one.manager_id and ids.of(one.manager_id),
        "deputy_id": one.deputy_id and ids.of(one.deputy_id),
        "evaluators": _under_ids(one.evaluators, ids),
        "posts": tuple(_post_under_ids(post, ids) for post in one.posts),
    }
    changes = {name: value for name, value in values.items() if getattr(one, name) != value}
    return replace(one, **changes) if changes else one


def _under_ids(people: tuple[EmployeeId | None, ...], ids: _Ids) -> tuple[EmployeeId | None, ...]:
    return tuple(one and ids.of(one) for one in people)


def _post_under_ids(post: Post, ids: _Ids) -> Post:
    manager = post.manager_id and ids.of(post.manager_id)
    return replace(post, manager_id=manager, evaluators=_under_ids(post.evaluators, ids))


def _former_holders(
    listed: Mapping[EmployeeId, EmployeeId], known: Mapping[EmployeeId, Employee], said: Said
) -> Iterator[Employee]:
    """The people whose number the file gives to somebody else, and who are not in the file themselves.

    Somebody whose number is that of a new person has left.
    """
    present = set(listed.values())
    for one in known.values():
        number = one.number or one.id
        if one.id in present or number not in listed:
            continue
        former = replace(one, number=None, active=one.active and number not in said.new)
        if former != one:
            yield former


def _of_said(said: Said, ids: _Ids, listed: Mapping[EmployeeId, EmployeeId]) -> Iterator[Finding]:
    """What HR says must be about people in the directory, and numbers in the file."""
    for number, person in said.same.items():
        if ids.of(number) not in ids.known:
            yield refuse("same_unknown", f"--same {person}={number}", person=person)
    for number in sorted({*said.same, *said.new} - set(listed)):
        option = f"--same {said.same[number]}={number}" if number in said.same else f"--new {number}"
        yield refuse("number_not_in_file", option, number=number)


def _twice(file: PeopleFile, listed: Mapping[EmployeeId, EmployeeId]) -> Iterator[Finding]:
    """Two rows of the file that are one person."""
    first: dict[EmployeeId, EmployeeId] = {}
    for number, one in listed.items():
        if (earlier := first.setdefault(one, number)) != number:
            rows = ", ".join(file.place(each) for each in (earlier, number))
            yield refuse("person_twice", rows, person=one, first=earlier, second=number)


def _unclear(
    file: PeopleFile,
    listed: Mapping[EmployeeId, EmployeeId],
    known: Mapping[EmployeeId, Employee],
    said: Said,
    today: date,
) -> Iterator[Finding]:
    """Rows that may be about another person than the directory's, where HR has not said which it is."""
    missing: _Missing | None = None
    for row in file.employees:
        if row.id in said.same or row.id in said.new or not row.works_on(today):
            continue
        one = known.get(listed[row.id])
        if one is not None:
            if row.name != one.name and _may_be_another(row, one, today):
                yield _reused(file.place(row.id), row, one, today)
            continue
        missing = missing or _Missing(file, listed, known, today)
        if found := missing.finding(row, file.place(row.id)):
            yield found


def _may_be_another(row: Employee, one: Employee, today: date) -> bool:
    """Whether the number may have been given to another person: no word of the name is the same, and who had it has left
    or has another mail address.
    """
    if not _are_unlike(one.name, row.name):
        return False
    return not one.works_on(today) or bool(row.mail and one.mail and row.mail.casefold() != one.mail.casefold())


def _reused(where: str, row: Employee, one: Employee, today: date) -> Finding:
    text = "finding.number_reused" if one.works_on(today) else "finding.number_reused.left"
    return refuse("number_reused", where, text=text, concerned=(one.id,), number=row.id, person=one.id, name=row.name)


class _Missing:
    """The people of the directory who do not work here by the file: a new number may be one of theirs."""

    def __init__(
        self,
        file: PeopleFile,
        listed: Mapping[EmployeeId, EmployeeId],
        known: Mapping[EmployeeId, Employee],
        today: date,
    ) -> None:
        present = {listed[one.id] for one in file.employees if one.works_on(today)}
        self._by_mail: dict[str, Employee] = {}
        self._by_name: defaultdict[str, list[Employee]] = defaultdict(list)
        for one in known.values():
            if one.id in present:
                continue
            if one.mail:
                self._by_mail[one.mail.casefold()] = one
            self._by_name[_joined(one.name)].append(one)
        self._today = today

    def finding(self, row: Employee, where: str) -> Finding | None:
        """A finding if one of them has the mail address of a new row, or the name: in the same department, or of old."""
        if row.mail and (one := self._by_mail.get(row.mail.casefold())):
            return _renumbered(refuse, "number_changed", where, row, one)
        named = self._by_name.get(_joined(row.name), ())
        working = [one for one in named if one.works_on(self._today)]
        if one := next((one for one in working if one.department == row.department), None):
            return _renumbered(refuse, "number_changed", where, row, one)
        left = next((one for one in named if one not in working), None)
        return _renumbered(advise, "may_be_back", where, row, left) if left else None


def _renumbered(level: Callable[..., Finding], code: str, where: str, row: Employee, one: Employee) -> Finding:
    return level(code, where, concerned=(one.id,), number=row.id, person=one.id, name=row.name)


def _words(name: str) -> list[str]:
    return unicodedata.normalize("NFKC", name).casefold().split()


def _joined(name: str) -> str:
    return "".join(_words(name))


def _are_unlike(one: str, other: str) -> bool:
    """Whether two names have no word in common. Of a name without spaces, the first and the last character count."""
    words, others = _words(one), _words(other)
    if set(words) & set(others) or _joined(one) == _joined(other):
        return False
    if len(words) > 1 and len(others) > 1:
        return True
    first, second = _joined(one), _joined(other)
    return first[:1] != second[:1] and first[-1:] != second[-1:]
