"""Auditors at the pages: each look is recorded before anything is shown, the proof is in words, and nobody else sees them."""

from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect
from sqlalchemy import text

from domain.goal.commands import Approve, Submit
from domain.journal import Entry, Log
from domain.roles import CompanyRole
from domain.values import CycleId, GoalId
from service.roles import Roles
from storage import journal
from storage.database import read_transaction
from tests.callers import OPERATOR
from tests.service.steered import HARA, HR, MANAGER, MORI, ONO, SALES, Steered
from tests.web.browser import at_pages, needs_browser
from web.console.forms import fresh_id

Locale = Literal["ja", "en"]
pytestmark = [pytest.mark.slow, needs_browser]
CYCLE = CycleId("audited")
GOAL = GoalId(f"{CYCLE}/{MORI}/1")


@pytest_asyncio.fixture(scope="module", autouse=True)
async def cycle(company: Steered) -> CycleId:
    """A cycle with a goal that was approved, and an auditor."""
    await Roles(company.engine).give(OPERATOR, SALES, CompanyRole.AUDITOR)
    launched = await company.launch(CYCLE)
    await company.goals.give(GOAL, Submit(actor=MORI), fresh_id())
    goal = await company.goals.require(GOAL)
    await company.goals.give(GOAL, Approve(actor=MANAGER, expected_seq=goal.seq, comment="よい目標です"), fresh_id())
    return launched


async def looks(company: Steered) -> list[Entry]:
    async with read_transaction(company.engine) as connection:
        assert await journal.first_break(connection, Log.LOOKS) is None
        return await journal.entries_of(connection, Log.LOOKS)


@pytest.mark.parametrize(("locale", "width"), [("ja", 390), ("en", 390), ("ja", 1024), ("en", 1024)])
async def test_pages_have_nothing_that_axe_finds(
    company: Steered, console: str, chromium: Browser, locale: Locale, width: int
) -> None:
    async with at_pages(chromium, company, console, SALES, locale=locale, width=width) as auditor:
        for page, path in (
            ("audit", "/audit"),
            ("audit-found", f"/audit?cycle={CYCLE}"),
            ("ledger", f"/audit/goals/{GOAL}"),
            ("then", f"/audit/goals/{GOAL}/at/2"),
            ("journal", "/audit/journal"),
            ("journal-all", "/audit/journal?log="),
            ("journal-none", "/audit/journal?log=hearings"),
        ):
            await auditor.open(path)
            await auditor.picture(f"{page}-{locale}-{width}")
            assert len(await auditor.page.content()) < 150_000
            assert await auditor.complaints() == [], path
        await auditor.open("/audit?owner=E404", 404)
        assert await auditor.complaints() == []


async def test_each_look_of_an_auditor_is_recorded_with_what_was_looked_at(
    company: Steered, console: str, chromium: Browser
) -> None:
    before = len(await looks(company))
    async with at_pages(chromium, company, console, SALES) as auditor:
        await auditor.open("/audit")
        await auditor.page.locator("#goal").fill(GOAL)
        await auditor.page.locator("main form button").click()
        await auditor.page.locator(f"a[href='/audit/goals/{GOAL}/at/2']").first.click()
        await auditor.sees("月次決算の早期化")
    found = (await looks(company))[before:]
    assert {(one.kind, one.actor) for one in found} == {("looked", SALES)}
    assert [one.body["what"] for one in found] == [
        "/audit", "/audit", "/audit/goals/{cycle}/{owner}/{number}", "/audit/goals/{cycle}/{owner}/{number}/at/{seq}",
    ]  # fmt: skip
    assert (found[2].body["owner"], "session" in found[2].body, "token" in found[2].body) == (MORI, True, False)
    assert GOAL not in str(found[1].body)
    assert MORI in str(found[1].texts)


async def test_on_other_pages_the_auditor_is_what_they_are_and_leaves_no_entry(
    company: Steered, console: str, chromium: Browser
) -> None:
    before = len(await looks(company))
    async with at_pages(chromium, company, console, SALES) as auditor:
        await auditor.open(f"/goals/{GOAL}", 403)
    assert len(await looks(company)) == before


async def test_nobody_without_the_role_sees_the_pages_or_is_led_there(
    company: Steered, console: str, chromium: Browser
) -> None:
    before = len(await looks(company))
    for employee in (HR, MANAGER, HARA):
        async with at_pages(chromium, company, console, employee) as somebody:
            await somebody.open("/")
            await expect(somebody.page.locator("nav a[href^='/audit']")).to_have_count(0)
            for path in ("/audit", f"/audit/goals/{GOAL}", f"/audit/goals/{GOAL}/at/1", "/audit/journal"):
                await somebody.open(path, 403)
                assert "月次決算" not in await somebody.page.content()
            assert await somebody.complaints() == []
    assert len(await looks(company)) == before


async def test_a_ledger_that_was_altered_is_called_so_in_words(
    company: Steered, console: str, chromium: Browser
) -> None:
    altered = GoalId(f"{CYCLE}/{ONO}/1")
    await company.goals.give(altered, Submit(actor=ONO), fresh_id())
    change = text("UPDATE goal_event SET actor = 'E21' WHERE goal_id = :goal AND seq = 2")
    async with company.engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(change, {"goal": altered})
    for locale, word in (("ja", "不整合"), ("en", "Not proven")):
        async with at_pages(chromium, company, console, SALES, locale=locale, width=390) as auditor:  # type: ignore[arg-type]
            await auditor.open(f"/audit/goals/{altered}")
            await expect(auditor.page.get_by_role("alert")).to_contain_text(word)
            await auditor.picture(f"ledger-broken-{locale}")
            assert await auditor.complaints() == []
            await auditor.open(f"/audit/goals/{altered}/at/2", 404)
