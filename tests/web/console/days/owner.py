"""The day of an owner: a goal that can be judged."""

from playwright.async_api import expect

from domain.goal.commands import Approve, DecideReview
from domain.values import CycleId
from tests.service.steered import HARA, MANAGER, MORI, ONO, SALES
from tests.web.console.days.scene import Scene, is_recorded
from tests.web.console.ways import Way

_STEP = "遅れの原因を三つ挙げる"


async def walk(way: Way, scene: Scene) -> None:
    """A target that keeps things as they are is refused; the draft is submitted, recalled, written better, and worked on."""
    t, company = way.text, scene.company
    cycle = await company.launch(f"day-owner-{scene.number}", without=[HARA, ONO, SALES, MANAGER])
    await way.begin()
    await way.press(t("console.today.do.submit"), cycle)
    await way.fill(t("place.target"), "10")
    second = t("console.goal.step_n", n=2)
    for name in ("title", "points"):
        await way.fill(t(f"place.{name}"), "", second)
    await way.clear_day(t("place.due"), second)
    await way.press(t("console.command.submit"))
    await way.sees(t("finding.target_not_ahead", target="10", baseline="10"))
    await way.sees(t("finding.too_few_steps", least=2, count=1))
    assert (await company.goal(cycle, MORI)).state == "draft"
    await way.press(t("console.write.discard"))
    await way.press(t("console.command.submit"))
    await is_recorded(way, "submitted")
    await way.unfold(t("console.command.recall"))
    await way.press(t("console.command.recall"))
    await is_recorded(way, "recalled")
    await way.press(t("console.goal.write"))
    await way.fill(t("field.theme"), "ミスをゼロにする")
    await way.press(t("console.write.check"))
    await way.press(t("console.write.take"))
    await expect(way.page.locator("#theme")).not_to_have_value("ミスをゼロにする")
    await way.fill(t("field.theme"), "月次決算の確定を早める")
    await way.fill(t("place.target"), "6")
    await way.press(t("console.command.submit"))
    await is_recorded(way, "submitted")
    goal = await company.goal(cycle, MORI)
    await scene.does(cycle, MORI, Approve(actor=MANAGER, expected_seq=goal.seq))
    await _works(way, cycle)
    goal = await company.goal(cycle, MORI)
    await scene.does(cycle, MORI, DecideReview(actor=MANAGER, expected_seq=goal.seq, verdict="continue"))
    await way.press(t("console.place.today"))
    await way.sees(t("console.news.verdict_given"))
    goal = await company.goal(cycle, MORI)
    assert (goal.state, goal.content.theme, goal.done) == ("active", "月次決算の確定を早める", (0,))


async def _works(way: Way, cycle: CycleId) -> None:
    """A report, a step, a review that the owner calls, and the self-review."""
    t = way.text
    await way.press(t("console.place.today"))
    await way.sees(t("console.news.approved"))
    await way.press(t("console.today.do.complete_step"), cycle)
    await way.fill(t("console.field.report_progress.value"), "8")
    await way.press(t("console.command.report_progress"))
    await is_recorded(way, "progress_reported")
    await way.unfold(t("console.command.complete_step"), _STEP)
    await way.fill(t("console.field.complete_step.evidence"), "原因の一覧", _STEP)
    await way.press(t("console.command.complete_step"), _STEP)
    await is_recorded(way, "step_completed")
    await way.unfold(t("console.command.call_review"))
    await way.fill(t("console.field.call_review.reason"), "早めに相談したい")
    await way.press(t("console.command.call_review"))
    await is_recorded(way, "review_opened")
    await way.fill(t("console.field.submit_self_review.went_well"), "取引先ごとに手順を分けた")
    await way.choose(way.word("verdict", "achieved"))  # what the owner thinks
    await way.press(t("console.command.submit_self_review"))
    await is_recorded(way, "self_reviewed")
