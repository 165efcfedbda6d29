"""What a department file, or a renaming in a people file, makes of the departments: pure, records in and records out."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from domain.people.departments import Department, DepartmentChange, Departments
from domain.values import EmployeeId


class DepartmentRow(NamedTuple):
    """A row of a department file. `parent` is an id or a name. None in `fields`: the file has no such column."""

    id: str
    name: str
    parent: str | None
    head: str | None


def changes_of_file(rows: Iterable[DepartmentRow], before: Departments, fields: frozenset[str]) -> DepartmentChange:
    """What the file changes. Departments that are not in the file stay; so do parents and heads without a column.

    A name that a department outside the file has goes to the row's department, and the other one is merged into it: so a
    department that the directory made of a name gets the file's id.
    """
    given = list(rows)
    ids = {one.id for one in given}
    renamed, merged, after = {}, {}, dict(before.by_id)
    for row in given:
        known = before.by_id.get(row.id)
        holder = before.find(row.name)
        if holder and holder.name == row.name and holder.id not in ids:
            merged[holder.id] = row.id
            known = known or holder
        if known and known.name != row.name:
            renamed[known.name] = row.name
        after[row.id] = replace(known, id=row.id, name=row.name) if known else Department(id=row.id, name=row.name)
    for row in given:
        if "parent_id" in fields:
            after[row.id] = replace(after[row.id], parent_id=parent_of(row, given, before))
        if "head_id" in fields:
            after[row.id] = replace(after[row.id], head_id=EmployeeId(row.head) if row.head else None)
    return _change(before, after, merged, renamed)


def parent_of(row: DepartmentRow, rows: Iterable[DepartmentRow], before: Departments) -> str | None:
    """The id of the row's parent, which the row names by its id or its name; None if it names none, or an unknown one."""
    if row.parent is None or row.parent in before.by_id:
        return row.parent
    named = before.find(row.parent)
    of_rows = {one.name: one.id for one in rows} | {one.id: one.id for one in rows}
    return of_rows.get(row.parent) or (named.id if named else None)


def changes_of_renaming(renamed: Mapping[str, str], before: Departments) -> DepartmentChange:
    """What it means that departments (by their present names) have new names. A name that another department has merges them."""
    after, merged = dict(before.by_id), {}
    holders = {one.name: one.id for one in before.by_id.values() if one.name not in renamed}
    for old, new in renamed.items():
        one = before.find(old)
        if one is None or one.name != old:
            continue
        if new in holders:
            merged[one.id] = holders[new]
        else:
            holders[new] = one.id
            after[one.id] = replace(one, name=new)
    return _change(before, after, merged, dict(renamed))


def _change(
    before: Departments, after: dict[str, Department], merged: Mapping[str, str], renamed: Mapping[str, str]
) -> DepartmentChange:
    """The records that differ, with their former names, and with the parents that remain."""
    former: dict[str, list[str]] = {}
    for one in before.by_id.values():
        former.setdefault(merged.get(one.id, one.id), []).extend((*one.former, one.name))
    remaining = [one for key, one in after.items() if key not in merged]
    placed = [replace(one, parent_id=_parent(one, after, merged)) for one in remaining]
    found = [
        replace(one, former=tuple(dict.fromkeys(name for name in former.get(one.id, ()) if name != one.name)))
        for one in placed
    ]
    return DepartmentChange(tuple(one for one in found if one != before.by_id.get(one.id)), dict(merged), dict(renamed))


def _parent(one: Department, after: Mapping[str, Department], merged: Mapping[str, str]) -> str | None:
    """The parent that remains after the merging. A department that takes in its parent moves up."""
    at, seen = one.parent_id, {one.id}
    while at is not None and at in merged:
        if merged[at] not in seen:
            return merged[at]
        if at in seen:
            return None
        seen.add(at)
        at = after[at].parent_id
    return at


class ShownChange(NamedTuple):
    """One change of a department, for people. `kind`: added, renamed, merged, id, parent or head; values as people read them."""

    kind: str
    department: str
    before: str | None
    after: str | None


def shown_changes(change: DepartmentChange, before: Departments) -> tuple[ShownChange, ...]:
    """The changes by the departments' new names. Names of parents, ids of heads."""
    after = change.applied_to(before)
    return (
        *_merged(change, before, after),
        *(each for one in change.departments for each in _of(one, before, after, change)),
    )


def _merged(change: DepartmentChange, before: Departments, after: Departments) -> Iterator[ShownChange]:
    for ended, taken_by in change.merged.items():
        old, new = before.by_id[ended], after.by_id[taken_by]
        if old.name == new.name:
            yield ShownChange("id", new.name, old.id, new.id)
        else:
            yield ShownChange("merged", new.name, old.name, new.name)


def _of(one: Department, before: Departments, after: Departments, change: DepartmentChange) -> Iterator[ShownChange]:
    old = before.by_id.get(one.id)
    if old is None:
        old = next((before.by_id[key] for key, new in change.merged.items() if new == one.id), None)
        if old is None:
            yield ShownChange("added", one.name, None, one.id)
            old = Department(id=one.id, name=one.name)
    elif old.name != one.name:
        yield ShownChange("renamed", one.name, old.name, one.name)
    parents = _name(old.parent_id, before), _name(one.parent_id, after)
    if parents[0] != parents[1] and change.renamed.get(parents[0] or "") != parents[1]:
        yield ShownChange("parent", one.name, *parents)
    if old.head_id != one.head_id:
        yield ShownChange("head", one.name, old.head_id, one.head_id)


def _name(key: str | None, departments: Departments) -> str | None:
    found = departments.by_id.get(key) if key else None
    return found.name if found else key
