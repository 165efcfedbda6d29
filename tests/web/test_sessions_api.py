"""Browsers in which a person is signed in: seen and ended by the person, all ended by a system administrator."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import update

from domain.journal import Log
from domain.roles import CompanyRole
from service.roles import Roles
from storage import journal
from storage.database import read_transaction
from storage.tables import SessionRow
from tests.callers import OPERATOR
from tests.service.steered import HR, MORI, ONO, TOP, Steered
from tests.web.people import session_of, token_of

pytestmark = pytest.mark.slow


async def listed(web: httpx.AsyncClient, headers: dict[str, str]) -> list[dict[str, object]]:
    found: list[dict[str, object]] = (await web.get("/api/v1/sessions", headers=headers)).json()["sessions"]
    return found


async def test_a_person_sees_their_browsers_and_ends_one(company: Steered, web: httpx.AsyncClient) -> None:
    here, there = await session_of(company, MORI), await session_of(company, MORI)
    of_other = await session_of(company, ONO)
    seen = await listed(web, here)
    assert [one["here"] for one in seen].count(True) == 1
    assert len(seen) == 2
    assert [one["here"] for one in await listed(web, await token_of(company, MORI))] == [False, False]
    (other,) = (one["session"] for one in seen if not one["here"])
    (of_ono,) = (one["session"] for one in await listed(web, of_other))
    refused = await web.delete(f"/api/v1/sessions/{of_ono}", headers=here)
    assert (refused.status_code, refused.json()["code"]) == (404, "unknown_session")
    answers = [(await web.delete(f"/api/v1/sessions/{other}", headers=here)).json()["ended"] for _ in range(2)]
    assert answers == [1, 0]
    for headers, status in ((here, 200), (there, 401), (of_other, 200)):
        assert (await web.get("/api/v1/inbox", headers=headers)).status_code == status
    assert len(await listed(web, here)) == 1


async def test_a_session_that_is_over_is_not_listed(company: Steered, web: httpx.AsyncClient) -> None:
    here = await session_of(company, HR)
    await session_of(company, HR)
    (old,) = (one["session"] for one in await listed(web, here) if not one["here"])
    for over in ({"used_at": datetime.now(UTC) - timedelta(days=2)}, {"expires_at": datetime.now(UTC)}):
        async with company.engine.begin() as connection:
            await connection.execute(update(SessionRow).where(SessionRow.id == old).values(over))
        assert [one["here"] for one in await listed(web, here)] == [True]


async def test_a_system_administrator_signs_somebody_out_everywhere(company: Steered, web: httpx.AsyncClient) -> None:
    await Roles(company.engine).give(OPERATOR, TOP, CompanyRole.SYSTEM)
    lost, of_other = [await session_of(company, ONO) for _ in range(2)], await session_of(company, HR)
    path, system = f"/api/v1/people/{ONO}/sign-out", await token_of(company, TOP)
    for headers in (await token_of(company, HR), lost[0]):
        assert (await web.post(path, headers=headers)).status_code == 403
    first, again = [(await web.post(path, headers=system)).json() for _ in range(2)]
    assert (first["ended"] >= 2, again["ended"]) == (True, 0)
    for headers, status in ((lost[0], 401), (lost[1], 401), (of_other, 200)):
        assert (await web.get("/api/v1/inbox", headers=headers)).status_code == status
    async with read_transaction(company.engine) as connection:
        entries = [one for one in await journal.entries_of(connection, Log.IDENTITIES) if one.kind == "signed_out"]
    assert [(one.actor, one.body["employee"]) for one in entries] == [(TOP, ONO)]
    assert (await web.post("/api/v1/people/nobody/sign-out", headers=system)).status_code == 404
