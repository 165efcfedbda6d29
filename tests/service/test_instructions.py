"""Instructions on real servers: each kind, to departments, people and everybody; and the resulting ledgers."""

import asyncio
import re
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from domain.goal import commands
from domain.goal.goal import Delegation, Outcome
from domain.instructions import instructions
from domain.policy.policy import TaskKind
from domain.refusals import Code, Refusal
from domain.values import CycleId, EmployeeId, Locale
from service.amending import Amending
from service.cycle_updates import CycleUpdates
from storage.tables import EmployeeRow, OutboxRow
from tests.callers import by
from tests.cycle_dates import moved_to
from tests.service.steered import (
    ACCOUNTING,
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
    cycle_file,
    goal_of,
    in_days,
    of,
)
from tests.working_days import JAPAN
from texts.refusals import refusal_text

ACCOUNTANTS = (MORI, HARA, ONO, MANAGER)
WHY = {"reason": "繁忙期"}
RULES_OF_THE_DAY = "meguri:rules_at_joining"


async def test_dates_move_for_a_department_and_one_kind_of_task_and_the_rest_is_left_alone(company: Steered) -> None:
    cycle = await company.launch("extended")
    await company.goals.give(goal_of(cycle, ONO), commands.Submit(actor=ONO))
    before = {one: await company.goal(cycle, one) for one in EVERYBODY}
    moved = instructions.Extend(due=in_days(30), task=TaskKind.DRAFT, selection=of(departments=[ACCOUNTING]), **WHY)
    assert await company.carried_out(moved, cycle) == dict.fromkeys((MORI, HARA, MANAGER), "done") | {
        ONO: "skipped other_task"
    }
    for owner in (MORI, HARA, MANAGER):
        task = (await company.goal(cycle, owner)).task
        assert task
        assert (task.kind, task.due) == (TaskKind.DRAFT, JAPAN.next_working_day(in_days(30)))
        assert await company.entries(cycle, owner) == [("extended", HR, "繁忙期")]
    for owner in (SALES, ONO):
        assert await company.goal(cycle, owner) == before[owner]


async def test_a_date_that_some_goals_cannot_have_is_refused_by_these_with_its_fields(company: Steered) -> None:
    cycle = await company.launch("far")
    first = instructions.Extend(closes=in_days(300), selection=of(MORI), **WHY)
    assert await company.carried_out(first, cycle) == {MORI: "done"}
    given = await company.instructions.give(
        instructions.Extend(due=in_days(200), selection=of(MORI, HARA), **WHY), HR_TOO, cycle
    )
    await company.done(given)
    done, refused = (
        await company.instructions.results(given, "done"),
        await company.instructions.results(given, "refused"),
    )
    assert [one.goal_id for one in done] == [goal_of(cycle, MORI)]
    assert [(one.goal_id, one.code) for one in refused] == [(goal_of(cycle, HARA), Code.DATE_OUTSIDE)]
    fields = refused[0].detail
    assert fields
    assert {"day", "first", "last"} == set(fields)
    assert f"{in_days(200):%Y}年" in refusal_text(Refusal.from_json(Code.DATE_OUTSIDE, fields), Locale.JA)
    assert await company.entries(cycle, HARA) == []


async def test_who_joins_after_the_cycle_was_given_more_time_has_it_too(company: Steered) -> None:
    cycle = await company.launch("joined", without=[ONO, SALES])
    later = in_days(200)
    given = await company.carried_out(instructions.Extend(closes=later, **WHY), cycle)
    assert given == dict.fromkeys(set(EVERYBODY) - {ONO, SALES}, "done")
    before = await company.participants(cycle)

    assert await company.carried_out(instructions.Add(selection=of(ONO), **WHY), cycle, actor=HR_TOO) == {ONO: "done"}
    joined = await company.goal(cycle, ONO)
    assert (joined.policy.closes, joined.state) == (later, "draft")
    assert (await company.goal(cycle, MORI)).policy.closes == later
    assert await company.entries(cycle, ONO) == [("policy_amended", HR_TOO, RULES_OF_THE_DAY)]
    assert (await company.goals.prove(joined.id)).lines[0].event["actor"] == HR_TOO
    await company.goals.give(joined.id, commands.Submit(actor=ONO))

    everybody_of_sales = instructions.Add(selection=of(ONO, departments=["営業部"]), **WHY)
    assert await company.carried_out(everybody_of_sales, cycle) == {SALES: "done"}, "who takes part is left alone"
    after = await company.participants(cycle)
    assert {one: after[one] for one in before} == before
    assert [after[one] for one in (ONO, SALES)] == [("started", len(before)), ("started", len(before) + 1)]


