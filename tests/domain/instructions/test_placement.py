"""Which open goals do not agree with the directory: found without reading the goals as a whole."""

from collections import UserDict
from collections.abc import Iterator
from typing import Any

import pytest

from domain.goal.goal import Delegation, Goal
from domain.instructions.instructions import Skipped, Sync
from domain.instructions.placement_check import PlacementCheck, placement_of
from domain.instructions.reorganisation import SyncContext, sync_command_for
from domain.lifecycle import State
from domain.people.organisation import Employee, Organisation
from domain.policy.policy import Leavers, Policy
from domain.values import EmployeeId
from tests.domain.builders import DIRECTOR, HR, MANAGER, OWNER, PRESIDENT, STRANGER, day, pending, policy

DEPARTMENT = "経理"


def person(employee: str, manager: str | None = None, **known: Any) -> Employee:
    fields: dict[str, Any] = {"id": employee, "name": employee, "department": DEPARTMENT, "manager_id": manager}
    return Employee(**(fields | known))


def organisation(*changed: Employee) -> Organisation:
    company = (
        person(PRESIDENT),
        person(DIRECTOR, PRESIDENT),
        person(MANAGER, DIRECTOR),
        person(OWNER, MANAGER),
        person(HR, PRESIDENT),
        person(STRANGER, DIRECTOR),
    )
    return Organisation({one.id: one for one in (*company, *changed)}.values())


def goal(**changes: Any) -> Goal:
    return pending().model_copy(update={"department": DEPARTMENT, "line": (MANAGER, DIRECTOR, PRESIDENT)} | changes)


def assigned_to(person: EmployeeId) -> Goal:
    found = goal()
    assert found.task is not None
    return goal(task=found.task.model_copy(update={"assignees": (person,)}))


def delegated(delegator: EmployeeId, to: EmployeeId) -> Goal:
    away = Delegation(delegator=delegator, to=to, first=day(11, 2), last=day(12, 18))
    return goal(delegations=(away,))


def _led_by_director() -> Goal:
    return assigned_to(DIRECTOR).model_copy(update={"line": (DIRECTOR, PRESIDENT)})


def _by_title() -> Policy:
    return policy(stages=({"title": "部長"},))


def _evaluated() -> Goal:
    chain = (STRANGER, DIRECTOR, PRESIDENT)
    return goal(stages=(chain,), reviewers=chain)


LAST_DAY, GONE_ON = day(11, 13), day(11, 14)
SETTLE, VERDICT, KEEP = (policy(leavers=leavers) for leavers in Leavers)
LEAVER = person(OWNER, MANAGER, active=False)


def _worked_on(rules: Policy, **changes: Any) -> Goal:
    return goal(state=State.ACTIVE, task=None, policy=rules, **changes)


@pytest.mark.parametrize(
    ("of", "changed", "differs"),
    [
        (goal(), (), False),
        (goal(), (person(OWNER, DIRECTOR),), True),
        (goal(), (person(DIRECTOR),), True),
        (goal(), (person(OWNER, MANAGER, department="財務"),), True),
        (goal(), (person(OWNER, MANAGER, site="berlin"),), True),
        (goal(), (person(HR, PRESIDENT, site="berlin"),), True),
        (goal(), (person(STRANGER, DIRECTOR, site="berlin", department="財務"),), False),
        (goal(sites={OWNER: "berlin"}), (), True),
        (goal(), (person(OWNER, MANAGER, active=False),), True),
        (goal(), (person(MANAGER, DIRECTOR, active=False),), True),
        (_led_by_director(), (person(MANAGER, DIRECTOR, active=False),), False),
        (assigned_to(STRANGER), (), False),
        (assigned_to(STRANGER), (person(STRANGER, DIRECTOR, active=False),), True),
        (assigned_to(HR), (person(HR, PRESIDENT, active=False),), True),
        (goal(), (person(OWNER, MANAGER, evaluators=(STRANGER,)),), True),
        (goal(), (person(OWNER, MANAGER, evaluators=(MANAGER, DIRECTOR)),), False),  # they are the line
        (goal(stages=((STRANGER, DIRECTOR, PRESIDENT),)), (), True),
        (goal(policy=_by_title()), (), False),  # nobody has the title
        (goal(policy=_by_title()), (person(STRANGER, DIRECTOR, title="部長"),), True),
        (
            goal(
                policy=_by_title(), stages=((STRANGER, DIRECTOR, PRESIDENT),), reviewers=(STRANGER, DIRECTOR, PRESIDENT)
            ),
            (person(STRANGER, DIRECTOR, title="部長"),),
            False,
        ),
        (_evaluated(), (person(OWNER, MANAGER, evaluators=(STRANGER,)),), False),
        (_evaluated(), (person(OWNER, MANAGER, evaluators=(None, STRANGER)),), True),
        (_evaluated(), (person(OWNER, MANAGER, evaluators=(STRANGER,)), person(STRANGER, PRESIDENT)), True),
        (
            _evaluated(),
            (person(OWNER, MANAGER, evaluators=(STRANGER,)), person(STRANGER, DIRECTOR, site="berlin")),
            True,
        ),
        (
            _evaluated(),
            (person(OWNER, MANAGER, evaluators=(STRANGER,)), person(STRANGER, DIRECTOR, active=False)),
            True,
        ),
        (delegated(MANAGER, STRANGER), (), False),
        (delegated(MANAGER, STRANGER), (person(STRANGER, DIRECTOR, active=False),), True),
        (delegated(HR, DIRECTOR), (person(HR, PRESIDENT, active=False),), True),
        (goal(), (person(OWNER, MANAGER, leaves=LAST_DAY),), False),  # the rules settle
        (_worked_on(KEEP), (person(OWNER, MANAGER, leaves=LAST_DAY),), False),
        (_worked_on(VERDICT), (person(OWNER, MANAGER, leaves=LAST_DAY),), True),
        (_worked_on(VERDICT, leaves=LAST_DAY), (person(OWNER, MANAGER, leaves=LAST_DAY),), False),
        (_worked_on(VERDICT, leaves=LAST_DAY), (person(OWNER, MANAGER, leaves=day(11, 30)),), True),
        (_worked_on(VERDICT, leaves=LAST_DAY), (), True),  # the person stays
        (_worked_on(SETTLE), (LEAVER,), True),
        (_worked_on(KEEP), (LEAVER,), True),
        (_worked_on(KEEP, gone_on=GONE_ON), (LEAVER,), False),
        (_worked_on(VERDICT, gone_on=GONE_ON), (LEAVER,), False),
        (_worked_on(KEEP, gone_on=GONE_ON), (person(OWNER, DIRECTOR, active=False),), True),
        (_worked_on(KEEP, gone_on=GONE_ON), (LEAVER, person(MANAGER, DIRECTOR, active=False)), True),
        (_worked_on(KEEP, gone_on=GONE_ON), (person(OWNER, MANAGER, active=False, away_from=GONE_ON),), False),
        (_worked_on(SETTLE, gone_on=GONE_ON), (LEAVER,), True),  # the rules were amended
        (_worked_on(KEEP, gone_on=GONE_ON), (), True),  # the person is back
    ],
)
def test_a_goal_differs_exactly_where_it_would_get_a_command(
    of: Goal, changed: tuple[Employee, ...], differs: bool
) -> None:
    company = organisation(*changed)
    command = sync_command_for(of, Sync(reason="r"), HR, SyncContext(company, (), day(11, 16)))
    assert PlacementCheck(company).differs(placement_of(of)) is differs
    assert (command != Skipped(code="unchanged")) is differs


