"""Whether an open goal agrees with the directory: its managers, department, sites and owner, and who has its open task.

A comparison of a few columns for every open goal of the company, so that only the goals that differ are read as a whole.
"""

from collections.abc import Mapping
from typing import NamedTuple

from domain.people.organisation import Organisation
from domain.values import EmployeeId, GoalId


class Placement(NamedTuple):
    """Where an open goal stands in the organisation. `hr` are the HR members of its rules."""

    goal: GoalId
    owner: EmployeeId
    department: str
    line: tuple[EmployeeId, ...]
    assignees: tuple[EmployeeId, ...]
    sites: Mapping[EmployeeId, str]
    hr: tuple[EmployeeId, ...]


class PlacementCheck:
    """Compares placements with an organisation; takes constant time for each, since people of one manager share a line."""

    def __init__(self, organisation: Organisation) -> None:
        self._people = organisation.employees
        self._organisation = organisation
        self._lines: dict[EmployeeId | None, tuple[EmployeeId, ...]] = {}
        self._site_of = {one.id: one.site for one in self._people.values() if one.site}

    def differs(self, placed: Placement) -> bool:
        """Whether the goal needs a command; a goal that does not differ would skip it."""
        owner = self._people.get(placed.owner)
        if owner is None or not owner.active:
            return True
        line = self._line_of(placed.owner, owner.manager_id)
        if owner.department != placed.department or line != placed.line:
            return True
        if any(self._has_left(one) for one in placed.assignees):
            return True
        return self._sites_of(placed.owner, line, placed.hr) != placed.sites

    def _line_of(self, owner: EmployeeId, manager: EmployeeId | None) -> tuple[EmployeeId, ...]:
        if manager not in self._lines:
            self._lines[manager] = self._organisation.active_line(owner)
        return self._lines[manager]

    def _has_left(self, person: EmployeeId) -> bool:
        found = self._people.get(person)
        return found is not None and not found.active

    def _sites_of(
        self, owner: EmployeeId, line: tuple[EmployeeId, ...], hr: tuple[EmployeeId, ...]
    ) -> dict[EmployeeId, str]:
        sites = self._site_of
        return {one: sites[one] for one in (owner, *line, *hr) if one in sites} if sites else {}