async def test_slots_of_people_with_several_goals_go_on_where_the_one_before_ends(company: Steered) -> None:
    second = '\n[[drafts]]\ndepartment = "経理部"\ntheme = "手順書の整備"\n'
    cycle = await company.launch("slots", without=[HARA, SALES], more=second)
    slots = {one: slot for one, (_, slot) in (await company.participants(cycle)).items()}
    assert slots == {MORI: 0, ONO: 2, MANAGER: 4}
    await company.instructions.give(instructions.Add(selection=of(HARA), **WHY), HR, cycle, "slots-1")
    await company.done("slots-1")
    assert [one.goal_id for one in await company.instructions.results("slots-1", "done")] == [
        f"{cycle}/{HARA}/1",
        f"{cycle}/{HARA}/2",
    ]
    await company.carried_out(instructions.Add(selection=of(SALES), **WHY), cycle)
    assert [(await company.participants(cycle))[one] for one in (HARA, SALES)] == [("started", 6), ("started", 8)]


async def test_the_clock_of_a_person_stops_and_goes_on_where_it_stood(company: Steered) -> None:
    cycle = await company.launch("paused")
    assert await company.carried_out(instructions.Pause(selection=of(MORI), **WHY), cycle) == {MORI: "done"}
    assert (await company.goal(cycle, MORI)).is_paused
    with pytest.raises(Refusal) as caught:
        await company.goals.give(goal_of(cycle, MORI), commands.Submit(actor=MORI))
    assert caught.value.code is Code.PAUSED

    everybody = await company.carried_out(instructions.Pause(reason="全社休業"), cycle, actor=HR_TOO)
    assert everybody == dict.fromkeys(EVERYBODY, "done") | {MORI: "skipped paused"}
    resumed = instructions.Resume(selection=of(departments=[ACCOUNTING]), reason="再開")
    assert await company.carried_out(resumed, cycle) == dict.fromkeys(ACCOUNTANTS, "done")
    assert await company.entries(cycle, MORI) == [("paused", HR, "繁忙期"), ("resumed", HR, "再開")]
    assert await company.entries(cycle, HARA) == [("paused", HR_TOO, "全社休業"), ("resumed", HR, "再開")]
    assert (await company.goal(cycle, SALES)).is_paused
    await company.goals.give(goal_of(cycle, MORI), commands.Submit(actor=MORI))


async def test_who_is_removed_is_settled_and_can_be_brought_back_by_name_only(company: Steered) -> None:
    cycle = await company.launch("removed")
    assert await company.carried_out(instructions.Remove(selection=of(MORI), reason="出向"), cycle) == {MORI: "done"}
    assert await company.entries(cycle, MORI) == [("closed", HR, "出向")]
    assert (await company.participants(cycle))[MORI][0] == "removed"
    refusal = await company.refusal(instructions.Pause(selection=of(MORI), **WHY), cycle)
    assert (refusal.code, refusal.fields["employee"]) == (Code.UNKNOWN_EMPLOYEE, MORI)

    department = await company.carried_out(instructions.Reopen(selection=of(departments=[ACCOUNTING]), **WHY), cycle)
    assert department == {}, "nobody else's goal is closed"
    assert await company.carried_out(instructions.Reopen(selection=of(MORI), **WHY), cycle) == {MORI: "done"}
    assert (await company.participants(cycle))[MORI][0] == "started"
    assert (await company.goal(cycle, MORI)).state == "draft"

    accountants = await company.carried_out(instructions.Remove(selection=of(departments=[ACCOUNTING]), **WHY), cycle)
    assert accountants == dict.fromkeys(ACCOUNTANTS, "done")
    results = {one: result for one, (result, _) in (await company.participants(cycle)).items()}
    assert results == dict.fromkeys(EVERYBODY, "started") | dict.fromkeys(ACCOUNTANTS, "removed")
    await company.carried_out(instructions.Remove(**WHY), cycle)
    assert {result for result, _ in (await company.participants(cycle)).values()} == {"removed"}
    assert (await company.cycles.require(cycle)).state == "open"