ON_LEAVE = {"away_from": day(11, 1)}


@pytest.mark.parametrize(
    ("of", "changed", "differs"),
    [
        (goal(), (person(OWNER, MANAGER, **ON_LEAVE),), True),
        (goal(away=True), (person(OWNER, MANAGER, **ON_LEAVE),), False),
        (goal(away=True), (), True),
        (goal(), (person(MANAGER, DIRECTOR, **ON_LEAVE),), True),
        (
            assigned_to(DIRECTOR).model_copy(update={"line": (DIRECTOR, PRESIDENT)}),
            (person(MANAGER, DIRECTOR, **ON_LEAVE),),
            False,
        ),
        (goal(), (person(STRANGER, DIRECTOR, **ON_LEAVE),), False),
    ],
)
def test_a_goal_differs_while_a_leave_is_not_in_it(of: Goal, changed: tuple[Employee, ...], differs: bool) -> None:
    company = Organisation(organisation(*changed).employees.values(), day(11, 16))
    command = sync_command_for(of, Sync(reason="r"), HR, SyncContext(company, (), day(11, 16)))
    assert PlacementCheck(company).differs(placement_of(of)) is differs
    assert (command != Skipped(code="unchanged")) is differs


def test_the_deputy_of_a_shared_manager_is_no_manager_of_their_own_goals() -> None:
    deputy = person("second", MANAGER)
    away = person(MANAGER, DIRECTOR, deputy_id="second", **ON_LEAVE)
    company = Organisation(organisation(deputy, away).employees.values(), day(11, 16))
    check = PlacementCheck(company)
    theirs = goal(line=(EmployeeId("second"), DIRECTOR, PRESIDENT))
    assert not check.differs(placement_of(theirs))
    own = placement_of(goal(line=(DIRECTOR, PRESIDENT)))._replace(owner=EmployeeId("second"))
    assert not check.differs(own)


def test_people_of_one_manager_share_the_line_and_another_manager_has_another() -> None:
    company = organisation(person("second", MANAGER))
    check = PlacementCheck(company)
    second = placement_of(goal())._replace(owner=EmployeeId("second"))
    assert not check.differs(placement_of(goal()))
    assert not check.differs(second)
    assert check.differs(placement_of(goal())._replace(owner=STRANGER))


def test_the_task_of_somebody_who_left_earlier_passes_to_the_next_active_manager() -> None:
    company = organisation(person(STRANGER, DIRECTOR, active=False), person(DIRECTOR, PRESIDENT, active=False))
    command = sync_command_for(assigned_to(STRANGER), Sync(reason="r"), HR, SyncContext(company, (), day(11, 16)))
    assert not isinstance(command, Skipped)
    assert command.model_dump()["replaced"] == {STRANGER: PRESIDENT}


class _Counting(UserDict[EmployeeId, Employee]):
    """People by id; counts how often all of them were looked through."""

    looked_through = 0

    def __iter__(self) -> Iterator[EmployeeId]:
        self.looked_through += 1
        return super().__iter__()


def test_nobody_looks_through_all_people_for_each_goal() -> None:
    company = organisation(person(OWNER, DIRECTOR, site="berlin"))
    people = _Counting(company.employees)
    company.employees = people
    check = PlacementCheck(company)
    people.looked_through = 0
    for one in (goal(), assigned_to(STRANGER)):
        assert check.differs(placement_of(one))
        command = sync_command_for(one, Sync(reason="r"), HR, SyncContext(company, (), day(11, 16)))
        assert not isinstance(command, Skipped)
        assert command.model_dump()["sites"] == {OWNER: "berlin"}
    assert not check.differs(placement_of(goal(line=(DIRECTOR, PRESIDENT), sites={OWNER: "berlin"})))
    assert people.looked_through == 0
