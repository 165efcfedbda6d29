"""HR steers a cycle: a form, what it would do, the instruction, its result at each goal; and what is refused."""

from datetime import date, timedelta
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from domain.goal.commands import Submit
from domain.goal.goal import Task
from domain.instructions.instructions import Extend, Pause
from domain.values import CycleId, GoalId
from tests.service.steered import HARA, HR, MANAGER, MORI, ONO, SALES, Steered, in_days, of
from tests.web.browser import at_pages, needs_browser
from web.console.forms import fresh_id
from web.console.steering_forms import KINDS

Locale = Literal["ja", "en"]
pytestmark = [pytest.mark.slow, needs_browser]


def _day(shown: Task | date | None) -> str:
    assert shown is not None
    return f"{shown.due if isinstance(shown, Task) else shown:%Y/%m/%d}"


@pytest_asyncio.fixture(scope="module")
async def cycle(company: Steered) -> CycleId:
    return await company.launch("steered")


@pytest.mark.parametrize(("locale", "width"), [("ja", 390), ("en", 390), ("ja", 1024), ("en", 1024)])
async def test_pages_have_nothing_that_axe_finds(  # noqa: PLR0917 - fixtures and parameters
    company: Steered, cycle: CycleId, console: str, chromium: Browser, locale: Locale, width: int
) -> None:
    async with at_pages(chromium, company, console, HR, locale=locale, width=width) as hr:
        for name, path in (
            ("steer", f"/cycles/{cycle}/steer"),
            ("extend", f"/cycles/{cycle}/steer/extend"),
            ("reassign", f"/cycles/{cycle}/steer/reassign"),
            ("instructions", "/instructions"),
        ):
            await hr.open(path)
            await hr.picture(f"{name}-{locale}-{width}")
            assert await hr.complaints() == [], path
        await hr.open(f"/cycles/{cycle}/steer/extend")
        await hr.page.locator("main form button[value=preview]").click()
        await expect(hr.page.get_by_role("alert")).to_be_visible()
        await hr.picture(f"extend-refused-{locale}-{width}")
        assert await hr.complaints() == []
        await hr.page.locator("#due").fill(in_days(200).isoformat())  # after the cycle's last day
        await hr.page.locator("input[value=everybody]").check()
        await hr.page.locator("#reason").fill("決算の繁忙期のため")
        await hr.page.locator("main form button[value=preview]").click()
        await hr.picture(f"extend-confirm-{locale}-{width}")
        assert await hr.complaints() == []


async def test_hr_moves_due_dates_after_seeing_which(company: Steered, console: str, chromium: Browser) -> None:
    cycle = await company.launch("extend")
    before = (await company.goal(cycle, MORI)).task
    async with at_pages(chromium, company, console, HR) as hr:
        await hr.open(f"/cycles/{cycle}")
        await hr.press("一括指示")
        await hr.press("期限の延長")
        await hr.press("対象を確認")
        await expect(hr.page.locator("#reason-error")).to_be_visible()
        await hr.type("新しい期日", in_days(30).isoformat())
        await hr.type("社員番号", f"{MORI}、{HARA}")
        await hr.type("理由", "決算の繁忙期のため")
        await hr.press("対象を確認")
        await hr.sees("対象は 2 名の目標 2 件です。")
        row = hr.page.get_by_role("row").filter(has_text=MORI)
        await expect(row).to_contain_text("下書きの提出")
        await expect(row).to_contain_text(_day(before))
        await hr.press("内容を直す")
        await expect(hr.page.locator("#people")).to_have_value(f"{MORI}、{HARA}")
        await hr.press("対象を確認")
        assert (await company.goal(cycle, MORI)).task == before
        await hr.press("期限の延長を指示")
        await expect(hr.page.get_by_role("heading", level=1)).to_contain_text("一括指示: 期限の延長")
        await expect(hr.page.locator("main .state.active")).to_be_visible()  # done
        await expect(hr.page.locator("tbody tr")).to_have_count(2)
        row = hr.page.get_by_role("row").filter(has_text=MORI)
        await expect(row).to_contain_text(_day(before))
        await expect(row).to_contain_text(_day((await company.goal(cycle, MORI)).task))
        await hr.picture("instruction")
        assert hr.page.url.startswith(f"{console}/instructions/")
    after = (await company.goal(cycle, MORI)).task
    assert before is not None
    assert after is not None
    assert after.due > before.due
    other = (await company.goal(cycle, ONO)).task
    assert other is not None
    assert other.due == before.due


