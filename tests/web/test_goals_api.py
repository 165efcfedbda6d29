"""A goal by the API: from the draft to the approval, with versions, repeats, and what is refused."""

import httpx
import pytest
import pytest_asyncio

from domain.values import CycleId
from tests.service.steered import HARA, HR, MANAGER, MORI, ONO, SALES, Steered
from tests.web.people import token_of

pytestmark = pytest.mark.slow
CYCLE = CycleId("api")


@pytest_asyncio.fixture(scope="module", autouse=True)
async def cycle(company: Steered) -> CycleId:
    return await company.launch(CYCLE)


def path(owner: str, *rest: str) -> str:
    return "/".join(("/api/v1/goals", CYCLE, owner, "1", *rest))


async def tag_of(web: httpx.AsyncClient, owner: str, headers: dict[str, str]) -> dict[str, str]:
    """`If-Match` of the goal as it is."""
    answer = await web.get(path(owner), headers=headers)
    assert answer.status_code == 200, answer.text
    return {"If-Match": answer.headers["etag"]}


async def test_a_goal_is_submitted_and_approved_and_the_inbox_says_how(
    company: Steered, web: httpx.AsyncClient
) -> None:
    owner, manager = await token_of(company, MORI), await token_of(company, MANAGER)
    waiting = (await web.get("/api/v1/inbox", headers=owner)).json()["waiting"]
    assert [(one["goal"], one["command"]) for one in waiting] == [(f"{CYCLE}/{MORI}/1", path(MORI, "submit"))]

    submitted = await web.post(waiting[0]["command"], headers=owner | await tag_of(web, MORI, owner), json={})
    assert (submitted.status_code, submitted.json()["state"]) == (200, "pending_approval"), submitted.text
    assert submitted.headers["etag"] == f'"{submitted.json()["seq"]}"'

    waiting = (await web.get("/api/v1/inbox", headers=manager)).json()["waiting"]
    to_approve = next(one for one in waiting if one["owner"] == MORI)
    seen = {"If-Match": f'"{to_approve["seq"]}"'}
    approved = await web.post(to_approve["command"], headers=manager | seen, json={"comment": "よく考えられています"})
    assert (approved.status_code, approved.json()["state"]) == (200, "active")
    assert (await company.goal(CYCLE, MORI)).state == "active"


async def test_a_repeat_with_the_same_key_changes_nothing_and_other_content_is_refused(
    company: Steered, web: httpx.AsyncClient
) -> None:
    owner = await token_of(company, MORI) | {"Idempotency-Key": "note-1"}
    first = await web.post(path(MORI, "comment"), headers=owner, json={"text": "一回目"})
    again = await web.post(path(MORI, "comment"), headers=owner, json={"text": "一回目"})
    other = await web.post(path(MORI, "comment"), headers=owner, json={"text": "別の内容"})
    assert first.status_code == again.status_code == 200
    assert first.json()["seq"] == again.json()["seq"] == (await company.goal(CYCLE, MORI)).seq
    assert (other.status_code, other.json()["code"]) == (409, "command_id_used")


async def test_a_decision_names_the_version_that_was_seen(company: Steered, web: httpx.AsyncClient) -> None:
    owner, manager = await token_of(company, HARA), await token_of(company, MANAGER)
    await web.post(path(HARA, "submit"), headers=owner | await tag_of(web, HARA, owner), json={})
    seen = await tag_of(web, HARA, manager)
    await web.post(path(HARA, "recall"), headers=owner, json={})
    await web.post(path(HARA, "submit"), headers=owner | await tag_of(web, HARA, owner), json={})
    before = (await company.goal(CYCLE, HARA)).seq

    missing = await web.post(path(HARA, "approve"), headers=manager, json={})
    assert (missing.status_code, missing.json()["code"]) == (428, "seen_missing")
    anything = await web.post(path(HARA, "approve"), headers=manager | {"If-Match": "*"}, json={})
    assert anything.status_code == 428
    weak = await web.post(path(HARA, "approve"), headers=manager | {"If-Match": f"W/{seen['If-Match']}"}, json={})
    assert weak.status_code == 412
    stale = await web.post(path(HARA, "approve"), headers=manager | seen, json={})
    assert (stale.status_code, stale.json()["code"]) == (412, "goal_changed")
    assert stale.json()["fields"]["seq"] == before
    assert stale.json()["fields"]["changes"]
    assert stale.headers["content-type"] == "application/problem+json"
    assert (await company.goal(CYCLE, HARA)).seq == before


@pytest.mark.parametrize(
    ("sent", "where"),
    [
        ({"step": "1"}, "step"),
        ({"step": 1.5}, "step"),
        ({"step": 0, "evidence": 3}, "evidence"),
        ({"step": 0, "actor": "E4"}, "actor"),
        ({}, "step"),
        ([], ""),
    ],
)
async def test_a_body_is_read_strictly_and_the_answer_names_the_place(
    company: Steered, web: httpx.AsyncClient, sent: object, where: str
) -> None:
    owner = await token_of(company, MORI)
    before = (await company.goal(CYCLE, MORI)).seq
    answer = await web.post(path(MORI, "complete_step"), headers=owner | {"Accept-Language": "en"}, json=sent)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert [one["where"] for one in answer.json()["errors"]] == [where]
    assert (await company.goal(CYCLE, MORI)).seq == before


