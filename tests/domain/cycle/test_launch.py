"""The goals that a launch makes for one participant, with the sites and delegations that concern them."""

from datetime import date
from typing import Any

import pytest

from domain.cycle.launch import first_draft
from domain.goal import events
from domain.goal.events import Event
from domain.goal.goal import Delegation, Goal
from domain.policy.calendar import BusinessCalendar
from domain.policy.policy import Policy
from domain.values import CycleId, EmployeeId
from domain.writing.content import Content, Step
from tests.domain.builders import (
    BERLIN,
    DEPUTY,
    DIRECTOR,
    HR,
    HR_TOO,
    LAUNCH,
    MANAGER,
    OWNER,
    POLICY,
    STRANGER,
    day,
    policy,
    task_of,
)


def launched(rules: Policy = POLICY, **more: Any) -> tuple[Goal, Event]:
    return first_draft(
        cycle=CycleId("2026-q4"),
        policy=rules,
        owner=OWNER,
        department="経理",
        line=(MANAGER, DIRECTOR),
        number=1,
        launched_by=HR,
        now=LAUNCH,
        **({"content": Content()} | more),
    )


def delegation(delegator: EmployeeId, to: EmployeeId = DEPUTY) -> Delegation:
    return Delegation(delegator=delegator, to=to, first=day(10, 1), last=day(12, 1))


def test_a_goal_knows_the_sites_of_those_whom_it_may_ask_and_of_nobody_else() -> None:
    sites = {OWNER: "berlin", DIRECTOR: "berlin", HR_TOO: "paris", STRANGER: "berlin", DEPUTY: "berlin"}
    goal, event = launched(policy(sites={"berlin": BERLIN}), sites=sites, slot=7)
    assert goal.sites == {OWNER: "berlin", DIRECTOR: "berlin", HR_TOO: "paris"}
    assert goal.slot == 7
    assert isinstance(event.body, events.Created)
    assert (event.body.sites, event.body.slot) == (goal.sites, 7)
    assert (task_of(goal).site, goal.calendar) == ("berlin", BERLIN)


def test_delegations_that_hold_already_come_with_the_goal_but_never_make_its_owner_a_deputy() -> None:
    given = [delegation(MANAGER), delegation(STRANGER), delegation(HR), delegation(OWNER), delegation(DIRECTOR, OWNER)]
    goal, event = launched(delegations=given)
    assert goal.delegations == (delegation(MANAGER), delegation(HR), delegation(OWNER))
    assert isinstance(event.body, events.Created)
    assert event.body.delegations == goal.delegations


@pytest.mark.parametrize("more", [{}, {"sites": {}, "delegations": ()}, {"sites": {STRANGER: "berlin"}}])
def test_what_concerns_nobody_is_not_written_so_that_a_plain_launch_reads_as_it_always_did(more: Any) -> None:
    goal, event = launched(**more)
    assert not {"sites", "slot", "delegations"} & set(event.json_form["body"])
    assert (goal.sites, goal.slot, goal.delegations) == ({}, None, ())


@pytest.mark.parametrize(("site", "due"), [(None, day(11, 2)), ("berlin", day(11, 2)), ("closed", day(11, 4))])
def test_a_step_of_a_first_draft_is_due_on_a_working_day_of_the_owners_site(site: str | None, due: date) -> None:
    """The file proposes Saturday, 31 October."""
    closed = BusinessCalendar(days_off=(day(11, 2), day(11, 3)))
    rules = policy(sites={"berlin": BERLIN, "closed": closed})
    proposed = Content(steps=(Step(title="手順を洗い出す", due=day(10, 31)),))
    goal, _ = launched(rules, content=proposed, sites={OWNER: site} if site else {})
    assert [step.due for step in goal.content.steps] == [due]
