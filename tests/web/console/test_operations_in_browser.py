"""The pages of system administrators and HR: health, notices, receivers of events, roles, accounts of programs, how people sign in."""

import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect
from sqlalchemy import insert, update
from temporalio.client import Client

from channels.hook_secrets import HookKey
from domain.messages import message
from domain.refusals import Refusal
from domain.roles import CompanyRole
from domain.values import CycleId
from service.connection import Unreachable
from service.health import read_health
from service.hooks import Hooks
from service.programs import Programs
from service.roles import Roles
from service.tokens import ApiTokens
from settings import Settings
from storage.tables import HookEventRow, OutboxRow
from tests.callers import OPERATOR, by
from tests.service.steered import HARA, HR, MANAGER, MORI, ONO, TOP, Steered
from tests.web.browser import at_pages, needs_browser
from tests.web.people import session_of, temporal_of
from web.opened import Temporal
from web.serving import listen, serving

Locale = Literal["ja", "en"]
pytestmark = [pytest.mark.slow, needs_browser]
KEY = base64.b64encode(b"k" * 32).decode()
CYCLE = CycleId("operated")


@pytest_asyncio.fixture(scope="module", autouse=True)
async def cycle(company: Steered) -> CycleId:
    """A cycle with a notice that was given up, and its administrator."""
    await Roles(company.engine).give(OPERATOR, TOP, CompanyRole.SYSTEM)
    return await company.launch(CYCLE)


@pytest_asyncio.fixture(scope="module")
async def operated(company: Steered) -> AsyncIterator[str]:
    """The address of pages of a server with passkeys and a key for receivers."""
    settings = Settings(web_rate=0, hook_key=KEY, passkeys=True)
    listener = listen("127.0.0.1:0")
    async with serving(settings, company.engine, temporal_of(company), listener, is_embedded=True) as url:
        yield url


async def _given_up(company: Steered) -> None:
    async with company.engine.begin() as connection:
        await connection.execute(
            insert(OutboxRow),
            {
                "key": f"test:{datetime.now(UTC).isoformat()}",
                "recipient_id": MORI,
                "cycle_id": CYCLE,
                "goal_id": f"{CYCLE}/{MORI}/1",
                "kind": "reminder",
                "facts": {},
                "due_at": datetime.now(UTC),
            },
        )
        which = (OutboxRow.recipient_id == MORI) & OutboxRow.key.startswith("test:")
        await connection.execute(update(OutboxRow).where(which).values(gave_up_at=datetime.now(UTC), error="smtp_550"))


@pytest.mark.parametrize(("locale", "width"), [("ja", 390), ("en", 390), ("ja", 1024), ("en", 1024)])
async def test_pages_have_nothing_that_axe_finds(
    company: Steered, operated: str, chromium: Browser, locale: Locale, width: int
) -> None:
    now, name = datetime.now(UTC), f"sync-{locale}-{width}"
    made = await Hooks(company.engine, HookKey(KEY)).make(
        by(TOP), {"url": f"https://example.com/{name}", "kinds": ["approved", "closed"]}, now
    )
    async with company.engine.begin() as connection:
        failed = {"receiver_id": made.hook, "goal_id": f"{CYCLE}/{MORI}/1", "seq": 1, "error": "hook_500"}
        await connection.execute(insert(HookEventRow), failed | {"gave_up_at": now, "attempts": 12})
    await _given_up(company)
    await Programs(company.engine).make(by(TOP), {"name": name, "purpose": "名簿の取り込み", "owner": MANAGER}, now)
    await Programs(company.engine).make_token(by(TOP), name, {"label": "夜間の取り込み"}, now)
    async with at_pages(chromium, company, operated, TOP, locale=locale, width=width) as top:
        for page, path in (
            ("operations", "/operations"),
            ("hooks", "/operations/hooks"),
            ("hook", f"/operations/hooks/{made.hook}"),
            ("hook-final", f"/operations/hooks/{made.hook}/delete"),
            ("roles", "/operations/roles"),
            ("accounts", "/operations/accounts"),
            ("account", f"/operations/accounts/{name}"),
            ("people", "/operations/people"),
            ("person", f"/operations/people/{MORI}"),
        ):
            await top.open(path)
            await top.picture(f"{page}-{locale}-{width}")
            assert await top.complaints() == [], path
        await top.open("/operations/people?person=E404", 404)
        assert await top.complaints() == []
        await top.open("/operations/hooks")
        await top.page.locator("#hook-url").fill("ftp://x")
        await top.page.locator("main form button").click()
        await expect(top.page.get_by_role("alert")).to_be_visible()
        assert "`" not in await top.page.locator("main").inner_text()
        assert await top.complaints() == []
    async with at_pages(chromium, company, operated, HR, locale=locale, width=width) as hr:
        for page, path in (("notices", ""), ("resend", f"/resend?cycle={CYCLE}")):
            await hr.open(f"/operations/notices{path}")
            await hr.picture(f"{page}-{locale}-{width}")
            assert await hr.complaints() == [], path


