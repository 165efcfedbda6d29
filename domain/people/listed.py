"""The people of a file as they will be in the directory: what the file says, and for the rest what the directory says."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields, replace
from datetime import date
from typing import Any

from domain.findings import Finding, advise, refuse
from domain.people.leave import Leave
from domain.people.organisation import Employee, Organisation, some_of
from domain.people.people_file import PeopleFile
from domain.values import EmployeeId

_WORDS = ("name", "kana", "department", "title", "company", "seconded_from")
_OF_EMPLOYMENT = ("active", "leaves")  # fields about whether somebody works here: see `_last_day`


def as_listed(file: PeopleFile, known: Mapping[EmployeeId, Employee], today: date) -> tuple[Employee, ...]:
    """The people of the file. Fields for which the file has no column are taken from the directory (`known`).

    Somebody whom the file lists works here, unless the file says that they left, or that their last day is over.
    """
    missing = {field.name for field in fields(Employee)} - file.fields
    kept = [name for name in missing if name not in _OF_EMPLOYMENT]
    if not missing:
        return tuple(one.as_of(today) for one in file.employees)
    return tuple(_listed(one, known.get(one.id), kept, missing, today).as_of(today) for one in file.employees)


def _listed(
    one: Employee, known: Employee | None, kept: Iterable[str], missing: Iterable[str], today: date
) -> Employee:
    if known is None:
        return one
    values: dict[str, Any] = {name: getattr(known, name) for name in kept}
    if "further_leaves" in missing and known.further_leaves:
        # The leave that comes next may have moved to the columns of the first one.
        first = Leave(first=values.get("away_from", one.away_from), last=values.get("away_until", one.away_until))
        values["further_leaves"] = tuple(leave for leave in known.further_leaves if leave != first)
    if "leaves" in missing:
        values["leaves"] = _last_day(one, known, today)
    changes = {name: value for name, value in values.items() if getattr(one, name) != value}
    return replace(one, **changes) if changes else one  # a copy is checked again, which takes most of the time


def _last_day(one: Employee, known: Employee, today: date) -> date | None:
    """The last day from the directory, for a file without that column. A day that is over is dropped for somebody who is back."""
    is_over = known.leaves is not None and known.leaves < today
    return None if one.active and is_over else known.leaves


def findings_with(file: PeopleFile, after: Iterable[Employee], tops: Collection[EmployeeId]) -> tuple[Finding, ...]:
    """The findings of a file that is refused, and those about the lines of managers, all in one go.

    `after` is everybody as far as the file could be read. A manager whose own row could not be read is not missing.
    """
    lines = Organisation(after).findings(tops=tops, place=file.place)
    of_lines = (one for one in lines if one.message.fields.get("manager") not in file.unread)
    return (*file.findings, *of_lines)


def lost_characters(file: PeopleFile, known: Mapping[EmployeeId, Employee]) -> tuple[Finding, ...]:
    """Findings about question marks: a spreadsheet writes one for a character that the encoding does not have (𠮷 in CP932).

    Where the directory has that character, the finding refuses: the file would overwrite it.
    """
    return tuple(
        _lost(file.place(one.id), field, value, getattr(known.get(one.id), field, None) or "")
        for one in file.employees
        for field in _WORDS
        if "?" in (value := getattr(one, field) or "") and (field == "name" or one.id in known)
        if _may_be_lost(value, getattr(known.get(one.id), field, None))
    )


def _may_be_lost(value: str, known: str | None) -> bool:
    return value != known and not value.isascii()


def _lost(where: str, field: str, value: str, known: str) -> Finding:
    if known and _may_have_been(value, known):
        return refuse("lost_character", where, name=field, value=value, known=known)
    return advise("question_mark", where, name=field, value=value)


def _may_have_been(value: str, known: str) -> bool:
    """Whether `value` is `known` with marks for some of its characters; one outside the first plane may leave two.

    All places are followed at once: a regular expression with a choice at each mark can take 2^n steps.
    """
    ends = {0}  # places in `known` up to which the parts so far fit
    for part in re.split(r"(\?+)", value):
        if part.startswith("?"):
            ends = {end + n for end in ends for n in range(1, len(part) + 1) if end + n <= len(known)}
        else:
            ends = {end + len(part) for end in ends if known.startswith(part, end)}
    return len(known) in ends


def joined_again(known: Mapping[EmployeeId, Employee], after: Iterable[Employee], today: date) -> tuple[Finding, ...]:
    """A finding that names the people who had left, and who are active again after the change."""
    back = [one.id for one in after if one.works_on(today) and one.id in known and not known[one.id].works_on(today)]
    if not back:
        return ()
    return (advise("joined_again", back[0], count=len(back), people=some_of(back), concerned=back),)
