"""Goals that are handed over: what stays and what goes on, who may, twice at once, a worker that dies, and the goals under them."""

import asyncio
from decimal import Decimal
from unittest.mock import patch

import pytest
from sqlalchemy import func, select

from activities.launch import start_goal
from activities.succession import append_with_successor
from domain.goal.commands import (
    Approve,
    CallReview,
    CompleteStep,
    DecideReview,
    Reopen,
    ReportProgress,
    Revise,
    Submit,
    SubmitSelfReview,
    Withdraw,
)
from domain.goal.goal import Goal
from domain.people.people_file import read_people
from domain.refusals import Code, Refusal
from domain.values import CycleId, EmployeeId, GoalId
from domain.writing.content import Content
from service.beginning import Beginnings, BeginningSource
from service.giving import Given
from service.handing_over import HandingOver, HandoverPreview, HandoverRequest
from service.results import Results
from storage.people import replace_directory
from storage.tables import GoalEventRow, GoalRow, OutboxRow, ParticipantRow
from tests.callers import OPERATOR, by
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
    today,
)  # fmt: skip

pytestmark = pytest.mark.slow


async def hand_over(
    company: Steered,
    goal: GoalId,
    to: EmployeeId,
    actor: EmployeeId = HR,
    *,
    weight: str | None = None,
    command: str | None = None,
) -> Given:
    request = HandoverRequest(to, "産休", weight)
    return await HandingOver(company.engine, company.client).hand_over(by(actor), goal, request, command)


async def preview(
    company: Steered, goal: GoalId, to: EmployeeId, actor: EmployeeId = HR, weight: str | None = None
) -> HandoverPreview:
    request = HandoverRequest(to, "産休", weight)
    return await HandingOver(company.engine, company.client).preview(by(actor), goal, request)


async def refusal(company: Steered, goal: GoalId, to: EmployeeId, actor: EmployeeId = HR) -> Refusal:
    """The refusal, which the preview gives as well; asserts that it changed nothing."""
    before = await written(company)
    with pytest.raises(Refusal) as shown:
        await preview(company, goal, to, actor)
    with pytest.raises(Refusal) as refused:
        await hand_over(company, goal, to, actor)
    assert await written(company) == before
    assert (refused.value.code, refused.value.fields) == (shown.value.code, shown.value.fields)
    return refused.value


async def written(company: Steered) -> tuple[int, ...]:
    """The numbers of goals, entries and notices, and the sum of the participants' goals."""
    counted = select(
        *(select(func.count()).select_from(one).scalar_subquery() for one in (GoalRow, GoalEventRow, OutboxRow)),
        select(func.sum(ParticipantRow.goals)).scalar_subquery(),
    )
    async with company.engine.connect() as connection:
        return tuple((await connection.execute(counted)).one())


async def at_work(company: Steered, goal: GoalId, owner: EmployeeId) -> None:
    """The goal is active; its first step is done, and a review confirmed 9 days of 10 to 7."""
    await company.goals.give(goal, Submit(actor=owner))
    await company.goals.give(goal, Approve(actor=MANAGER, expected_seq=2))
    await company.goals.give(goal, CompleteStep(actor=owner, step=0))
    await company.goals.give(goal, ReportProgress(actor=owner, value="9"))
    await company.goals.give(goal, CallReview(actor=owner, reason="相談"))
    await company.goals.give(goal, SubmitSelfReview(actor=owner, went_well="順調"))
    await company.goals.give(goal, DecideReview(actor=MANAGER, verdict="continue", expected_seq=7))


async def told(company: Steered, goal: GoalId, *kinds: str) -> list[tuple[str, str]]:
    of_goal = select(OutboxRow.kind, OutboxRow.recipient_id).where(OutboxRow.goal_id == goal, OutboxRow.kind.in_(kinds))
    async with company.engine.connect() as connection:
        return sorted((one.kind, one.recipient_id) for one in await connection.execute(of_goal))


async def test_the_points_stay_and_another_owner_goes_on_with_what_remains(company: Steered) -> None:
    cycle = await company.launch("handed")
    goal = goal_of(cycle, MORI)
    await at_work(company, goal, MORI)
    before = await company.goals.require(goal)
    shown = await preview(company, goal, SALES, weight="30")
    given = await hand_over(company, goal, SALES, weight="30")
    old, new = await company.goals.require(goal), await company.goals.require(given.goal)
    assert (old.state, old.outcome, old.handed_to, old.task) == ("closed", "handed_over", new.id, None)
    assert (old.done, old.attained, str(given.score)) == (before.done, before.attained, "0")
    assert (new.id, new.owner, new.handed_from, new.state) == (f"{cycle}/{SALES}/2", SALES, goal, "draft")
    assert (new.line, new.department) == ((TOP,), "営業部")
    assert [one.title for one in new.content.steps] == ["電子受領を五社で始める"]
    assert (str(new.content.measure.baseline), new.content.weight) == ("9", Decimal(30))  # type: ignore[union-attr] # numeric
    assert (shown.successor, shown.score, shown.step_count, shown.weight, str(shown.baseline)) == (
        new.id, (await results(company, cycle))[MORI], 1, Decimal(30), "9",
    )  # fmt: skip
    assert shown.score > 0
    assert (shown.approver, shown.running_weight, shown.away, shown.follows) == (TOP, Decimal(0), False, ())
    assert (await company.goals.prove(goal)).holds
    assert (await company.goals.prove(new.id)).holds
    await company.goals.give(new.id, Submit(actor=SALES, content=two_steps(new)))
    await company.goals.give(new.id, Approve(actor=TOP, expected_seq=(await company.goals.require(new.id)).seq))
    assert (await company.goals.require(new.id)).state == "active"


