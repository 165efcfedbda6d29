"""API tokens that a person makes and ends in a browser."""

from datetime import datetime

import httpx
import pytest
from sqlalchemy import select

from domain.journal import Log
from storage import journal
from storage.database import read_transaction
from storage.tables import ApiTokenRow, JournalRow
from tests.service.steered import HARA, MORI, Steered
from tests.web.people import session_of

pytestmark = pytest.mark.slow


async def made_by(web: httpx.AsyncClient, browser: dict[str, str], **wish: object) -> httpx.Response:
    return await web.post("/api/v1/tokens", headers=browser, json={"label": "月次の集計", **wish})


async def test_a_person_makes_a_token_uses_it_sees_its_last_use_and_ends_it(
    company: Steered, web: httpx.AsyncClient
) -> None:
    browser = await session_of(company, MORI)
    answer = await made_by(web, browser, scopes=["read", "goals"], days=7)
    made = answer.json()
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    assert (made["owner"], made["scopes"], made["last_used_at"], made["usable"]) == (
        MORI,
        ["goals", "read"],
        None,
        True,
    )
    ends = datetime.fromisoformat(made["expires_at"]) - datetime.fromisoformat(made["created_at"])
    assert ends.days == 7
    program = {"Authorization": f"Bearer {made['secret']}"}
    assert (await web.get("/api/v1/inbox", headers=program)).status_code == 200
    listed = (await web.get("/api/v1/tokens", headers=browser)).json()["tokens"]
    assert [one["last_used_at"] is not None for one in listed if one["token"] == made["token"]] == [True]
    assert made["secret"] not in repr(listed)
    for _ in range(2):
        ended = await web.delete(f"/api/v1/tokens/{made['token']}", headers=browser)
        assert (ended.status_code, ended.json()["usable"]) == (200, False)
    assert (await web.get("/api/v1/inbox", headers=program)).status_code == 401
    async with read_transaction(company.engine) as connection:
        entries = [(one.kind, one.actor) for one in (await journal.entries_of(connection, Log.TOKENS))[-2:]]
        stored = repr([(await connection.execute(select(one.__table__))).all() for one in (ApiTokenRow, JournalRow)])
    assert entries == [("token_made", MORI), ("token_ended", MORI)]
    assert made["secret"].rpartition("_")[2] not in stored


@pytest.mark.parametrize(
    "wish",
    [
        {"label": ""},
        {"label": "a\u202eb"},
        {"label": "x" * 201},
        {"days": 0},
        {"days": 367},
        {"days": "5"},
        {"scopes": []},
        {"scopes": ["everything"]},
        {"owner": HARA},
    ],
)
async def test_a_wrong_wish_is_refused_and_makes_nothing(
    company: Steered, web: httpx.AsyncClient, wish: dict[str, object]
) -> None:
    browser = await session_of(company, MORI)
    before = (await web.get("/api/v1/tokens", headers=browser)).json()
    assert (await made_by(web, browser, **wish)).status_code == 422
    assert (await web.get("/api/v1/tokens", headers=browser)).json() == before


async def test_another_site_and_a_token_make_no_token(company: Steered, web: httpx.AsyncClient) -> None:
    browser = await session_of(company, MORI)
    for headers, code in (
        ({**browser, "Sec-Fetch-Site": "cross-site"}, "not_of_this_site"),
        ({"Cookie": browser["Cookie"]}, "not_of_this_site"),
        ({"Sec-Fetch-Site": "same-origin"}, "not_signed_in"),
        ({**browser, "Authorization": f"Bearer {(await made_by(web, browser)).json()['secret']}"}, "session_needed"),
    ):
        answer = await made_by(web, headers)
        assert (answer.status_code >= 400, answer.json()["code"]) == (True, code)


async def test_nobody_ends_the_token_of_somebody_else(company: Steered, web: httpx.AsyncClient) -> None:
    browser = await session_of(company, MORI)
    made = (await made_by(web, browser)).json()
    refused = await web.delete(f"/api/v1/tokens/{made['token']}", headers=await session_of(company, HARA))
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    for one in ("000000000000", "%00", "x" * 80):
        unknown = await web.delete(f"/api/v1/tokens/{one}", headers=browser)
        assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_token")
    assert (await web.get("/api/v1/inbox", headers={"Authorization": f"Bearer {made['secret']}"})).status_code == 200
