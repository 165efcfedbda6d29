"""Roles by the API: an auditor sees everything and changes nothing, and each look is an entry of the journal."""

import httpx
import pytest
import pytest_asyncio

from domain.journal import Entry, Log
from domain.roles import CompanyRole
from domain.values import CycleId
from service.roles import Roles
from storage import journal
from storage.database import read_transaction
from tests.callers import OPERATOR, by
from tests.service.steered import HR, MORI, ONO, SALES, TOP, Steered
from tests.web.people import token_of

pytestmark = pytest.mark.slow
CYCLE = CycleId("audited")
GOAL = f"/api/v1/goals/{CYCLE}/{MORI}/1"


@pytest_asyncio.fixture(scope="module", autouse=True)
async def cycle(company: Steered) -> CycleId:
    roles = Roles(company.engine)
    await roles.give(OPERATOR, TOP, CompanyRole.SYSTEM)
    await roles.give(by(TOP), SALES, CompanyRole.AUDITOR)
    return await company.launch(CYCLE)


async def looks(company: Steered) -> list[Entry]:
    async with read_transaction(company.engine) as connection:
        assert await journal.first_break(connection, Log.LOOKS) is None
        return await journal.entries_of(connection, Log.LOOKS)


async def test_an_auditor_sees_what_they_are_nothing_to_and_each_look_is_recorded(
    company: Steered, web: httpx.AsyncClient
) -> None:
    as_themselves, as_auditor = await token_of(company, SALES, "read"), await token_of(company, SALES, "audit")
    assert (await web.get(GOAL, headers=as_themselves)).status_code == 403
    before = len(await looks(company))
    asked = (
        GOAL, f"{GOAL}/ledger", f"{GOAL}/score", f"/api/v1/goals?cycle={CYCLE}&department=経理部", "/api/v1/journal",
        f"/api/v1/cycles/{CYCLE}/scores", f"/api/v1/people/{MORI}", "/api/v1/tokens",
    )  # fmt: skip
    for path in asked:
        answer = await web.get(path, headers=as_auditor)
        assert answer.status_code == 200, path
    assert {one["owner"] for one in (await web.get("/api/v1/tokens", headers=as_auditor)).json()["tokens"]} >= {SALES}
    found = (await looks(company))[before:]
    assert len(found) == len(asked) + 1
    assert {(one.kind, one.actor) for one in found} == {("looked", SALES)}
    first, searched = found[0], found[3]
    assert (first.body["cycle"], first.body["owner"], first.body["number"]) == (CYCLE, MORI, "1")
    assert "経理部" not in str(searched.body)
    assert "department" in str(searched.texts)


async def test_what_an_auditor_may_not_see_or_do(company: Steered, web: httpx.AsyncClient) -> None:
    as_auditor = await token_of(company, SALES, "audit")
    for path in ("/api/v1/inbox", "/api/v1/preferences"):
        assert (await web.get(path, headers=as_auditor)).status_code == 403
    refused = await web.post(f"{GOAL}/comment", headers=as_auditor, json={"text": "x"})
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    with_both = await token_of(company, SALES, "audit", "goals")
    refused = await web.post(f"{GOAL}/comment", headers=with_both, json={"text": "x"})
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")


async def test_without_the_role_nothing_is_seen_and_nothing_recorded(company: Steered, web: httpx.AsyncClient) -> None:
    before = await looks(company)
    for person in (HR, ONO):
        refused = await web.get(GOAL, headers=await token_of(company, person, "audit"))
        assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
        assert refused.json()["fields"]["allowed"] == [SALES]
    roles = Roles(company.engine)
    await roles.give(by(TOP), HR, CompanyRole.AUDITOR)
    headers = await token_of(company, HR, "audit")
    assert (await web.get(GOAL, headers=headers)).status_code == 200
    await roles.end(by(TOP), HR, CompanyRole.AUDITOR)
    assert (await web.get(GOAL, headers=headers)).status_code == 403
    assert len(await looks(company)) == len(before) + 1
