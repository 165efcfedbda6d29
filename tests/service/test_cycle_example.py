"""What HR sees of one person before a launch is what the launch then makes."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.cycle.course import Occasion
from domain.policy.policy import TaskKind
from domain.refusals import Code, Refusal
from domain.values import CycleId, EmployeeId
from service.cycle_example import CycleExamples
from tests.callers import by
from tests.cycle_dates import moved_to
from tests.service.steered import HR, MANAGER, MORI, TOP, Steered, cycle_file, in_days, today

pytestmark = pytest.mark.slow


async def test_the_example_has_the_days_and_people_of_the_goal_that_is_launched(company: Steered) -> None:
    data = moved_to(in_days(3), cycle_file("example")).encode()
    checked, now = await company.cycles.check(data, today()), datetime.now(UTC)
    assert checked.file
    assert checked.policy, checked.findings
    shown = await CycleExamples(company.engine).show(by(HR), checked.file, checked.policy, MORI, now)
    assert shown
    await company.cycles.launch(checked, HR, now)
    await company.until(CycleId("example"), "open")
    goal = await company.goal(CycleId("example"), MORI)
    assert goal.task
    draft = {one.occasion: one.day for one in shown.course if one.task is TaskKind.DRAFT}
    assert (draft[Occasion.OPENED], draft[Occasion.DUE]) == (goal.task.opened, goal.task.due)
    assert shown.approvers == goal.approvers_in_order() == ((MANAGER,),)
    assert shown.reviewers == goal.review_deciders()
    steps = [(one.day, one.title) for one in shown.course if one.occasion is Occasion.STEP]
    assert steps == [(step.due, step.title) for step in goal.content.steps]
    assert shown.course[-1].day > goal.policy.closes >= goal.policy.ends + timedelta(days=1)
    assert shown.names[MANAGER] == "清水 幸恵"


async def test_who_takes_no_part_has_no_example_and_nobody_unknown_has_one(company: Steered) -> None:
    data = moved_to(in_days(3), cycle_file("nobody")).replace("reviews = []", f"reviews = [{in_days(30)}]").encode()
    checked = await company.cycles.check(data, today())
    assert checked.file
    assert checked.policy, checked.findings
    examples, now = CycleExamples(company.engine), datetime.now(UTC)
    assert await examples.show(by(HR), checked.file, checked.policy, TOP, now) is None
    with pytest.raises(Refusal) as refused:
        await examples.show(by(HR), checked.file, checked.policy, EmployeeId("E404"), now)
    assert refused.value.code is Code.UNKNOWN_EMPLOYEE
