"""Who works here and who leads whom: the line of managers that approvals and escalations climb.

Names and mail addresses live here and in the directory, and nowhere else.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from domain.findings import Finding, refuse
from domain.messages import Message, message
from domain.values import ID_PATTERN, MAX_LINE, EmployeeId, Frozen, Locale, unfit

# Names stand in mail headers and on terminals: no line breaks or escapes, no signs that turn the reading direction, and
# none of what a broken conversion leaves: U+FFFD, and U+F8F0 to U+F8F3, as which Python reads bytes that CP932 lacks.
# Other signs of the private area stay: they are the gaiji of people's own names.
_VISIBLE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\uf8f0-\uf8f3\ufffd]*$"
_MAIL = re.compile(r"[^@\s\x00-\x1f\x7f-\x9f,;<>]+@[^@\s\x00-\x1f\x7f-\x9f,;<>]+")
MAX_MAIL = 254  # RFC 5321, 4.5.3.1.3: what fits in a path
_NAMED = 5  # people that one finding names; it counts the others


def _one_address(mail: str) -> str:
    if len(mail) > MAX_MAIL or not _MAIL.fullmatch(mail):
        raise unfit("not_an_address")
    return mail


PersonId = Annotated[EmployeeId, StringConstraints(pattern=ID_PATTERN)]
# A `Line` with fewer signs; one pattern does all its checks, since an import makes three of these per person.
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_LINE, pattern=_VISIBLE)]
Mail = Annotated[str, AfterValidator(_one_address)]


class Employee(Frozen):
    """A person as the directory knows them."""

    id: PersonId
    name: Label
    mail: Mail | None = None
    department: Label
    title: Label | None = None
    manager_id: PersonId | None = None
    locale: Locale = Locale.JA
    active: bool = True
    site: Annotated[str, StringConstraints(pattern=ID_PATTERN)] | None = None  # names a calendar of the cycle
    leaves: date | None = None  # last day


Place = Callable[[EmployeeId], str]
"""Where the reader finds an employee in what they gave: a row of their file, or the id."""


class Organisation:
    """All employees by id, and the questions that goals ask of them. Raises `ValueError` for an id that comes twice."""

    def __init__(self, employees: Iterable[Employee]) -> None:
        given = tuple(employees)
        self.employees: Mapping[EmployeeId, Employee] = MappingProxyType({one.id: one for one in given})
        if len(self.employees) != len(given):
            raise ValueError("an employee id comes twice")
        reports: defaultdict[EmployeeId, list[EmployeeId]] = defaultdict(list)
        for one in given:
            if one.manager_id is not None:
                reports[one.manager_id].append(one.id)
        self._reports = {manager: tuple(ids) for manager, ids in reports.items()}

    def manager_line(self, employee_id: EmployeeId) -> tuple[EmployeeId, ...]:
        """The managers above, nearest first, those who left included; ends at the top, or where a circle would close.

        Raises `KeyError` for somebody who is not in the organisation.
        """
        line: dict[EmployeeId, None] = {}  # a dict keeps the order and tells at once who was met
        manager = self._manager_of(self.employees[employee_id])
        while manager and manager.id not in line and manager.id != employee_id:
            line[manager.id] = None
            manager = self._manager_of(manager)
        return tuple(line)

    def _manager_of(self, employee: Employee) -> Employee | None:
        return None if employee.manager_id is None else self.employees.get(employee.manager_id)

    def reports(self, manager_id: EmployeeId) -> tuple[EmployeeId, ...]:
        """Those who name this person as their manager, in the order given; who left is included."""
        return self._reports.get(manager_id, ())

    def tops(self) -> tuple[EmployeeId, ...]:
        """The active employees without a manager: one, in most companies."""
        return tuple(one.id for one in self.employees.values() if one.active and one.manager_id is None)

    def findings(self, *, tops: Collection[EmployeeId] = (), place: Place = str) -> tuple[Finding, ...]:
        """What is wrong with the lines of managers; all of it refuses, in time linear in the number of employees.

        `tops` names those who are meant to have no manager; nobody named means that there is exactly one.
        """
        return (
            *self._top_findings(tuple(dict.fromkeys(tops)), place),
            *self._circle_findings(place),
            *self._manager_findings(place),
        )

    def _top_findings(self, expected: Sequence[EmployeeId], place: Place) -> Iterator[Finding]:
        found = self.tops()
        unexpected = tuple(one for one in found if one not in set(expected)) if expected else found
        if len(unexpected) > (0 if expected else 1):
            yield _several_tops(unexpected, place)
        for one in expected:
            if one not in set(found):
                yield _not_a_top(one, self.employees.get(one))

    def _circle_findings(self, place: Place) -> Iterator[Finding]:
        for circle in self._circles():
            yield _own_manager(circle[0], place) if len(circle) == 1 else _circle(circle, place)

    def _circles(self) -> Iterator[tuple[EmployeeId, ...]]:
        """Each circle once. Everybody is walked over once: a line that meets an earlier walk holds nothing new."""
        walk_of: dict[EmployeeId, int] = {}
        for walk, start in enumerate(self.employees.values()):
            path: list[EmployeeId] = []
            at: Employee | None = start
            while at and at.id not in walk_of:
                walk_of[at.id] = walk
                path.append(at.id)
                at = self._manager_of(at)
            if at and walk_of[at.id] == walk:
                yield tuple(path[path.index(at.id) :])

    def _manager_findings(self, place: Place) -> Iterator[Finding]:
        for manager_id, reports in self._reports.items():
            manager = self.employees.get(manager_id)
            if manager is None:
                yield _manager_missing(manager_id, reports, place)
            elif not manager.active:
                active = tuple(one for one in reports if self.employees[one].active)
                if active:
                    yield _manager_inactive(manager, active, place)


def appoint(
    employees: Sequence[Employee], tops: Collection[EmployeeId], orphans_to: EmployeeId | None
) -> tuple[Employee, ...]:
    """The same people, with `tops` above everybody and those whose manager is not among them reporting to `orphans_to`.

    For files that were cut out of a larger organisation; without either, managers stay as they are written.
    """
    there, above = {one.id for one in employees}, set(tops)

    def manager(one: Employee) -> EmployeeId | None:
        if one.id in above:
            return None
        absent = one.manager_id is not None and one.manager_id not in there
        return orphans_to if absent and orphans_to and one.id != orphans_to else one.manager_id

    return tuple(
        one if manager(one) == one.manager_id else one.model_copy(update={"manager_id": manager(one)})
        for one in employees
    )


def _places(ids: Sequence[EmployeeId], place: Place) -> str:
    return ", ".join(place(one) for one in ids[:_NAMED])


def _several_tops(ids: Sequence[EmployeeId], place: Place) -> Finding:
    return refuse("several_tops", _places(ids, place), count=len(ids), people=some_of(ids))


def _not_a_top(employee_id: EmployeeId, employee: Employee | None) -> Finding:
    if employee is None:
        return refuse("not_a_top", employee_id, text="finding.not_a_top.unknown", person=employee_id)
    if not employee.active:
        return refuse("not_a_top", employee_id, person=employee_id)
    manager = employee.manager_id or ""
    return refuse("not_a_top", employee_id, text="finding.not_a_top.has_manager", person=employee_id, manager=manager)


def _own_manager(employee_id: EmployeeId, place: Place) -> Finding:
    return refuse("own_manager", place(employee_id), person=employee_id)


def _circle(circle: Sequence[EmployeeId], place: Place) -> Finding:
    people = [*circle[:8], *(["…"] if len(circle) > 8 else []), circle[0]]  # noqa: PLR2004 - what fits on a line
    return refuse("circular_managers", _places(circle, place), people=people)


def _manager_missing(manager_id: EmployeeId, reports: Sequence[EmployeeId], place: Place) -> Finding:
    where = _places(reports, place)
    return refuse("manager_missing", where, manager=manager_id, count=len(reports), people=some_of(reports))


def _manager_inactive(manager: Employee, reports: Sequence[EmployeeId], place: Place) -> Finding:
    where = _places(reports, place)
    return refuse("manager_inactive", where, manager=manager.id, count=len(reports), people=some_of(reports))


def some_of(people: Sequence[EmployeeId]) -> Message:
    """The first people, and how many more there are."""
    more = len(people) - _NAMED
    if more > 0:
        return message("part.people_and_more", people=people[:_NAMED], n=more)
    return message("part.people", people=people)