async def test_the_frame_leads_nobody_to_a_page_that_refuses_them(
    company: Steered, operated: str, chromium: Browser
) -> None:
    """And whom it does not lead there is refused, but for lists that everybody may see."""
    private = ("", "/notices", "/hooks", "/people", f"/people/{MORI}")
    for employee in (MORI, HR, TOP):
        async with at_pages(chromium, company, operated, employee) as somebody:
            await somebody.open("/")
            links = await somebody.page.locator("nav.rooms a").evaluate_all(
                "all => all.map(one => one.getAttribute('href'))"
            )
            for path in links:
                await somebody.open(path)
            led = [one for one in private if f"/operations{one}" in links]
            assert len(led) == {MORI: 0, HR: 1, TOP: 3}[employee]
            for one in private:
                if one not in led and not (employee == TOP and one == f"/people/{MORI}"):
                    await somebody.open(f"/operations{one}", 403)
                    assert await somebody.complaints() == []


WORDS = {
    "ja": ("登録", "一時停止", "再開", "署名鍵の更新", "鍵を更新", "送信先を削除", "削除", "保管したので戻る"),
    "en": ("Make", "Pause", "Go on", "New secret", "Make a new secret", "Delete the receiver", "Delete", "I have kept it: go back"),
}  # fmt: skip


@pytest.mark.parametrize(("scripts", "locale"), [(True, "ja"), (False, "en")])
async def test_an_administrator_makes_pauses_rotates_and_deletes_a_receiver(
    company: Steered, operated: str, chromium: Browser, scripts: bool, locale: Locale
) -> None:
    make, pause, go_on, rotate, rotate_do, delete, delete_do, kept = WORDS[locale]
    hooks, url = Hooks(company.engine, HookKey(KEY)), f"https://example.com/{locale}"

    async def found() -> list[tuple[str, int]]:
        listed = (await hooks.list_hooks(by(TOP))).hooks
        return [(one.state, one.generation) for one in listed if one.url == url]

    async with at_pages(chromium, company, operated, TOP, locale=locale, scripts=scripts) as top:
        await top.open("/operations/hooks")
        await top.page.locator("#hook-url").fill(url)
        await top.press(make)
        secret = await top.page.locator(".secret").inner_text()
        assert secret.startswith("whsec_")
        assert secret not in top.page.url
        await top.press(kept)
        assert secret not in await top.page.content()
        await top.press(pause)
        assert await found() == [("paused", 1)]
        await top.press(go_on)
        await top.page.locator("summary", has_text=rotate).click()
        await top.press(rotate_do)
        assert await top.page.locator(".secret").inner_text() != secret
        await top.press(kept)
        assert await found() == [("active", 2)]
        await top.press(delete)
        await top.press(delete_do)
        await expect(top.page).to_have_url(f"{operated}/operations/hooks")
    assert await found() == []


