"""Use case: what a checked cycle file would do for one person, before it is launched: who is asked, and what happens when."""

from datetime import datetime
from typing import TYPE_CHECKING

from domain.access import Action, Caller
from domain.cycle.course import CourseDay, course_of
from domain.cycle.evaluators import evaluators_of, names_heads, people_of, rules_of, titles_of
from domain.cycle.file import CycleFile
from domain.cycle.launch import first_draft
from domain.cycle.leavers import last_day_for_goals
from domain.cycle.part_hr import hr_left, part_hr
from domain.goal.goal import Goal
from domain.people.organisation import Organisation
from domain.policy.policy import Policy
from domain.refusals import Code, Refusal
from domain.values import EmployeeId, Frozen
from service.projection import names_by_id
from service.relations import require_colleague
from storage.database import read_transaction
from storage.directory import with_managers

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine


class CycleExample(Frozen):
    """The course of a person's first draft. `approvers` are in the order of the stages; `names` of everybody in it, by id."""

    person: EmployeeId
    department: str
    theme: str
    approvers: tuple[tuple[EmployeeId, ...], ...]
    reviewers: tuple[EmployeeId, ...]
    course: tuple[CourseDay, ...]
    time_zone: str
    names: dict[str, str]


class CycleExamples:
    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def show(
        self, caller: Caller, file: CycleFile, policy: Policy, person: EmployeeId, now: datetime
    ) -> CycleExample | None:
        """The course of the first draft of the file that the person would get if it were launched now; None if they take no part.

        Writes nothing. Raises a `Refusal` for an unknown person.
        """
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_CYCLE)
            stages = policy.stages
            people = {person, *policy.everybody_of_hr} | people_of(stages)
            found = await with_managers(connection, people, titles_of(stages), heads=names_heads(stages))
            employee = found.employees.get(person)
            if employee is None:
                raise Refusal(Code.UNKNOWN_EMPLOYEE, employee=person[:80], near="")
            if not employee.active or not file.includes(
                person, employee.department, found.departments, company=employee.company
            ):
                return None
            goal = _first_goal(file, policy, person, found, now)
            course = course_of(goal, goal.calendar.day_of(now))
            people_asked = {*goal.asked_of, *(one for day in course for one in day.people)}
            names = await names_by_id(connection, people_asked)
        return CycleExample(
            person=person,
            department=employee.department,
            theme=goal.content.theme,
            approvers=goal.approvers_in_order(),
            reviewers=goal.review_deciders(),
            course=course,
            time_zone=goal.calendar.timezone,
            names=names,
        )


def _first_goal(file: CycleFile, policy: Policy, person: EmployeeId, organisation: Organisation, now: datetime) -> Goal:
    """The goal as a launch writes it (activities/launch.py), but for its salts and its slot."""
    employee = organisation.employees[person]
    rules = rules_of(policy.review_stage, policy.stages)
    (draft, *_) = file.drafts_for(employee.department, employee.locale, departments=organisation.departments)
    goal, _ = first_draft(
        cycle=file.cycle.id,
        policy=policy,
        owner=person,
        department=employee.department,
        line=organisation.active_line(person),
        evaluators=evaluators_of(person, organisation, rules),
        part_hr=part_hr(person, organisation, policy.hr_of),
        hr_left=hr_left(policy, organisation),
        away=organisation.is_away(person),
        leaves=last_day_for_goals(employee, policy.leavers),
        number=1,
        content=draft,
        launched_by=policy.hr[0],
        now=now,
        sites={one.id: one.site for one in organisation.employees.values() if one.site},
    )
    return goal
