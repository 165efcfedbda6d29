"""The people of a company and their managers: the line of managers that approvals and escalations follow.

Names are kept here, in the directory's table and in the log of people; mail addresses here and in the table, and nowhere else.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from operator import attrgetter
from types import MappingProxyType
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.dataclasses import dataclass

from domain.findings import Finding, refuse
from domain.messages import Message, message
from domain.people.departments import NO_DEPARTMENTS, Departments
from domain.people.labels import Label, PersonId
from domain.people.leave import MAX_LEAVES, Leave, leave_findings
from domain.people.posts import MAX_EVALUATORS, MAX_POSTS, GoalPost, Post, post_of_goal
from domain.values import Day, EmployeeId, Id, Locale

_MAIL = r"^[^@\s\x00-\x1f\x7f-\x9f,;<>]+@[^@\s\x00-\x1f\x7f-\x9f,;<>]+$"
MAX_MAIL = 254  # characters; RFC 5321, 4.5.3.1.3 limits a path to 256 with its angle brackets
_WHOLE = 100  # percent of the working time
_NO_LEAVE = (None, None, None, ())
_NAMED = 5  # people that one finding names; it counts the others

DIRECTORY_ZONE = ZoneInfo("Asia/Tokyo")  # the time zone in which a last day ends

Mail = Annotated[str, StringConstraints(max_length=MAX_MAIL, pattern=_MAIL)]


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", hide_input_in_errors=True))
class Employee:
    """A person in the directory.

    A dataclass with slots, not a model: 191,000 of them take 30 MB instead of 220 MB, and half the time to make.
    Change one with `dataclasses.replace`, which checks the new values.
    """

    id: PersonId
    name: Label
    mail: Mail | None = None
    department: Label
    title: Label | None = None
    manager_id: PersonId | None = None
    locale: Locale = Locale.JA
    active: bool = True
    site: Id | None = None  # names a calendar of the cycle
    leaves: Day | None = None  # last day
    evaluators: Annotated[
        tuple[PersonId | None, ...], Field(max_length=MAX_EVALUATORS)
    ] = ()  # None: a stage without one
    away_from: Day | None = None  # first day of leave (休業・休職), now or planned
    away_until: Day | None = None  # its last day; None: it has no end yet
    deputy_id: PersonId | None = None  # who approves and reviews meanwhile; None: the managers above
    number: PersonId | None = None  # the present employee number (社員番号), where it is not the id
    posts: Annotated[tuple[Post, ...], Field(max_length=MAX_POSTS)] = ()  # additional ones (兼務)
    company: Label | None = None  # where the person works
    seconded_from: Label | None = None  # the employer (出向元), where it is another company
    joined_on: Day | None = None  # 入社日: counts for the time at work only
    kana: Label | None = None  # how the name is read (氏名カナ): the search finds people by it
    further_leaves: Annotated[tuple[Leave, ...], Field(max_length=MAX_LEAVES - 1)] = ()  # beside `away_from`

    def works_on(self, day: date) -> bool:
        """Whether the person is active on that day: somebody whose last day is over is not, whatever `active` says."""
        return self.active and (self.leaves is None or self.leaves >= day)

    def is_away(self, day: date) -> bool:
        """Whether the person is on leave on that day."""
        if self.further_leaves and any(one.is_on(day) for one in self.further_leaves):
            return True
        if self.away_from is None or day < self.away_from:
            return False
        return self.away_until is None or day <= self.away_until

    @property
    def every_leave(self) -> tuple[Leave, ...]:
        """All leaves, as they are given."""
        if self.away_from is None and self.away_until is None:
            return self.further_leaves
        return Leave(first=self.away_from, last=self.away_until), *self.further_leaves

    def as_of(self, day: date) -> "Employee":
        """The same person, not active if their last day is before that day."""
        return replace(self, active=False) if self.active and not self.works_on(day) else self


def with_new_name(one: Employee, renamed: Mapping[str, str]) -> Employee:
    """The same person; where the department of a post is among these present names, with its new name."""
    if one.department in renamed:
        one = replace(one, department=renamed[one.department])
    if any(post.department in renamed for post in one.posts):
        posts = (replace(post, department=renamed.get(post.department, post.department)) for post in one.posts)
        one = replace(one, posts=tuple(posts))
    return one


Place = Callable[[EmployeeId], str]
"""Where the reader finds an employee: the row in their file, or the id."""


class Organisation:
    """Employees by id, with their managers and reports. Raises `ValueError` for an id that comes twice.

    `day` says who is on leave; without it, nobody is. `departments` are the records of their departments.
    """

    def __init__(
        self, employees: Iterable[Employee], day: date | None = None, departments: Departments = NO_DEPARTMENTS
    ) -> None:
        given = tuple(employees)
        self.day = day
        self.departments = departments
        self.employees: Mapping[EmployeeId, Employee] = MappingProxyType({one.id: one for one in given})
        if len(self.employees) != len(given):
            raise ValueError("an employee id comes twice")
        self._holders: defaultdict[str, list[tuple[EmployeeId, str]]] | None = None  # ids and departments by title
        self._reports: defaultdict[EmployeeId, list[EmployeeId]] = defaultdict(list)
        for one in given:
            if one.manager_id is not None:
                self._reports[one.manager_id].append(one.id)

    def manager_line(self, employee_id: EmployeeId) -> tuple[EmployeeId, ...]:
        """The managers above, nearest first, including those who left; ends at the top, or before somebody comes twice.

        Raises `KeyError` for somebody who is not in the organisation.
        """
        line: dict[EmployeeId, None] = {}  # a dict keeps the order, and a look-up takes constant time
        manager = self._manager_of(self.employees[employee_id])
        while manager and manager.id not in line and manager.id != employee_id:
            line[manager.id] = None
            manager = self._manager_of(manager)
        return tuple(line)

    def active_line(self, employee_id: EmployeeId, post: Post | None = None) -> tuple[EmployeeId, ...]:
        """The active managers above, nearest first; of one who is on leave the deputy, or nobody.

        With an additional post, its manager and those above; as without it where that manager reports to the person.
        """
        manager = post.manager_id if post else None
        if manager is not None and manager in self.employees:
            line = (manager, *self.manager_line(manager))
            if employee_id not in line:
                return self.present(line, employee_id)
        return self.present(self.manager_line(employee_id), employee_id)

    def post_of(self, owner: EmployeeId, department: str, *, additional: bool) -> GoalPost:
        """The owner's post to which a goal of this department belongs."""
        one = self.employees[owner]
        return post_of_goal(one.department, one.posts, department, self.departments, additional=additional)

    def present(self, people: Iterable[EmployeeId], owner: EmployeeId) -> tuple[EmployeeId, ...]:
        """Those of these people who can be asked about goals of `owner`, each once: deputies stand in for who is on leave."""
        found = (self._who_is_asked(self.employees[one], owner) for one in people)
        return tuple(dict.fromkeys(one for one in found if one is not None))

    def _who_is_asked(self, one: Employee, owner: EmployeeId) -> EmployeeId | None:
        if not one.active:
            return None
        if not self.is_away(one.id):
            return one.id
        deputy = self.employees.get(one.deputy_id) if one.deputy_id else None
        if deputy is None or not deputy.active or self.is_away(deputy.id):
            return None
        return None if deputy.id == owner or owner in self.manager_line(deputy.id) else deputy.id

    def is_away(self, employee_id: EmployeeId) -> bool:
        """Whether the person is on leave on the day of this organisation."""
        return self.day is not None and self.employees[employee_id].is_away(self.day)

    def _manager_of(self, employee: Employee) -> Employee | None:
        return None if employee.manager_id is None else self.employees.get(employee.manager_id)

    def reports(self, manager_id: EmployeeId) -> tuple[EmployeeId, ...]:
        """The people whose manager this is, in the order given, including those who left."""
        return tuple(self._reports.get(manager_id, ()))

    def holders(self, title: str, department: str | None = None) -> tuple[EmployeeId, ...]:
        """The active people with that title in one of their posts, in that department if one is given; by id."""
        if self._holders is None:
            self._holders = defaultdict(list)
            for one in sorted(self.employees.values(), key=attrgetter("id")):
                held = ((one.title, one.department), *((post.title, post.department) for post in one.posts))
                for name, where in held if one.active else ():
                    if name:
                        self._holders[name].append((one.id, where))
        found, named = self._holders.get(title, ()), self.departments.current
        chosen = (one for one, where in found if department is None or named(where) == named(department))
        return tuple(dict.fromkeys(chosen))

    def head_of(self, employee_id: EmployeeId, department: str) -> EmployeeId | None:
        """The head of the department in which the person works, if active and somebody else; otherwise that of the nearest department above."""
        found = self.departments.find(department)
        heads = (one.head_id for one in self.departments.upwards(found) if one.head_id) if found else ()
        return next((one for one in heads if one != employee_id and self._works(one)), None)

    def has_heads(self) -> bool:
        """Whether some department has an active head."""
        return any(self._works(one.head_id) for one in self.departments.by_id.values() if one.head_id)

    def _works(self, employee_id: EmployeeId) -> bool:
        return employee_id in self.employees and self.employees[employee_id].active

    def tops(self) -> tuple[EmployeeId, ...]:
        """The active employees without a manager; most companies have one."""
        return tuple(one.id for one in self.employees.values() if one.active and one.manager_id is None)

    def findings(self, *, tops: Collection[EmployeeId] = (), place: Place = str) -> tuple[Finding, ...]:
        """What is wrong with the lines of managers. Every finding refuses. Takes time linear in the number of employees.

        `tops` names the people who have no manager on purpose; where it is empty, exactly one person may have none.
        """
        return (
            *self._top_findings(tuple(dict.fromkeys(tops)), place),
            *self._circle_findings(place),
            *self._manager_findings(place),
            *self._evaluator_findings(place),
            *self._leave_findings(place),
            *self._joining_findings(place),
            *self._post_findings(place),
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
        """Each circle once. Everybody is visited once: the line above somebody visited earlier is known already."""
        manager_of = {one.id: one.manager_id for one in self.employees.values()}
        walk_of: dict[EmployeeId, int] = {}  # in which walk somebody was visited
        for walk, start in enumerate(manager_of):
            at: EmployeeId | None = start
            while at is not None and at not in walk_of and at in manager_of:
                walk_of[at] = walk
                at = manager_of[at]
            if at is not None and walk_of.get(at) == walk:
                yield _circle_through(at, manager_of)

    def _manager_findings(self, place: Place) -> Iterator[Finding]:
        for manager_id, reports in self._reports.items():
            manager = self.employees.get(manager_id)
            if manager is None:
                yield _manager_missing(manager_id, reports, place)
            elif not manager.active:
                active = tuple(one for one in reports if self.employees[one].active)
                if active:
                    yield _manager_inactive(manager, active, place)

    def _evaluator_findings(self, place: Place) -> Iterator[Finding]:
        """An active person's evaluator is somebody else who is known, and does not report to the person."""
        above: dict[EmployeeId, frozenset[EmployeeId]] = {}  # the managers of each evaluator
        for one in self.employees.values():
            if not one.evaluators or not one.active:
                continue
            for number, evaluator in enumerate(one.evaluators, start=1):
                if evaluator is not None and (code := self._why_not(evaluator, one.id, above)):
                    yield refuse(code, place(one.id), person=one.id, evaluator=evaluator, number=number)

    def _why_not(
        self, evaluator: EmployeeId, person: EmployeeId, above: dict[EmployeeId, frozenset[EmployeeId]]
    ) -> str | None:
        """Why somebody cannot evaluate the person; None if they can."""
        if evaluator == person:
            return "own_evaluator"
        if evaluator not in self.employees:
            return "evaluator_missing"
        if evaluator not in above:
            above[evaluator] = frozenset(self.manager_line(evaluator))
        return "evaluator_below" if person in above[evaluator] else None

    def _leave_findings(self, place: Place) -> Iterator[Finding]:
        """A leave has a first day before its last one and shares no day with another; a deputy is somebody else who is known."""
        for one in self.employees.values():
            if not one.active or (one.away_from, one.away_until, one.deputy_id, one.further_leaves) == _NO_LEAVE:
                continue
            yield from leave_findings(one.id, one.every_leave, place(one.id))
            if one.deputy_id == one.id:
                yield refuse("own_deputy", place(one.id), person=one.id)
            elif one.deputy_id is not None and one.deputy_id not in self.employees:
                yield refuse("deputy_missing", place(one.id), person=one.id, deputy=one.deputy_id)

    def _joining_findings(self, place: Place) -> Iterator[Finding]:
        """A person joins on or before the last day."""
        for one in self.employees.values():
            joined, leaves = one.joined_on, one.leaves
            if one.active and joined is not None and leaves is not None and joined > leaves:
                yield refuse("joined_after_leaving", place(one.id), person=one.id, joined=joined, leaves=leaves)

    def _post_findings(self, place: Place) -> Iterator[Finding]:
        """A person has one post in a department; its manager is somebody else who is known, and does not report to the person."""
        for one in self.employees.values():
            if not one.active or not one.posts:
                continue
            if len({one.department, *(post.department for post in one.posts)}) <= len(one.posts):
                yield refuse("post_twice", place(one.id), person=one.id)
            if sum(post.share or 0 for post in one.posts) >= _WHOLE:
                yield refuse("post_shares", place(one.id), person=one.id)
            for post in one.posts:
                if post.manager_id is None:
                    continue
                code = self._why_no_manager(post.manager_id, one.id)
                if code is not None:
                    department, manager = post.department, post.manager_id
                    yield refuse(code, place(one.id), person=one.id, manager=manager, department=department)

    def _why_no_manager(self, manager: EmployeeId, person: EmployeeId) -> str | None:
        """Why somebody cannot be the manager of the person's additional post; None if they can."""
        if manager not in self.employees:
            return "post_manager_missing"
        return "post_manager_below" if person in (manager, *self.manager_line(manager)) else None


def _circle_through(start: EmployeeId, manager_of: Mapping[EmployeeId, EmployeeId | None]) -> tuple[EmployeeId, ...]:
    """From `start` up to the last one before `start` comes again."""
    circle, at = [start], manager_of[start]
    while at is not None and at != start:
        circle.append(at)
        at = manager_of[at]
    return tuple(circle)


def appoint(
    employees: Sequence[Employee], tops: Collection[EmployeeId], orphans_to: EmployeeId | None
) -> tuple[Employee, ...]:
    """The same people, where `tops` have no manager and people whose manager is not among them report to `orphans_to`.

    For files that hold a part of an organisation; without `tops` and `orphans_to` nothing changes.
    """
    if not tops and orphans_to is None:
        return tuple(employees)
    present, without_manager = {one.id for one in employees}, set(tops)

    def manager_of(one: Employee) -> EmployeeId | None:
        if one.id in without_manager:
            return None
        is_absent = one.manager_id is not None and one.manager_id not in present
        return orphans_to if is_absent and orphans_to and one.id != orphans_to else one.manager_id

    return tuple(_led_by(one, manager_of(one)) for one in employees)


def _led_by(one: Employee, manager: EmployeeId | None) -> Employee:
    return one if manager == one.manager_id else replace(one, manager_id=manager)


def _places(ids: Sequence[EmployeeId], place: Place) -> str:
    return ", ".join(place(one) for one in ids[:_NAMED])


def _several_tops(ids: Sequence[EmployeeId], place: Place) -> Finding:
    return refuse("several_tops", _places(ids, place), count=len(ids), people=some_of(ids), concerned=ids)


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
    return refuse("circular_managers", _places(circle, place), people=people, concerned=circle)


def _manager_missing(manager_id: EmployeeId, reports: Sequence[EmployeeId], place: Place) -> Finding:
    where = _places(reports, place)
    count, people = len(reports), some_of(reports)
    return refuse("manager_missing", where, manager=manager_id, count=count, people=people, concerned=reports)


def _manager_inactive(manager: Employee, reports: Sequence[EmployeeId], place: Place) -> Finding:
    where = _places(reports, place)
    count, people = len(reports), some_of(reports)
    return refuse("manager_inactive", where, manager=manager.id, count=count, people=people, concerned=reports)


def some_of(people: Sequence[EmployeeId]) -> Message:
    """The first people, and how many more there are."""
    more = len(people) - _NAMED
    if more > 0:
        return message("part.people_and_more", people=people[:_NAMED], n=more)
    return message("part.people", people=people)