async def test_a_body_that_is_no_json_and_one_that_is_too_large_are_refused(
    company: Steered, web: httpx.AsyncClient
) -> None:
    owner = await token_of(company, MORI)
    broken = await web.post(
        path(MORI, "comment"), headers=owner | {"Content-Type": "application/json"}, content=b'{"text": "x'
    )
    assert broken.status_code == 422
    assert "{" not in broken.json()["detail"]
    as_text = await web.post(
        path(MORI, "comment"), headers=owner | {"Content-Type": "text/plain"}, content=b'{"text": "x"}'
    )
    assert (as_text.status_code, as_text.json()["code"]) == (415, "wrong_media_type")
    not_utf8 = await web.post(
        path(MORI, "comment"), headers=owner | {"Content-Type": "application/json"}, content=b"\xff\xfe%"
    )
    assert (not_utf8.status_code, not_utf8.json()["code"]) == (400, "wrong_request")
    large = await web.post(path(MORI, "comment"), headers=owner, json={"text": "x" * 2_000_000})
    assert (large.status_code, large.json()["code"]) == (413, "body_too_large")

    async def in_parts() -> object:
        for _ in range(30):
            yield b"x" * 100_000

    unannounced = await web.post(path(MORI, "comment"), headers=owner, content=in_parts())  # type: ignore[arg-type]
    assert unannounced.status_code == 413


async def test_a_list_holds_what_the_page_shows_and_nothing_else(company: Steered, web: httpx.AsyncClient) -> None:
    for person in (MORI, MANAGER, SALES, HR):
        headers = await token_of(company, person, "read")
        listed = {one["goal"] for one in (await web.get("/api/v1/goals", headers=headers)).json()["goals"]}
        for owner in (MORI, HARA, ONO, SALES):
            page = await web.get(path(owner), headers=headers)
            assert page.status_code == (200 if f"{CYCLE}/{owner}/1" in listed else 403)
    assert f"{CYCLE}/{MORI}/1" in listed  # HR


async def test_pages_of_a_list_follow_each_other(company: Steered, web: httpx.AsyncClient) -> None:
    headers = await token_of(company, HR, "read")
    whole = [one["goal"] for one in (await web.get(f"/api/v1/goals?cycle={CYCLE}", headers=headers)).json()["goals"]]
    found: list[str] = []
    after: str | None = ""
    while after is not None:
        page = (await web.get(f"/api/v1/goals?cycle={CYCLE}&limit=2&after={after}", headers=headers)).json()
        found += [one["goal"] for one in page["goals"]]
        after = page["next"]
    assert found == whole
    assert len(whole) == 5


async def test_a_list_is_filtered_by_task_assignee_owner_and_what_became_of_the_goal(
    company: Steered, web: httpx.AsyncClient
) -> None:
    headers = await token_of(company, HR, "read")
    base = f"/api/v1/goals?cycle={CYCLE}"
    whole = (await web.get(base, headers=headers)).json()["goals"]

    async def listed(query: str) -> set[str]:
        answer = await web.get(f"{base}&{query}", headers=headers)
        assert answer.status_code == 200, answer.text
        return {one["goal"] for one in answer.json()["goals"]}

    assert await listed(f"waits_for={ONO}") == {
        one["goal"] for one in whole if one["task"] and ONO in one["task"]["assignees"]
    }
    drafts = {one["goal"] for one in whole if one["state"] == "draft"}
    assert await listed("task=draft") == drafts == await listed("task=draft&state=draft")
    assert await listed("task=draft&state=active") == set()
    assert await listed(f"person={MORI}") == {f"{CYCLE}/{MORI}/1"}
    for name in ("overdue", "escalated", "paused", "returned"):
        assert await listed(f"{name}=true") == set()
    unknown = await web.get(f"{base}&waits_for=nobody", headers=headers)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_employee")


async def test_who_may_not_is_refused_in_their_language_and_told_who_may(
    company: Steered, web: httpx.AsyncClient
) -> None:
    seen = {"If-Match": f'"{(await company.goal(CYCLE, HARA)).seq}"'}
    sales = await token_of(company, SALES) | seen
    japanese = await web.post(path(HARA, "approve"), headers=sales, json={})
    english = await web.post(
        path(HARA, "approve"), headers=sales | {"Accept-Language": "de, en;q=0.8, ja;q=0.5"}, json={}
    )
    assert japanese.status_code == english.status_code == 403
    assert "清水 幸恵" in japanese.json()["detail"]
    assert (japanese.headers["content-language"], english.headers["content-language"]) == ("ja", "en")
    assert japanese.json()["detail"] != english.json()["detail"]


async def test_a_goal_that_is_not_ready_says_what_is_missing(company: Steered, web: httpx.AsyncClient) -> None:
    owner = await token_of(company, ONO)
    draft = {"theme": "月次決算の早期化", "steps": []}
    answer = await web.post(path(ONO, "submit"), headers=owner | await tag_of(web, ONO, owner), json={"content": draft})
    assert (answer.status_code, answer.json()["code"]) == (422, "not_ready")
    assert {one["level"] for one in answer.json()["findings"]} == {"refuse"}


async def test_an_unknown_goal_an_unknown_path_and_a_wrong_method(company: Steered, web: httpx.AsyncClient) -> None:
    headers = await token_of(company, HR, "read")
    assert (await web.get(path("nobody"), headers=headers)).json()["code"] == "unknown_goal"
    nothing = await web.get("/api/v1/nothing", headers=headers)
    assert (nothing.status_code, nothing.json()["code"]) == (404, "no_such_page")
    both = await web.delete("/api/v1/cycles", headers=headers)
    assert (both.status_code, both.headers["allow"]) == (405, "GET, POST")
    wrong = await web.delete(path(MORI), headers=headers)
    assert (wrong.status_code, wrong.json()["code"], wrong.headers["allow"]) == (405, "wrong_method", "GET")
