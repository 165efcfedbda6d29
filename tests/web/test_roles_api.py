"""Roles, accounts and tokens by the API; erasing texts; and what happens to instructions and launches afterwards."""

from datetime import UTC, datetime

import httpx
import pytest
import pytest_asyncio

from domain.journal import Log
from domain.roles import CompanyRole
from domain.values import CycleId
from service.roles import Roles
from storage import identities, journal
from storage.database import read_transaction
from tests.callers import OPERATOR
from tests.service.steered import ACCOUNTING, HR, MANAGER, MORI, ONO, SALES, TOP, Steered, today
from tests.web.people import token_of
from tests.web.test_cycles_api import events

pytestmark = pytest.mark.slow
CYCLE = CycleId("roles")
GOAL = f"/api/v1/goals/{CYCLE}/{MORI}/1"


@pytest_asyncio.fixture(scope="module", autouse=True)
async def cycle(company: Steered) -> CycleId:
    await Roles(company.engine).give(OPERATOR, TOP, CompanyRole.SYSTEM)
    return await company.launch(CYCLE)


async def test_the_system_administrator_gives_and_ends_roles(company: Steered, web: httpx.AsyncClient) -> None:
    system, other = await token_of(company, TOP), await token_of(company, HR)
    path = f"/api/v1/people/{ONO}/roles/auditor"
    for method in ("PUT", "DELETE"):
        refused = await web.request(method, path, headers=other)
        assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    for _ in range(2):
        given = await web.put(path, headers=system)
        assert [(one["employee"], one["role"]) for one in given.json()["roles"]] == [(ONO, "auditor")], given.text
    listed = (await web.get("/api/v1/roles", headers=await token_of(company, MORI))).json()["roles"]
    assert {(one["employee"], one["role"]) for one in listed} == {(ONO, "auditor"), (TOP, "system")}
    assert (await web.delete(path, headers=system)).json()["roles"] == []
    assert (await web.delete(path, headers=system)).status_code == 404
    assert (await web.put(f"/api/v1/people/{ONO}/roles/king", headers=system)).status_code == 422
    assert (await web.put("/api/v1/people/nobody/roles/auditor", headers=system)).status_code == 404


async def test_an_account_is_unbound_by_the_system_administrator(company: Steered, web: httpx.AsyncClient) -> None:
    owner, system = await token_of(company, MORI), await token_of(company, TOP)
    async with company.engine.begin() as connection:
        await identities.bind(connection, "https://id.example.com", "subject-1", MORI, datetime.now(UTC))
    (mine,) = (await web.get("/api/v1/identities", headers=owner)).json()["identities"]
    assert (await web.get("/api/v1/identities", headers=await token_of(company, ONO))).json()["identities"] == []
    path = f"/api/v1/identities/{mine['identity']}/unbind"
    assert (await web.post(path, headers=owner)).status_code == 403
    assert (await web.post(path, headers=system)).json()["unbound_at"] is not None


async def test_hr_erases_what_was_written_and_the_ledger_still_holds(company: Steered, web: httpx.AsyncClient) -> None:
    hr, owner = await token_of(company, HR), await token_of(company, MORI)
    noted = (await web.post(f"{GOAL}/comment", headers=owner, json={"text": "病気の話"})).json()
    body = {"entries": [noted["seq"]], "reason": "本人の求め"}
    refused = await web.post(f"{GOAL}/erase_texts", headers=owner, json=body)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    once = hr | {"Idempotency-Key": "erase-1"}
    first, again = [await web.post(f"{GOAL}/erase_texts", headers=once, json=body) for _ in range(2)]
    assert (first.status_code, first.json()["seq"]) == (200, again.json()["seq"]), first.text
    ledger = await web.get(f"{GOAL}/ledger", headers=hr)
    assert ledger.json()["holds"]
    assert "病気の話" not in ledger.text


async def test_hr_erases_texts_of_the_journal_once(company: Steered, web: httpx.AsyncClient) -> None:
    hr, owner = await token_of(company, HR), await token_of(company, MORI)
    body = {"text": "名指しの苦情"}
    await web.post(f"/api/v1/cycles/{CYCLE}/problems", headers=owner, json=body)
    async with read_transaction(company.engine) as connection:
        entry = await journal.last_number(connection, Log.HEARINGS)
    wish = {"log": "hearings", "entries": [entry], "reason": "本人の求め"}
    assert (await web.post("/api/v1/journal/erase_texts", headers=owner, json=wish)).status_code == 403
    first, again = [await web.post("/api/v1/journal/erase_texts", headers=hr, json=wish) for _ in range(2)]
    assert (first.json()["erased"], again.json()["erased"]) == ([entry], []), first.text
    found = await web.get("/api/v1/journal?log=hearings", headers=hr)
    assert found.json()["logs"][0]["holds"]
    assert "名指しの苦情" not in found.text


async def test_an_instruction_is_counted_before_and_ended_or_tried_again_by_hr(
    company: Steered, web: httpx.AsyncClient
) -> None:
    hr, owner = await token_of(company, HR), await token_of(company, MORI)
    path, body = f"/api/v1/cycles/{CYCLE}/instructions", {"kind": "pause", "reason": "棚卸し"}
    counted = await web.post(f"{path}/check", headers=hr, json=body)
    assert (counted.status_code, counted.json()["goals"], counted.json()["people"]) == (200, 5, 5), counted.text
    assert (await web.post(f"{path}/check", headers=owner, json=body)).status_code == 403
    due = {"kind": "extend", "reason": "x", "due": str(today())}
    assert (await web.post(f"{path}/check", headers=hr, json=due)).status_code == 200
    assert (await web.get(f"/api/v1/instructions?cycle={CYCLE}", headers=hr)).json()["instructions"] == []

    given = (await web.post(path, headers=hr, json={**body, "selection": {"people": [MANAGER]}})).json()
    assert [kind async for kind, _ in events(web, given["events"], hr)][-1] == "done"
    for verb, code in (("end", "instruction_over"), ("retry", "nothing_failed")):
        refused = await web.post(f"{given['status']}/{verb}", headers=owner, json={"reason": "x"})
        assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
        over = await web.post(f"{given['status']}/{verb}", headers=hr, json={"reason": "x"})
        assert (over.status_code, over.json()["code"]) == (409, code)
    unknown = await web.post("/api/v1/instructions/nothing/end", headers=hr, json={"reason": "x"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_instruction")
    again = await web.post(f"/api/v1/cycles/{CYCLE}/retry", headers=hr)
    assert (again.status_code, again.headers["location"]) == (202, f"/api/v1/cycles/{CYCLE}"), again.text
    assert (await web.post(f"/api/v1/cycles/{CYCLE}/retry", headers=owner)).status_code == 403


async def test_the_people_of_a_department_are_listed(company: Steered, web: httpx.AsyncClient) -> None:
    anybody = await token_of(company, SALES)
    found = (await web.get(f"/api/v1/departments/{ACCOUNTING}/people", headers=anybody)).json()
    assert {one["id"] for one in found["people"]} >= {MANAGER, MORI, ONO}
    for path in ("departments", "companies"):
        assert (await web.get(f"/api/v1/{path}/無い/people", headers=anybody)).status_code == 404