async def withdrawn(company: Steered, cycle: CycleId) -> set[tuple[str, str, bool]]:
    """The notices of the cycle: the owner of the goal, the kind, and whether it was withdrawn."""
    query = select(OutboxRow.goal_id, OutboxRow.kind, OutboxRow.withdrawn_at).where(OutboxRow.cycle_id == cycle)
    async with company.engine.connect() as connection:
        rows = await connection.execute(query)
        return {(row.goal_id.split("/")[1], row.kind, row.withdrawn_at is not None) for row in rows}


async def test_what_is_cancelled_is_called_off_and_nobody_gets_what_was_not_sent_yet(company: Steered) -> None:
    cycle = await company.launch("cancelled")
    assert {one for _, _, one in await withdrawn(company, cycle)} == {False}
    assert await company.carried_out(instructions.Cancel(selection=of(MORI), **WHY), cycle) == {MORI: "done"}
    assert {(who, kind) for who, kind, taken_back in await withdrawn(company, cycle) if taken_back} == {
        (MORI, "draft_opened")
    }
    assert (await company.goal(cycle, MORI)).outcome is Outcome.CANCELLED
    assert (await company.cycles.require(cycle)).state == "open"

    everybody = await company.carried_out(instructions.Cancel(reason="組織再編"), cycle)
    assert everybody == dict.fromkeys(set(EVERYBODY) - {MORI}, "done")
    row = await company.cycles.require(cycle)
    assert (row.state, row.closed_at is not None) == ("cancelled", True)
    assert {(who, kind) for who, kind, taken_back in await withdrawn(company, cycle) if taken_back} == {
        (one, "draft_opened") for one in EVERYBODY
    }
    assert await company.entries(cycle, HARA) == [("closed", HR, "組織再編")]


async def test_an_ended_cycle_comes_back_with_what_its_end_had_closed_and_ends_again(company: Steered) -> None:
    cycle = await company.launch("again")
    await company.goals.give(goal_of(cycle, ONO), commands.Submit(actor=ONO))
    await company.goals.give(goal_of(cycle, HARA), commands.Withdraw(actor=HARA, reason="重複"))
    closed = await company.carried_out(instructions.Close(reason="期末"), cycle)
    assert closed == dict.fromkeys(set(EVERYBODY) - {HARA}, "done")
    assert (await company.cycles.require(cycle)).state == "closed"
    assert set((await company.states(cycle)).values()) == {"closed"}
    refusal = await company.refusal(instructions.Pause(**WHY), cycle)
    assert (refusal.code, refusal.fields) == (Code.CYCLE_STATE, {"state": "closed", "needed": "open"})

    reopened = await company.carried_out(instructions.Reopen(reason="誤って終了"), cycle, actor=HR_TOO)
    assert reopened == dict.fromkeys(set(EVERYBODY) - {HARA}, "done"), "what was withdrawn stays so"
    assert await company.states(cycle) == dict.fromkeys(EVERYBODY, "draft") | {
        ONO: "pending_approval",
        HARA: "closed",
    }
    assert (await company.cycles.require(cycle)).state == "open"
    assert await company.entries(cycle, MORI) == [("closed", HR, "期末"), ("reopened", HR_TOO, "誤って終了")]
    assert (await company.refusal(instructions.Reopen(**WHY), cycle)).fields == {"state": "open", "needed": "closed"}

    await company.goals.give(goal_of(cycle, MORI), commands.Submit(actor=MORI))
    await company.carried_out(instructions.Close(reason="今度こそ"), cycle)
    await company.until(cycle, "closed")


