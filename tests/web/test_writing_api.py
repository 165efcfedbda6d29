"""Help with writing by the API: catalogue, drafts, checks, the tree, heard problems, and what an earlier cycle taught."""

import httpx
import pytest
import pytest_asyncio

from domain.access import Caller
from domain.values import CycleId
from service.hearing import Hearing
from tests.callers import by
from tests.service.steered import ACCOUNTING, HR, MANAGER, MORI, ONO, SALES, Steered
from tests.web.people import token_of

pytestmark = pytest.mark.slow
CYCLE, NEXT = CycleId("writing"), CycleId("next")
GOAL = f"/api/v1/goals/{CYCLE}/{MORI}/1"
_TREE = """
[[themes]]
id = "speed"
name = "速く締める"

[[department_goals]]
id = "accounting"
name = "月次を五日で締める"
department = "経理部"
parent = "speed"
"""


@pytest_asyncio.fixture(scope="module", autouse=True)
async def cycle(company: Steered) -> CycleId:
    await company.launch(NEXT)
    return await company.launch(CYCLE, more=_TREE)


async def test_the_catalogue_is_searched_and_a_draft_is_made_of_an_entry(
    company: Steered, web: httpx.AsyncClient
) -> None:
    owner = await token_of(company, MORI)
    found = (await web.get("/api/v1/catalog?department=経理部", headers=owner)).json()["entries"]
    numeric = next(one for one in found if one["kind"] == "numeric" and one["id"].startswith("accounting/"))
    assert (await web.get(f"/api/v1/catalog/{numeric['id']}", headers=owner)).json() == numeric
    unknown = await web.get("/api/v1/catalog/accounting/nothing", headers=owner)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_entry")

    draft = await web.get(f"{GOAL}/draft?entry={numeric['id']}&baseline=12.5&target=8&parent=speed", headers=owner)
    assert draft.status_code == 200, draft.text
    content, before = draft.json()["content"], await company.goal(CYCLE, MORI)
    assert (content["theme"], content["parent"], draft.json()["seen"]) == (numeric["theme"]["ja"], "speed", before.seq)
    assert (float(content["measure"]["baseline"]), float(content["measure"]["target"])) == (12.5, 8)
    assert await company.goal(CYCLE, MORI) == before

    revised = await web.post(f"{GOAL}/revise", headers=owner | {"If-Match": '"1"'}, json={"content": content})
    assert revised.status_code == 200, revised.text
    assert (await company.goal(CYCLE, MORI)).content.parent == "speed"
    for query, code in (("entry=x", "unknown_entry"), ("parent=x", "unknown_parent"), ("baseline=1e5x", "invalid")):
        refused = await web.get(f"{GOAL}/draft?{query}", headers=owner)
        assert (refused.status_code in {404, 422}, refused.json()["code"]) == (True, code), refused.text


async def test_a_goal_or_a_content_for_it_is_checked_and_nothing_changes(
    company: Steered, web: httpx.AsyncClient
) -> None:
    owner, path = await token_of(company, ONO), f"/api/v1/goals/{CYCLE}/{ONO}/1"
    before = await company.goal(CYCLE, ONO)
    as_it_is = await web.post(f"{path}/check", headers=owner, json={})
    assert (as_it_is.status_code, as_it_is.json()["refused"]) == (200, False), as_it_is.text
    empty = await web.post(f"{path}/check", headers=owner, json={"content": {"theme": "速くする"}})
    assert empty.json()["refused"]
    assert empty.json()["findings"][0]["code"]
    wrong = await web.post(f"{path}/check", headers=owner, json={"content": {"weight": True}})
    assert (wrong.status_code, wrong.json()["errors"][0]["where"]) == (422, "content.weight")
    assert (await web.post(f"{path}/check", headers=await token_of(company, SALES), json={})).status_code == 403
    form = (await web.get(f"{path}/review?new_weight=40", headers=await token_of(company, MANAGER))).json()
    assert (form["now"], form["after_reset"]["weight"]) != (form["after_reset"], form["now"]["weight"])
    assert await company.goal(CYCLE, ONO) == before


