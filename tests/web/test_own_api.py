"""What people set for themselves by the API: preferences and delegations; and what HR sees of notices."""

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import update

from domain.values import CycleId
from storage.tables import OutboxRow
from tests.service.steered import HARA, HR, MANAGER, MORI, ONO, SALES, TOP, Steered, in_days, today
from tests.web.people import token_of
from tests.web.test_cycles_api import events

pytestmark = pytest.mark.slow
CYCLE = CycleId("own")


@pytest_asyncio.fixture(scope="module", autouse=True)
async def cycle(company: Steered) -> CycleId:
    return await company.launch(CYCLE)


async def test_preferences_are_ones_own_and_hr_may_choose_them_too(company: Steered, web: httpx.AsyncClient) -> None:
    owner, other, hr = [await token_of(company, one) for one in (MORI, ONO, HR)]
    secret = "https://hooks.example.com/services/geheim"
    chosen = await web.patch("/api/v1/preferences", headers=owner, json={"channel": "chat", "chat_url": secret})
    assert (chosen.status_code, chosen.json()["channel"]) == (200, "chat"), chosen.text
    assert "geheim" not in chosen.text
    of_mori = f"/api/v1/people/{MORI}/preferences"
    by_hr = await web.patch(of_mori, headers=hr, json={"digest_at": "09:30"})
    assert (by_hr.json()["channel"], by_hr.json()["digest_at"]) == ("chat", "09:30")
    assert (await web.get("/api/v1/preferences", headers=owner)).json() == by_hr.json()
    for refused in (
        await web.get(of_mori, headers=other),
        await web.patch(of_mori, headers=other, json={"channel": "mail"}),
    ):
        assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    for wrong, code in (
        ({"chat_url": "http://hooks.example.com/x"}, "wrong_chat_url"),
        ({"digest_at": "25:00"}, "wrong_hour"),
        ({"channel": "fax"}, "invalid"),
        ({"digest_at": 9}, "invalid"),
    ):
        refused = await web.patch("/api/v1/preferences", headers=owner, json=wrong)
        assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert (await web.get("/api/v1/preferences", headers=owner)).json() == by_hr.json()
    cleared = await web.patch("/api/v1/preferences", headers=owner, json={"reset": True})
    assert (cleared.json()["channel"], cleared.json()["chat_url"], cleared.json()["digest_at"]) == (None, None, None)


async def test_who_delegates_is_acted_for_until_it_ends(company: Steered, web: httpx.AsyncClient) -> None:
    manager, delegate = await token_of(company, MANAGER), await token_of(company, SALES)
    body = {"to": SALES, "first": str(today()), "last": str(in_days(7)), "reason": "出張"}
    once = manager | {"Idempotency-Key": "trip"}
    first, again = [await web.post("/api/v1/delegations", headers=once, json=body) for _ in range(2)]
    assert (first.status_code, again.status_code, first.json()["instruction"]) == (202, 202, "trip"), first.text
    assert [kind async for kind, _ in events(web, first.json()["events"], manager)][-1] == "done"
    listed = (await web.get(f"/api/v1/delegations?employee={MANAGER}", headers=delegate)).json()["delegations"]
    assert [(one["delegator_id"], one["to_id"], one["reason"]) for one in listed] == [(MANAGER, SALES, "出張")]
    goal = f"/api/v1/goals/{CYCLE}/{MORI}/1"
    noted = {"text": "代理で確認しました", "acting_for": MANAGER}
    assert (await web.post(f"{goal}/comment", headers=delegate, json=noted)).status_code == 200

    for caller, to_end in ((ONO, {"delegator": MANAGER, "to": SALES}), (TOP, {"delegator": MANAGER, "to": SALES})):
        refused = await web.post(
            "/api/v1/delegations/end", headers=await token_of(company, caller), json={**to_end, "reason": "x"}
        )
        assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    ended = await web.post("/api/v1/delegations/end", headers=manager, json={"to": SALES, "reason": "戻りました"})
    assert ended.status_code == 202, ended.text
    assert [kind async for kind, _ in events(web, ended.json()["events"], manager)][-1] == "done"
    refused = await web.post(f"{goal}/comment", headers=delegate, json=noted)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_delegated")


async def test_a_delegation_for_somebody_else_or_without_sense_is_refused(
    company: Steered, web: httpx.AsyncClient
) -> None:
    owner = await token_of(company, HARA)
    body = {"to": SALES, "first": str(today()), "last": str(today()), "reason": "x"}
    for change, status, code in (
        ({"delegator": MANAGER}, 403, "not_allowed"),
        ({"to": HARA}, 422, "delegation"),
        ({"last": str(in_days(-3)), "first": str(in_days(-3))}, 422, "delegation"),
        ({"last": "soon"}, 422, "invalid"),
    ):
        refused = await web.post("/api/v1/delegations", headers=owner, json={**body, **change})
        assert (refused.status_code, refused.json()["code"]) == (status, code), change
    assert (await web.get(f"/api/v1/delegations?employee={HARA}", headers=owner)).json()["delegations"] == []


async def test_hr_sees_what_did_not_get_through_and_has_it_sent_again(company: Steered, web: httpx.AsyncClient) -> None:
    hr, owner = await token_of(company, HR), await token_of(company, MORI)
    async with company.engine.begin() as connection:
        gone = update(OutboxRow).where(OutboxRow.cycle_id == CYCLE, OutboxRow.recipient_id == MORI)
        changed = await connection.execute(gone.values(gave_up_at=OutboxRow.due_at, error="smtp_550"))
        assert changed.rowcount
    for path in ("/api/v1/notices", "/api/v1/notices/failures"):
        assert (await web.get(f"{path}?cycle={CYCLE}", headers=owner)).status_code == 403
    counts = (await web.get(f"/api/v1/notices?cycle={CYCLE}", headers=hr)).json()
    assert counts["given_up"] == changed.rowcount
    failed = (await web.get(f"/api/v1/notices/failures?cycle={CYCLE}", headers=hr)).json()["failed"]
    assert {one["recipient_id"] for one in failed} == {MORI}
    body = {"cycle": CYCLE}
    assert (await web.post("/api/v1/notices/retry", headers=owner, json=body)).status_code == 403
    again, repeated = [(await web.post("/api/v1/notices/retry", headers=hr, json=body)).json() for _ in range(2)]
    assert (again, repeated) == ({"notices": changed.rowcount, "entries": 0}, {"notices": 0, "entries": 0})
    assert (await web.get(f"/api/v1/notices?cycle={CYCLE}", headers=hr)).json()["given_up"] == 0
