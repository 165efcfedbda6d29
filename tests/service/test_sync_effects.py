"""The preview of a sync asks the function that decides when the change is applied, so both count the same."""

from typing import Any

import pytest

from domain.goal import commands
from domain.goal.decide import decide
from domain.goal.goal import Goal
from domain.instructions.instructions import Skipped, Sync
from domain.instructions.reorganisation import SyncContext, compare, sync_command_for
from domain.people.organisation import Employee, Organisation
from domain.values import CommandId
from service.sync_effects import OpenCycle, effects_on, hr_findings
from tests.domain.builders import (
    DIRECTOR,
    HR,
    MANAGER,
    OWNER,
    POLICY,
    PRESIDENT,
    active,
    after,
    change_line,
    day,
    draft,
    in_review,
    pending,
    policy,
)
from tests.domain.command_cases import NOW

HR_TOO = POLICY.hr[1]
SETTLES, KEEPS = policy(moves_settle=True), policy(leavers="keep")


def left(goal: Goal) -> Goal:
    return after(goal, change_line(goal, gone=True), NOW)


def person(employee: str, manager: str | None = None, **known: Any) -> Employee:
    fields: dict[str, Any] = {"id": employee, "name": employee, "department": "経理", "manager_id": manager}
    return Employee(**(fields | known))


COMPANY = (
    person(PRESIDENT),
    person(DIRECTOR, PRESIDENT),
    person(MANAGER, DIRECTOR),
    person(OWNER, MANAGER),
    person(HR, PRESIDENT),
    person(HR_TOO, PRESIDENT),
)


def told(goal: Goal, changed: Employee) -> commands.Command | Skipped:
    goal = goal.model_copy(update={"department": "経理", "line": (MANAGER, DIRECTOR, PRESIDENT)})
    after = Organisation({one.id: one for one in (*COMPANY, changed)}.values())
    asked = Sync(reason="組織変更", moved=(OWNER,))
    return sync_command_for(goal, asked, HR, SyncContext(after, (), goal.calendar.day_of(NOW)))


@pytest.mark.parametrize(
    ("goal", "changed", "effects"),
    [
        (active(SETTLES), person(OWNER, MANAGER, department="財務"), ["relined", "settled"]),
        (draft(SETTLES), person(OWNER, MANAGER, department="財務"), ["relined"]),
        (pending(SETTLES), person(OWNER, DIRECTOR, department="財務"), ["relined", "readdressed"]),
        (active(), person(OWNER, MANAGER, department="財務"), ["relined"]),
        (pending(), person(OWNER, MANAGER, active=False), ["closed"]),
        (active(), person(OWNER, MANAGER, active=False), ["closed"]),
        (pending(KEEPS), person(OWNER, MANAGER, active=False), ["closed"]),
        (active(KEEPS), person(OWNER, MANAGER, active=False), ["kept_open", "relined"]),
        (in_review(KEEPS), person(OWNER, MANAGER, active=False), ["kept_open", "relined"]),
        (left(active(KEEPS)), person(OWNER, DIRECTOR, active=False), ["relined"]),
        (left(active(KEEPS)), person(OWNER, MANAGER), ["relined"]),
        (pending(), person(OWNER, MANAGER), []),
    ],
)
def test_a_goal_counts_for_what_it_decides(goal: Goal, changed: Employee, effects: list[str]) -> None:
    placed = goal.model_copy(update={"department": "経理", "line": (MANAGER, DIRECTOR, PRESIDENT)})
    command = told(goal, changed)
    assert effects_on(placed, command, NOW) == effects
    if not isinstance(command, Skipped):
        kinds = [one.kind for one in decide(placed, command.model_copy(update={"id": CommandId("x")}), NOW)]
        assert len(kinds) == 1, "one entry each, as the preview counts"


def test_a_goal_that_refuses_the_change_is_counted_as_such() -> None:
    command = commands.Close(actor=OWNER, reason="r")
    assert effects_on(pending(), command, NOW) == ["refused"]


class _File:
    """Of a cycle's file, nothing is asked here."""


def leaves(*people: Employee) -> list[tuple[str, str]]:
    after = {one.id: one for one in (*COMPANY, *people)}
    cycle = OpenCycle("2026-q4", POLICY, _File())  # type: ignore[arg-type]
    return [(one.code, one.where) for one in hr_findings(compare(COMPANY, after.values(), day(11, 16)), [cycle])]


def test_the_last_hr_member_of_an_open_cycle_does_not_leave_without_a_successor() -> None:
    one, other = person(HR, PRESIDENT, active=False), person(HR_TOO, PRESIDENT, active=False)
    assert leaves(one) == [("hr_left", HR)]
    assert sorted(leaves(one, other)) == [("last_hr_leaves", HR), ("last_hr_leaves", HR_TOO)]


def test_a_last_day_before_the_cycle_closes_counts_as_leaving_and_a_later_one_does_not() -> None:
    gone = person(HR, PRESIDENT, active=False)
    assert ("last_hr_leaves", HR_TOO) in leaves(gone, person(HR_TOO, PRESIDENT, leaves=POLICY.closes.replace(day=1)))
    far = POLICY.closes.replace(year=POLICY.closes.year + 1)
    assert leaves(gone, person(HR_TOO, PRESIDENT, leaves=far)) == [("hr_left", HR)]
