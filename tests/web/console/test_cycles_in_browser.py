"""HR's way to a new cycle: the file, the check, the launch; and those for whom the launch failed. test_days_in_browser walks the day."""

from datetime import UTC, datetime
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, FilePayload, expect
from sqlalchemy import update

from domain.values import CycleId
from storage.tables import ParticipantRow
from tests.cycle_dates import moved_to
from tests.service.steered import HARA, HR, MORI, TOP, Steered, cycle_file, in_days, today
from tests.web.browser import AtPages, at_pages, needs_browser

Locale = Literal["ja", "en"]
pytestmark = [pytest.mark.slow, needs_browser]
RUNNING = CycleId("running")


def _file(cycle: str, review: int = 40) -> str:
    """A cycle that starts in a week, so that no date is in the past. The day of the review tells files apart."""
    return moved_to(in_days(7), cycle_file(cycle)).replace("reviews = []", f"reviews = [{in_days(review)}]")


def _upload(text: str) -> FilePayload:
    return {"name": "cycle.toml", "mimeType": "application/toml", "buffer": text.encode()}


@pytest_asyncio.fixture(scope="module")
async def running(company: Steered) -> CycleId:
    return await company.launch(RUNNING)


async def _check(hr: AtPages, text: str) -> None:
    await hr.open("/cycles/new")
    await hr.page.set_input_files("#upload", _upload(text))
    await hr.page.locator("button[value=begin]").first.click()
    await expect(hr.page.locator("#file")).to_be_visible()


@pytest.mark.parametrize(("locale", "width"), [("ja", 390), ("en", 390), ("ja", 1024), ("en", 1600)])
async def test_pages_have_nothing_that_axe_finds(  # noqa: PLR0917 - fixtures and parameters
    company: Steered, running: CycleId, console: str, chromium: Browser, locale: Locale, width: int
) -> None:
    async with at_pages(chromium, company, console, HR, locale=locale, width=width) as hr:
        for name, path in (("cycles", "/cycles"), ("new", "/cycles/new"), ("launch", f"/cycles/{running}/launch")):
            await hr.open(path)
            await hr.picture(f"{name}-{locale}-{width}")
            assert await hr.complaints() == [], path
        await hr.page.goto(f"{console}/cycles/new")
        await hr.page.locator("button[value=begin]").first.click()  # without a file
        await expect(hr.page.get_by_role("alert")).to_be_visible()
        assert await hr.complaints() == []
        await _check(hr, _file("looked-at").replace('hr = ["E2"', 'hr = ["E404"') + "unknown = 1\n")
        await hr.picture(f"check-wrong-{locale}-{width}")
        assert await hr.complaints() == []
        await _check(hr, _file("looked-at"))
        await hr.page.locator("#person").fill(MORI)
        await hr.page.locator("button[value=check]").filter(visible=True).last.click()
        await expect(hr.page.locator("td.closes")).to_be_visible()
        await hr.picture(f"check-{locale}-{width}")
        assert await hr.complaints() == []
        await hr.page.locator("button[value=confirm]").click()
        await hr.picture(f"confirm-{locale}-{width}")
        assert await hr.complaints() == []


async def test_a_finding_leads_to_its_line(company: Steered, console: str, chromium: Browser) -> None:
    text = _file("lines")
    async with at_pages(chromium, company, console, HR) as hr:
        await _check(hr, text.replace('"E3"', '"E404"', 1))
        link = hr.page.locator("a[data-line]").first
        await expect(link).to_have_attribute("data-line", str(text[: text.index("hr = [")].count("\n") + 1))
        await link.click()
        assert str(await hr.page.evaluate("getSelection().toString()")).startswith("hr = [")


async def test_a_second_cycle_from_the_same_file_is_launched_only_where_it_is_meant(
    company: Steered, console: str, chromium: Browser
) -> None:
    checked = await company.cycles.check(_file("first", 60).encode(), today())
    await company.cycles.launch(checked, HR, datetime.now(UTC))
    async with at_pages(chromium, company, console, HR) as hr:
        await _check(hr, _file("second", 60))
        await expect(hr.page.locator("button[value=confirm]")).to_have_count(0)
        await hr.page.get_by_label("承知のうえで").check()
        await hr.press("もう一度チェック")
        await hr.press("開始の確認へ")
        await hr.press("5 名で開始")
        await expect(hr.page).to_have_url(f"{console}/cycles/second/launch")


async def test_an_earlier_cycles_file_is_moved_to_a_new_start(
    company: Steered, running: CycleId, console: str, chromium: Browser
) -> None:
    async with at_pages(chromium, company, console, HR) as hr:
        await hr.open("/cycles/new")
        await hr.page.get_by_label("前のサイクル").select_option(running)
        await hr.page.locator("#starts").fill(str(in_days(60)))
        await hr.press("この設定を使う")
        assert f"starts = {in_days(60)}" in await hr.page.locator("#file").input_value()
        await hr.sees("cycle.id")  # which is taken