def two_steps(goal: Goal) -> Content:
    [step] = goal.content.steps
    return goal.content.model_copy(update={"steps": (step, step.model_copy(update={"title": "定着させる"}))})


async def results(company: Steered, cycle: CycleId) -> dict[str, object]:
    """The points of each person."""
    page, _ = await Results(company.engine).scores(OPERATOR, cycle)
    return {one.person: one.score for one in page.people}


async def test_both_people_and_both_managers_are_told(company: Steered) -> None:
    cycle = await company.launch("told")
    goal = goal_of(cycle, MORI)
    new = (await hand_over(company, goal, SALES)).goal
    assert await told(company, goal, "handed_over") == [("handed_over", MORI), ("handed_over", MANAGER)]
    assert await told(company, new, "taken_over", "draft_opened") == [
        ("draft_opened", SALES), ("taken_over", TOP), ("taken_over", SALES),
    ]  # fmt: skip
    async with company.engine.connect() as connection:
        facts = select(OutboxRow.facts).where(OutboxRow.goal_id == new, OutboxRow.kind == "taken_over")
        assert {one["from"] for one in await connection.scalars(facts)} == {MORI}


async def test_a_manager_hands_over_among_the_people_below_them_and_hr_to_everybody(company: Steered) -> None:
    cycle = await company.launch("who")
    goal = goal_of(cycle, MORI)
    assert (await refusal(company, goal, HARA, MORI)).code is Code.NOT_ALLOWED
    assert (await refusal(company, goal, HARA, SALES)).code is Code.NOT_ALLOWED
    assert (await refusal(company, goal, SALES, MANAGER)).code is Code.OUTSIDE_LINE
    assert (await refusal(company, goal, MORI)).code is Code.SAME_OWNER
    assert (await refusal(company, goal, GONE)).code is Code.NO_PARTICIPANT
    assert (await refusal(company, goal, TOP)).code is Code.NO_PARTICIPANT
    assert (await refusal(company, goal, EmployeeId("E404"))).code is Code.UNKNOWN_EMPLOYEE
    given = await hand_over(company, goal, HARA, MANAGER)
    assert given.goal == f"{cycle}/{HARA}/2"
    assert (await hand_over(company, given.goal, MANAGER, MANAGER)).goal == f"{cycle}/{MANAGER}/2"  # to themselves


async def test_a_new_owner_with_as_many_goals_as_the_limit_takes_none(company: Steered) -> None:
    cycle = await company.launch("limit", more="\n[policy]\nmax_goals = 1\n")
    assert (await refusal(company, goal_of(cycle, MORI), HARA)).code is Code.NO_MORE_GOALS
    # who handed one over has room for another
    taken = await hand_over_after_withdrawal(company, cycle)
    assert taken.goal == f"{cycle}/{HARA}/2"
    begun = await Beginnings(company.engine, company.client).begin(by(HR), cycle, BeginningSource(), owner=MORI)
    assert begun.goal == f"{cycle}/{MORI}/2"


async def hand_over_after_withdrawal(company: Steered, cycle: CycleId) -> Given:
    await company.goals.give(goal_of(cycle, HARA), Withdraw(actor=HARA, reason="別の課題"))
    return await hand_over(company, goal_of(cycle, MORI), HARA)


async def test_a_goal_that_was_handed_over_stays_closed_and_says_where_it_went(company: Steered) -> None:
    cycle = await company.launch("final")
    goal = goal_of(cycle, MORI)
    new = (await hand_over(company, goal, HARA)).goal
    with pytest.raises(Refusal) as refused:
        await company.goals.give(goal, Reopen(actor=HR, reason="訂正"))
    assert (refused.value.code, refused.value.fields["to"]) == (Code.HANDED_OVER, new)
    assert (await company.goals.require(goal)).is_closed


async def test_a_repeat_hands_over_nothing_and_another_command_hears_where_the_goal_went(company: Steered) -> None:
    cycle = await company.launch("again")
    goal = goal_of(cycle, MORI)
    first = await hand_over(company, goal, HARA, command="hand-1")
    before = await written(company)
    assert (await hand_over(company, goal, HARA, command="hand-1")).goal == first.goal
    for to, actor, command in ((HARA, HR, "hand-2"), (ONO, HR, "hand-1"), (HARA, HR_TOO, "hand-1")):
        with pytest.raises(Refusal) as refused:
            await hand_over(company, goal, to, actor, command=command)
        assert refused.value.fields["to"] == first.goal
    assert await written(company) == before


