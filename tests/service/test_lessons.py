"""What a cycle taught is listed for those who may see it, and taken over once into the hearing of the next cycle."""

from collections.abc import Awaitable

import pytest
from sqlalchemy import select

from domain.goal.commands import Approve, CallReview, Submit, SubmitSelfReview
from domain.instructions.instructions import Close
from domain.journal import Log
from domain.refusals import Code, Refusal
from domain.values import CycleId, EmployeeId, GoalId
from service.hearing import Hearing
from service.lessons import LessonList, Lessons
from storage import journal
from storage.tables import ProblemRow
from tests.callers import OPERATOR, by
from tests.service.steered import (
    ACCOUNTING,
    GONE,
    HARA,
    HR,
    MANAGER,
    MORI,
    ONO,
    SALES,
    Steered,
    goal_of,
)  # fmt: skip

pytestmark = pytest.mark.slow
NEXT = "next"


async def reviewed(company: Steered, goal: GoalId, owner: EmployeeId, **review: object) -> None:
    seq = (await company.goals.require(goal)).seq
    if seq == 1:
        await company.goals.give(goal, Submit(actor=owner))
        await company.goals.give(goal, Approve(actor=MANAGER, expected_seq=2))
        await company.goals.give(goal, CallReview(actor=MANAGER, reason="確認"))
    await company.goals.give(goal, SubmitSelfReview(actor=owner, went_well="進んだ", **review))


async def of(company: Steered, cycle: CycleId, viewer: EmployeeId, **more: str) -> LessonList:
    return await Lessons(company.engine).list_lessons(by(viewer), cycle, NEXT, **more)


async def refusal(asked: Awaitable[object]) -> Code:
    with pytest.raises(Refusal) as refused:
        await asked
    return refused.value.code


async def problems(company: Steered, cycle: str = NEXT) -> list[tuple[str, str, str, str | None]]:
    async with company.engine.connect() as connection:
        rows = select(ProblemRow.text, ProblemRow.department, ProblemRow.heard_as, ProblemRow.source)
        found = await connection.execute(rows.where(ProblemRow.cycle_id == cycle).order_by(ProblemRow.number))
        return [(row[0], row[1], row[2], row[3]) for row in found]


async def test_reviews_and_unanswered_problems_go_on_into_the_next_hearing(company: Steered) -> None:
    hearing, lessons = Hearing(company.engine), Lessons(company.engine)
    cycle = await company.launch("taught")
    answered = await hearing.add(by(MORI), cycle=cycle, text="請求書が集まらない")
    left = await hearing.add(by(MANAGER), cycle=cycle, text="契約書を探す")
    content = (await company.goal(cycle, HARA)).content
    await company.goals.give(
        goal_of(cycle, HARA), Submit(actor=HARA, content=content.model_copy(update={"answers": (answered,)}))
    )
    await company.goals.give(goal_of(cycle, HARA), Approve(actor=MANAGER, expected_seq=3))
    await reviewed(company, goal_of(cycle, MORI), MORI, cause_kinds=("plan",), causes="計画が粗かった")
    await reviewed(company, goal_of(cycle, MORI), MORI, cause_kinds=("time",), causes="原田さんの回答を待った")
    await reviewed(company, goal_of(cycle, ONO), ONO, cause_kinds=("time",), to_improve="締め日を分ける")
    await company.carried_out(Close(reason="終了"), cycle)

    found = await of(company, cycle, HR)
    assert [(one.department, one.cause, one.reviews) for one in found.cause_counts] == [(ACCOUNTING, "time", 2)]
    assert [(one.cause, one.improvement) for one in found.lessons] == [
        ("担当者さんの回答を待った", None), (None, "締め日を分ける"),
    ]  # fmt: skip
    assert [(one.id, one.text, one.taken_as) for one in found.problems] == [(left, "契約書を探す", None)]
    assert (await of(company, cycle, MANAGER)).lessons == found.lessons
    assert (await lessons.list_lessons(OPERATOR, cycle, NEXT)).lessons == found.lessons
    stranger = await of(company, cycle, SALES)
    assert (stranger.lessons, stranger.cause_counts, stranger.problems) == ((), (), found.problems)
    assert len((await of(company, cycle, MORI)).lessons) == 1
    assert await of(company, cycle, HR, department="営業部") == LessonList(cause_counts=(), lessons=(), problems=())

    mine, other = found.lessons
    assert await refusal(lessons.take_over(by(HR), left, cycle, NEXT)) is Code.UNKNOWN_CYCLE
    taken = [
        await lessons.take_over(by(SALES), left, cycle, NEXT, planned=True),
        await lessons.take_over(by(HR), mine.id, cycle, NEXT, planned=True),
        await lessons.take_over(by(ONO), other.id, cycle, NEXT, planned=True, text="締め日が重なる"),
    ]
    assert await problems(company) == [
        ("契約書を探す", ACCOUNTING, "manager", left),
        ("担当者さんの回答を待った", ACCOUNTING, "review", mine.id),
        ("締め日が重なる", ACCOUNTING, "review", other.id),
    ]
    shown = await of(company, cycle, HR)
    assert [*(one.taken_as for one in shown.problems), *(one.taken_as for one in shown.lessons)] == taken
    listed = (await hearing.list_problems(by(SALES), NEXT)).problems
    assert [(one.id, one.source) for one in listed] == list(zip(taken, [left, mine.id, other.id], strict=True))
    async with company.engine.connect() as connection:
        last = (await journal.entries_of(connection, Log.HEARINGS))[-1]
    assert (last.kind, last.actor, last.body["source"]) == ("problem_added", ONO, other.id)

    assert (
        await lessons.take_over(by(HR), left, cycle, NEXT, planned=True) == taken[0]
    )  # a repeat, by somebody else too
    assert len(await problems(company)) == 3
    await hearing.take_back(by(SALES), taken[0], "重複")
    assert (await of(company, cycle, HR)).problems[0].taken_as is None
    again = await lessons.take_over(by(SALES), left, cycle, NEXT, planned=True)
    assert again != taken[0]
    assert len(await problems(company)) == 4


async def test_nobody_publishes_a_review_of_somebody_else_but_hr(company: Steered) -> None:
    lessons, cycle = Lessons(company.engine), await company.launch("private")
    await reviewed(company, goal_of(cycle, MORI), MORI, causes="計画が粗かった")
    (lesson,) = (await of(company, cycle, HR)).lessons
    before = await problems(company)
    for caller, code in ((MANAGER, Code.NOT_ALLOWED), (SALES, Code.NO_SUCH_LESSON), (GONE, Code.NOT_ALLOWED)):
        assert await refusal(lessons.take_over(by(caller), lesson.id, cycle, NEXT, planned=True)) is code
    assert await refusal(lessons.take_over(OPERATOR, lesson.id, cycle, NEXT, planned=True)) is Code.UNNAMED
    for unknown in ("H999", "0000000000", ""):
        assert await refusal(lessons.take_over(by(HR), unknown, cycle, NEXT, planned=True)) is Code.NO_SUCH_LESSON
    assert await refusal(lessons.take_over(by(HR), lesson.id, cycle, cycle)) is Code.NO_SUCH_LESSON
    assert await refusal(lessons.list_lessons(by(HR), "nosuch", NEXT)) is Code.UNKNOWN_CYCLE
    assert await problems(company) == before
