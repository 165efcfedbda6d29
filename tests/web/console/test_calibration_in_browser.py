"""Results of a cycle: how they are distributed, files to take away, sheets to bring back, and new rules."""

import io
import zipfile
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from domain.goal.commands import Adjust, Close
from domain.values import CycleId, GoalId
from service.results import Results
from tests.callers import by
from tests.service.steered import EVERYBODY, HARA, HR, MANAGER, MORI, ONO, Steered, cycle_file, today
from tests.web.browser import AtPages, at_pages, needs_browser
from web.console.forms import fresh_id

Locale = Literal["ja", "en"]
pytestmark = [pytest.mark.slow, needs_browser]


@pytest_asyncio.fixture(scope="module")
async def cycle(company: Steered) -> CycleId:
    """HR is evaluated too; one goal is closed and adjusted."""
    launched = await company.launch("calibrated")
    goal = GoalId(f"calibrated/{MORI}/1")
    await company.goals.give(goal, Close(actor=HR, reason="確定"), fresh_id())
    await company.goals.give(goal, Adjust(actor=HR, points=5, reason="難易度を考慮"), fresh_id())
    return launched


@pytest.mark.parametrize(("locale", "width"), [("ja", 390), ("en", 390), ("ja", 1024), ("en", 1024)])
async def test_pages_have_nothing_that_axe_finds(  # noqa: PLR0917 - fixtures and parameters
    company: Steered, cycle: CycleId, console: str, chromium: Browser, locale: Locale, width: int
) -> None:
    async with at_pages(chromium, company, console, HR, locale=locale, width=width) as hr:
        for name, path in (
            ("calibration", f"/cycles/{cycle}/calibration"),
            ("calibration-departments", f"/cycles/{cycle}/calibration?by=department"),
            ("calibration-nobody", f"/cycles/{cycle}/calibration?department=none"),
            ("results", f"/cycles/{cycle}/results"),
            ("amend", f"/cycles/{cycle}/amend"),
        ):
            await hr.open(path)
            await hr.picture(f"{name}-{locale}-{width}")
            assert await hr.complaints() == [], path


async def test_scores_are_listed_with_adjustments_and_the_callers_own_is_left_out(
    company: Steered, cycle: CycleId, console: str, chromium: Browser
) -> None:
    async with at_pages(chromium, company, console, HR) as hr:
        await hr.open(f"/cycles/{cycle}")
        await hr.press("甘辛調整")
        people = hr.page.locator("section").filter(has=hr.page.locator("#people")).locator("tbody tr")
        await expect(people).to_have_count(len(EVERYBODY))
        await expect(people.filter(has_text=MORI)).to_contain_text("+5")
        await people.filter(has_text=MORI).get_by_role("link").click()
        await hr.sees("森 香織")
    page, _ = await Results(company.engine).scores(by(HR), cycle)
    assert {one.person for one in page.people} == set(EVERYBODY)
    async with company.engine.begin() as connection:  # the manager becomes HR: nobody calibrates their own result
        await connection.exec_driver_sql(
            "UPDATE cycle SET policy = jsonb_set(policy, '{hr}', (policy -> 'hr') || $1::text::jsonb) WHERE id = $2",
            (f'["{MANAGER}"]', cycle),
        )
    own, _ = await Results(company.engine).scores(by(MANAGER), cycle)
    assert {one.person for one in own.people} == {*EVERYBODY} - {MANAGER}
    streamed = [
        one.person async for page, _ in Results(company.engine).stream_scores(by(MANAGER), cycle) for one in page
    ]
    assert MANAGER not in streamed


async def _downloaded(hr: AtPages, name: str) -> tuple[str, bytes]:
    async with hr.page.expect_download(timeout=20_000) as waiting:
        await hr.press(name)
    found = await waiting.value
    return found.suggested_filename, (await found.path()).read_bytes()


