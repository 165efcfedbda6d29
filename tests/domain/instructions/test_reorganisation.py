"""Comparing a new people file: who joins, leaves and moves; and the command for each goal."""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.goal import commands
from domain.goal.decide import decide
from domain.goal.evolve import evolve_all
from domain.goal.goal import Delegation, Goal
from domain.instructions.instructions import Skipped, Sync
from domain.instructions.placement_check import PlacementCheck, placement_of
from domain.instructions.reorganisation import SyncContext, compare, sync_command_for, weight_left
from domain.lifecycle import State
from domain.people.organisation import Employee, Organisation
from domain.values import EmployeeId
from tests.domain.builders import (
    DEPUTY,
    DIRECTOR,
    HR,
    MANAGER,
    OWNER,
    POLICY,
    PRESIDENT,
    STRANGER,
    active,
    at,
    day,
    draft,
    fresh_id,
    pending,
    policy,
    task_of,
)
from texts.say import say_both

TODAY = day(11, 16)


def person(employee: str, manager: str | None = None, **known: Any) -> Employee:
    fields: dict[str, Any] = {"id": employee, "name": employee, "department": "経理", "manager_id": manager}
    return Employee(**(fields | known))


COMPANY = (
    person(PRESIDENT),
    person(DIRECTOR, PRESIDENT),
    person(MANAGER, DIRECTOR),
    person(OWNER, MANAGER),
    person(HR, PRESIDENT),
)


def with_(*changed: Employee, without: Iterable[str] = ()) -> list[Employee]:
    after = {one.id: one for one in (*COMPANY, *changed)}
    return [one for one in after.values() if one.id not in set(without)]


def test_the_same_people_are_no_difference() -> None:
    assert compare(COMPANY, COMPANY, TODAY).is_empty


def test_joiners_leavers_moves_managers_and_sites_are_told_apart() -> None:
    file = with_(
        person("n1", MANAGER),
        person(HR, PRESIDENT, active=False),
        person(OWNER, DIRECTOR, site="berlin", department="財務"),
    )
    found = compare(COMPANY, file, TODAY)
    assert (found.joined, found.left) == (("n1",), (HR,))
    assert [(one.employee, one.before, one.after) for one in found.moved] == [(OWNER, "経理", "財務")]
    assert [(one.employee, one.before, one.after) for one in found.managers] == [(OWNER, MANAGER, DIRECTOR)]
    assert [(one.employee, one.after) for one in found.sites] == [(OWNER, "berlin")]


def test_who_is_not_in_the_file_has_not_left_unless_it_is_said_so() -> None:
    part = with_(without=[OWNER])
    assert compare(COMPANY, part, TODAY).left == ()
    assert compare(COMPANY, part, TODAY).absent == (OWNER,)
    assert compare(COMPANY, part, TODAY, absent_left=True).left == (OWNER,)


@pytest.mark.parametrize(("leaves", "left"), [(day(11, 15), (OWNER,)), (day(11, 16), ()), (day(12, 28), ())])
def test_somebody_has_left_when_the_last_day_is_over(leaves: date, left: tuple[str, ...]) -> None:
    found = compare(COMPANY, with_(person(OWNER, MANAGER, leaves=leaves)), TODAY)
    assert found.left == left
    assert [one.after for one in found.leaving] == ([] if left else [str(leaves)])


def test_somebody_whose_last_day_in_the_directory_is_over_has_left_although_the_file_says_nothing_of_them() -> None:
    company = with_(person(MANAGER, DIRECTOR, leaves=day(11, 13)), person(HR, PRESIDENT, leaves=TODAY))
    found = compare(company, [person(OWNER, MANAGER)], TODAY)
    assert found.left == (MANAGER,)
    assert set(found.absent) == {PRESIDENT, DIRECTOR, HR}
    assert [(one.employee, one.after) for one in found.managers] == [(OWNER, DIRECTOR)]


def test_who_comes_back_is_a_joiner() -> None:
    before = with_(person(OWNER, MANAGER, active=False))
    assert compare(before, COMPANY, TODAY).joined == (OWNER,)


