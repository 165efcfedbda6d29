"""A file of people: compared with the directory, mended, and applied once, as it was compared."""

import secrets
from datetime import UTC, datetime
from typing import Literal

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, FilePayload, expect

from domain.roles import CompanyRole
from domain.values import CycleId, EmployeeId
from service.people import People
from service.roles import Roles
from tests.callers import OPERATOR, by
from tests.cycle_dates import moved_to
from tests.service.steered import HARA, HR, HR_TOO, MANAGER, MORI, ONO, SALES, TOP, Steered, cycle_file, in_days, today
from tests.web.browser import AtPages, at_pages, needs_browser
from tests.web.people import session_of

Locale = Literal["ja", "en"]
pytestmark = [pytest.mark.slow, needs_browser]
HEADER = "社員番号,氏名,部署,上長,在籍"


def _upload(*rows: str, header: str = HEADER) -> FilePayload:
    return {"name": "people.csv", "mimeType": "text/csv", "buffer": "\n".join((header, *rows, "")).encode()}


def _joiner(number: str) -> str:
    """Nobody else has the name: people of one name with other numbers would be asked about."""
    return f"{number},新人 {number},経理部,{MANAGER},はい"


@pytest_asyncio.fixture(scope="module")
async def running(company: Steered) -> CycleId:
    return await company.launch("synced")


async def _compare(hr: AtPages, file: FilePayload) -> None:
    await hr.open("/sync")
    await hr.page.set_input_files("#upload", file)
    await hr.page.locator("main form button").first.click()
    await expect(hr.page.locator(".crumbs")).to_be_visible()


@pytest.mark.parametrize(("locale", "width"), [("ja", 390), ("en", 390), ("ja", 1024), ("en", 1600)])
async def test_pages_have_nothing_that_axe_finds(  # noqa: PLR0917 - fixtures and parameters
    company: Steered, running: CycleId, console: str, chromium: Browser, locale: Locale, width: int
) -> None:
    async with at_pages(chromium, company, console, HR, locale=locale, width=width) as hr:
        await hr.open("/sync")
        await hr.picture(f"sync-{locale}-{width}")
        assert await hr.complaints() == []
        await hr.page.locator("main form button").first.click()  # without a file
        await expect(hr.page.get_by_role("alert")).to_be_visible()
        assert await hr.complaints() == []
        moved = f"{HARA},原田 修,人事部,{HR},はい"
        await _compare(hr, _upload(moved, _joiner("N7"), f"{ONO},大野 あかり,経理部,{MANAGER},いいえ"))
        await hr.picture(f"sync-compared-{locale}-{width}")
        assert await hr.complaints() == []
        await _compare(hr, _upload("x,誰か,,E404,はい", "x,誰か,経理部,E404,たぶん"))
        await hr.picture(f"sync-wrong-{locale}-{width}")
        assert await hr.complaints() == []
        await _compare(hr, _upload("N1,新人,経理部,E1", header="社員番号,呼び名,部署,上長"))
        await hr.picture(f"sync-columns-{locale}-{width}")
        assert await hr.complaints() == []


WORDS = {
    "ja": ("この内容で反映", "理由を 1,000 字以内で書いてください。", "入社 1 名"),
    "en": ("Apply these changes", "Give a reason of at most 1,000 characters.", "Joiners 1 person"),
}


@pytest.mark.parametrize(("scripts", "locale"), [(True, "ja"), (False, "en")])
async def test_what_was_compared_is_applied_once(  # noqa: PLR0917 - fixtures and parameters
    company: Steered, running: CycleId, console: str, chromium: Browser, scripts: bool, locale: Locale
) -> None:
    apply, no_reason, joiner = WORDS[locale]
    number = f"N-{locale}"
    async with at_pages(chromium, company, console, HR, locale=locale, scripts=scripts) as hr:
        await _compare(hr, _upload(_joiner(number)))
        await hr.sees(joiner)
        sent = await hr.page.locator("input[name=command_id]").get_attribute("value")
        await hr.page.locator("#reason").fill("")
        await hr.press(apply)
        await expect(hr.page.locator("#reason-error")).to_have_text(no_reason)
        assert await hr.page.locator("input[name=command_id]").get_attribute("value") == sent
        await hr.page.locator("#reason").fill("四月の入社")
        fields = await _fields(hr)
        await hr.press(apply)
        await expect(hr.page).to_have_url(f"{console}/instructions/sync-{sent}")
        await company.done(f"sync-{sent}")
        assert await _name(company, number) == f"新人 {number}"
        again = await _sent_again(company, console, fields)
        assert (again.status_code, again.headers["location"]) == (303, f"/instructions/sync-{sent}")
        await hr.open("/sync")
        await hr.sees("四月の入社")
        if scripts:
            await hr.picture("sync-history")
            assert await hr.complaints() == []
    assert (
        len([one for one in await company.instructions.latest() if one.kind == "sync" and one.id == f"sync-{sent}"])
        == 1
    )


