"""Departments (部署) as records: an id, the names over time, the department above, and the head (部門長).

People, goals and cycle files name a department by its name on that day. A name that no record has stands for itself.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, NamedTuple

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from domain.people.labels import Label, PersonId


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", hide_input_in_errors=True))
class Department:
    """A department as it is now. `former` are the names that it had, the latest last."""

    id: Label
    name: Label
    parent_id: Label | None = None
    head_id: PersonId | None = None
    former: Annotated[tuple[Label, ...], Field(max_length=1_000)] = ()


class Departments:
    """All departments, found by id and by name. A present name comes before a name that another department had before."""

    def __init__(self, departments: Iterable[Department] = ()) -> None:
        given = tuple(departments)
        self.by_id: Mapping[str, Department] = MappingProxyType({one.id: one for one in given})
        self._by_name = {name: one for one in given for name in one.former} | {one.name: one for one in given}
        self._below: defaultdict[str, list[Department]] = defaultdict(list)
        for one in given:
            if one.parent_id is not None:
                self._below[one.parent_id].append(one)
        self._paths: dict[str, tuple[str, ...]] = {}  # by the name that was asked for

    def find(self, name: str) -> Department | None:
        """The department that has this name, else the one that had it before."""
        return self._by_name.get(name)

    def current(self, name: str) -> str:
        """The present name of the department."""
        found = self._by_name.get(name)
        return found.name if found else name

    def path(self, name: str) -> tuple[str, ...]:
        """The present names of the department and of those above it, nearest first."""
        if (found := self.find(name)) is None:
            return (name,)
        if name not in self._paths:
            self._paths[name] = tuple(one.name for one in self.upwards(found))
        return self._paths[name]

    def upwards(self, start: Department) -> Iterator[Department]:
        """The department and those above it, nearest first; ends before one comes twice."""
        seen: set[str] = set()
        at: Department | None = start
        while at is not None and at.id not in seen:
            seen.add(at.id)
            yield at
            at = self.by_id.get(at.parent_id) if at.parent_id else None

    def names_meant(self, names: Iterable[str]) -> tuple[str, ...]:
        """Every name, present or former, of these departments and of the departments below them; each once, in order.

        A former name that another department has now is left out.
        """
        return tuple(sorted({name for asked in names for name in self._meant(asked)}))

    def _meant(self, asked: str) -> Iterator[str]:
        found = self.find(asked)
        if found is None:
            yield asked
            return
        for one in self.with_below(found):
            yield one.name
            yield from (name for name in one.former if self._by_name[name] is one)

    def below(self, department: Department) -> tuple[Department, ...]:
        """The departments directly below, by name."""
        return tuple(sorted(self._below.get(department.id, ()), key=lambda one: one.name))

    def with_below(self, department: Department) -> tuple[Department, ...]:
        """The department and all that are below it, each once."""
        found = {department.id: department}
        waiting = [department]
        while waiting:
            for one in self._below.get(waiting.pop().id, ()):
                if one.id not in found:
                    found[one.id] = one
                    waiting.append(one)
        return tuple(found.values())

    def tree(self) -> Iterator[tuple[int, Department]]:
        """Every department with its depth, from the top down; departments of one parent by name."""
        tops = [one for one in self.by_id.values() if one.parent_id is None or one.parent_id not in self.by_id]
        waiting = [(0, one) for one in sorted(tops, key=lambda one: one.name, reverse=True)]
        while waiting:
            depth, one = waiting.pop()
            yield depth, one
            waiting += [(depth + 1, child) for child in reversed(self.below(one))]


NO_DEPARTMENTS = Departments()


class DepartmentChange(NamedTuple):
    """What a file or a renaming changes. `renamed` is by present names, `merged` by ids: each ends, and is part of the other.

    `departments` are the records that differ or are new, as they will be.
    """

    departments: tuple[Department, ...] = ()
    merged: Mapping[str, str] = MappingProxyType({})
    renamed: Mapping[str, str] = MappingProxyType({})

    @property
    def is_empty(self) -> bool:
        return not self.departments and not self.merged

    def applied_to(self, before: Departments) -> Departments:
        """All departments as they will be."""
        after = {key: one for key, one in before.by_id.items() if key not in self.merged}
        return Departments((after | {one.id: one for one in self.departments}).values())


NO_CHANGE = DepartmentChange()
