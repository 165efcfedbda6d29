"""Instructions that are refused before they are written; idempotency of instruction ids; delegations."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest

from domain.goal import commands
from domain.goal.goal import Delegation
from domain.instructions import instructions
from domain.refusals import Code, Refusal
from domain.values import CycleId, EmployeeId, Locale
from service.answers import compose
from storage.database import read_transaction
from storage.delegations import overlapping
from tests.service.steered import (
    EVERYBODY,
    GONE,
    HARA,
    HR,
    HR_TOO,
    MANAGER,
    MORI,
    ONO,
    SALES,
    TOP,
    Steered,
    goal_of,
    in_days,
    of,
)
from texts.refusals import refusal_text

WHY = {"reason": "繁忙期"}


def delegation(
    delegator: EmployeeId, to: EmployeeId, first: date | None = None, last: date | None = None
) -> instructions.AnyInstruction:
    one = Delegation(delegator=delegator, to=to, first=first or in_days(0), last=last or in_days(10))
    return instructions.Delegate(delegation=one, reason="休暇")


async def test_who_is_unknown_is_named_with_the_nearest_that_is_known(company: Steered) -> None:
    cycle = await company.launch("named", without=[SALES])
    for selection, code, fields, near in (
        (of(MORI, EmployeeId("E111")), Code.UNKNOWN_EMPLOYEE, {"employee": "E111"}, "E11"),
        (of(SALES), Code.UNKNOWN_EMPLOYEE, {"employee": SALES}, "E13"),
        (of(departments=["経理課"]), Code.NOT_IN_CYCLE, {"kind": "department", "named": ["経理課"]}, "経理部"),
    ):
        refusal = await company.refusal(instructions.Pause(selection=selection, **WHY), cycle)
        assert refusal.code is code
        assert refusal.fields == {**fields, "near": {"key": "part.did_you_mean", "fields": {"near": near}}}
    for one, code in ((of(GONE), Code.UNKNOWN_EMPLOYEE), (of(departments=["営業"]), Code.NOT_IN_CYCLE)):
        assert (await company.refusal(instructions.Add(selection=one, **WHY), cycle)).code is code
    assert (await company.refusal(instructions.Add(**WHY), cycle)).code is Code.SELECTION_EMPTY
    assert (await company.refusal(instructions.Pause(**WHY), CycleId("nowhere"))).code is Code.UNKNOWN_CYCLE
    for to in (GONE, EmployeeId("E98")):
        refusal = await company.refusal(instructions.Reassign(person=MANAGER, to=to, **WHY), cycle)
        assert (refusal.code, refusal.fields["employee"]) == (Code.UNKNOWN_EMPLOYEE, to)
    assert (await company.refusal(delegation(EmployeeId("E98"), TOP))).code is Code.UNKNOWN_EMPLOYEE
    assert (await company.refusal(delegation(MORI, GONE))).code is Code.UNKNOWN_EMPLOYEE


async def test_only_hr_instructs_and_only_who_is_away_delegates_besides(company: Steered) -> None:
    cycle = await company.launch("actors")
    for one, actor in (
        (instructions.Pause(**WHY), MANAGER),
        (instructions.Close(selection=of(MORI), **WHY), MORI),
        (instructions.Reassign(person=MANAGER, to=TOP, **WHY), MANAGER),
    ):
        refusal = await company.refusal(one, cycle, actor)
        assert (refusal.code, refusal.fields) == (Code.NOT_ALLOWED, {"actor": actor, "allowed": [HR, HR_TOO]})
    assert (await company.refusal(delegation(TOP, MANAGER), actor=MORI)).code is Code.NOT_ALLOWED
    async with read_transaction(company.engine) as connection:
        assert await overlapping(connection, in_days(0), in_days(10), [TOP]) == []


async def test_a_cycle_that_is_being_launched_waits_for_its_launch(company: Steered) -> None:
    cycle = await company.launch("launching")
    await company.set_state_directly(cycle, "launching")
    for one in (
        instructions.Pause(**WHY),
        instructions.Extend(closes=in_days(200), selection=of(MORI), **WHY),
        instructions.Close(**WHY),
    ):
        refusal = await company.refusal(one, cycle)
        assert (refusal.code, refusal.fields) == (Code.CYCLE_STATE, {"state": "launching", "needed": "open"})
    await company.set_state_directly(cycle, "open")


@pytest.mark.parametrize("days", [60, 600])
async def test_a_last_day_that_no_goal_could_have_does_not_become_the_cycles(company: Steered, days: int) -> None:
    cycle = await company.launch(f"days-{days}")
    refusal = await company.refusal(instructions.Extend(closes=in_days(days), **WHY), cycle)
    assert refusal.code is Code.DATE_OUTSIDE
    row = await company.cycles.require(cycle)
    assert row.rules == row.launched_policy


async def test_what_cannot_be_asked_says_which_field_is_wrong() -> None:
    with pytest.raises(Refusal) as caught:
        compose(instructions.Extend, {"reason": "x", "due": None, "closes": None})
    assert (caught.value.code, "problem.nothing_to_extend" in str(caught.value)) == (Code.INVALID, True)
    with pytest.raises(Refusal, match=r"where: task; finding: problem.enum \(expected: draft, approval"):
        compose(instructions.Extend, {"reason": "x", "due": in_days(9), "task": "drafts"})
    with pytest.raises(Refusal, match="where: reason; "):
        compose(instructions.Pause, {"reason": ""})


async def test_one_id_is_one_instruction_whenever_it_is_given_and_nothing_else(company: Steered) -> None:
    cycle = await company.launch("once")
    pause = instructions.Pause(selection=of(MORI), **WHY)
    given = await asyncio.gather(*(company.instructions.give(pause, HR, cycle, "once-1") for _ in range(3)))
    assert given == ["once-1"] * 3
    await company.done("once-1")
    finished = (await company.instructions.require("once-1")).finished_at
    await company.carried_out(instructions.Close(**WHY), cycle)
    assert await company.carried_out(pause, cycle, identity="once-1") == {MORI: "done"}, "though it is closed by now"
    assert (await company.instructions.require("once-1")).finished_at == finished
    assert [kind for kind, _, _ in await company.entries(cycle, MORI)] == ["paused", "closed"]

    for other, actor in ((instructions.Resume(selection=of(MORI), **WHY), HR), (pause, HR_TOO)):
        with pytest.raises(Refusal) as caught:
            await company.instructions.give(other, actor, cycle, "once-1")
        assert (caught.value.code, caught.value.fields) == (Code.INSTRUCTION_TAKEN, {"instruction": "once-1"})
    for unknown in (company.instructions.require, company.instructions.progress):
        with pytest.raises(Refusal) as caught:
            await unknown("never")
        assert caught.value.code is Code.UNKNOWN_INSTRUCTION


async def test_a_delegate_decides_what_waits_now_and_what_is_launched_later(company: Steered) -> None:
    now = await company.launch("away")
    await company.goals.give(goal_of(now, HARA), commands.Submit(actor=HARA))
    concerned = await company.carried_out(delegation(MANAGER, MORI), actor=MANAGER)
    assert concerned[HARA] == "done"
    later = await company.launch("away-later")
    await company.goals.give(goal_of(later, HARA), commands.Submit(actor=HARA))
    assert (await company.entries(now, HARA))[-1] == ("delegated", MANAGER, "休暇")
    afterwards = datetime.now(UTC) + timedelta(days=11)
    for cycle in (now, later):
        goal = await company.goal(cycle, HARA)
        waiting = {(one.goal.goal, one.acting_for) for one in await company.goals.inbox(MORI)}
        assert (goal.id, MANAGER) in waiting
        assert goal.id in {one.goal.goal for one in await company.goals.inbox(MANAGER)}, "both may act"
        assert goal.id not in {one.goal.goal for one in await company.goals.inbox(MORI, afterwards)}, (
            "it ends by itself"
        )
        approve = commands.Approve(actor=MORI, acting_for=MANAGER, expected_seq=goal.seq)
        await company.goals.give(goal.id, approve)
        decided = (await company.goals.prove(goal.id)).lines[-1].event
        assert (decided["actor"], decided["acting_for"]) == (MORI, MANAGER)
    own = await company.goal(now, MORI)
    assert own.delegations == ()
    assert (await company.goal(later, MORI)).delegations == (), "nobody acts in a goal of their own"


async def test_a_delegate_of_other_days_may_not_decide_today(company: Steered) -> None:
    cycle = await company.launch("other-days")
    await company.carried_out(delegation(TOP, HARA, in_days(20), in_days(30)), actor=TOP)
    await company.goals.give(goal_of(cycle, MANAGER), commands.Submit(actor=MANAGER))
    approve = commands.Approve(actor=HARA, acting_for=TOP, expected_seq=(await company.goal(cycle, MANAGER)).seq)
    with pytest.raises(Refusal) as caught:
        await company.goals.give(goal_of(cycle, MANAGER), approve)
    assert caught.value.code is Code.NOT_DELEGATED


async def test_chains_circles_and_days_that_are_past_are_refused_and_nothing_is_written(company: Steered) -> None:
    cycle = await company.launch("chains")
    await company.carried_out(delegation(ONO, SALES, in_days(40), in_days(50)))
    before = {one: await company.goal(cycle, one) for one in EVERYBODY}
    async with read_transaction(company.engine) as connection:
        standing = await overlapping(connection, in_days(0), in_days(365))
    for one, why in (
        (delegation(SALES, ONO, in_days(50), in_days(60)), f"{ONO} → {SALES}"),
        (delegation(SALES, TOP, in_days(45), in_days(46)), f"{ONO} → {SALES}"),
        (delegation(TOP, ONO, in_days(30), in_days(40)), f"{ONO} → {SALES}"),
        (delegation(ONO, ONO), "people cannot be their own delegates"),
        (delegation(ONO, TOP, in_days(9), in_days(8)), "its last day is before its first"),
        (delegation(ONO, TOP, in_days(-9), in_days(-3)), "its last day is past"),
    ):
        refusal = await company.refusal(one)
        assert refusal.code is Code.DELEGATION
        assert why in refusal_text(refusal, Locale.EN)
    async with read_transaction(company.engine) as connection:
        assert await overlapping(connection, in_days(0), in_days(365)) == standing
    assert {one: await company.goal(cycle, one) for one in EVERYBODY} == before
    await company.carried_out(delegation(SALES, ONO, in_days(51), in_days(60)))


async def test_two_who_would_close_a_circle_at_the_same_time_do_not(company: Steered) -> None:
    await company.launch("circle")
    first, last = in_days(70), in_days(80)
    found = await asyncio.gather(
        company.instructions.give(delegation(HR, HR_TOO, first, last), HR),
        company.instructions.give(delegation(HR_TOO, HR, first, last), HR_TOO),
        return_exceptions=True,
    )
    refused = [one for one in found if isinstance(one, Refusal)]
    assert [one.code for one in refused] == [Code.DELEGATION]
    async with read_transaction(company.engine) as connection:
        assert len(await overlapping(connection, first, last, [HR, HR_TOO])) == 1