def test_people_of_somebody_who_left_are_led_by_the_next_active_manager_and_a_finding_says_so() -> None:
    file = with_(person(MANAGER, DIRECTOR, active=False), person(DIRECTOR, PRESIDENT, active=False))
    found = compare(COMPANY, file, TODAY)
    assert {one.id: one.manager_id for one in found.after}[OWNER] == PRESIDENT
    assert [(one.code, one.where) for one in found.findings] == [("led_by_leaver", MANAGER)]
    assert OWNER in say_both(found.findings[0].message).ja
    assert not Organisation(found.after).findings()
    assert found.stand_ins() == {MANAGER: DIRECTOR, DIRECTOR: PRESIDENT}


def told(file: list[Employee], goal: Any, delegations: tuple[Delegation, ...] = ()) -> commands.Command | Skipped:
    difference = compare(COMPANY, file, TODAY)
    context = SyncContext(Organisation(difference.after), delegations, TODAY)
    return sync_command_for(goal, difference.sync("組織変更"), HR, context)


def test_a_goal_that_nothing_of_it_concerns_hears_nothing() -> None:
    goal = pending().model_copy(update={"department": "経理", "line": (MANAGER, DIRECTOR, PRESIDENT)})
    assert told(with_(person("n1", MANAGER)), goal) == Skipped(code="unchanged")


def test_a_goal_whose_owner_left_is_closed_and_the_reason_says_when() -> None:
    command = told(with_(person(OWNER, MANAGER, active=False, leaves=day(11, 13))), pending())
    assert isinstance(command, commands.Close)
    assert "2026-11-13" in command.reason
    assert "組織変更" in command.reason


@pytest.mark.parametrize("leavers", ["verdict", "keep"])
def test_a_goal_whose_owner_left_stays_open_for_its_reviewers_where_the_rules_say_so(leavers: str) -> None:
    leaver = person(OWNER, MANAGER, active=False, leaves=day(11, 13))
    goal = active(policy(leavers=leavers))
    command = told(with_(leaver), goal)
    assert isinstance(command, commands.ChangeLine)
    assert (command.gone, command.away, command.settle, command.line) == (
        True, False, False, (MANAGER, DIRECTOR, PRESIDENT),
    )  # fmt: skip
    assert command.leaves == (day(11, 13) if leavers == "verdict" else None)
    by_system = sync_command_for(
        goal, Sync(reason="r"), commands.ORGANISATION, SyncContext(Organisation(with_(leaver)), (), TODAY)
    )
    assert isinstance(by_system, commands.ChangeLineBySystem)
    for waits in (draft(goal.policy), pending(goal.policy)):
        assert isinstance(told(with_(leaver), waits), commands.Close)


def test_a_leaver_who_was_on_leave_is_no_longer_on_leave() -> None:
    leaver = person(OWNER, MANAGER, active=False, away_from=day(11, 2))
    goal, people = active(policy(leavers="keep")), Organisation(with_(leaver), TODAY)
    assert people.is_away(EmployeeId(OWNER))
    command = sync_command_for(goal, Sync(reason="r"), HR, SyncContext(people, (), TODAY))
    assert isinstance(command, commands.ChangeLine)
    assert (command.gone, command.away) == (True, False)
    known = goal.model_copy(update={"gone_on": TODAY, "line": (MANAGER, DIRECTOR, PRESIDENT)})
    assert sync_command_for(known, Sync(reason="r"), HR, SyncContext(people, (), TODAY)) == Skipped(code="unchanged")
    assert not PlacementCheck(people).differs(placement_of(known))


def test_a_last_day_to_come_is_told_to_goals_only_where_the_rules_ask_for_a_verdict() -> None:
    leaver = person(OWNER, MANAGER, leaves=day(12, 11))
    for leavers, last_day in (("settle", None), ("verdict", day(12, 11)), ("keep", None)):
        command = told(with_(leaver), active(policy(leavers=leavers)))
        assert isinstance(command, commands.ChangeLine)
        assert (command.leaves, command.gone) == (last_day, False)