async def test_a_date_by_weeks_gives_nobody_less_and_never_moves_a_date_earlier(
    company: Steered, console: str, chromium: Browser
) -> None:
    cycle = await company.launch("by-weeks")
    await company.carried_out(Extend(due=in_days(40), selection=of(MORI), reason="延長"), cycle)
    own = (await company.goal(cycle, HARA)).task
    async with at_pages(chromium, company, console, HR) as hr:
        await hr.open(f"/cycles/{cycle}/steer/extend")
        await hr.press("+1 週間")
        await expect(hr.page.get_by_role("alert")).to_contain_text("対象の社員か部署を指定してください")
        await hr.type("社員番号", HARA)
        await hr.type("理由", "繁忙期のため")
        await hr.press("+1 週間")
        await expect(hr.page).to_have_url(f"{console}/cycles/{cycle}/steer/extend#due")
        assert own is not None
        assert await hr.page.locator("#due").input_value() >= (own.due + timedelta(weeks=1)).isoformat()
        await expect(hr.page.locator("#reason")).to_have_value("繁忙期のため")
        await hr.page.locator("#people").fill(f"{MORI}, {HARA}")
        await hr.page.locator("#due").fill(in_days(25).isoformat())
        await hr.press("対象を確認")
        await hr.sees("延長で期日が早まることはありません。")
        await expect(hr.page.get_by_role("row").filter(has_text=MORI)).to_have_count(0)
        await hr.picture("never-earlier")
        assert await hr.complaints() == []
        await hr.press("期限の延長を指示")
        await expect(hr.page.get_by_role("row").filter(has_text=MORI)).to_contain_text("期日がすでにその日より後")


async def test_the_history_says_where_an_instruction_is_given(
    company: Steered, cycle: CycleId, console: str, chromium: Browser
) -> None:
    async with at_pages(chromium, company, console, HR) as hr:
        await hr.open("/")
        await hr.press("一括指示の履歴")
        await hr.page.locator(f"a[href='/cycles/{cycle}/steer']").click()
        await expect(hr.page.get_by_role("heading", level=1)).to_have_text("一括指示")


async def test_who_is_unknown_is_named_at_the_field_and_nothing_is_given(
    company: Steered, cycle: CycleId, console: str, chromium: Browser
) -> None:
    before = len(await company.instructions.latest())
    async with at_pages(chromium, company, console, HR) as hr:
        await hr.open(f"/cycles/{cycle}/steer/pause")
        await hr.type("社員番号", "E404")
        await hr.type("理由", "休止")
        await hr.press("対象を確認")
        await expect(hr.page.get_by_role("alert")).to_contain_text("E404")
        await expect(hr.page.locator("#reason")).to_have_value("休止")
        await hr.page.locator("#people").fill("")
        await hr.press("対象を確認")
        await expect(hr.page.get_by_role("alert")).to_contain_text("対象の社員か部署を指定してください")
        await expect(hr.page.locator("#people-error")).to_be_visible()
    assert len(await company.instructions.latest()) == before


@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_can_be_seen_before_it_is_given(
    company: Steered, cycle: CycleId, console: str, chromium: Browser, kind: str
) -> None:
    """Each is confirmed for one person, and not given."""
    async with at_pages(chromium, company, console, HR, scripts=False) as hr:
        await hr.open(f"/cycles/{cycle}/steer/{kind}")
        for name, value in (("due", in_days(40)), ("person", MANAGER), ("to", SALES), ("people", SALES)):
            field = hr.page.locator(f"#{name}")
            if await field.count():
                await field.fill(str(value))
        await hr.page.locator("#reason").fill("確認だけ")
        await hr.press("対象を確認")
        await expect(hr.page.locator("button[value=give]")).to_be_visible()
        await hr.picture(f"confirm-{kind}")
        assert hr.faults == []


