"""A launch today, for offices in four time zones: due dates and alarms are compared with a second computation.

Berlin and New York put the clock forward in spring and back in autumn; Auckland does it the other way round.
"""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.goal.alarms import AlarmKind, next_alarm
from domain.values import CycleId, EmployeeId
from service.giving import Goals, Request
from service.inbox import Inbox
from service.people import People
from tests.callers import OPERATOR, by
from tests.service.steered import EVERYBODY, TOP, Steered
from tests.working_days import JAPAN, Country

OFFICES = {
    "tokyo": (JAPAN, "Asia/Tokyo"),
    "berlin": (Country("DE", "BE"), "Europe/Berlin"),
    "new-york": (Country("US", "NY"), "America/New_York"),
    "auckland": (Country("NZ", "AUK"), "Pacific/Auckland"),
}
SITES = "".join(
    f'\n[sites.{site}]\ncountry = "{country.code}"\nsubdivision = "{country.subdivision}"\ntimezone = "{zone}"\n'
    for site, (country, zone) in OFFICES.items()
    if site != "tokyo"
)
WORKERS = {site: EmployeeId(f"W-{site}") for site in OFFICES}
DUE_IN, FIRST_REMINDER = (
    10,
    -3,
)  # working days that the default rules give for a draft, and for the reminder before its due date
OPENS, CLOSES, SPREAD = time(9), time(18), timedelta(minutes=15)


@pytest.fixture(scope="module")
async def launched(company: Steered) -> tuple[CycleId, datetime]:
    """A cycle with one person per office, and the time of its launch."""
    rows = [f"{worker},{site},経営,{TOP},{'' if site == 'tokyo' else site}" for site, worker in WORKERS.items()]
    table = "\n".join(["社員番号,氏名,部署,上長,拠点", *rows])
    imported = await People(company.engine).import_file(OPERATOR, f"{table}\n".encode())
    assert imported.imported, imported.findings
    cycle = await company.launch("offices", without=EVERYBODY, more=SITES)
    return cycle, (await company.cycles.require(cycle)).launched_at


@pytest.mark.parametrize("site", OFFICES)
async def test_a_draft_is_due_when_the_office_closes_after_so_many_of_its_own_working_days(
    company: Steered, launched: tuple[CycleId, datetime], site: str
) -> None:
    cycle, now = launched
    country, zone = OFFICES[site]
    goal = await company.goal(cycle, WORKERS[site])
    opened = now.astimezone(ZoneInfo(zone)).date()
    assert goal.task
    assert (goal.task.opened, goal.task.due) == (opened, country.moved(opened, DUE_IN))
    assert goal.due_at == datetime.combine(country.moved(opened, DUE_IN), CLOSES, ZoneInfo(zone))


@pytest.mark.parametrize("site", OFFICES)
async def test_the_first_reminder_rings_when_the_office_opens(
    company: Steered, launched: tuple[CycleId, datetime], site: str
) -> None:
    cycle, now = launched
    country, zone = OFFICES[site]
    alarm = next_alarm(await company.goal(cycle, WORKERS[site]))
    assert alarm
    opened = now.astimezone(ZoneInfo(zone)).date()
    reminder = country.moved(country.moved(opened, DUE_IN), FIRST_REMINDER)
    assert (alarm.kind, alarm.day) == (AlarmKind.RUNG, reminder)
    opening = datetime.combine(reminder, OPENS, ZoneInfo(zone))
    assert opening <= alarm.at < opening + SPREAD


@pytest.mark.parametrize("site", OFFICES)
async def test_every_door_shows_a_deadline_by_the_clocks_of_the_office(
    company: Steered, launched: tuple[CycleId, datetime], site: str
) -> None:
    (cycle, now), (_, zone), worker = launched, OFFICES[site], WORKERS[site]
    goal = await company.goal(cycle, worker)
    (listed,) = await company.goals.find_all(cycle=cycle, owner=worker)
    (waiting,) = (await Inbox(company.engine).read(OPERATOR, worker, now)).items
    comment = Request("comment", {"text": "準備中"})
    given = await Goals(company.engine, company.client).give(by(worker), goal.id, comment)
    assert {goal.task_zone, listed.time_zone, waiting.goal.time_zone, given.time_zone} == {zone}
