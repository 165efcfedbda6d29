"""Whether an open goal agrees with the directory: managers, evaluators, department, sites, owner, assignees, delegations.

A comparison of a few columns for every open goal of the company, so that only the goals that differ are read as a whole.
"""

import json
from collections.abc import Iterable
from functools import lru_cache

from pydantic import TypeAdapter

from domain.cycle.evaluators import EvaluatorRules, Evaluators, evaluators_of, rules_of
from domain.cycle.leavers import last_day_for_goals
from domain.cycle.part_hr import part_hr
from domain.goal.goal import Goal
from domain.instructions.placement import Placement
from domain.people.organisation import Employee, Organisation
from domain.people.posts import Post
from domain.policy.policy import HrOfPart, Leavers, StageRule
from domain.values import SILENT, EmployeeId

_STAGES = TypeAdapter(tuple[StageRule, ...], config=SILENT)
_HR_OF = TypeAdapter(tuple[HrOfPart, ...], config=SILENT)


def placement_of(goal: Goal) -> Placement:
    """The placement of a goal that is read as a whole."""
    assignees = goal.task.assignees if goal.task else ()
    deputies = tuple(person for one in goal.delegations for person in (one.delegator, one.to))
    return Placement(
        goal.id, goal.owner, goal.department, ",".join(goal.line), ",".join(assignees), goal.sites, goal.policy.hr, deputies,
        _chains(Evaluators(goal.stages, goal.reviewers, goal.joint)), goal.away, goal.policy.review_stage,
        json.dumps([one.model_dump(mode="json") for one in goal.policy.stages]),
        goal.policy.leavers, goal.leaves.isoformat() if goal.leaves else None, goal.additional, goal.gone, ",".join(goal.part_hr),
        json.dumps([one.model_dump(mode="json") for one in goal.policy.hr_of]), json.dumps(goal.hr_left), goal.contributors,
    )  # fmt: skip


def _chains(evaluators: Evaluators) -> str:
    """The chains as PostgreSQL writes their JSON; nothing for an empty one."""
    return "".join(json.dumps(one, ensure_ascii=False) for one in evaluators if one)


@lru_cache(100)
def _rules(review_stage: int, stages: str) -> EvaluatorRules:
    return rules_of(review_stage, _STAGES.validate_json(stages))


@lru_cache(100)
def _hr_of(parts: str) -> tuple[HrOfPart, ...]:
    return _HR_OF.validate_json(parts)


class PlacementCheck:
    """Compares placements with an organisation; takes constant time for each, since people of one manager share a line."""

    def __init__(self, organisation: Organisation) -> None:
        self._people = organisation.employees
        self._organisation = organisation
        self._lines: dict[EmployeeId | None, tuple[tuple[EmployeeId, ...], str]] = {}  # by the owner's manager
        self._site_of = {one.id: one.site for one in self._people.values() if one.site}

    def differs(self, placed: Placement) -> bool:
        """Whether the goal needs a command; a goal that does not differ would skip it."""
        owner = self._people.get(placed.owner)
        if owner is None or self._leaving_differs(placed, owner):
            return True
        post, ended = self._organisation.post_of(placed.owner, placed.department, additional=placed.additional)
        line, as_text = self._line_of(placed.owner, owner.manager_id, post)
        department = post.department if post else owner.department
        if ended or (department, as_text, post is not None) != (placed.department, placed.line, placed.additional):
            return True
        if placed.assignees != placed.owner and any(map(self._has_left, placed.assignees.split(","))):
            return True
        away = owner.active and self._organisation.is_away(placed.owner)
        if placed.away != away or any(map(self._has_left, (*placed.deputies, *placed.contributors))):
            return True
        evaluators = evaluators_of(placed.owner, self._organisation, _rules(placed.review_stage, placed.stages), post)
        if _chains(evaluators) != placed.chains or self._hr_left(placed.hr) != placed.hr_left:
            return True
        hr = part_hr(placed.owner, self._organisation, _hr_of(placed.hr_of), post)
        sites = self._sites_of((placed.owner, *line, *evaluators.people, *hr, *placed.hr))
        return (",".join(hr), sites) != (placed.part_hr, placed.sites)

    @staticmethod
    def _leaving_differs(placed: Placement, owner: Employee) -> bool:
        """Whether the owner has left, or their last day has changed, and the goal does not know it or is to be closed."""
        if owner.active is placed.gone or (placed.gone and placed.leavers == Leavers.SETTLE):
            return True
        last_day = last_day_for_goals(owner, Leavers(placed.leavers))
        return placed.leaves != (last_day and last_day.isoformat())

    def _line_of(
        self, owner: EmployeeId, manager: EmployeeId | None, post: Post | None
    ) -> tuple[tuple[EmployeeId, ...], str]:
        if post is None and manager in self._lines:
            return self._lines[manager]
        line = self._organisation.active_line(owner, post)
        found = line, ",".join(line)
        if post is None and not any(map(self._organisation.is_away, self._organisation.manager_line(owner))):
            self._lines[manager] = found  # with a deputy it can be another for each of the reports
        return found

    def _hr_left(self, hr: tuple[EmployeeId, ...]) -> str:
        """As PostgreSQL writes JSON."""
        left = [one for one in hr if self._has_left(one)]
        return json.dumps(left) if left else "[]"

    def _has_left(self, person: str) -> bool:
        found = self._people.get(EmployeeId(person))
        return found is not None and not found.active

    def _sites_of(self, people: Iterable[EmployeeId]) -> dict[EmployeeId, str]:
        sites = self._site_of
        return {one: sites[one] for one in people if one in sites} if sites else {}