def test_another_manager_brings_the_whole_new_line_with_sites_and_standing_delegations() -> None:
    away = Delegation(delegator=DIRECTOR, to=DEPUTY, first=TODAY, last=day(11, 30))
    elsewhere = Delegation(delegator=STRANGER, to=DEPUTY, first=TODAY, last=day(11, 30))
    by_owner = Delegation(delegator=DIRECTOR, to=OWNER, first=TODAY, last=day(11, 30))
    file = with_(person(OWNER, DIRECTOR), person(DIRECTOR, PRESIDENT, site="berlin"))
    command = told(file, pending(), (away, elsewhere, by_owner))
    assert isinstance(command, commands.ChangeLine)
    assert command.line == (DIRECTOR, PRESIDENT)
    assert command.sites == {DIRECTOR: "berlin"}
    assert command.delegations == (away,), "nobody is a delegate in a goal of their own"


class OnlyLookedUp(dict[EmployeeId, Employee]):
    """People who are found by their ids alone: going through all of them for each goal takes the square of the company."""

    def __iter__(self) -> Iterator[EmployeeId]:
        raise AssertionError("all people were gone through for one goal")

    items = keys = values = __iter__  # type: ignore[assignment]


def test_the_command_for_a_goal_looks_people_up_and_never_goes_through_the_whole_company() -> None:
    organisation = Organisation(with_(person(OWNER, DIRECTOR), person(DIRECTOR, PRESIDENT, site="berlin")))
    organisation.employees = OnlyLookedUp({**organisation.employees})
    command = sync_command_for(pending(), Sync(reason="組織変更"), HR, SyncContext(organisation, (), TODAY))
    assert isinstance(command, commands.ChangeLine)
    assert command.sites == {DIRECTOR: "berlin"}


def test_who_left_is_in_no_line() -> None:
    organisation = Organisation(with_(person(MANAGER, DIRECTOR, active=False)))
    assert organisation.active_line(OWNER) == (DIRECTOR, PRESIDENT)


def test_a_task_that_was_given_to_somebody_by_hand_passes_to_their_manager_when_they_leave() -> None:
    goal = pending()
    assert goal.task is not None
    goal = goal.model_copy(update={"task": goal.task.model_copy(update={"assignees": (STRANGER,)})})
    asked = Sync(reason="r", stands_in={STRANGER: DIRECTOR})
    command = sync_command_for(goal, asked, HR, SyncContext(Organisation(COMPANY), (), TODAY))
    assert isinstance(command, commands.ChangeLine)
    assert command.replaced == {STRANGER: DIRECTOR}
    at_the_top = asked.model_copy(update={"stands_in": {STRANGER: None}})
    command = sync_command_for(goal, at_the_top, HR, SyncContext(Organisation(COMPANY), (), TODAY))
    assert isinstance(command, commands.ChangeLine)
    assert command.replaced == {STRANGER: HR}


@pytest.mark.parametrize("settles", [True, False])
def test_a_move_settles_the_revision_only_where_the_policy_says_so(settles: bool) -> None:
    goal = active(policy(moves_settle=settles))
    moved = person(OWNER, MANAGER, department="財務")
    command = told(with_(moved), goal)
    assert isinstance(command, commands.ChangeLine)
    assert command.department == "財務"
    assert command.settle is settles
    assert command.new_weight == (weight_left(goal.content.weight, goal.policy, TODAY) if settles else None)


@pytest.mark.parametrize(
    ("today", "weight"),
    [
        (POLICY.starts, 60),  # all of it is to come
        (day(11, 13), 29),  # 29 of 60 business days are left: 29.0
        (POLICY.closes, 1),  # nothing is left, and a weight is at least 1
    ],
)
def test_the_weight_of_what_is_left_is_the_share_of_business_days(today: date, weight: int) -> None:
    whole = POLICY.calendar.between(POLICY.starts, POLICY.closes)
    left = POLICY.calendar.between(today, POLICY.closes)
    assert weight_left(Decimal(60), POLICY, today) == max(1, round(60 * left / whole))
    assert abs(weight_left(Decimal(60), POLICY, today) - weight) <= 2


@pytest.mark.parametrize(
    ("weight", "today", "left"),
    [
        ("33.3", day(11, 13), "16.93"),
        ("33.3", POLICY.closes, "0.01"),
        ("0.1", POLICY.closes, "0.01"),
        ("0.4", POLICY.starts, "0.4"),
    ],
)
def test_a_weight_with_decimals_keeps_two_and_never_rises(weight: str, today: date, left: str) -> None:
    assert weight_left(Decimal(weight), POLICY, today) == Decimal(left)