async def test_an_administrator_gives_and_ends_a_role_and_makes_an_account(
    company: Steered, operated: str, chromium: Browser
) -> None:
    async def holders() -> set[str]:
        return {one.employee for one in (await Roles(company.engine).list_holders(by(TOP), CompanyRole.AUDITOR)).roles}

    async with at_pages(chromium, company, operated, TOP, locale="en") as top:
        await top.open("/operations/roles")
        await top.page.locator("#role-employee").fill("E404")
        await top.press("Give")
        await expect(top.page.get_by_role("alert")).to_be_visible()
        await top.page.locator("#role-employee").fill(ONO)
        await top.page.get_by_label("auditor").check()
        await top.press("Give")
        await expect(top.page.get_by_role("status")).to_be_visible()
        assert await holders() == {ONO}
        await top.page.locator(f"a[href='/operations/roles/{ONO}/auditor/end']").click()
        await top.press("End the role")
        assert await holders() == set()
        await top.open("/operations/accounts")
        await top.page.locator("#account-name").fill("Not A Name")
        await top.press("Make")
        await expect(top.page.locator("#account-name")).to_have_attribute("aria-invalid", "true")
        said = await top.page.get_by_role("alert").inner_text()
        assert said.count("give at least 1 characters") == 2, "each error is said once, by the name of its field"
        assert "purpose:" not in said
        await top.page.locator("#account-name").fill("walked")
        await top.page.locator("#account-purpose").fill("imports people")
        await top.page.locator("#account-owner").fill(MANAGER)
        await top.press("Make")
        await top.page.locator("summary", has_text="New token").click()
        await top.page.get_by_label("What it is for").fill("nightly")
        await top.press("Make")
        assert (await top.page.locator(".secret").inner_text()).startswith("meguri_")
        await top.press("I have kept it: go back")
        await top.press("End the account")
        await top.sees("1 token in force")
        await top.press("End the account")
        await expect(top.page.locator("a[href$='/end']")).to_have_count(0)
    (account,) = [
        one for one in (await Programs(company.engine).list_programs(by(TOP))).programs if one.name == "walked"
    ]
    assert account.ended_at


async def test_somebody_who_lost_a_device_is_signed_out_and_invited_again(
    company: Steered, operated: str, chromium: Browser
) -> None:
    await session_of(company, HARA)
    made = await ApiTokens(company.engine).make(by(HARA), {"label": "lost"}, datetime.now(UTC))
    async with at_pages(chromium, company, operated, TOP, locale="en", scripts=False) as top:
        await top.open("/operations/people")
        await top.page.locator("#person").fill(HARA)
        await top.press("Open")
        await top.press("Sign out everywhere")
        await top.sees("Sessions ended: 1")
        await top.page.locator(f"a[href='/operations/people/{HARA}/token/{made.token}/end']").click()
        await top.press("End the token")
        await top.press("Make a link to add a passkey")
        link = await top.page.locator(".secret").inner_text()
        assert "/sign-in/passkey#meguri_" in link
        assert link.partition("#")[2] not in top.page.url
    (left,) = (await ApiTokens(company.engine).list_tokens(by(HARA), datetime.now(UTC), own=True)).tokens
    assert not left.usable


async def test_hr_sends_again_what_was_given_up(company: Steered, operated: str, chromium: Browser) -> None:
    await _given_up(company)
    async with at_pages(chromium, company, operated, HR, locale="en") as hr:
        await hr.open(f"/operations/notices?cycle={CYCLE}")
        await hr.sees("smtp_550")
        await hr.press("Send again what was given up")
        await hr.press("Send again")
        await expect(hr.page.get_by_role("status")).to_contain_text("Sent again")
        await hr.sees("Every notice got through.")


async def test_health_tells_of_workers_and_of_a_temporal_that_is_away(company: Steered, chromium: Browser) -> None:
    async def connected() -> Client:
        return company.client

    async def away() -> Client:
        raise Unreachable("Temporal", "nowhere", message("error.no_temporal"))

    found = await read_health(company.engine, connected, by(TOP))
    assert found.temporal.answers
    assert [one.queue for one in found.temporal.queues] == ["goals", "bulk", "delivery"]
    with pytest.raises(Refusal):
        await read_health(company.engine, connected, by(MORI))
    settings = Settings(web_rate=0)
    async with (
        serving(settings, company.engine, Temporal(away), listen("127.0.0.1:0")) as url,
        at_pages(chromium, company, url, TOP, locale="en") as top,
    ):
        await top.open("/operations")
        await top.sees("does not answer")
        assert await top.complaints() == []