async def test_a_cycle_that_was_settled_and_reopened_is_settled_again(company: Steered) -> None:
    cycle = await company.launch("settled-twice")
    updates = CycleUpdates(company.engine, company.client)
    await updates.end(cycle, "closed", HR, "期末")  # no instruction has closed the goals before
    await company.until(cycle, "closed")
    assert set((await company.states(cycle)).values()) == {"closed"}
    await company.carried_out(instructions.Reopen(reason="誤って終了"), cycle)
    assert set((await company.states(cycle)).values()) == {"draft"}
    await company.until(cycle, "open")

    await updates.end(cycle, "closed", HR, "今度こそ")
    await company.until(cycle, "closed")
    assert set((await company.states(cycle)).values()) == {"closed"}
    assert [kind for kind, _, _ in await company.entries(cycle, MORI)] == ["closed", "reopened", "closed"]


async def test_a_cycle_that_is_over_is_reopened_with_a_new_last_day_for_all_or_for_one(company: Steered) -> None:
    cycle = await company.launch("over", days_ago=170, until="closed")
    refusal = await company.refusal(instructions.Reopen(**WHY), cycle)
    assert refusal.code is Code.CYCLE_OVER
    assert (await company.refusal(instructions.Reopen(closes=in_days(-1), **WHY), cycle)).code is Code.DATE_OUTSIDE
    assert (await company.refusal(instructions.Reopen(closes=in_days(400), **WHY), cycle)).code is Code.DATE_OUTSIDE
    await company.carried_out(instructions.Reopen(selection=of(MORI), **WHY), cycle)
    assert (await company.cycles.require(cycle)).state == "closed", "no goal could be reopened: nor is the cycle"

    one = await company.carried_out(instructions.Reopen(closes=in_days(30), selection=of(MORI), **WHY), cycle)
    assert one == {MORI: "done"}
    assert (await company.goal(cycle, MORI)).policy.closes == in_days(30)
    assert (await company.cycles.require(cycle)).state == "open", "a cycle in which somebody works is open"
    await company.carried_out(instructions.Close(reason="終わり"), cycle)

    rest = await company.carried_out(instructions.Reopen(closes=in_days(40), **WHY), cycle)
    assert rest == dict.fromkeys(EVERYBODY, "done")
    row = await company.cycles.require(cycle)
    assert row.state == "open"
    assert row.rules.closes == in_days(40)


async def test_a_goal_with_a_later_end_of_its_own_outlives_the_cycles_date(company: Steered) -> None:
    cycle = await company.launch("own-end", days_ago=100)  # closes in about three weeks
    await company.carried_out(instructions.Extend(closes=in_days(90), selection=of(MORI), **WHY), cycle)
    history = await company.client.get_workflow_handle(f"cycle/{cycle}").fetch_history()
    accepted = [
        one.workflow_execution_update_accepted_event_attributes.accepted_request.input
        for one in history.events
        if one.HasField("workflow_execution_update_accepted_event_attributes")
    ]
    assert [one.name for one in accepted] == ["retime"]
    told = accepted[0].args.payloads[0].data.decode()
    assert told[1:11] > in_days(90).isoformat()