async def test_what_goals_refuse_is_said_with_the_reason(company: Steered, console: str, chromium: Browser) -> None:
    cycle = await company.launch("refusing")
    await company.goals.give(GoalId(f"{cycle}/{MORI}/1"), Submit(actor=MORI), fresh_id())
    async with at_pages(chromium, company, console, HR) as hr:
        await hr.open(f"/cycles/{cycle}/steer/extend")
        await hr.type("新しい期日", in_days(300).isoformat())
        await hr.page.locator("input[value=everybody]").check()
        await hr.type("理由", "遅すぎる期日")
        await hr.press("対象を確認")
        await hr.sees("ルールにより指示できない目標")
        await hr.press("期限の延長を指示")
        await expect(hr.page.locator('[data-sum="by_result.refused"]')).to_have_text("5")
        await hr.press("拒否")
        await expect(hr.page.locator("tbody tr")).to_have_count(5)
        await hr.picture("instruction-refused")
        assert await hr.complaints() == []


async def test_a_cycle_that_ended_takes_one_instruction_which_reopens_it(
    company: Steered, console: str, chromium: Browser
) -> None:
    cycle = await company.launch("ended")
    async with at_pages(chromium, company, console, HR) as hr:
        await hr.open(f"/cycles/{cycle}/steer/close")
        await hr.page.locator("input[value=everybody]").check()
        await hr.type("理由", "早めに終えるため")
        await hr.press("対象を確認")
        await hr.sees("戻すには「終了の取り消し」が必要です。")
        await hr.press("終了を指示")
        await expect(hr.page.locator('[data-sum="by_result.done"]')).to_have_text("5")
        await company.until(cycle, "closed")
        await hr.open(f"/cycles/{cycle}/steer")
        await expect(hr.page.locator("main .cards a")).to_have_count(1)
        assert await hr.complaints() == []
        await hr.press("終了の取り消し")
        await hr.page.locator("input[value=everybody]").check()
        await hr.type("理由", "早すぎたため")
        await hr.press("対象を確認")
        await hr.sees("対象は 5 名の目標 5 件です。")
        await hr.press("終了の取り消しを指示")
        await company.until(cycle, "open")
        await expect(hr.page.locator('[data-sum="by_result.done"]')).to_have_text("5")
    assert set((await company.states(cycle)).values()) == {"draft"}


async def test_an_instruction_that_waits_is_ended_with_a_reason_and_asked_again(
    company: Steered, cycle: CycleId, console: str, chromium: Browser
) -> None:
    given = await company.instructions.give(Pause(selection=of(ONO), reason="休止"), HR, cycle)
    await company.done(given)
    async with company.engine.begin() as connection:
        await connection.exec_driver_sql(
            "UPDATE instruction SET state = 'running', finished_at = NULL WHERE id = $1", (given,)
        )
        await connection.exec_driver_sql(
            "UPDATE instruction_goal SET result = 'waiting' WHERE instruction_id = $1", (given,)
        )
    async with at_pages(chromium, company, console, HR) as hr:
        await hr.open(f"/instructions/{given}")
        await hr.picture("instruction-running")
        assert await hr.complaints() == []
        await hr.press("打ち切る")
        await hr.press("打ち切る")
        await expect(hr.page.locator("#reason-error")).to_be_visible()
        assert await hr.complaints() == []
        await hr.type("理由", "誤った指示のため")
        await hr.press("打ち切る")
        await hr.sees("誤った指示のため")
        await hr.picture("instruction-ended")
        await hr.press("失敗した目標にもう一度指示")
        await expect(hr.page.locator('[data-sum="by_result.done"]')).to_have_text("1")
        await expect(hr.page.locator("main .state.active")).to_be_visible()


async def test_who_is_not_hr_is_refused_and_led_nowhere(
    company: Steered, cycle: CycleId, console: str, chromium: Browser
) -> None:
    async with at_pages(chromium, company, console, MANAGER) as manager:
        await manager.open(f"/cycles/{cycle}/steer", 403)
        await manager.sees("西村 直美")
        await manager.open(f"/cycles/{cycle}/steer/close", 403)
        await manager.open(f"/cycles/{cycle}")
        assert await manager.page.locator("a[href$='/steer']").count() == 0
    async with at_pages(chromium, company, console, HR) as hr:
        await hr.open(f"/cycles/{cycle}/steer/sync", 404)
        await hr.open("/instructions/none", 404)
