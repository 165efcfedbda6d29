"""A calendar program reads a person's dates by a secret address: what is in them, who makes and ends the link, and that nothing tells the secret."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
import pytest_asyncio
from icalendar import Calendar
from sqlalchemy import select, update
from structlog.testing import capture_logs

from channels.calendar_feed import calendar_feed
from channels.compose import Links, ListedTask
from channels.lines import Reader
from domain.journal import Log
from domain.people.organisation import DIRECTORY_ZONE
from domain.values import CycleId, EmployeeId, Locale
from service.calendar_links import CalendarLinks
from settings import Settings
from storage import calendar_links, journal
from storage.database import open_database, read_transaction
from storage.tables import CalendarLinkRow, EmployeeRow, JournalRow
from tests.callers import by
from tests.servers import Postgres
from tests.service.steered import HARA, HR, MANAGER, MORI, ONO, Steered
from tests.web.people import session_of, temporal_of, token_of
from web.serving import listen, serving

pytestmark = pytest.mark.slow
CYCLE = CycleId("calendar")
_OWN = "/api/v1/calendar-link"


@pytest_asyncio.fixture(scope="module", autouse=True)
async def cycle(company: Steered) -> CycleId:
    return await company.launch(CYCLE)


async def link_of(company: Steered, person: EmployeeId) -> str:
    """The path of a new link."""
    return (await CalendarLinks(company.engine).make(by(person), datetime.now(UTC))).url


def events(answer: httpx.Response) -> dict[str, Any]:
    """The events of the calendar by id."""
    assert answer.status_code == 200, answer.text
    found = Calendar.from_ical(answer.content)
    assert found.errors == []
    return {str(one["uid"]): one for one in found.walk("VEVENT")}


async def give(company: Steered, web: httpx.AsyncClient, person: EmployeeId, command: str, **body: object) -> None:
    seen = {"If-Match": f'"{(await company.goal(CYCLE, MORI)).seq}"'}
    path = f"/api/v1/goals/{CYCLE}/{MORI}/1/{command}"
    answer = await web.post(path, headers=await token_of(company, person) | seen, json=body)
    assert answer.status_code == 200, answer.text


async def test_the_calendar_has_the_open_tasks_and_the_dates_of_ones_goals(
    company: Steered, web: httpx.AsyncClient
) -> None:
    own, manager = [await link_of(company, one) for one in (MORI, MANAGER)]
    goal = await company.goal(CYCLE, MORI)
    assert goal.task
    answer = await web.get(own)
    draft = events(answer)[f"{CYCLE}/{MORI}/1#draft@meguri"]
    assert (draft["dtend"].dt, draft["dtend"].params["tzid"]) == (goal.due_at, "Asia/Tokyo")
    assert draft["summary"] == "下書きの提出: 目標「月次決算の早期化」"
    assert [str(one["tzid"]) for one in Calendar.from_ical(answer.content).walk("VTIMEZONE")] == ["Asia/Tokyo"]
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["cache-control"] == "private, no-cache"

    await give(company, web, MORI, "submit")
    assert not any(MORI in one for one in events(await web.get(own)))  # nobody has agreed to its dates yet
    approval = events(await web.get(manager))[f"{CYCLE}/{MORI}/1#approval@meguri"]
    assert approval["summary"] == "承認: 森 香織さんの目標「月次決算の早期化」"

    await give(company, web, MANAGER, "approve")
    approved, steps = await company.goal(CYCLE, MORI), events(await web.get(own))
    days = {uid: one["dtstart"].dt for uid, one in steps.items() if type(one["dtstart"].dt) is date}
    expected = {f"{CYCLE}/{MORI}/1#step-1-{n}@meguri": step.due for n, step in enumerate(approved.content.steps, 1)}
    if approved.task:  # the first step is near enough to be the open task, with an hour
        del expected[f"{CYCLE}/{MORI}/1#step-1-1@meguri"]
    assert days == expected
    assert "電子受領を五社で始める" in steps[f"{CYCLE}/{MORI}/1#step-1-2@meguri"]["summary"]
    assert not any(f"/{MORI}/" in one for one in events(await web.get(manager)))


async def test_a_program_that_has_the_calendar_gets_it_again_only_when_it_changed(
    company: Steered, web: httpx.AsyncClient
) -> None:
    link = await link_of(company, HARA)
    tag = (await web.get(link)).headers["etag"]
    for sent in (tag, f'"other", {tag}', tag.removeprefix("W/")):
        same = await web.get(link, headers={"If-None-Match": sent})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    head = await web.head(link)
    assert (head.status_code, head.headers["etag"]) == (200, tag)
    path = f"/api/v1/goals/{CYCLE}/{HARA}/1/comment"
    await web.post(path, headers=await token_of(company, HARA), json={"text": "一言"})
    changed = await web.get(link, headers={"If-None-Match": tag})
    assert (changed.status_code, changed.headers["etag"] != tag) == (200, True)


async def test_a_link_is_made_replaced_and_ended_by_its_person_and_the_journal_says_so(
    company: Steered, web: httpx.AsyncClient
) -> None:
    headers = await session_of(company, ONO)
    assert (await web.get(_OWN, headers=headers)).json() == {"created_at": None}
    first, second = [(await web.post(_OWN, headers=headers)).json()["url"] for _ in range(2)]
    paths = [httpx.URL(one).path for one in (first, second)]
    assert [(await web.get(one)).status_code for one in paths] == [404, 200]
    shown = (await web.get(_OWN, headers=headers)).json()
    assert shown["created_at"]
    assert "url" not in shown
    for _ in range(2):
        assert (await web.delete(_OWN, headers=headers)).json() == {"created_at": None}
    assert (await web.get(paths[1])).status_code == 404
    async with read_transaction(company.engine) as connection:
        entries = [one for one in await journal.entries_of(connection, Log.TOKENS) if one.body.get("employee") == ONO]
        assert await journal.first_break(connection, Log.TOKENS) is None
    assert [(one.kind, one.actor) for one in entries] == [
        ("calendar_link_made", ONO), ("calendar_link_made", ONO), ("calendar_link_ended", ONO),
    ]  # fmt: skip


async def test_a_token_makes_and_ends_no_link(company: Steered, web: httpx.AsyncClient) -> None:
    link = await link_of(company, ONO)
    for method in ("POST", "DELETE"):
        refused = await web.request(method, _OWN, headers=await token_of(company, ONO))
        assert (refused.status_code, refused.json()["code"]) == (403, "session_needed")
    assert (await web.get(link)).status_code == 200


@pytest.mark.parametrize("wrong", ["", "0" * 64, "a" * 10_000, "..%2f", "é", "%ed%a0%80"])
async def test_a_wrong_link_is_a_page_that_does_not_exist(company: Steered, web: httpx.AsyncClient, wrong: str) -> None:
    await link_of(company, HARA)
    answer, other = await web.get(f"/calendar/{wrong}.ics"), await web.get("/calendars")
    assert (answer.status_code, answer.json()) == (404, other.json())


async def test_the_calendar_of_somebody_who_left_ends_and_does_not_come_back_with_them(
    company: Steered, web: httpx.AsyncClient
) -> None:
    link = await link_of(company, HR)
    yesterday = datetime.now(DIRECTORY_ZONE).date() - timedelta(days=1)
    last_day = update(EmployeeRow).where(EmployeeRow.id == HR)
    async with company.engine.begin() as connection:
        await connection.execute(last_day.values(leaves=yesterday))
    assert (await web.get(link)).status_code == 404
    async with company.engine.begin() as connection:
        await connection.execute(last_day.values(active=False))
        await calendar_links.end_of_leavers(connection)
        await calendar_links.end_of_leavers(connection)
        await connection.execute(last_day.values(active=True, leaves=None))
        entries = await journal.entries_of(connection, Log.TOKENS)
    assert (await web.get(link)).status_code == 404
    assert [(one.kind, one.actor) for one in entries if one.body.get("employee") == HR] == [
        ("calendar_link_made", HR), ("calendar_link_ended", "@organisation"),
    ]  # fmt: skip


async def test_a_link_may_be_read_so_often_in_a_minute(company: Steered) -> None:
    link = await link_of(company, ONO)
    async with (
        serving(Settings(web_rate=10), company.engine, temporal_of(company), listen("127.0.0.1:0")) as url,
        httpx.AsyncClient(base_url=url) as limited,
    ):
        good = {(await limited.get(link)).status_code for _ in range(21)}  # two minutes may share them
        wrong = [(await limited.get(f"/calendar/{'0' * 64}.ics")).status_code for _ in range(3)]
    assert good == {200, 429}
    assert 429 in wrong


async def test_the_secret_is_neither_stored_nor_logged(
    company: Steered, postgres: Postgres, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG", "uvicorn")
    link = await link_of(company, HARA)
    secret = link.removeprefix("/calendar/").removesuffix(".ics")
    async with postgres.migrated_database() as gone:
        lost = open_database(gone)
    with capture_logs() as logged:
        for engine, status in ((company.engine, 200), (lost, 503)):
            async with (
                serving(Settings(), engine, temporal_of(company), listen("127.0.0.1:0")) as url,
                httpx.AsyncClient(base_url=url, timeout=60) as web,
            ):
                answer = await web.get(link)
                assert answer.status_code == status
                assert secret not in answer.text + str(answer.headers)
    await lost.dispose()
    async with read_transaction(company.engine) as connection:
        rows = [(await connection.execute(select(one.__table__))).all() for one in (CalendarLinkRow, JournalRow)]
    assert logged  # the database that is away was logged, so the capture sees what there is
    for place in (caplog.text, str(logged), "".join(capfd.readouterr()), repr(rows)):
        assert secret not in place


async def test_a_task_is_shown_in_the_zone_where_it_is_due() -> None:
    due = datetime(2026, 3, 31, 16, 0, tzinfo=UTC)  # Berlin has summer time by then
    task = ListedTask("c/E1/1", "E1", "Theme\nBEGIN:VEVENT", "approval", due, "Europe/Berlin", 3)
    feed = calendar_feed([task], [], Reader("E2", Locale.EN, {"E1": "A"}), due, Links("https://goals.example"))
    found = Calendar.from_ical(feed.text)
    event: Any = found.walk("VEVENT")[0]
    assert event["dtend"].dt == datetime(2026, 3, 31, 18, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    assert b"DTEND;TZID=Europe/Berlin:20260331T180000" in feed.text
    assert str(event["url"]) == "https://goals.example/goals/c/E1/1"
    assert {str(one["tzid"]) for one in found.walk("VTIMEZONE")} == {"Europe/Berlin"}
    later = calendar_feed(
        [task], [], Reader("E2", Locale.EN, {"E1": "A"}), due + timedelta(days=1), Links("https://goals.example")
    )
    assert (later.tag, later.text != feed.text) == (feed.tag, True)