async def test_the_tree_is_read_node_by_node(company: Steered, web: httpx.AsyncClient) -> None:
    anybody, path = await token_of(company, SALES), f"/api/v1/cycles/{CYCLE}/tree"
    top = (await web.get(path, headers=anybody)).json()
    assert (top["node"], [one["id"] for one in top["sections"]]) == (None, ["speed"])
    below = (await web.get(f"{path}?node=speed", headers=anybody)).json()
    assert [one["id"] for one in below["sections"]] == ["accounting"]
    assert {one["owner"] for one in below["goals"]} <= {MORI}
    unknown = await web.get(f"{path}?node=x", headers=anybody)
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_parent")


async def _heard(company: Steered, caller: Caller, text: str) -> str:
    return await Hearing(company.engine).add(caller, cycle=CYCLE, text=text)


async def test_a_problem_is_corrected_and_taken_back_by_who_added_it_or_hr(
    company: Steered, web: httpx.AsyncClient
) -> None:
    problem = await _heard(company, by(MORI), "請求書の回収が遅い")
    owner, other, hr = [await token_of(company, one) for one in (MORI, ONO, HR)]
    path, text = f"/api/v1/problems/{problem}", {"text": "請求書の回収が月初に集中する"}
    assert (await web.post(f"{path}/correct", headers=other, json=text)).status_code == 403
    assert (await web.post(f"{path}/correct", headers=owner, json=text)).status_code == 204
    listed = (await web.get(f"/api/v1/cycles/{CYCLE}/problems", headers=other)).json()["problems"]
    assert [one["text"] for one in listed if one["id"] == problem] == [text["text"]]
    assert (await web.post(f"{path}/take_back", headers=other, json={"reason": "重複"})).status_code == 403
    for _ in range(2):
        assert (await web.post(f"{path}/take_back", headers=hr, json={"reason": "重複"})).status_code == 204
    listed = (await web.get(f"/api/v1/cycles/{CYCLE}/problems", headers=other)).json()["problems"]
    assert problem not in {one["id"] for one in listed}
    assert (await web.post("/api/v1/problems/x/correct", headers=hr, json=text)).status_code == 404


async def test_a_problem_without_an_answer_is_taken_over_once(company: Steered, web: httpx.AsyncClient) -> None:
    problem = await _heard(company, by(ONO), "経費の締めが遅い")
    headers, path = await token_of(company, MORI), f"/api/v1/cycles/{NEXT}/lessons"
    listed = (await web.get(f"{path}?earlier={CYCLE}", headers=headers)).json()
    assert [one["taken_as"] for one in listed["problems"] if one["id"] == problem] == [None]
    body = {"lesson": problem, "earlier": CYCLE, "department": ACCOUNTING}
    first, again = [await web.post(path, headers=headers, json=body) for _ in range(2)]
    assert (first.status_code, first.json()) == (200, again.json()), first.text
    heard = (await web.get(f"/api/v1/cycles/{NEXT}/problems", headers=headers)).json()["problems"]
    assert [(one["id"], one["source"]) for one in heard] == [(first.json()["problem"], problem)]
    unknown = await web.post(path, headers=headers, json={**body, "lesson": "x"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "no_such_lesson")


async def test_the_distribution_of_results_is_for_hr(company: Steered, web: httpx.AsyncClient) -> None:
    path = f"/api/v1/cycles/{CYCLE}/distribution"
    found = await web.get(f"{path}?by=department", headers=await token_of(company, HR))
    assert found.status_code == 200, found.text
    assert {one["name"] for one in found.json()["spreads"]} >= {ACCOUNTING}
    by_reviewer = (await web.get(f"{path}?limit=1", headers=await token_of(company, HR))).json()
    assert by_reviewer["next"] in {one["name"] for one in by_reviewer["spreads"]}
    assert (await web.get(path, headers=await token_of(company, MANAGER))).status_code == 403