@pytest.mark.parametrize("width", [390, 1024])
async def test_an_earlier_cycles_file_says_whom_it_leaves_out_and_is_made_one_for_everybody(
    company: Steered, console: str, chromium: Browser, width: int
) -> None:
    few = await company.launch(f"few-{width}", without=(HARA,))
    async with at_pages(chromium, company, console, HR, width=width) as hr:
        await hr.open("/cycles/new")
        await hr.page.get_by_label("前のサイクル").select_option(few)
        await hr.page.locator("#starts").fill(str(in_days(60)))
        await hr.press("この設定を使う")
        await hr.sees("在籍 8 名のうち、4 名が対象です。")
        await hr.sees(f"前のサイクル({few})の対象者は 4 名です。")
        await hr.page.get_by_text("対象外の 4 名を表示").click()
        await hr.sees("原田 修")
        await hr.picture(f"turnout-{width}")
        assert await hr.complaints() == []
        await hr.press("在籍者全員(8 名)を対象にする")
        await hr.sees("在籍 8 名のうち、8 名が対象です。")
        await hr.sees(f"前のサイクル({few})の対象者は 4 名です。")
        assert "without" not in await hr.page.locator("#file").input_value()


async def test_a_file_with_surprises_says_so_before_the_launch(
    company: Steered, console: str, chromium: Browser
) -> None:
    text = _file("surprising").replace("target = 7", "target = 12") + f"\n[calendar]\ndays_off = [{in_days(-400)}]\n"
    async with at_pages(chromium, company, console, HR) as hr:
        await _check(hr, text)
        findings = hr.page.locator(".findings li")
        for words in ("下書きの提出は今日依頼", "会社の休日", "現状維持"):
            await expect(findings.filter(has_text=words).locator("a[data-line]")).to_be_visible()
        await hr.sees("評価期間の開始日")
        await hr.picture("surprises")


async def test_the_example_is_of_somebody_who_is_found_by_name_and_is_what_one_sees_next(
    company: Steered, console: str, chromium: Browser
) -> None:
    async with at_pages(chromium, company, console, HR) as hr:
        await _check(hr, _file("by-name"))
        await hr.page.locator("#person").fill("森")
        await hr.page.locator("#person").press("Enter")
        await expect(hr.page).to_have_url(f"{console}/cycles/new#course")
        await hr.sees("第1段階の承認の期限")
        await expect(hr.page.locator(".course")).to_be_in_viewport()
        await hr.page.locator("#person").fill("E")
        await hr.press("この社員の日程を表示")
        await hr.sees("8 名が見つかりました。")
        await hr.picture("several")
        assert await hr.complaints() == []
        await hr.page.locator(".choices button").filter(has_text="原田 修").click()
        await expect(hr.page.locator("#person")).to_have_value(HARA)
        await expect(hr.page.locator(".course .facts")).to_contain_text("原田 修")
        await hr.page.locator("#person").fill(TOP)
        await hr.press("この社員の日程を表示")
        await hr.sees("対象者ではありません")
        await hr.page.locator("#person").fill("誰でもない")
        await hr.press("この社員の日程を表示")
        await expect(hr.page.locator(".course .error")).to_contain_text("誰でもない")


async def test_only_hr_of_the_file_launches_it_and_what_was_written_stays(
    company: Steered, running: CycleId, console: str, chromium: Browser
) -> None:
    async with at_pages(chromium, company, console, MORI) as owner:
        await owner.open("/")
        await expect(owner.page.locator(".rooms a[href='/cycles']")).to_have_count(0)
        await _check(owner, _file("refused"))
        await owner.press("開始の確認へ")
        await owner.press("5 名で開始")
        await expect(owner.page.get_by_role("alert")).to_contain_text(HR)
        await expect(owner.page.locator("input[name=file]").first).to_have_value(_file("refused"))
        await owner.open("/cycles/refused/launch", 404)
        await owner.open(f"/cycles/{running}/launch")
        await expect(owner.page.locator("main form")).to_have_count(0)


@pytest.mark.parametrize("width", [390, 1024])
async def test_participants_whose_launch_failed_are_tried_again(
    company: Steered, console: str, chromium: Browser, width: int
) -> None:
    cycle = await company.launch(f"failed-{width}")
    which = (ParticipantRow.cycle_id == cycle) & (ParticipantRow.employee_id == HARA)
    async with company.engine.begin() as connection:
        await connection.execute(update(ParticipantRow).where(which).values(result="failed", reason="Unavailable"))
    async with at_pages(chromium, company, console, HR, width=width) as hr:
        await hr.open(f"/cycles/{cycle}/launch")
        await hr.sees("1 名を開始できませんでした")
        await hr.sees("原田 修")
        await hr.picture(f"failed-{width}")
        assert await hr.complaints() == []
        await hr.press("1 名をもう一度開始")
        await hr.sees("5 名の開始が終わりました")
    assert (await company.participants(cycle))[HARA][0] == "started"
