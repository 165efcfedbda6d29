"""Goals that people begin while a cycle runs: by owners and HR, twice at once, after a withdrawal, and where they are refused."""

import asyncio
from unittest.mock import patch

import pytest
from sqlalchemy import func, select, update

from activities.launch import start_goal
from domain.goal.commands import Approve, Submit, Withdraw
from domain.goal.goal import Goal
from domain.instructions.instructions import Amend, Cancel, Pause, Remove
from domain.lifecycles import CycleState
from domain.people.people_file import read_people
from domain.refusals import Code, Refusal
from domain.values import CycleId, EmployeeId, GoalId
from domain.writing.content import Content, NumericMeasure, Step
from service.beginning import Beginnings, BeginningSource
from service.giving import Given
from storage.database import read_transaction
from storage.goals import read_ledger
from storage.people import replace_directory
from storage.tables import CycleRow, GoalRow, OutboxRow, ParticipantRow
from tests.callers import by
from tests.service.steered import (
    ACCOUNTING,
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
    today,
)  # fmt: skip

pytestmark = pytest.mark.slow

_FREE = "\n[policy]\nowners_begin_goals = true\n"
WRITTEN = Content(
    theme="請求書の電子受領",
    challenge="紙の請求書の仕分けに時間がかかる",
    heard=("経理部",),
    measure=NumericMeasure(name="電子受領の社数", unit="社", baseline="5", target="10"),
    steps=(Step(title="依頼先を選ぶ", due=in_days(20)), Step(title="五社と始める", due=in_days(60))),
    weight=40,
)
BY_FILE = BeginningSource(content=WRITTEN)


async def begin(
    company: Steered,
    cycle: CycleId,
    actor: EmployeeId,
    source: BeginningSource = BY_FILE,
    *,
    owner: EmployeeId | None = None,
    command: str | None = None,
) -> Given:
    return await Beginnings(company.engine, company.client).begin(
        by(actor), cycle, source, owner=owner, command_id=command
    )


async def refusal(
    company: Steered, cycle: CycleId, actor: EmployeeId, source: BeginningSource = BY_FILE, **more: EmployeeId | str
) -> Refusal:
    """The refusal; asserts that it changed nothing."""
    before = await written(company)
    with pytest.raises(Refusal) as refused:
        await begin(company, cycle, actor, source, **more)  # type: ignore[arg-type] # owner, command
    assert await written(company) == before
    return refused.value


async def written(company: Steered) -> tuple[int, int, int]:
    """The numbers of goals, of notices, and the sum of the participants' goals."""
    counted = select(
        select(func.count()).select_from(GoalRow).scalar_subquery(),
        select(func.count()).select_from(OutboxRow).scalar_subquery(),
        select(func.sum(ParticipantRow.goals)).scalar_subquery(),
    )
    async with company.engine.connect() as connection:
        goals, notices, of_participants = (await connection.execute(counted)).one()
    return goals, notices, of_participants


async def goal(company: Steered, given: Given) -> Goal:
    return await company.goals.require(given.goal)


async def test_an_owner_begins_a_goal_that_lives_as_one_of_the_launch(company: Steered) -> None:
    cycle = await company.launch("free", more=_FREE)
    given = await begin(company, cycle, MORI)
    assert (given.goal, given.state, given.seq) == (f"{cycle}/{MORI}/2", "draft", 1)
    begun, launched = await goal(company, given), await company.goal(cycle, MORI)
    assert begun.content == WRITTEN
    assert (begun.line, begun.policy, begun.department) == (launched.line, launched.policy, launched.department)
    assert begun.slot == 5
    await company.goals.give(given.goal, Submit(actor=MORI))
    seq = (await goal(company, given)).seq
    await company.goals.give(given.goal, Approve(actor=MANAGER, expected_seq=seq))
    assert (await goal(company, given)).state == "active"
    assert (await company.goals.prove(given.goal)).holds
    async with read_transaction(company.engine) as connection:
        [first] = await read_ledger(connection, given.goal, limit=1)
    assert (first.kind, first.event["actor"], first.event["body"]["begun"]) == ("created", MORI, True)
    async with company.engine.connect() as connection:
        counted = select(ParticipantRow.goals).where(ParticipantRow.cycle_id == cycle)
        assert await connection.scalar(counted.where(ParticipantRow.employee_id == MORI)) == 2


