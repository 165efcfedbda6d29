"""What the API shows of people, problems, results and records, to whom."""

import httpx
import pytest
import pytest_asyncio

from domain.values import CycleId
from tests.service.steered import ACCOUNTING, HR, MANAGER, MORI, ONO, SALES, Steered
from tests.web.people import token_of

pytestmark = pytest.mark.slow
CYCLE = CycleId("reads")


@pytest_asyncio.fixture(scope="module", autouse=True)
async def cycle(company: Steered) -> CycleId:
    return await company.launch(CYCLE)


async def test_a_person_and_of_their_goals_those_that_the_caller_may_see(
    company: Steered, web: httpx.AsyncClient
) -> None:
    for caller, goals, waiting in ((MANAGER, 1, None), (SALES, 0, None), (MORI, 1, 1), (HR, 1, None)):
        found = (await web.get(f"/api/v1/people/{MORI}", headers=await token_of(company, caller))).json()
        assert (found["employee"]["name"], len(found["goals"]), found["waiting"]) == ("森 香織", goals, waiting), caller
    assert (await web.get("/api/v1/people/nobody", headers=await token_of(company, HR))).status_code == 404
    tree = (await web.get("/api/v1/departments", headers=await token_of(company, SALES))).json()
    assert ACCOUNTING in {one["department"] for one in tree["departments"]}


async def test_a_heard_problem_is_added_once_and_found(company: Steered, web: httpx.AsyncClient) -> None:
    headers = await token_of(company, MORI)
    body, once = {"text": "請求書の回収が月初に集中する"}, headers | {"Idempotency-Key": "problem-1"}
    first, again = [await web.post(f"/api/v1/cycles/{CYCLE}/problems", headers=once, json=body) for _ in range(2)]
    assert (first.status_code, first.json()) == (201, again.json())
    path = f"/api/v1/cycles/{CYCLE}/problems?unanswered=true"
    found = (await web.get(path, headers=await token_of(company, ONO))).json()["problems"]
    assert [(one["id"], one["department"], one["heard_as"]) for one in found] == [
        (first.json()["id"], ACCOUNTING, "staff")
    ]
    unknown = await web.post("/api/v1/cycles/none/problems", headers=headers, json=body)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_cycle")


async def test_results_and_the_journal_are_for_hr(company: Steered, web: httpx.AsyncClient) -> None:
    hr, manager = await token_of(company, HR), await token_of(company, MANAGER)
    for path in (f"/api/v1/cycles/{CYCLE}/scores", "/api/v1/journal"):
        assert (await web.get(path, headers=manager)).json()["code"] == "not_allowed"
    scores = (await web.get(f"/api/v1/cycles/{CYCLE}/scores?limit=2", headers=hr)).json()
    assert (len(scores["people"]), scores["next"]) == (2, scores["people"][-1]["person"])
    journal = (await web.get("/api/v1/journal?log=tokens&log=directory&limit=1000", headers=hr)).json()
    assert {(one["log"], one["holds"]) for one in journal["logs"]} == {("tokens", True), ("directory", True)}
    assert {one["log"] for one in journal["ledger"]} == {"tokens", "directory"}


async def test_a_ledger_is_proved_for_who_may_see_the_goal(company: Steered, web: httpx.AsyncClient) -> None:
    path = f"/api/v1/goals/{CYCLE}/{MORI}/1/ledger"
    assert (await web.get(path, headers=await token_of(company, SALES))).status_code == 403
    found = (await web.get(path, headers=await token_of(company, MANAGER))).json()
    assert (found["holds"], [one["seq"] for one in found["ledger"]]) == (True, [1])


async def test_ones_own_settings_and_tokens(company: Steered, web: httpx.AsyncClient) -> None:
    headers = await token_of(company, ONO)
    assert (await web.get("/api/v1/preferences", headers=headers)).json()["employee"] == ONO
    tokens = (await web.get("/api/v1/tokens", headers=headers)).json()["tokens"]
    assert {one["owner"] for one in tokens} == {ONO}
    assert all("secret" not in one for one in tokens)
    assert (await web.get("/api/v1/delegations", headers=headers)).json()["delegations"] == []
    assert (await web.get("/api/v1/exemplars", headers=headers)).json()["exemplars"] == []