async def test_another_directory_than_the_one_that_was_compared_is_shown_again(
    company: Steered, running: CycleId, console: str, chromium: Browser
) -> None:
    async with at_pages(chromium, company, console, HR) as hr, at_pages(chromium, company, console, HR) as other:
        await _compare(hr, _upload(_joiner("N-one")))
        await _compare(other, _upload(_joiner("N-two")))
        await other.press("この内容で反映")
        await expect(other.page).to_have_url(f"{console}/instructions/{await _latest(company)}")
        await company.done(await _latest(company))
        await hr.press("この内容で反映")
        await expect(hr.page.get_by_role("alert")).to_contain_text("変わっています")
        await hr.press("この内容で反映")  # now the page shows the directory as it is
        await company.done(await _latest(company))
    assert await _name(company, "N-one") == "新人 N-one"


async def _fields(hr: AtPages) -> dict[str, str]:
    """The form to apply, as a browser sends it."""
    found: dict[str, str] = {"reason": await hr.page.locator("#reason").input_value()}
    for one in await hr.page.locator("form[action='/sync/apply'] input[type=hidden]").all():
        found[await one.get_attribute("name") or ""] = await one.get_attribute("value") or ""
    return found


async def _sent_again(company: Steered, console: str, fields: dict[str, str]) -> httpx.Response:
    """The same form once more, as by a browser whose connection broke."""
    async with httpx.AsyncClient(base_url=console, headers=await session_of(company, HR)) as client:
        return await client.post("/sync/apply", data=fields)


async def _name(company: Steered, number: str) -> str:
    return (await People(company.engine).person(by(HR), EmployeeId(number))).employee.name


async def _latest(company: Steered) -> str:
    return (await company.instructions.latest())[0].id


async def test_a_header_that_is_not_recognised_is_chosen_on_the_page(
    company: Steered, running: CycleId, console: str, chromium: Browser
) -> None:
    async with at_pages(chromium, company, console, HR) as hr:
        await _compare(hr, _upload(_joiner("N-name"), header="社員番号,呼び名,部署,上長,在籍"))
        await hr.page.get_by_label("呼び名").select_option("name")
        await hr.page.locator("main form").last.locator("button").click()
        await hr.sees("新人 N-name")
        await hr.press("この内容で反映")
        await company.done(await _latest(company))
    assert await _name(company, "N-name") == "新人 N-name"


async def test_a_large_file_is_chosen_again_before_it_is_applied(
    company: Steered, running: CycleId, console: str, chromium: Browser
) -> None:
    """It is too large for a field of the form; nobody could say what is applied if another file were taken."""
    notes = [secrets.token_hex(50_000) for _ in range(8)]
    header = ",".join((HEADER, *(f"備考{n}" for n in range(8))))
    large, other = (_upload(",".join((_joiner(one), *notes)), header=header) for one in ("N-large", "N-other"))
    async with at_pages(chromium, company, console, HR) as hr:
        await _compare(hr, large)
        form = hr.page.locator("form[action='/sync/apply']")
        await form.get_by_role("button", name="この内容で反映").click()
        await hr.sees("もう一度選んでください")
        await _compare(hr, large)
        await form.locator("input[type=file]").set_input_files(other)
        await hr.press("この内容で反映")
        await expect(hr.page.get_by_role("alert")).to_contain_text("変わっています")
        await _compare(hr, large)
        await form.locator("input[type=file]").set_input_files(large)
        await hr.press("この内容で反映")
        await hr.page.wait_for_url("**/instructions/*")
        await company.done(await _latest(company))
    assert await _name(company, "N-large") == "新人 N-large"


async def test_leaving_of_many_needs_its_own_confirmation(
    company: Steered, running: CycleId, console: str, chromium: Browser
) -> None:
    before = await _latest(company)
    async with at_pages(chromium, company, console, HR) as hr:
        await hr.open("/sync")
        await hr.page.set_input_files(
            "#upload", _upload(f"{TOP},社長 一,経営,,はい", f"{HR},西村 直美,人事部,{TOP},はい")
        )
        await hr.page.get_by_label("ファイルにいない社員は退職とする").check()
        await hr.press("名簿と比べる")
        await hr.press("この内容で反映")
        await expect(hr.page.locator("#many_leave-error")).to_be_visible()
        await hr.picture("sync-many")
        assert await hr.complaints() == []
    assert await _latest(company) == before


async def test_nobody_else_sees_the_page(company: Steered, running: CycleId, console: str, chromium: Browser) -> None:
    async with at_pages(chromium, company, console, MORI) as owner:
        await owner.open("/")
        await expect(owner.page.locator(".rooms a[href='/sync']")).to_have_count(0)
        await owner.open("/sync", 403)
        await owner.sees(HR)


async def test_an_administrator_of_the_directory_sees_it_and_hr_of_some_cycles_only_does_not(
    company: Steered, running: CycleId, console: str, chromium: Browser
) -> None:
    await Roles(company.engine).give(OPERATOR, SALES, CompanyRole.DIRECTORY)
    other = cycle_file("of-others").replace(f'hr = ["{HR}", "{HR_TOO}"]', f'hr = ["{TOP}"]')
    checked = await company.cycles.check(moved_to(in_days(200), other).encode(), today())
    await company.cycles.launch(checked, TOP, datetime.now(UTC))
    link = ".rooms a[href='/sync']"
    try:
        async with at_pages(chromium, company, console, SALES) as administrator:
            await administrator.open("/sync")
            await expect(administrator.page.locator(link)).to_have_count(1)
        async with at_pages(chromium, company, console, HR) as hr:
            await hr.open("/sync", 403)
            await expect(hr.page.locator(link)).to_have_count(0)
    finally:
        await company.set_state_directly(CycleId("of-others"), "closed")