async def test_owners_begin_none_where_the_rules_do_not_say_so_and_hr_begins_it_for_them(company: Steered) -> None:
    cycle = await company.launch("with-hr")
    refused = await refusal(company, cycle, MORI)
    assert (refused.code, refused.fields["hr"]) == (Code.HR_BEGINS_GOALS, [HR, HR_TOO])
    assert (await refusal(company, cycle, MANAGER, owner=MORI)).code is Code.NOT_ALLOWED
    given = await begin(company, cycle, HR, BeginningSource(catalog="accounting/closing-days"), owner=MORI)
    begun = await goal(company, given)
    assert (begun.owner, begun.content.theme != "") == (MORI, True)
    assert all(today() <= step.due <= begun.policy.ends for step in begun.content.steps)
    assert all(begun.calendar.is_business_day(step.due) for step in begun.content.steps)
    async with company.engine.connect() as connection:
        told = select(OutboxRow.kind, OutboxRow.recipient_id).where(OutboxRow.goal_id == given.goal)
        assert [tuple(one) for one in await connection.execute(told)] == [("draft_opened", MORI)]
    blank = await begin(company, cycle, HR_TOO, BeginningSource(), owner=ONO)
    assert (await goal(company, blank)).content == Content()


async def test_a_repeat_begins_nothing_and_the_id_of_another_command_is_refused(company: Steered) -> None:
    cycle = await company.launch("again", more=_FREE)
    first = await begin(company, cycle, MORI, command="begin-1")
    before = await written(company)
    assert (await begin(company, cycle, MORI, command="begin-1")).goal == first.goal
    for other in (BeginningSource(), BeginningSource(content=WRITTEN.model_copy(update={"weight": 41}))):
        refused = await refusal(company, cycle, MORI, other, command="begin-1")
        assert refused.code is Code.COMMAND_ID_USED
    assert (await refusal(company, cycle, HR, owner=MORI, command=f"launch:{cycle}")).code is Code.COMMAND_ID_USED
    assert await written(company) == before
    assert (await begin(company, cycle, HARA, command="begin-1")).goal == f"{cycle}/{HARA}/2"  # ids are of an owner


async def test_the_same_command_twice_at_once_begins_one_goal_and_two_commands_begin_two(company: Steered) -> None:
    cycle = await company.launch("at-once", more=_FREE)
    same = await asyncio.gather(*(begin(company, cycle, MORI, command="one") for _ in range(4)))
    assert {one.goal for one in same} == {f"{cycle}/{MORI}/2"}
    others = await asyncio.gather(*(begin(company, cycle, HARA) for _ in range(4)))
    assert {one.goal for one in others} == {f"{cycle}/{HARA}/{n}" for n in (2, 3, 4, 5)}
    assert (await refusal(company, cycle, HARA)).code is Code.NO_MORE_GOALS
    async with company.engine.connect() as connection:
        counted = select(ParticipantRow.goals).where(
            ParticipantRow.cycle_id == cycle, ParticipantRow.employee_id == HARA
        )
        assert await connection.scalar(counted) == 5


async def test_a_worker_that_dies_between_the_ledger_and_the_workflow_leaves_no_goal_without_one(
    company: Steered,
) -> None:
    cycle, tries = await company.launch("dies", more=_FREE), []
    start = start_goal

    async def dies_once(*given: object) -> str | None:
        tries.append(given)
        if len(tries) == 1:
            raise ConnectionError("the worker dies here")
        return await start(*given)  # type: ignore[arg-type] # passed on

    with patch("activities.beginning.start_goal", dies_once):
        given = await begin(company, cycle, MORI)
    assert len(tries) == 2
    await company.goals.give(given.goal, Submit(actor=MORI))
    assert (await goal(company, given)).state == "pending_approval"


async def test_a_new_goal_takes_the_place_of_a_withdrawn_one(company: Steered) -> None:
    cycle = await company.launch("anew", more=_FREE + "max_goals = 1\n")
    assert (await refusal(company, cycle, MORI)).code is Code.NO_MORE_GOALS
    await company.goals.give(goal_of(cycle, MORI), Withdraw(actor=MORI, reason="別の課題に取り組む"))
    given = await begin(company, cycle, MORI)
    assert given.goal == f"{cycle}/{MORI}/2"
    await company.goals.give(given.goal, Submit(actor=MORI))
    assert (await goal(company, given)).state == "pending_approval"


