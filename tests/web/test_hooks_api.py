"""Receivers of events by the API: made by system administrators only, with a secret that is shown once and stored nowhere."""

import base64
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import select, update

from channels.hook_secrets import HookKey, WrongHookKey
from domain.journal import Log
from domain.roles import CompanyRole
from domain.values import CycleId
from service.roles import Roles
from settings import Settings
from storage import hooks, journal
from storage.database import read_transaction
from storage.tables import HookEventRow, HookReceiverRow, JournalRow
from tests.as_of.real_clock import needs_the_real_clock
from tests.callers import OPERATOR
from tests.service.steered import HR, MORI, SALES, Steered
from tests.web.people import temporal_of, token_of
from web.app import make_app
from web.opened import Opened
from web.serving import listen, serving

pytestmark = pytest.mark.slow
CYCLE = CycleId("hooks")
KEY = base64.b64encode(b"k" * 32).decode()
_HOOKS = "/api/v1/hooks"


@pytest_asyncio.fixture(scope="module", autouse=True)
async def cycle(company: Steered) -> CycleId:
    await Roles(company.engine).give(OPERATOR, SALES, CompanyRole.SYSTEM)
    return await company.launch(CYCLE)


@pytest_asyncio.fixture(scope="module")
async def keyed(company: Steered) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server with the key, which lets receivers be on public hosts only."""
    settings = Settings(web_rate=0, hook_key=KEY)
    async with (
        serving(settings, company.engine, temporal_of(company), listen("127.0.0.1:0")) as url,
        httpx.AsyncClient(base_url=url, timeout=40) as client,
    ):
        yield client


@pytest_asyncio.fixture
async def system(company: Steered) -> Mapping[str, str]:
    return await token_of(company, SALES)


async def made(keyed: httpx.AsyncClient, system: Mapping[str, str], name: str, **wish: Any) -> dict[str, Any]:
    answer = await keyed.post(_HOOKS, headers=system, json={"url": f"https://hooks.example.com/{name}", **wish})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_receiver_is_made_changed_rotated_and_deleted_and_the_journal_has_it_without_secrets(
    company: Steered, keyed: httpx.AsyncClient, system: Mapping[str, str]
) -> None:
    one = await made(keyed, system, "PATHKEY", kinds=["approved", "closed"])
    path = f"{_HOOKS}/{one['hook']}"
    assert (one["kinds"], one["state"], one["generation"], one["created_by"]) == (
        ["approved", "closed"],
        "active",
        1,
        SALES,
    )
    assert one["secret"] == HookKey(KEY).secret(one["hook"], 1)

    for _ in range(2):
        paused = await keyed.patch(path, headers=system, json={"paused": True})
        assert (paused.status_code, paused.json()["state"], paused.json()["kinds"]) == (
            200,
            "paused",
            ["approved", "closed"],
        )
    every = await keyed.patch(path, headers=system, json={"kinds": None, "paused": False})
    assert (every.json()["kinds"], every.json()["state"]) == (None, "active")

    rotated = await keyed.post(f"{path}/rotate", headers=system, json={"generation": 1})
    assert (rotated.status_code, rotated.json()["generation"]) == (200, 2)
    assert rotated.json()["secret"] not in {one["secret"], None}
    assert rotated.json()["earlier_until"]
    again = await keyed.post(f"{path}/rotate", headers=system, json={"generation": 1})
    assert (again.status_code, again.json()["code"], again.json()["fields"]["generation"]) == (409, "hook_rotated", 2)

    listed = (await keyed.get(_HOOKS, headers=system)).json()["hooks"]
    assert [shown["generation"] for shown in listed if shown["hook"] == one["hook"]] == [2]
    assert not any("secret" in shown for shown in listed)

    assert (await keyed.delete(path, headers=system)).status_code == 200
    for answer in (await keyed.delete(path, headers=system), await keyed.get(f"{path}/deliveries", headers=system)):
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_hook")

    async with read_transaction(company.engine) as connection:
        entries = [
            entry for entry in await journal.entries_of(connection, Log.HOOKS) if entry.body["hook"] == one["hook"]
        ]
        assert await journal.first_break(connection, Log.HOOKS) is None
        rows = [(await connection.execute(select(table.__table__))).all() for table in (HookReceiverRow, JournalRow)]
    assert [(entry.kind, entry.actor) for entry in entries] == [
        (kind, SALES) for kind in ("hook_made", "hook_changed", "hook_changed", "hook_rotated", "hook_deleted")
    ]
    assert entries[0].body["host"] == "hooks.example.com"
    assert "PATHKEY" not in repr(rows[1])
    for secret in (one["secret"], rotated.json()["secret"], KEY):
        assert secret.removeprefix("whsec_") not in repr(rows)


async def test_without_the_key_no_receiver_is_made_and_the_answer_says_what_to_set(
    web: httpx.AsyncClient, system: Mapping[str, str]
) -> None:
    headers = {**system, "Accept-Language": "en"}
    answer = await web.post(_HOOKS, headers=headers, json={"url": "https://hooks.example.com/x"})
    assert (answer.status_code, answer.json()["code"]) == (409, "hook_key_missing")
    assert "MEGURI_HOOK_KEY" in answer.json()["detail"]


@pytest.mark.parametrize("key", ["SECRETSECRET", "c2hvcnQ=", "日本語"])
def test_a_key_that_is_none_stops_the_start_and_is_not_repeated(key: str) -> None:
    with pytest.raises(WrongHookKey) as refused:
        make_app(Opened(Settings(hook_key=key), None, None))  # type: ignore[arg-type]  # it does not come so far
    assert key not in str(refused.value) + repr(refused.value.message)


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/x", "https://127.0.0.1/x", "https://localhost/x", "https://[::1]/x", "https://10.1.2.3/x",
        "https://2130706433/x", "https://intranet/x", "https://user:key@hooks.example.com/x", "https://hooks.example.com/x#y",
        "ftp://hooks.example.com/x", "https:///x", "https://[::1", "https://hooks.example.com:99999/x", "hooks.example.com",
        "https://hooks.example.com/ x", "https://hooks.example.com/\u202e", "https://hooks.example.com/日本",
    ],
)  # fmt: skip
async def test_an_address_that_leads_inside_or_nowhere_is_refused_and_not_repeated(
    keyed: httpx.AsyncClient, system: Mapping[str, str], url: str
) -> None:
    before = (await keyed.get(_HOOKS, headers=system)).json()
    answer = await keyed.post(_HOOKS, headers=system, json={"url": url})
    assert (answer.status_code, answer.json()["code"]) == (422, "wrong_hook_url"), answer.text
    assert url not in answer.text
    assert (await keyed.get(_HOOKS, headers=system)).json() == before


@pytest.mark.parametrize(
    "body",
    [{}, {"url": 5}, {"url": ""}, {"url": "https://a.example/" + "x" * 2_000}, {"url": "https://a.example", "kinds": []},
     {"url": "https://a.example", "kinds": ["everything"]}, {"url": "https://a.example", "secret": "mine"}],
)  # fmt: skip
async def test_a_body_that_does_not_fit_is_refused(
    keyed: httpx.AsyncClient, system: Mapping[str, str], body: dict[str, Any]
) -> None:
    assert (await keyed.post(_HOOKS, headers=system, json=body)).status_code == 422


async def test_two_receivers_have_not_the_same_address_and_there_are_not_too_many(
    keyed: httpx.AsyncClient, system: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = await made(keyed, system, "same"), await made(keyed, system, "other")
    taken = {"url": one["url"]}
    for answer in (
        await keyed.post(_HOOKS, headers=system, json=taken),
        await keyed.patch(f"{_HOOKS}/{two['hook']}", headers=system, json=taken),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "hook_exists")
        assert answer.json()["fields"]["hook"] == one["hook"]
    monkeypatch.setattr("service.hooks.MAX_RECEIVERS", 2)
    full = await keyed.post(_HOOKS, headers=system, json={"url": "https://hooks.example.com/more"})
    assert (full.status_code, full.json()["code"]) == (409, "too_many_hooks")
    await keyed.delete(f"{_HOOKS}/{one['hook']}", headers=system)
    await made(keyed, system, "same")  # the address is free again


@needs_the_real_clock
async def test_the_page_of_deliveries_and_a_replay(
    company: Steered, keyed: httpx.AsyncClient, system: Mapping[str, str]
) -> None:
    one = await made(keyed, system, "deliveries")
    path = f"{_HOOKS}/{one['hook']}"
    await company.goals.require(f"{CYCLE}/{MORI}/1")  # type: ignore[arg-type]
    for text in "abc":
        await keyed.post(
            f"/api/v1/goals/{CYCLE}/{MORI}/1/comment", headers=await token_of(company, MORI), json={"text": text}
        )
    async with company.engine.begin() as connection:
        from datetime import UTC, datetime

        await hooks.enqueue_new(connection, one["hook"], datetime.now(UTC))
        gave_up = update(HookEventRow).where(HookEventRow.receiver_id == one["hook"])
        await connection.execute(gave_up.values(gave_up_at=datetime.now(UTC), error="hook_410", attempts=1))
    first = (await keyed.get(f"{path}/deliveries?limit=2", headers=system)).json()
    rest = (await keyed.get(f"{path}/deliveries?limit=2&after={first['next']}", headers=system)).json()
    found = [*first["deliveries"], *rest["deliveries"]]
    assert [shown["kind"] for shown in found] == ["commented"] * 3
    assert [shown["seq"] for shown in found] == sorted((shown["seq"] for shown in found), reverse=True)
    assert {(shown["state"], shown["attempt_count"], shown["code"]) for shown in found} == {("gave_up", 1, "hook_410")}
    assert rest["next"] is None

    number = found[0]["delivery"]
    for _ in range(2):
        again = await keyed.post(f"{path}/deliveries/{number}/replay", headers=system)
        assert (again.status_code, again.json()["state"], again.json()["code"]) == (202, "waiting", None)
    other = await made(keyed, system, "another")
    for wrong in (f"{path}/deliveries/{2**63 - 1}/replay", f"{_HOOKS}/{other['hook']}/deliveries/{number}/replay"):
        answer = await keyed.post(wrong, headers=system)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_delivery")
    async with read_transaction(company.engine) as connection:
        entries = await journal.entries_of(connection, Log.HOOKS)
    assert [entry.body["delivery"] for entry in entries if entry.kind == "hook_replayed"] == [number]


async def test_a_receiver_whose_secret_was_made_of_another_key_says_so_and_a_rotation_mends_it(
    company: Steered, keyed: httpx.AsyncClient, system: Mapping[str, str]
) -> None:
    one = await made(keyed, system, "key")
    settings = Settings(web_rate=0, hook_key=base64.b64encode(b"n" * 32).decode())
    async with (
        serving(settings, company.engine, temporal_of(company), listen("127.0.0.1:0")) as url,
        httpx.AsyncClient(base_url=url, timeout=40) as later,
    ):
        states = {shown["hook"]: shown["state"] for shown in (await later.get(_HOOKS, headers=system)).json()["hooks"]}
        assert states[one["hook"]] == "no_key"
        rotated = (await later.post(f"{_HOOKS}/{one['hook']}/rotate", headers=system, json={"generation": 1})).json()
        assert (rotated["state"], rotated["earlier_until"]) == (
            "active",
            None,
        )  # the earlier one cannot be made any more


async def test_only_system_administrators_with_the_scope_change_receivers(
    company: Steered, keyed: httpx.AsyncClient
) -> None:
    wish = {"url": "https://hooks.example.com/hr"}
    for headers, code in (
        (await token_of(company, HR), "not_allowed"),
        (await token_of(company, SALES, "read", "people"), "scope_missing"),
    ):
        refused = await keyed.post(_HOOKS, headers=headers, json=wish)
        assert (refused.status_code, refused.json()["code"]) == (403, code)
    assert (await keyed.get(_HOOKS, headers=await token_of(company, HR))).status_code == 403
