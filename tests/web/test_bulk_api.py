"""Many commands in one request: each has its own version, its own key and its own result."""

from typing import Any

import httpx
import pytest
import pytest_asyncio

from domain.values import CycleId, EmployeeId
from tests.service.steered import HARA, MANAGER, MORI, ONO, SALES, Steered
from tests.web.people import token_of

pytestmark = pytest.mark.slow
CYCLE = CycleId("bulk")
_PATH = "/api/v1/goals/commands"


@pytest_asyncio.fixture(scope="module", autouse=True)
async def cycle(company: Steered, web: httpx.AsyncClient) -> CycleId:
    cycle = await company.launch(CYCLE)
    for owner in (MORI, HARA, ONO):
        headers = await token_of(company, owner) | {"If-Match": '"1"'}
        assert (await web.post(f"/api/v1/goals/{cycle}/{owner}/1/submit", headers=headers, json={})).is_success
    return cycle


def row(command: str, owner: str, key: str, seen: int | None = None, **body: Any) -> dict[str, Any]:
    said = {"command": command, "goal": f"{CYCLE}/{owner}/1", "key": key, "body": body}
    return said if seen is None else said | {"seen": seen}


async def _seen(company: Steered, owner: EmployeeId) -> int:
    return (await company.goal(CYCLE, owner)).seq


async def test_each_command_has_its_own_result_and_a_repeat_changes_nothing(
    company: Steered, web: httpx.AsyncClient
) -> None:
    manager = await token_of(company, MANAGER)
    before = await company.goal(CYCLE, SALES)
    rows = [
        row("approve", MORI, "a-1", await _seen(company, MORI), comment="よい目標です"),
        row("approve", HARA, "a-2", 1),
        row("approve", SALES, "a-3", before.seq),
        row("comment", MORI, "a-4", text="続けてください"),
        row("comment", "nobody", "a-5", text="x"),
    ]
    answer = await web.post(_PATH, headers=manager | {"Accept-Language": "en"}, json={"commands": rows})
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert [(one["key"], one["result"], (one["problem"] or {}).get("code")) for one in results] == [
        ("a-1", "succeeded", None), ("a-2", "refused", "goal_changed"), ("a-3", "refused", "not_allowed"),
        ("a-4", "succeeded", None), ("a-5", "refused", "unknown_goal"),
    ]  # fmt: skip
    assert [one["problem"]["status"] for one in results if one["problem"]] == [412, 403, 404]
    assert results[0]["given"]["state"] == "active"
    assert results[3]["given"]["seq"] == results[0]["given"]["seq"] + 1  # commands to one goal come in their order
    assert (await company.goal(CYCLE, HARA)).state == "pending_approval"
    assert await company.goal(CYCLE, SALES) == before

    after = await company.goal(CYCLE, MORI)
    again = (await web.post(_PATH, headers=manager, json={"commands": rows})).json()["results"]
    assert [one["result"] for one in again] == ["unchanged", "refused", "refused", "unchanged", "refused"]
    other = row("comment", MORI, "a-4", text="別の内容")
    (used,) = (await web.post(_PATH, headers=manager, json={"commands": [other]})).json()["results"]
    assert (used["result"], used["problem"]["code"]) == ("refused", "command_id_used")
    assert await company.goal(CYCLE, MORI) == after


async def test_a_goal_that_is_not_ready_says_what_is_missing(company: Steered, web: httpx.AsyncClient) -> None:
    owner = await token_of(company, SALES)
    rows = [row("submit", SALES, "s-1", await _seen(company, SALES), content={"theme": "速くする"})]
    (result,) = (await web.post(_PATH, headers=owner, json={"commands": rows})).json()["results"]
    assert (result["result"], result["problem"]["code"], result["given"]) == ("refused", "not_ready", None)
    assert result["problem"]["findings"]


async def test_a_mistake_in_one_row_refuses_the_whole_and_changes_nothing(
    company: Steered, web: httpx.AsyncClient
) -> None:
    manager, before = await token_of(company, MANAGER), await company.goal(CYCLE, ONO)
    good = row("comment", ONO, "m-1", text="x")
    for wrong, where in (
        (row("approve", ONO, "m-2"), "commands[1].approve.seen"),
        (row("approve", ONO, "m-2", True), "commands[1].approve.seen"),
        (row("comment", ONO, "m-2", text=5), "commands[1].comment.body.text"),
        (row("comment", ONO, "m-2", text="x", more="x"), "commands[1].comment.body.more"),
        (row("change_line", ONO, "m-2"), "commands[1]"),
        ({**good, "key": ""}, "commands[1].comment.key"),
    ):
        refused = await web.post(_PATH, headers=manager, json={"commands": [good, wrong]})
        assert (refused.status_code, [one["where"] for one in refused.json()["errors"]]) == (422, [where])
    for rows in ([], [good] * 101):
        assert (await web.post(_PATH, headers=manager, json={"commands": rows})).status_code == 422
    assert await company.goal(CYCLE, ONO) == before


async def test_a_hundred_commands_at_once(company: Steered, web: httpx.AsyncClient) -> None:
    manager = await token_of(company, MANAGER)
    rows = [row("comment", (MORI, HARA, ONO)[one % 3], f"h-{one}", text=f"{one}") for one in range(100)]
    results = (await web.post(_PATH, headers=manager, json={"commands": rows})).json()["results"]
    assert [(one["key"], one["result"]) for one in results] == [(f"h-{one}", "succeeded") for one in range(100)]