async def test_the_same_command_twice_at_once_begins_one_goal_and_so_do_two_commands(company: Steered) -> None:
    cycle = await company.launch("at-once")
    goal = goal_of(cycle, MORI)
    same = await asyncio.gather(*(hand_over(company, goal, HARA, command="one") for _ in range(4)))
    assert {one.goal for one in same} == {f"{cycle}/{HARA}/2"}
    goal = goal_of(cycle, ONO)
    several = await asyncio.gather(*(hand_over(company, goal, HARA) for _ in range(3)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in several) == ["Given", "Refusal", "Refusal"]
    numbers = select(ParticipantRow.goals).where(ParticipantRow.cycle_id == cycle, ParticipantRow.employee_id == HARA)
    async with company.engine.connect() as connection:
        assert await connection.scalar(numbers) == 3


async def test_two_goals_that_one_person_takes_over_at_once_get_two_numbers(company: Steered) -> None:
    cycle = await company.launch("numbers")
    taken = await asyncio.gather(*(hand_over(company, goal_of(cycle, one), HARA) for one in (MORI, ONO, SALES)))
    assert {one.goal for one in taken} == {f"{cycle}/{HARA}/{n}" for n in (2, 3, 4)}
    for one in taken:
        assert (await company.goals.prove(one.goal)).holds


async def test_a_worker_that_dies_between_the_two_ledgers_and_the_workflow_leaves_no_goal_without_one(
    company: Steered,
) -> None:
    cycle, tries = await company.launch("dies"), []
    start = start_goal

    async def dies_once(*given: object) -> str | None:
        tries.append(given)
        if len(tries) == 1:
            raise ConnectionError("the worker dies here")
        return await start(*given)  # type: ignore[arg-type] # passed on

    with patch("activities.beginning.start_goal", dies_once):
        given = await hand_over(company, goal_of(cycle, MORI), HARA)
    assert len(tries) == 2
    await company.goals.give(given.goal, Submit(actor=HARA))
    assert (await company.goals.require(given.goal)).state == "pending_approval"


async def test_a_worker_that_dies_after_the_ledgers_were_written_answers_with_the_goal_that_was_begun(
    company: Steered,
) -> None:
    cycle, tries = await company.launch("dies-later"), []
    append = append_with_successor

    async def dies_after_the_commit(*position: object, **fields: object) -> object:
        found = await append(*position, **fields)  # type: ignore[arg-type] # passed on
        tries.append(found)
        if len(tries) == 1:
            raise ConnectionError("the worker dies here")
        return found

    with patch("activities.recording.append_with_successor", dies_after_the_commit):
        given = await hand_over(company, goal_of(cycle, MORI), HARA)
    assert (given.goal, len(tries)) == (f"{cycle}/{HARA}/2", 2)
    assert (await company.goals.prove(goal_of(cycle, MORI))).holds
    assert (await company.goals.require(goal_of(cycle, MORI))).handed_to == given.goal


async def test_the_open_goals_under_it_follow_and_their_owners_are_told(company: Steered) -> None:
    cycle = await company.launch("tree")
    parent, child = goal_of(cycle, MANAGER), goal_of(cycle, ONO)
    draft = await company.goals.require(child)
    written_under = draft.content.model_copy(update={"parent": parent})
    await company.goals.give(child, Revise(actor=ONO, content=written_under))
    assert (await preview(company, parent, HARA)).follows == (child,)
    new = (await hand_over(company, parent, HARA)).goal
    followed = await company.goals.require(child)
    assert (followed.content.parent, followed.state, followed.written) == (new, "draft", 2)
    assert (await company.goals.prove(child)).holds
    assert await told(company, child, "parent_followed", "parent_closed") == [("parent_followed", ONO)]


async def test_the_new_goal_has_the_leave_of_the_new_owner_and_a_goal_of_somebody_on_leave_is_handed_over(
    company: Steered,
) -> None:
    cycle = await company.launch("leave")
    listed = f"社員番号,氏名,部署,上長,休職開始日\n{ONO},大野 あかり,{ACCOUNTING},{MANAGER},{today()}\n"
    await replace_directory(company.engine, read_people(listed.encode()).employees)
    assert (await preview(company, goal_of(cycle, MORI), ONO)).away
    new = await company.goals.require((await hand_over(company, goal_of(cycle, MORI), ONO)).goal)
    assert (new.away, new.is_paused) == (True, True)
    back = await company.goals.require((await hand_over(company, new.id, MORI)).goal)
    assert (back.owner, back.handed_from, back.is_paused) == (MORI, new.id, False)
    listed = f"社員番号,氏名,部署,上長,休職開始日\n{ONO},大野 あかり,{ACCOUNTING},{MANAGER},\n"
    await replace_directory(company.engine, read_people(listed.encode()).employees)
