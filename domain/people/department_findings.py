"""What is wrong with departments, and with the names that people are said to move between."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from domain.findings import Finding, advise, refuse
from domain.messages import did_you_mean
from domain.people.department_changes import parent_of
from domain.people.department_file import DepartmentFile
from domain.people.departments import Department, DepartmentChange, Departments
from domain.people.organisation import Employee
from domain.people.posts import departments_of
from domain.values import EmployeeId

_SEVERAL = 2  # people who go to the same new name: one person alone more likely moves


def file_findings(
    file: DepartmentFile, change: DepartmentChange, before: Departments, people: Mapping[EmployeeId, Employee]
) -> Iterator[Finding]:
    """Unknown parents and heads, and circles of parents. Every finding refuses."""
    names = [*(row.id for row in file.rows), *(row.name for row in file.rows)]
    for row in file.rows:
        if row.parent and parent_of(row, file.rows, before) is None:
            near = did_you_mean(row.parent, names)
            yield refuse(
                "department_parent_unknown", file.place(row.id), department=row.name, parent=row.parent, near=near
            )
        head = people.get(EmployeeId(row.head)) if row.head else None
        if row.head and (head is None or not head.active):
            yield refuse("head_unknown", file.place(row.id), department=row.name, person=row.head)
    yield from circle_findings(change.applied_to(before), file)


def circle_findings(departments: Departments, file: DepartmentFile) -> Iterator[Finding]:
    """A finding for each circle of parents, at its first department by id."""
    seen: set[str] = set()
    for start in sorted(departments.by_id):
        if start not in seen and (circle := _circle(start, departments)):
            seen |= {one.id for one in circle}
            names = [one.name for one in (*circle, circle[0])]
            yield refuse("circular_departments", file.place(start), departments=names)


def _circle(start: str, departments: Departments) -> tuple[Department, ...]:
    """The department and those above it, if the last of them has the first as its parent."""
    above = tuple(departments.upwards(departments.by_id[start]))
    return above if above[-1].parent_id == start else ()


def renaming_findings(
    renamed: Mapping[str, str], before: Departments, directory: Iterable[Employee], after: Iterable[Employee]
) -> Iterator[Finding]:
    """Old names that no department has, and new names that nobody has, refuse. People who keep an old name are pointed out.

    A renaming that was applied before is no error: the same command again finds nothing to do.
    """
    if not renamed:
        return
    known = {one.name for one in before.by_id.values()} | {one.department for one in directory}
    staying: defaultdict[str, list[EmployeeId]] = defaultdict(list)
    for one in after:
        if one.active:
            staying[one.department].append(one.id)
    for old, new in renamed.items():
        if old not in known and before.current(old) == new:
            continue  # it was renamed before
        if old not in known:
            yield refuse("renamed_unknown", old, old=old, near=did_you_mean(old, known))
        elif new not in staying:
            yield refuse("renamed_unused", new, new=new, near=did_you_mean(new, staying))
        elif old in staying and old not in renamed.values():
            yield advise("renamed_still_used", old, old=old, new=new, count=len(staying[old]), concerned=staying[old])


def former_names(
    people: Iterable[Employee], known: Departments, renamed: Mapping[str, str] = MappingProxyType({})
) -> dict[str, str]:
    """The former names of departments that a file still has, each with the present one. Not the new names of `renamed`."""
    named = {name for one in people for name in (one.department, *departments_of(one.posts))}
    return {name: known.current(name) for name in sorted(named - {*renamed.values()}) if known.current(name) != name}


def former_name_findings(former: Mapping[str, str]) -> Iterator[Finding]:
    """That a file has former names: its people stay in the departments that had them."""
    return (advise("former_department_name", old, old=old, new=new) for old, new in former.items())


def suggested_renamings(
    before: Iterable[Employee], after: Mapping[EmployeeId, Employee], renamed: Mapping[str, str], known: Departments
) -> Iterator[Finding]:
    """Suggests a renaming where everybody of one department goes to one name that no department had before."""
    targets: defaultdict[str, set[str]] = defaultdict(set)
    people: defaultdict[str, list[EmployeeId]] = defaultdict(list)
    for one in before:
        new = after.get(one.id)
        if one.active and new is not None and new.active:
            targets[one.department].add(new.department)
            people[one.department].append(one.id)
    for old, names in targets.items():
        new_name = next(iter(names))
        if len(names) != 1 or len(people[old]) < _SEVERAL or old in renamed:
            continue
        if new_name not in targets and known.find(new_name) is None:
            yield advise(
                "renaming_suggested", old, old=old, new=new_name, count=len(people[old]), concerned=people[old]
            )
