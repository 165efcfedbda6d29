"""The days of README.md's four users, each walked by pointer in both languages, without scripts, on a phone, and by the keys alone."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from domain.roles import CompanyRole
from domain.values import CycleId, EmployeeId, Locale
from service.roles import Roles
from tests.callers import OPERATOR
from tests.service.steered import HR, MANAGER, MORI, SALES, Steered
from tests.web.browser import at_pages, needs_browser
from tests.web.console.days import approver, auditor, hr, owner
from tests.web.console.days.scene import Scene
from tests.web.console.ways import ByKeys, ByPointer, Looks, Way

pytestmark = [pytest.mark.slow, needs_browser]


class _Form(NamedTuple):
    """How a walk is walked."""

    way: type[Way]
    locale: Locale
    width: int
    looks: Looks
    scripts: bool = True


_FORMS = {
    "japanese": _Form(ByPointer, Locale.JA, 1024, "closely"),
    "english": _Form(ByPointer, Locale.EN, 1024, "closely"),
    "without scripts": _Form(ByPointer, Locale.JA, 1024, "not at all", scripts=False),
    "phone": _Form(ByPointer, Locale.JA, 390, "at the width"),
    "keys": _Form(ByKeys, Locale.EN, 1024, "at the width"),
}
_DAYS: dict[str, tuple[EmployeeId, Callable[[Way, Scene], Awaitable[None]]]] = {
    "hr": (HR, hr.walk),
    "owner": (MORI, owner.walk),
    "approver": (MANAGER, approver.walk),
    "auditor": (SALES, auditor.walk),
}


@pytest_asyncio.fixture(scope="module", autouse=True)
async def _an_auditor(company: Steered) -> None:
    await Roles(company.engine).give(OPERATOR, SALES, CompanyRole.AUDITOR)


@pytest.mark.parametrize("form", _FORMS)
@pytest.mark.parametrize("day", _DAYS)
async def test_a_day_is_walked(company: Steered, console: str, chromium: Browser, day: str, form: str) -> None:
    """Without an error at the browser's console, and without a violation of the policy for content."""
    person, walk = _DAYS[day]
    how = _FORMS[form]
    async with at_pages(
        chromium, company, console, person, locale=how.locale.value, width=how.width, scripts=how.scripts
    ) as somebody:
        way = how.way(somebody, how.locale, how.looks)
        scene = Scene(company, list(_FORMS).index(form))
        await walk(way, scene)
    await company.set_state_directly(
        CycleId(f"day-{day}-{scene.number}"), "closed"
    )  # nothing of it waits in the next walk
