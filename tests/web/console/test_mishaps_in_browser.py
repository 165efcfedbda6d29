"""What goes wrong in an office: two people at once, an old page, a session that ends, no worker, a lost connection.

Nothing that was typed is lost, and nobody is told of what did not happen.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Route, expect

from channels.channel import NullChannel
from domain.goal.commands import Comment, Recall, Submit
from domain.values import CycleId, EmployeeId, GoalId
from service import goal_updates
from service.sign_in import SessionLimits, SignIn
from settings import Settings
from storage.database import open_database
from tests.acceptance.scene import quiet_settings
from tests.callers import by
from tests.servers import Postgres, running_temporal
from tests.service.steered import HARA, MANAGER, MORI, ONO, Steered, steered
from tests.web.browser import AtPages, at_pages, needs_browser
from tests.web.people import session_of, temporal_of
from web.console.forms import fresh_id
from web.serving import listen
from web.serving import serving as serving_pages
from worker import Role
from worker import serving as serving_work

pytestmark = [pytest.mark.slow, needs_browser]
_COMMENT = "目標値の根拠に前四半期の実績を足してください"


async def _submitted(company: Steered, cycle: str, *owners: EmployeeId) -> CycleId:
    launched = await company.launch(cycle)
    for owner in owners or (MORI,):
        await company.goals.give(GoalId(f"{cycle}/{owner}/1"), Submit(actor=owner), fresh_id())
    return launched


async def _kinds(company: Steered, cycle: str, owner: EmployeeId = MORI) -> list[str]:
    return [kind for kind, _, _ in await company.entries(CycleId(cycle), owner)]


async def _writes_return(approver: AtPages, cycle: str) -> None:
    """Opens the form to return the goal, and fills it in."""
    await approver.open(f"/goals/{cycle}/{MORI}/1")
    await approver.page.locator("summary").get_by_text("差し戻す", exact=True).click()
    await approver.type("直してほしい点", _COMMENT)


async def _returns(approver: AtPages) -> None:
    await approver.page.get_by_role("button", name="差し戻す").filter(visible=True).click()


async def test_of_two_decisions_at_the_same_moment_one_counts_and_the_other_person_learns_of_it(
    company: Steered, console: str, chromium: Browser
) -> None:
    cycle = await _submitted(company, "at-once")
    async with (
        at_pages(chromium, company, console, MANAGER) as one,
        at_pages(chromium, company, console, MANAGER) as two,
    ):
        await _writes_return(one, cycle)
        await two.open(f"/goals/{cycle}/{MORI}/1")
        await asyncio.gather(_returns(one), two.press("承認"))
        await expect(one.page.get_by_role("status").or_(one.page.get_by_role("alert")).first).to_be_visible()
        await expect(two.page.get_by_role("status").or_(two.page.get_by_role("alert")).first).to_be_visible()
        refused = [await who.page.get_by_role("alert").count() for who in (one, two)]
        kinds = await _kinds(company, cycle)
        decided = {"returned", "approved", "stage_approved"} & set(kinds)
        assert len(decided) == 1
        assert refused == ([0, 1] if decided == {"returned"} else [1, 0])
        if refused[0]:
            await one.sees(_COMMENT)  # what was typed is still there


async def test_a_decision_on_an_old_page_is_not_made_and_its_text_is_kept(
    company: Steered, console: str, chromium: Browser
) -> None:
    cycle = await _submitted(company, "old-page")
    async with at_pages(chromium, company, console, MANAGER, scripts=False) as approver:
        await _writes_return(approver, cycle)
        goal = GoalId(f"{cycle}/{MORI}/1")
        await company.goals.give(goal, Recall(actor=MORI), fresh_id())
        await company.goals.give(goal, Submit(actor=MORI), fresh_id())
        await _returns(approver)
        await expect(approver.page.get_by_role("alert")).to_contain_text("変わ")
        await expect(approver.page.get_by_label("直してほしい点")).to_have_value(_COMMENT)
        assert "returned" not in await _kinds(company, cycle)
        await _returns(approver)  # the page shows the goal as it is, so this is about that
        await approver.sees("記録しました: 差し戻し")
        assert (await company.entries(cycle, MORI))[-1] == ("returned", MANAGER, _COMMENT)


async def test_a_comment_of_somebody_else_does_not_disturb_who_is_typing(
    company: Steered, console: str, chromium: Browser
) -> None:
    cycle = await _submitted(company, "typing-beside")
    async with at_pages(chromium, company, console, MANAGER) as approver:
        await _writes_return(approver, cycle)
        await company.goals.give(GoalId(f"{cycle}/{MORI}/1"), Comment(actor=MORI, text="補足です"), fresh_id())
        await _returns(approver)
        await approver.sees("記録しました: 差し戻し")


@pytest.mark.parametrize("scripts", [True, False])
async def test_when_the_session_ends_while_somebody_types_the_text_waits_for_the_next_sign_in(
    company: Steered, console: str, chromium: Browser, scripts: bool
) -> None:
    cycle = await _submitted(company, f"signed-out-{scripts}".lower())
    async with at_pages(chromium, company, console, MANAGER, scripts=scripts) as approver:
        await _writes_return(approver, cycle)
        limits = SessionLimits(timedelta(hours=1), timedelta(hours=1))
        await SignIn(company.engine, limits).leave_everywhere(by(MANAGER), datetime.now(UTC))
        await _returns(approver)
        await approver.sees(_COMMENT)
        assert "returned" not in await _kinds(company, cycle)
        name, _, value = (await session_of(company, MANAGER))["Cookie"].partition("=")
        await approver.page.context.add_cookies([{"name": name, "value": value, "url": console}])
        await approver.press("もう一度送る")
        await approver.sees("記録しました: 差し戻し")
    assert (await company.entries(cycle, MORI))[-1] == ("returned", MANAGER, _COMMENT)


async def test_a_text_that_was_typed_and_not_sent_is_there_after_a_reload(
    company: Steered, console: str, chromium: Browser
) -> None:
    cycle = await _submitted(company, "reload")
    async with at_pages(chromium, company, console, MANAGER) as approver:
        await _writes_return(approver, cycle)
        await approver.page.reload()
        await expect(approver.page.get_by_label("直してほしい点")).to_have_value(_COMMENT)
        await _returns(approver)
        await approver.sees("記録しました: 差し戻し")
        await company.goals.give(GoalId(f"{cycle}/{MORI}/1"), Submit(actor=MORI), fresh_id())
        await approver.open(f"/goals/{cycle}/{MORI}/1")
        await approver.page.locator("summary").get_by_text("差し戻す", exact=True).click()
        await expect(approver.page.get_by_label("直してほしい点")).to_have_value("")  # it was sent


async def test_when_the_answer_to_a_bulk_approval_is_lost_a_second_try_tells_what_had_been_done(
    company: Steered, console: str, chromium: Browser
) -> None:
    cycle = await _submitted(company, "lost-answer", MORI, HARA, ONO)
    chosen = "&".join(f"goal={cycle}/{one}/1@2@" for one in (MORI, HARA, ONO))
    async with at_pages(chromium, company, console, MANAGER) as approver:
        await approver.open(f"/approvals?{chosen}")

        async def carried_out_and_lost(route: Route) -> None:
            headers = {**route.request.headers, "sec-fetch-site": "same-origin"}  # as the browser sends it
            answer = await route.fetch(headers=headers)
            assert answer.ok
            await route.abort()

        await approver.page.route("**/approvals", carried_out_and_lost)
        await approver.page.locator("main button").click()
        await approver.page.wait_for_url("chrome-error://**")
        await approver.page.unroute("**/approvals")
        await approver.page.go_back()
        await approver.open(f"/approvals?{chosen}")
        await approver.sees("承認を待っているものはありません。")
        await expect(approver.page.get_by_role("checkbox")).to_have_count(0)
    for owner in (MORI, HARA, ONO):
        assert len([one for one in await _kinds(company, cycle, owner) if "approved" in one]) == 1


@pytest_asyncio.fixture
async def without_worker(
    postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Steered, Path, str]]:
    """A company in which a goal waits for its approval, and whose worker has stopped."""
    var = tmp_path_factory.mktemp("var")
    async with postgres.migrated_database() as url, running_temporal() as environment:
        engine = open_database(url)
        async with steered(engine, url, environment.client, var) as company:
            await _submitted(company, "stopped")
        yield Steered(engine, environment.client), var, url
        await engine.dispose()


async def test_without_a_worker_nobody_is_told_that_it_was_done_and_the_same_may_be_sent_again(
    without_worker: tuple[Steered, Path, str], chromium: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    company, var, database = without_worker
    monkeypatch.setattr(goal_updates, "ANSWER_SECONDS", 2.0)
    listener = listen("127.0.0.1:0")
    pages = serving_pages(Settings(web_rate=0), company.engine, temporal_of(company), listener)
    async with pages as url, at_pages(chromium, company, url, MANAGER) as approver:
        await _writes_return(approver, "stopped")
        await _returns(approver)
        await expect(approver.page.get_by_role("alert")).to_be_visible()
        await expect(approver.page.get_by_label("直してほしい点")).to_have_value(_COMMENT)
        assert await _kinds(company, "stopped") == ["submitted"]
        monkeypatch.setattr(goal_updates, "ANSWER_SECONDS", 30.0)
        async with serving_work(quiet_settings(database, var), Role.ALL, company.client, company.engine, NullChannel()):
            await _returns(approver)
            await approver.sees("記録しました: 差し戻し")
    assert await _kinds(company, "stopped") == ["submitted", "returned"]