async def test_who_does_not_take_part_begins_nothing_and_neither_does_hr_for_them(company: Steered) -> None:
    cycle = await company.launch("without", without=[SALES], more=_FREE)
    for owner in (SALES, GONE, TOP):
        assert (await refusal(company, cycle, HR, owner=owner)).code is Code.NO_PARTICIPANT
    assert (await refusal(company, cycle, SALES)).code is Code.NO_PARTICIPANT
    assert (await refusal(company, cycle, HR, owner=EmployeeId("E404"))).code is Code.UNKNOWN_EMPLOYEE
    assert (await refusal(company, CycleId("nosuch"), MORI)).code is Code.UNKNOWN_CYCLE
    await company.carried_out(Remove(selection=of(ONO), reason="異動"), cycle)
    assert (await refusal(company, cycle, ONO)).code is Code.NO_PARTICIPANT


async def test_a_cycle_that_has_ended_or_is_past_its_last_day_takes_no_goal(company: Steered) -> None:
    cycle = await company.launch("ended", more=_FREE)
    await company.carried_out(Cancel(reason="中止"), cycle)
    await company.until(cycle, "cancelled")
    refused = await refusal(company, cycle, MORI)
    assert (refused.code, refused.fields["state"]) == (Code.CYCLE_STATE, CycleState.CANCELLED)

    cycle = await company.launch("past", more=_FREE)
    rules = func.jsonb_set(CycleRow.policy, ["closes"], func.to_jsonb(in_days(-1).isoformat()))
    rules = func.jsonb_set(rules, ["ends"], func.to_jsonb(in_days(-1).isoformat()))
    rules = func.jsonb_set(rules, ["starts"], func.to_jsonb(in_days(-9).isoformat()))
    async with company.engine.begin() as connection:
        await connection.execute(update(CycleRow).where(CycleRow.id == cycle).values(policy_now=rules))
    assert (await refusal(company, cycle, MORI)).code is Code.CYCLE_OVER


async def test_who_is_paused_by_hr_begins_nothing_until_the_goals_go_on(company: Steered) -> None:
    cycle = await company.launch("paused", more=_FREE)
    await company.carried_out(Pause(selection=of(departments=[ACCOUNTING]), reason="監査"), cycle)
    assert (await refusal(company, cycle, MORI)).code is Code.GOALS_PAUSED
    assert (await begin(company, cycle, SALES)).goal == f"{cycle}/{SALES}/2"


async def test_a_begun_goal_has_the_rules_evaluators_and_leave_of_the_day(company: Steered) -> None:
    cycle = await company.launch("of-the-day", more=_FREE)
    row = await company.cycles.require(cycle)
    after = row.rules.model_copy(update={"max_bonus": 7})
    await company.carried_out(Amend(before=row.rules, after=after, reason="見直し"), cycle)
    listed = (
        f"社員番号,氏名,部署,上長,一次評価者,休職開始日\n{ONO},大野 あかり,{ACCOUNTING},{MANAGER},{SALES},{today()}\n"
    )
    await replace_directory(company.engine, read_people(listed.encode()).employees)
    given = await begin(company, cycle, HR, owner=ONO)
    begun = await goal(company, given)
    assert (begun.policy, begun.stages, begun.away, begun.is_paused) == (after, ((SALES, TOP),), True, True)
    assert (begun.seq, given.seq) == (2, 2)  # the rules of the launch, and what changed since
    assert (await company.goals.prove(given.goal)).holds
    back = f"社員番号,氏名,部署,上長,一次評価者,休職開始日\n{ONO},大野 あかり,{ACCOUNTING},{MANAGER},,\n"
    await replace_directory(company.engine, read_people(back.encode()).employees)


async def test_weights_over_one_hundred_are_refused_at_the_approval_as_for_every_goal(company: Steered) -> None:
    cycle = await company.launch("weights", more=_FREE)
    for one in (goal_of(cycle, MORI), (await begin(company, cycle, MORI)).goal):
        await company.goals.give(one, Submit(actor=MORI))
    await company.goals.give(goal_of(cycle, MORI), Approve(actor=MANAGER, expected_seq=2))
    with pytest.raises(Refusal) as refused:
        await company.goals.give(GoalId(f"{cycle}/{MORI}/2"), Approve(actor=MANAGER, expected_seq=2))
    assert refused.value.code is Code.TOO_MUCH_WEIGHT
