"""The day of HR, before and after the launch, and when things change."""

from playwright.async_api import FilePayload, expect

from domain.values import CycleId
from tests.cycle_dates import moved_to
from tests.service.steered import (
    ACCOUNTING,
    HARA,
    HR,
    HR_TOO,
    MANAGER,
    MORI,
    ONO,
    SALES,
    TOP,
    cycle_file,
    in_days,
    today,
)
from tests.web.console.days.scene import CYCLE, Scene, is_finished
from tests.web.console.ways import Way


async def walk(way: Way, scene: Scene) -> None:
    """A file with errors is corrected and launched; then dates move, somebody is away, and the organisation changes."""
    t, company = way.text, scene.company
    cycle = CycleId(f"day-hr-{scene.number}")
    file = moved_to(in_days(7), cycle_file(cycle)).replace(
        "reviews = []", f"reviews = [{in_days(40 + scene.number)}]"
    )  # other days, so that it is no second cycle from one file
    people = (await company.cycles.check(file.encode(), today())).people
    wrong = file.replace(f'hr = ["{HR}"', 'hr = ["E404"').replace(ACCOUNTING, "経里部")
    await way.begin()
    await way.press(t("console.place.cycles"))
    await way.press(t("console.cycles.new"))
    await way.attach(t("console.new.upload"), _file("cycle.toml", wrong))
    await way.press(t("console.new.check_file"))
    await way.sees(t("console.new.errors", n=2), "E404", "経里部")
    await way.fill(t("console.new.text"), file)
    await way.press(t("console.new.check_again"))
    await way.sees(t("console.new.launchable"))
    await way.fill(t("console.course.number"), MORI)
    await way.press(t("console.course.show"))
    await way.sees(t("console.course.due", task=way.word("task", "draft")))
    await way.press(t("console.new.to_confirm"))
    await way.sees(t("console.new.consequence", people=people, goals=people))
    await way.press(t("console.new.launch", n=people))
    await way.sees(t("console.launch.done", n=people))
    await way.look()
    await way.press(t("console.launch.board"))
    await way.press("4", ACCOUNTING)  # its goals: one row of the board
    await expect(way.page.locator("tbody tr")).to_have_count(4)
    await way.press(t("console.place.board"))
    await _moves_dates(way, scene, cycle)
    await _is_delegated(way, scene)
    await _changes_the_organisation(way, scene)


async def _moves_dates(way: Way, scene: Scene, cycle: CycleId) -> None:
    t = way.text
    await way.press(t("console.place.cycles"))
    await way.press(CYCLE, cycle)
    await way.press(t("console.cycle.tab.steer"))
    await way.press(t("console.steer.name.extend"))
    await way.press(t("console.steer.preview"))
    await way.sees(t("console.form.problem"))  # nothing is filled in
    await way.fill_day(t("console.steer.field.due"), in_days(20))
    await way.choose(t("console.steer.field.task"), way.word("task", "draft"))
    await way.choose(ACCOUNTING)
    await way.fill(t("console.steer.field.reason"), "年末のため")
    await way.press(t("console.steer.preview"))
    await way.sees(t("console.steer.concerned", people=4, goals=4))
    before = (await scene.company.goal(cycle, MORI)).task
    await way.press(t("console.steer.do", kind=t("console.steer.name.extend")))
    await _is_done(way, way.word("result", "done"), 4)
    after = (await scene.company.goal(cycle, MORI)).task
    assert before
    assert after
    assert after.due > before.due


async def _is_delegated(way: Way, scene: Scene) -> None:
    """Each walk names somebody else: nobody delegates to one person twice for the same days."""
    t, to = way.text, (HR_TOO, TOP, SALES, HARA, ONO)[scene.number]
    await way.press(t("console.place.delegations"))
    await way.fill(t("console.delegations.for_whom"), MANAGER)
    await way.fill(t("console.delegations.to_number"), to)
    await way.fill_day(t("console.delegations.first"), today())
    await way.fill_day(t("console.delegations.last"), in_days(10))
    await way.fill(t("console.delegations.reason"), "休暇", t("console.delegations.give"))
    await way.press(t("console.delegations.give_now"))
    await way.sees(t("console.instruction.heading", kind=way.word("instruction", "delegate")))
    await is_finished(way)
    await way.press(t("console.place.delegations"))
    await way.sees(to)
    await way.unfold(t("console.delegations.end"), MANAGER, to)
    await way.fill(t("console.delegations.reason"), "休暇が終わったため", MANAGER, to)
    await way.press(t("console.delegations.end_now"), MANAGER, to)
    await is_finished(way)


async def _changes_the_organisation(way: Way, scene: Scene) -> None:
    t, joiner = way.text, f"N{scene.number}"
    chief = (HR, HR_TOO, MANAGER, HR, HR_TOO)[scene.number]
    rows = (
        "社員番号,氏名,部署,上長,在籍",
        f"{joiner},新人 {joiner},営業部,{TOP},はい",
        f"{SALES},岡 一郎,営業部,{chief},はい",
    )
    await way.press(t("console.place.sync"))
    await way.attach(t("console.sync.upload"), _file("people.csv", "\n".join(rows)))
    await way.press(t("console.sync.compare"))
    await way.sees(t("console.sync.preview"), f"新人 {joiner}")
    await way.fill(t("console.sync.reason"), "組織変更")
    await way.press(t("console.sync.apply"))
    await is_finished(way)
    await way.press(t("console.place.people"))
    await way.fill(t("console.people.search"), joiner)
    await way.press(t("console.people.find"))
    await way.sees(f"新人 {joiner}")


async def _is_done(way: Way, result: str, goals: int) -> None:
    await is_finished(way)
    await expect(way.page.locator("dl.stats div").filter(has_text=result).locator("dd")).to_have_text(str(goals))


def _file(name: str, text: str) -> FilePayload:
    return {"name": name, "mimeType": "text/plain", "buffer": text.encode()}
