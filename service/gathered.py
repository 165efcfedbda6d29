"""What one run of `service/gathering.py` works with, and because of which resources a comparison refuses."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from domain.access import Caller
from domain.findings import Finding, Level, refuse, refuses
from domain.people.numbers import numbered
from domain.people.organisation import DIRECTORY_ZONE, some_of
from domain.people.provisioned import Desired, Gathered, Provisioned
from domain.people.wanted import members_of, wanted_of
from domain.programs import is_program
from domain.values import EmployeeId
from service.reorganisation import Compared, Directory
from storage.provisioned import Resource


class Run(NamedTuple):
    """What one run works with."""

    now: datetime
    caller: Caller
    directory: Directory
    stored: Sequence[Resource]
    known: Provisioned
    department_of: Mapping[str, str]
    administrators: Collection[EmployeeId]
    groups: Sequence[Resource]  # of the users that are stored
    renamed: Mapping[str, str]


def departments_of_groups(groups: Sequence[Resource], stored: Sequence[Resource]) -> dict[str, str]:
    """The group of each user, as a department; of somebody in several groups, none."""
    users = {one.id for one in stored}
    found: dict[str, list[str]] = {}
    for group in groups:
        for member in members_of(group.attributes):
            if member in users:
                found.setdefault(member, []).append(group.attributes["displayName"])
    return {user: names[0] for user, names in found.items() if len(names) == 1}


def desired(one: Resource, department_of: Mapping[str, str]) -> Desired:
    wanted = wanted_of(one.attributes)
    if wanted.department is None and one.id in department_of:
        wanted = wanted.model_copy(update={"department": department_of[one.id]})
    return Desired(one.id, one.employee, wanted, one.removed_at is not None, one.applied)


def tops_of(run: Run, gathered: Gathered) -> tuple[EmployeeId, ...]:
    """Those who have no manager on purpose: where the directory has several, they may stay. Nobody else becomes one."""
    organisation = run.directory.organisation
    tops = organisation.tops()
    if len(tops) < 2:  # noqa: PLR2004 - one is the rule
        return ()
    rows = {one.id: one for one in gathered.file.employees}
    numbers = {one: organisation.employees[one].number or one for one in tops}
    left = (
        one
        for one in tops
        if (row := rows.get(EmployeeId(numbers[one]))) is None or (row.active and not row.manager_id)
    )
    return tuple(EmployeeId(numbers[one]) for one in left)


def blamed_for(
    run: Run, gathered: Gathered, compared: Compared, *, many_leave: bool
) -> Iterator[tuple[str, list[Finding]]]:
    """The resources because of which the comparison refuses; all of them, where it names none."""
    people = resources_by_person(run, gathered)
    if refuses(compared.findings):
        refusing = [(one, _about(one, people, run)) for one in compared.findings if one.level is Level.REFUSE]
        everybody = list(people.values()) if not any(resources for _, resources in refusing) else []
        for resource in dict.fromkeys([*everybody, *(one for _, resources in refusing for one in resources)]):
            yield resource, [one for one, resources in refusing if everybody or resource in resources]
        return
    left = compared.difference.left if compared.difference else ()
    gone = set(run.administrators) & set(left)
    if gone and gone == set(run.administrators) and not is_program(run.caller.employee):
        for one in sorted(gone & people.keys()):
            yield people[one], [refuse("last_administrator_leaves", one, person=one)]
    elif compared.many and not many_leave:
        finding = refuse("many_leave", left[0], count=compared.many, people=some_of(left), concerned=left)
        for one in left:
            if one in people:
                yield people[one], [finding]


def resources_by_person(run: Run, gathered: Gathered) -> dict[str, str]:
    """The resources by employee number and by the id that belongs to it."""
    on = run.now.astimezone(DIRECTORY_ZONE).date()
    id_of = numbered(gathered.file, run.directory.organisation.employees, gathered.said, on).id_of
    found: dict[str, str] = {}
    for number, resource in gathered.resources.items():
        found[number] = resource
        found[id_of(number)] = resource
    return found


def _about(finding: Finding, people: Mapping[str, str], run: Run) -> list[str]:
    """The resources that a finding is about. Who has no manager already is not to blame that somebody else has none too."""
    named: list[str] = [*finding.concerned, *finding.where.split(", ")]
    for value in finding.message.fields.values():
        named += [str(one) for one in (value if isinstance(value, tuple | list) else [value])]
    found = list(dict.fromkeys(one for one in named if one in people))
    if finding.code == "several_tops":
        tops = set(run.directory.organisation.tops())
        found = [one for one in found if one not in tops] or found
    return list(dict.fromkeys(people[one] for one in found))