async def test_what_waits_on_somebody_goes_to_somebody_else_in_every_open_cycle(company: Steered) -> None:
    cycles = [await company.launch(f"reassigned-{n}") for n in (1, 2)]
    for cycle in cycles:
        await company.goals.give(goal_of(cycle, HARA), commands.Submit(actor=HARA))
    await company.goals.give(goal_of(cycles[0], SALES), commands.Comment(actor=SALES, text="準備中"))
    given = await company.instructions.give(instructions.Reassign(person=MANAGER, to=HR_TOO, reason="休職"), HR)
    await company.done(given)
    done = [one.goal_id for one in await company.instructions.results(given, "done")]
    assert [one for one in done if one.startswith("reassigned-")] == [goal_of(cycle, HARA) for cycle in cycles]
    for cycle in cycles:
        task = (await company.goal(cycle, HARA)).task
        assert task
        assert task.assignees == (HR_TOO,)
        assert (await company.entries(cycle, HARA))[-1] == ("reassigned", HR, "休職")
        await company.goals.give(goal_of(cycle, HARA), commands.Approve(actor=HR_TOO, expected_seq=3))


async def test_a_person_who_was_removed_and_is_added_again_is_back_with_their_goals(company: Steered) -> None:
    cycle = await company.launch("added-again", without=[SALES])
    await company.goals.give(goal_of(cycle, MORI), commands.Submit(actor=MORI))
    for selection, owners in ((of(MORI), [MORI]), (of(departments=[ACCOUNTING]), ACCOUNTANTS)):
        removed = await company.carried_out(instructions.Remove(selection=selection, reason="出向"), cycle)
        assert removed == dict.fromkeys(owners, "done")
        added = await company.carried_out(instructions.Add(selection=selection, reason="復帰"), cycle, actor=HR_TOO)
        assert added == dict.fromkeys(owners, "done")
        assert {one: (await company.participants(cycle))[one][0] for one in owners} == dict.fromkeys(owners, "started")
    assert await company.states(cycle) == dict.fromkeys(ACCOUNTANTS, "draft") | {MORI: "pending_approval"}
    assert (await company.entries(cycle, MORI))[1:] == [
        ("closed", HR, "出向"), ("reopened", HR_TOO, "復帰"), ("closed", HR, "出向"), ("reopened", HR_TOO, "復帰"),
    ]  # fmt: skip
    both = await company.carried_out(instructions.Add(selection=of(MORI, SALES), **WHY), cycle)
    assert both == {SALES: "done"}, "who takes part is left alone"


async def test_a_delegation_asks_only_the_goals_of_the_delegator_and_of_those_they_lead(company: Steered) -> None:
    cycle = await company.launch("concerned")
    for delegator, owners in ((MANAGER, ACCOUNTANTS), (SALES, [SALES]), (HR, EVERYBODY)):
        away = Delegation(delegator=delegator, to=TOP, first=in_days(0), last=in_days(3))
        given = await company.carried_out(instructions.Delegate(delegation=away, **WHY), actor=delegator)
        assert {owner for owner, result in given.items() if result == "done"} == set(owners) & set(given)
        rows = await company.instructions.results((await company.instructions.latest())[0].id)
        assert {one.goal_id for one in rows if one.goal_id.startswith(f"{cycle}/")} == {
            goal_of(cycle, owner) for owner in owners
        }


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (f'"{HR_TOO}"', f'"{GONE}"', ("hr_unknown", "cycle.hr[1]")),
        (f'"{HR_TOO}"', '"E98"', ("hr_unknown", "cycle.hr[1]")),
        ("2027-03-12\ncloses = 2027-03-26", "2026-12-02\ncloses = 2026-12-03", ("date_in_the_past", "cycle.closes")),
        ("reviews = []", "reviews = [2026-12-03]", ("date_in_the_past", "cycle.reviews[0]")),
        ("[[drafts]]", "[calendar]\nopens = 19:00:00\ncloses = 18:00:00\n[[drafts]]", ("hours_out_of_order", "calendar.closes")),
    ],
    ids=["HR who left", "unknown HR", "closed yesterday", "reviewed yesterday", "opens after it closes"],
)  # fmt: skip
async def test_new_rules_that_a_launch_would_refuse_are_refused_and_change_nothing(
    company: Steered, old: str, new: str, found: tuple[str, str]
) -> None:
    name = f"amended-{found[0].replace('_', '-')}-{len(new)}"
    cycle = await company.launch(name, days_ago=10)  # so its day 2026-12-03 is yesterday
    text = cycle_file(name).replace(old, new)
    assert text != cycle_file(name)
    amendment = await Amending(company.engine).compare(
        by(HR), cycle, text.encode(), instructions.Selection(), now=datetime.now(UTC), starts=in_days(-10)
    )
    assert amendment.after is None
    assert found in [(one.code, one.where) for one in amendment.findings]


