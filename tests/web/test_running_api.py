"""What changes while a cycle runs, by the API: its rules, goals that begin, and goals in which somebody else goes on."""

import httpx
import pytest
import pytest_asyncio

from domain.values import CycleId
from tests.service.steered import GONE, HR, MANAGER, MORI, ONO, SALES, Steered, cycle_file, today
from tests.web.people import token_of
from tests.web.test_cycles_api import events

pytestmark = pytest.mark.slow
CYCLE = CycleId("running")
_FREE = "\n[policy]\nowners_begin_goals = true\n"
_STARTS = f"starts={today()}"


@pytest_asyncio.fixture(scope="module", autouse=True)
async def cycle(company: Steered) -> CycleId:
    return await company.launch(CYCLE, more=_FREE)


async def test_new_rules_are_compared_and_then_applied(company: Steered, web: httpx.AsyncClient) -> None:
    cycle = await company.launch("amended")
    hr, owner = await token_of(company, HR), await token_of(company, MORI)
    path, file = f"/api/v1/cycles/{cycle}/amendments", (cycle_file(cycle) + _FREE).encode()
    compared = await web.post(f"{path}/check?{_STARTS}", headers=hr, content=file)
    assert compared.status_code == 200, compared.text
    (rule,) = compared.json()["rules"]
    assert (rule["rule"], rule["before"]["en"], rule["after"]["en"]) == ("owners_begin_goals", "no", "yes")
    assert compared.json()["goals"] == 5
    seen = hr | {"If-Match": compared.headers["etag"]}
    apply = f"{path}?{_STARTS}&reason=改定"

    for headers, content, query, status, code in (
        (hr, file, "", 428, "seen_missing"),
        (hr | {"If-Match": '"x"'}, file, "", 412, "other_comparison"),
        (seen, file + b"#", "", 412, "other_comparison"),
        (seen, file, f"&person={MORI}", 412, "other_comparison"),
        (seen, b"x", "", 422, "file_refused"),
        (owner | {"If-Match": compared.headers["etag"]}, file, "", 403, "not_allowed"),
    ):
        refused = await web.post(f"{apply}{query}", headers=headers, content=content)
        assert (refused.status_code, refused.json()["code"]) == (status, code), refused.text
    assert (await web.post(f"{path}/check?{_STARTS}", headers=owner, content=file)).status_code == 403
    assert not (await company.goal(cycle, MORI)).policy.owners_begin_goals

    applied = await web.post(apply, headers=seen, content=file)
    assert applied.status_code == 202, applied.text
    assert [kind async for kind, _ in events(web, applied.json()["events"], hr)][-1] == "done"
    assert (await company.goal(cycle, MORI)).policy.owners_begin_goals
    same = await web.post(f"{path}/check?{_STARTS}", headers=hr, content=file)
    nothing = await web.post(apply, headers=hr | {"If-Match": same.headers["etag"]}, content=file)
    assert (same.json()["rules"], nothing.status_code, nothing.json()["instruction"]) == ([], 202, None)


async def test_an_owner_begins_a_goal_once(company: Steered, web: httpx.AsyncClient) -> None:
    owner, other = await token_of(company, SALES), await token_of(company, ONO)
    path, source = f"/api/v1/cycles/{CYCLE}/goals", {"kind": "content", "content": {"theme": "新規の開拓"}}
    once = owner | {"Idempotency-Key": "begin-1"}
    first, again = [await web.post(path, headers=once, json={"source": source}) for _ in range(2)]
    assert (first.status_code, first.json()["goal"]) == (201, again.json()["goal"]), first.text
    assert first.json()["goal"] == f"{CYCLE}/{SALES}/2"
    page = (await web.get(first.headers["location"], headers=owner)).json()
    assert (page["state"], page["content"]["theme"]) == ("draft", "新規の開拓")
    other_content = {"source": {"kind": "content", "content": {"theme": "別の目標"}}}
    used = await web.post(path, headers=once, json=other_content)
    assert (used.status_code, used.json()["code"]) == (409, "command_id_used")
    refused = await web.post(path, headers=other, json={"owner": SALES})
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    for wrong, status in (
        ({"source": {"kind": "catalog", "entry": "x"}}, 404),
        ({"source": {"kind": "wish"}}, 422),
        ({"owner": "nobody"}, 404),
        ({"kind": "content"}, 422),
    ):
        assert (await web.post(path, headers=owner, json=wrong)).status_code == status, wrong
    goals = (await web.get(f"/api/v1/goals?cycle={CYCLE}&owner={SALES}", headers=owner)).json()["goals"]
    assert len(goals) == 2


async def test_a_goal_is_handed_over_after_its_effect_was_seen(company: Steered, web: httpx.AsyncClient) -> None:
    owner, manager, path = await token_of(company, MORI), await token_of(company, MANAGER), f"/goals/{CYCLE}/{MORI}/1"
    goal = f"/api/v1{path}"
    submitted = await web.post(f"{goal}/submit", headers=owner | {"If-Match": '"1"'}, json={})
    await web.post(f"{goal}/approve", headers=manager | {"If-Match": submitted.headers["etag"]}, json={})
    assert (await company.goal(CYCLE, MORI)).state == "active"
    body = {"to": ONO, "reason": "担当替え"}
    preview = await web.post(f"{goal}/hand_over/check", headers=manager, json=body)
    assert (preview.status_code, preview.json()["successor"]) == (200, f"{CYCLE}/{ONO}/2"), preview.text
    for headers, wish, status in ((owner, body, 403), (manager, {**body, "to": GONE}, 422)):
        for way in ("hand_over/check", "hand_over"):
            assert (await web.post(f"{goal}/{way}", headers=headers, json=wish)).status_code == status, way
    assert (await company.goal(CYCLE, MORI)).state == "active"

    once = manager | {"Idempotency-Key": "hand-1"}
    first, again = [await web.post(f"{goal}/hand_over", headers=once, json=body) for _ in range(2)]
    assert (first.status_code, first.json()["goal"]) == (201, f"{CYCLE}/{ONO}/2"), first.text
    assert again.json()["goal"] == first.json()["goal"]
    assert (await company.goal(CYCLE, MORI)).outcome == "handed_over"
    assert (await web.get(first.headers["location"], headers=manager)).json()["handed_from"] == f"{CYCLE}/{MORI}/1"
