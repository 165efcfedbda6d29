"""The day of an approver, who signs what was seen."""

from playwright.async_api import expect

from domain.goal.commands import Recall, Submit
from domain.goal.scoring import score
from domain.lifecycle import State
from domain.values import CycleId
from domain.writing.content import NumericMeasure
from tests.service.steered import HARA, MANAGER, MORI, ONO, SALES
from tests.web.console.days.scene import DRAFT, Scene, is_recorded
from tests.web.console.ways import Way


async def walk(way: Way, scene: Scene) -> None:
    """What changed after it was seen is not approved; one goal is returned, others are approved at once, one is decided on."""
    t, company = way.text, scene.company
    cycle = await company.launch(f"day-approver-{scene.number}", without=[SALES, MANAGER])
    for one in (MORI, HARA, ONO):
        await scene.does(cycle, one, Submit(actor=one))
    await way.begin()
    await way.press(t("console.today.do.approve"), cycle, MORI)
    await _submits_another(scene, cycle)
    await way.fill(t("console.field.approve.comment"), "期待しています")
    await way.press(t("console.command.approve"))
    await way.sees(t("console.form.changed"))
    await expect(way.page.get_by_role("alert")).to_be_visible()
    await expect(way.page.locator("#approve-comment")).to_have_value("期待しています")
    await way.press(t("console.compare.this"))
    await expect(way.page.locator("ins").first).to_contain_text("6")
    await way.press(DRAFT)
    await way.press(t("console.command.approve"))
    await is_recorded(way, "approved")
    await way.press(t("console.done.to_today"))
    await way.press(t("console.today.do.approve"), cycle, HARA)
    give_back = t("console.command.return_for_changes")
    await way.unfold(give_back)
    await way.press(give_back)
    await way.sees(t("console.form.problem"))  # it is not said what to change
    await way.fill(t("console.field.return_for_changes.comment"), "目標値の根拠を書いてください")
    await way.press(give_back)
    await is_recorded(way, "returned")
    await scene.does(cycle, HARA, Submit(actor=HARA))
    await way.press(t("console.place.today"))
    for one, name in ((HARA, "原田 修"), (ONO, "大野 あかり")):
        await way.choose(t("console.bulk.choose", theme=DRAFT, person=name), "", cycle, one)
    await way.press(t("console.bulk.approve"))
    await way.press(await way.there(t("console.bulk.do", n=2), t("console.bulk.do_chosen")))
    await way.sees(t("console.bulk.count.succeeded", n=2))
    assert {(await company.goal(cycle, one)).state for one in (MORI, HARA, ONO)} == {"active"}
    await _decides(way, scene, cycle)


async def _submits_another(scene: Scene, cycle: CycleId) -> None:
    """The owner takes the goal back while the approver reads it, and submits it with a target of 6 days."""
    content = (await scene.company.goal(cycle, MORI)).content
    assert isinstance(content.measure, NumericMeasure)
    measure = NumericMeasure.model_validate(content.measure.model_dump() | {"target": "6"})
    changed = content.model_copy(update={"measure": measure})
    await scene.does(cycle, MORI, Recall(actor=MORI), Submit(actor=MORI, content=changed))


async def _decides(way: Way, scene: Scene, cycle: CycleId) -> None:
    t = way.text
    await scene.works_until_review(cycle, MORI)
    await way.press(t("console.done.to_today"))
    await way.press(t("console.today.do.decide"), cycle, MORI)
    await way.choose(way.word("verdict", "continue"))
    await way.fill(t("console.field.decide_review.bonus"), "5")
    await way.press(t("console.command.decide_review"))
    await way.sees(t("console.form.problem"))  # nothing says what the bonus is for
    await way.fill(t("console.field.decide_review.comment"), "営業部との取り決めは全社の手本になる")
    await way.press(t("console.command.decide_review"))
    await is_recorded(way, "continued")
    goal = await scene.company.goal(cycle, MORI)
    assert goal.state is State.ACTIVE
    assert score(goal) == 55  # a step, half of the measure, and the bonus
    await expect(way.page.locator("#score")).to_contain_text("55")