async def test_goals_that_new_rules_end_and_reviews_that_they_open_are_named_before(company: Steered) -> None:
    """An office further east is past the last day of the cycle before the cycle's own calendar is."""
    sites = '[sites.east]\ncountry = "JP"\ntimezone = "Pacific/Auckland"\nopens = 01:00:00\n'
    await site(company, SALES, "east")
    try:
        cycle = await company.launch("amended-now", more=sites)
    finally:
        await site(company, SALES, None)  # the next launches do not know it
    await company.goals.give(goal_of(cycle, MORI), commands.Submit(actor=MORI))
    await company.goals.give(goal_of(cycle, MORI), commands.Approve(actor=MANAGER, expected_seq=2))
    last = in_days(1)
    while not (JAPAN.works(last) and JAPAN.works(last + timedelta(days=1))):
        last += timedelta(days=1)
    evening = datetime.combine(last, time(23, 30), ZoneInfo("Asia/Tokyo"))
    text = moved_to(in_days(0), cycle_file("amended-now").partition("[[drafts]]")[0])
    text = re.sub(r"(ends|closes) = .*", rf"\1 = {last}", text).replace("reviews = []", f"reviews = [{last}]") + sites
    found = await Amending(company.engine).compare(by(HR), cycle, text.encode(), instructions.Selection(), now=evening)
    assert found.after, found.findings
    assert [(one.goal, one.owner, one.outcome) for one in found.ending] == [
        (goal_of(cycle, SALES), SALES, Outcome.LAPSED)
    ]
    assert found.reviews_now == (goal_of(cycle, MORI),)


async def site(company: Steered, person: EmployeeId, name: str | None) -> None:
    async with company.engine.begin() as connection:
        await connection.execute(update(EmployeeRow).where(EmployeeRow.id == person).values(site=name))


async def test_two_people_who_instruct_at_once_are_both_carried_out_once(company: Steered) -> None:
    cycle = await company.launch("at-once")
    pause, extend = instructions.Pause(reason="休業"), instructions.Extend(due=in_days(30), reason="猶予")
    found = await asyncio.gather(
        company.carried_out(pause, cycle, identity="both-1"),
        company.carried_out(pause, cycle, identity="both-1"),
        company.carried_out(extend, cycle, actor=HR_TOO),
    )
    assert found[0] == found[1] == dict.fromkeys(EVERYBODY, "done")
    assert set(found[2].values()) <= {"done", "refused paused"}
    for owner in EVERYBODY:
        kinds = sorted(kind for kind, _, _ in await company.entries(cycle, owner))
        assert kinds == (["extended", "paused"] if found[2][owner] == "done" else ["paused"])


async def test_an_instruction_to_a_cycle_that_another_one_ends_meanwhile_comes_to_its_end_too(company: Steered) -> None:
    cycle = await company.launch("ending")
    closing, extending, adding = await asyncio.gather(
        company.carried_out(instructions.Close(reason="終了"), cycle),
        company.carried_out(instructions.Extend(closes=in_days(200), reason="延長"), cycle, actor=HR_TOO),
        company.carried_out(instructions.Resume(reason="再開"), cycle, actor=HR_TOO),
    )
    assert closing == dict.fromkeys(EVERYBODY, "done")
    assert set(extending.values()) <= {"done", "skipped closed", "refused wrong_state"}
    assert set(adding.values()) <= {"skipped not_paused", "skipped closed"}
    assert (await company.cycles.require(cycle)).state == "closed"
    for owner in EVERYBODY:
        kinds = [kind for kind, _, _ in await company.entries(cycle, owner)]
        assert kinds == (["extended", "closed"] if extending.get(owner) == "done" else ["closed"])