def test_only_who_moved_by_this_change_starts_anew() -> None:
    goal = active(policy(moves_settle=True))
    moved = Organisation(with_(person(OWNER, MANAGER, department="財務")))
    command = sync_command_for(goal, Sync(reason="r", moved=(STRANGER,)), HR, SyncContext(moved, (), TODAY))
    assert isinstance(command, commands.ChangeLine)
    assert not command.settle


def test_the_place_of_a_manager_who_left_passes_by_the_line_and_not_by_hand() -> None:
    goal = pending()
    asked = Sync(reason="r", stands_in={MANAGER: DIRECTOR})
    after = Organisation(with_(person(OWNER, DIRECTOR), person(MANAGER, DIRECTOR, active=False)))
    command = sync_command_for(goal, asked, HR, SyncContext(after, (), TODAY))
    assert isinstance(command, commands.ChangeLine)
    assert (command.line, command.replaced) == ((DIRECTOR, PRESIDENT), {})


def test_an_administrator_who_is_not_hr_of_the_goal_acts_as_the_organisation_and_the_reason_names_them() -> None:
    goal, long = active(), "x" * 4000
    moved, left = with_(person(OWNER, DIRECTOR)), with_(person(OWNER, MANAGER, active=False, leaves=day(11, 13)))
    for people, by_hr, by_system in (
        (moved, commands.ChangeLine, commands.ChangeLineBySystem),
        (left, commands.Close, commands.CloseBySystem),
    ):
        context = SyncContext(Organisation(people), (), TODAY)
        own = sync_command_for(goal, Sync(reason="組織変更"), HR, context)
        assert isinstance(own, commands.Command)
        assert (type(own), own.actor) == (by_hr, HR)
        for reason in ("組織変更", long):
            command = sync_command_for(goal, Sync(reason=reason), STRANGER, context)
            assert isinstance(command, commands.ChangeLineBySystem | commands.CloseBySystem)
            assert (type(command), command.actor) == (by_system, commands.ORGANISATION)
            assert f" ({STRANGER})" in command.reason
    closed = goal.model_copy(update={"state": State.CLOSED})
    context = SyncContext(Organisation(COMPANY), (), TODAY, back={goal.id})
    back = sync_command_for(closed, Sync(reason="復職"), STRANGER, context)
    assert isinstance(back, commands.ReopenBySystem)
    assert (back.actor, back.reason) == (commands.ORGANISATION, f"復職 ({STRANGER})")


def test_who_left_hands_on_also_what_hr_gave_them_of_somebody_elses_stage_or_part() -> None:
    """They were asked for another stage, or for another part of the same one: the chain of the task does not replace them."""
    people = with_(person(STRANGER, DIRECTOR), person("w1", PRESIDENT), person("v1", PRESIDENT))
    after = Organisation(with_(person(STRANGER, DIRECTOR, active=False), *people[-2:]))

    def asked_after(goal: Goal, **given: Any) -> tuple[EmployeeId, ...]:
        reassigned = commands.Reassign(id=fresh_id(), actor=HR, reason="出張", **given)
        goal = evolve_all(goal, decide(goal, reassigned, at(day(10, 6))))
        assert STRANGER in task_of(goal).assignees
        command = sync_command_for(goal, Sync(reason="退職"), HR, SyncContext(after, (), TODAY))
        assert isinstance(command, commands.ChangeLine)
        again = evolve_all(goal, decide(goal, command.model_copy(update={"id": fresh_id()}), at(TODAY)))
        left = sync_command_for(again, Sync(reason="退職"), HR, SyncContext(after, (), TODAY))
        assert left == Skipped(code="unchanged")
        return task_of(again).assignees

    line = (MANAGER, DIRECTOR, PRESIDENT)
    later_stage = pending(policy(approval_stages=2), line=line, stages=((), (STRANGER, DIRECTOR, PRESIDENT)))
    assert asked_after(later_stage, assignees=(STRANGER,)) == (DIRECTOR,)
    both = policy(approval_stages=1, stages=({"all": (f"person {STRANGER}", "person w1")},))
    other_part = pending(both, line=line, joint=(((STRANGER, DIRECTOR, PRESIDENT), ("w1", PRESIDENT)),))
    assert asked_after(other_part, person="w1", to=STRANGER) == (DIRECTOR, "w1")
