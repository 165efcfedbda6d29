"""Numbers of goals by department, rolled up through the tree of departments (本部・部・課)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from domain.people.departments import Department, Departments

Counts = Mapping[str, int]


class DepartmentTotal(NamedTuple):
    """A row of the table. `with_below`: the counts include the departments below, whose rows follow with a greater depth."""

    department: str
    depth: int
    with_below: bool
    counts: Counts


def roll_up(counts: Mapping[str, Counts], departments: Departments) -> tuple[DepartmentTotal, ...]:
    """The rows from the top down, departments of one parent by name; departments without goals at all are left out.

    A department that has goals of its own and goals below has one row for both, and below it one for its own.
    """
    own: defaultdict[str, dict[str, Counts]] = defaultdict(dict)  # by id, by the name that the goals have
    blocks: list[tuple[DepartmentTotal, ...]] = []
    for name, numbers in counts.items():
        if found := departments.find(name):
            own[found.id][name] = numbers
        else:
            blocks.append((DepartmentTotal(name, 0, with_below=False, counts=numbers),))
    for depth, one in departments.tree():
        rows = tuple(_rows(depth, one, own, departments))
        if rows and depth == 0:
            blocks.append(rows)
        elif rows:
            blocks[-1] += rows
    return tuple(row for block in sorted(blocks, key=lambda rows: rows[0].department) for row in block)


def _rows(
    depth: int, one: Department, own: Mapping[str, Mapping[str, Counts]], departments: Departments
) -> Iterable[DepartmentTotal]:
    below = [each for each in departments.with_below(one) if each.id in own and each.id != one.id]
    if below:
        total = _sum(numbers for each in (one, *below) for numbers in own.get(each.id, {}).values())
        yield DepartmentTotal(one.name, depth, with_below=True, counts=total)
    for name, numbers in sorted(own.get(one.id, {}).items()):
        yield DepartmentTotal(name, depth + bool(below), with_below=False, counts=numbers)


def _sum(counts: Iterable[Counts]) -> Counts:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return dict(total)
