"""Accounts of programs by the API: made in a browser, used by a program."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import update

from domain.journal import Log
from domain.people.provisioned import owned_fields
from domain.roles import CompanyRole
from domain.values import EmployeeId
from service.gathering import Gathering
from service.roles import Roles
from settings import Settings
from storage import journal
from storage.database import read_transaction
from storage.people import find_employee
from storage.tables import EmployeeRow
from tests.callers import OPERATOR, by
from tests.service.steered import HARA, HR, MANAGER, MORI, ONO, TOP, Steered
from tests.web.people import program_token, session_of, token_of
from tests.web.test_cycles_api import events
from tests.web.test_scim import made, user

pytestmark = pytest.mark.slow
HEADER = "社員番号,氏名,部署,上長,在籍"


@pytest_asyncio.fixture(scope="module", autouse=True)
async def cycle(company: Steered) -> None:
    await Roles(company.engine).give(OPERATOR, HARA, CompanyRole.SYSTEM)
    await company.launch("accounts")


async def test_an_account_is_made_gets_a_token_another_person_and_its_end(
    company: Steered, web: httpx.AsyncClient
) -> None:
    browser = await session_of(company, HARA)
    wish = {"name": "payroll", "purpose": "給与の連携", "owner": MORI}
    made = await web.post("/api/v1/accounts", headers=browser, json=wish)
    assert (made.status_code, made.json()["program"], made.json()["usable"]) == (201, "@program:payroll", True)
    assert (await web.post("/api/v1/accounts", headers=browser, json=wish)).status_code == 409
    await Roles(company.engine).give(by(HARA), EmployeeId("@program:payroll"), CompanyRole.DIRECTORY)
    token = await web.post(
        "/api/v1/accounts/payroll/tokens", headers=browser, json={"label": "夜間", "scopes": ["read"]}
    )
    assert (token.status_code, token.json()["owner"]) == (201, "@program:payroll")
    program = {"Authorization": f"Bearer {token.json()['secret']}"}
    assert (await web.get(f"/api/v1/people/{MORI}", headers=program)).status_code == 200
    listed = (await web.get("/api/v1/accounts", headers=await session_of(company, MORI))).json()["programs"]
    assert [(one["name"], one["owner"], one["roles"]) for one in listed] == [("payroll", MORI, ["directory"])]
    for _ in range(2):
        named = await web.put("/api/v1/accounts/payroll/owner", headers=browser, json={"owner": ONO})
        assert (named.status_code, named.json()["owner"]) == (200, ONO)
    assert (await web.get("/api/v1/accounts", headers=await session_of(company, MORI))).json() == {"programs": []}
    assert (await web.delete("/api/v1/accounts/payroll", headers=browser)).json()["usable"] is False
    assert (await web.get(f"/api/v1/people/{MORI}", headers=program)).status_code == 401


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("", {"name": "A", "purpose": "x", "owner": MORI}, 422),
        ("", {"name": "a", "purpose": "", "owner": MORI}, 422),
        ("", {"name": "a", "purpose": "x", "owner": "nobody"}, 404),
        ("", {"name": "a", "purpose": "x", "owner": "@program:a"}, 404),
        ("", {"name": "a", "purpose": "x"}, 422),
        ("/nothing/tokens", {"label": "x"}, 404),
        ("/nothing/tokens", {"label": "x", "scopes": ["goals"]}, 422),
        ("/%00/tokens", {"label": "x"}, 404),
    ],
)
async def test_what_is_wrong_makes_nothing(
    company: Steered, web: httpx.AsyncClient, path: str, body: dict[str, object], status: int
) -> None:
    browser = await session_of(company, HARA)
    before = (await web.get("/api/v1/accounts", headers=browser)).json()
    answer = await web.post(f"/api/v1/accounts{path}", headers=browser, json=body)
    assert answer.status_code == status, answer.text
    assert (await web.get("/api/v1/accounts", headers=browser)).json() == before


async def test_a_program_syncs_the_directory_and_follows_it_and_sees_no_goal(
    company: Steered, web: httpx.AsyncClient
) -> None:
    program = await program_token(company, "sync", CompanyRole.DIRECTORY, "read", "people", by_whom=by(HARA))
    file = f"{HEADER}\n{ONO},大野 あかり,経理部,{TOP},はい\n".encode()
    compared = await web.post("/api/v1/directory/comparisons", headers=program, content=file)
    assert compared.status_code == 200, compared.text
    seen = program | {"If-Match": compared.headers["etag"]}
    applied = await web.post("/api/v1/directory/syncs?reason=人事発令", headers=seen, content=file)
    assert applied.status_code == 202, applied.text
    found = [one async for one in events(web, applied.json()["events"], program)]
    assert found[-1][0] == "done"
    given = (await web.get(applied.json()["status"], headers=program)).json()
    assert "@program:sync" in repr(given)
    assert (await web.get("/api/v1/goals?cycle=accounts", headers=program)).json()["goals"] == []
    for path in ("inbox", f"goals/accounts/{ONO}/1", "tokens", "accounts", "preferences", "exemplars"):
        assert (await web.get(f"/api/v1/{path}", headers=program)).status_code == 403, path


async def test_an_auditing_program_reads_what_auditors_read_and_each_look_is_under_its_name(
    company: Steered, web: httpx.AsyncClient
) -> None:
    program = await program_token(company, "extract", CompanyRole.AUDITOR, "audit", by_whom=by(HARA))
    listed = (await web.get("/api/v1/goals?cycle=accounts", headers=program)).json()["goals"]
    assert len(listed) == 5
    assert (await web.get(f"/api/v1/goals/accounts/{ONO}/1/ledger", headers=program)).status_code == 200
    async with read_transaction(company.engine) as connection:
        looks = (await journal.entries_of(connection, Log.LOOKS))[-2:]
    assert [(one.actor, one.kind) for one in looks] == [("@program:extract", "looked")] * 2
    assert (await web.get(f"/api/v1/people/{ONO}", headers=await token_of(company, HR))).status_code == 200


async def test_a_token_of_a_program_says_that_nobody_answers_for_it(company: Steered, web: httpx.AsyncClient) -> None:
    program = await program_token(company, "stopped", CompanyRole.DIRECTORY, "read", by_whom=by(HARA))

    async def set_manager(**values: object) -> None:
        async with company.engine.begin() as connection:
            await connection.execute(update(EmployeeRow).where(EmployeeRow.id == MANAGER).values(**values))

    try:
        await set_manager(active=False)
        stopped = await web.get("/api/v1/cycles", headers=program | {"Accept-Language": "en"})
        assert (stopped.status_code, stopped.json()["code"]) == (403, "nobody_answers")
        assert "program stopped" in stopped.json()["detail"]
        listed = (await web.get("/api/v1/accounts", headers=await session_of(company, HARA))).json()["programs"]
        assert [one["usable"] for one in listed if one["name"] == "stopped"] == [False]
    finally:
        await set_manager(active=True)
    assert (await web.get("/api/v1/cycles", headers=program)).status_code == 200


async def test_a_program_keeps_the_directory_by_scim_in_its_own_name(company: Steered, web: httpx.AsyncClient) -> None:
    program = await program_token(company, "scim", CompanyRole.DIRECTORY, "provision", by_whom=by(HARA))
    other = await program_token(company, "no-scim", CompanyRole.AUDITOR, "provision", by_whom=by(HARA))
    body = user("new", "N8", manager=TOP)
    assert (await web.post("/scim/v2/Users", headers=other, json=body)).status_code == 403
    await made(web, program, body)
    gathering = Gathering(company.engine, company.client, quiet=timedelta(0), owned=owned_fields(Settings().scim_owns))
    found = await gathering.run(datetime.now(UTC))
    assert found
    assert found.instruction
    assert not found.refused
    await company.done(found.instruction)
    async with read_transaction(company.engine) as connection:
        entry = (await journal.entries_of(connection, Log.DIRECTORY))[-1]
        assert await find_employee(connection, EmployeeId("N8"))
    assert entry.actor == "@program:scim"