async def test_files_are_taken_away_and_a_changed_table_is_brought_back(
    company: Steered, console: str, chromium: Browser
) -> None:
    cycle = await company.launch("files")
    async with at_pages(chromium, company, console, HR) as hr:
        await hr.open(f"/cycles/{cycle}/results")
        name, data = await _downloaded(hr, "Excel")
        assert (name[:8], name[-5:], data[:2]) == ("結果_files"[:8], ".xlsx", b"PK")
        name, data = await _downloaded(hr, "全員分(圧縮ファイル)")
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert len(archive.namelist()) == len(EVERYBODY)
        await hr.page.locator("#employee").fill("E404")
        await hr.press("この人の分(Excel)")
        await expect(hr.page.locator("#employee-error")).to_contain_text("E404")
        assert await hr.complaints() == []
        await hr.page.locator("#employee").fill(ONO)
        name, data = await _downloaded(hr, "この人の分(Excel)")
        assert (f"_{ONO}_" in name, data[:2]) == (True, b"PK")
        await hr.press("変更点を確認")
        await expect(hr.page.locator("#file-error")).to_be_visible()
        table = f"目標の ID,テーマ\nfiles/{HARA}/1,請求書の電子化\n".encode()
        await hr.page.locator("#file").set_input_files({"name": "t.csv", "mimeType": "text/csv", "buffer": table})
        await hr.press("変更点を確認")
        await hr.sees("下書き 1 件が変わります。")
        await hr.picture("sheets-check")
        assert await hr.complaints() == []
        assert (await company.goal(cycle, HARA)).content.theme == "月次決算の早期化"
        await hr.press("1 件を取り込む")
        await hr.sees("下書き 1 件を更新しました。")
        assert (await company.goal(cycle, HARA)).content.theme == "請求書の電子化"
        await hr.open(f"/cycles/{cycle}/results")
        wrong = f"目標の ID,テーマ\nfiles/E404/1,x\nfiles/{HARA}/1,y\n".encode()
        await hr.page.locator("#file").set_input_files({"name": "t.csv", "mimeType": "text/csv", "buffer": wrong})
        await hr.press("変更点を確認")
        await expect(hr.page.get_by_role("alert")).to_contain_text("E404")
        await hr.picture("sheets-refused")
        assert await hr.complaints() == []
    assert (await company.goal(cycle, HARA)).content.theme == "請求書の電子化"


@pytest.mark.parametrize("scripts", [True, False])
async def test_new_rules_are_compared_and_then_applied(
    company: Steered, console: str, chromium: Browser, scripts: bool
) -> None:
    cycle = await company.launch(f"amend-{scripts}".lower())
    async with at_pages(chromium, company, console, HR, scripts=scripts) as hr:
        await hr.open(f"/cycles/{cycle}/steer")
        await hr.press("ルールの変更")
        await hr.press("今のルールと比べる")
        await hr.sees("今のルールとの違いはありません。")
        text = await hr.page.locator("#text").input_value()
        await hr.page.locator("#text").fill(text.replace("owners_begin_goals = false", "owners_begin_goals = 3"))
        await hr.press("今のルールと比べる")
        await expect(hr.page.get_by_role("alert")).to_contain_text("owners_begin_goals")
        await hr.picture("amend-refused")
        await hr.page.locator("#text").fill(text.replace("owners_begin_goals = false", "owners_begin_goals = true"))
        await hr.press("今のルールと比べる")
        await hr.sees("変わるルール")
        await hr.picture("amend-compare")
        await hr.press("ルールの変更を指示")
        await expect(hr.page.locator("#reason-error")).to_be_visible()
        if scripts:
            assert await hr.complaints() == []
        assert not (await company.goal(cycle, MORI)).policy.owners_begin_goals
        await hr.type("理由", "途中の追加を認めるため")
        await hr.press("ルールの変更を指示")
        await expect(hr.page.locator("main .state.active")).to_be_visible()
        assert (await company.goal(cycle, MORI)).policy.owners_begin_goals
        await hr.open(f"/cycles/{cycle}/amend")
        await hr.sees("開始後に変更されています")
        file = (cycle_file(cycle).replace("starts = 2026-11-24", f"starts = {today()}")).encode()
        await hr.page.locator("#file").set_input_files({"name": "c.toml", "mimeType": "text/plain", "buffer": file})
        await hr.press("今のルールと比べる")
        await expect(hr.page.locator("h1")).to_contain_text("ルールの変更")


async def test_who_is_not_hr_is_refused(company: Steered, cycle: CycleId, console: str, chromium: Browser) -> None:
    async with at_pages(chromium, company, console, ONO) as owner:
        for page in ("calibration", "results", "amend"):
            await owner.open(f"/cycles/{cycle}/{page}", 403)
