"""Cycles and instructions by the API: a launch and an instruction are accepted at once, and followed by events."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from domain.values import CycleId
from tests.service.steered import HR, MORI, Steered, cycle_file, today
from tests.web.people import token_of

pytestmark = pytest.mark.slow


async def events(
    web: httpx.AsyncClient, path: str, headers: dict[str, str]
) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """Kind and document of each event, until the stream ends."""
    kind = ""
    async with web.stream("GET", path, headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        async for line in answer.aiter_lines():
            name, _, value = line.partition(": ")
            if name == "event":
                kind = value
            elif name == "data":
                yield kind, json.loads(value)


async def test_a_launch_is_accepted_and_followed_until_it_is_done(company: Steered, web: httpx.AsyncClient) -> None:
    headers = await token_of(company, HR)
    file, starts = cycle_file("by-api").encode(), f"?starts={today()}"
    checked = await web.post(f"/api/v1/cycles/check{starts}", headers=headers, content=file)
    assert checked.json()["launchable"], checked.text
    assert (await web.get("/api/v1/cycles/by-api", headers=headers)).status_code == 404

    launched = await web.post(f"/api/v1/cycles{starts}", headers=headers, content=file)
    assert launched.status_code == 202, launched.text
    assert launched.headers["location"] == launched.json()["status"] == "/api/v1/cycles/by-api"
    found = [one async for one in events(web, launched.json()["events"], headers)]
    kind, last = found[-1]
    assert (kind, last["state"], last["participants"]) == ("done", "open", {"started": 5})
    assert {kind for kind, _ in found[:-1]} <= {"progress"}

    again = await web.post(f"/api/v1/cycles{starts}", headers=headers, content=file)
    assert again.status_code == 202
    assert len((await web.get("/api/v1/cycles", headers=headers)).json()["cycles"]) == 1


@pytest.mark.parametrize("starts", ["0", "20270401", "tomorrow", "2027-02-30"])
async def test_a_day_that_is_none_is_refused(company: Steered, web: httpx.AsyncClient, starts: str) -> None:
    headers = await token_of(company, HR)
    answer = await web.post(f"/api/v1/cycles/check?starts={starts}", headers=headers, content=cycle_file("x").encode())
    assert (answer.status_code, [one["where"] for one in answer.json()["errors"]]) == (422, ["query.starts"])


async def test_a_file_with_errors_launches_nothing_and_the_answer_names_them(
    company: Steered, web: httpx.AsyncClient
) -> None:
    headers = await token_of(company, HR)
    for file in (b"cycle = 3", b"\xff\xfe"):
        answer = await web.post("/api/v1/cycles", headers=headers, content=file)
        assert (answer.status_code, answer.json()["code"]) == (422, "file_refused")
        assert answer.json()["findings"]


async def test_only_hr_launches_and_steers(company: Steered, web: httpx.AsyncClient) -> None:
    await company.launch("steered")
    owner = await token_of(company, MORI)
    launch = await web.post(f"/api/v1/cycles?starts={today()}", headers=owner, content=cycle_file("mine").encode())
    assert (launch.status_code, launch.json()["code"]) == (422, "file_refused") or launch.status_code == 403
    paused = await web.post(
        "/api/v1/cycles/steered/instructions", headers=owner, json={"kind": "pause", "reason": "棚卸し"}
    )
    assert (paused.status_code, paused.json()["code"]) == (403, "not_allowed")


async def test_an_instruction_is_accepted_once_and_followed(company: Steered, web: httpx.AsyncClient) -> None:
    cycle = await company.launch("paused")
    headers = await token_of(company, HR) | {"Idempotency-Key": "pause-1"}
    body = {"kind": "pause", "reason": "棚卸し", "selection": {"people": [MORI]}}
    first = await web.post(f"/api/v1/cycles/{cycle}/instructions", headers=headers, json=body)
    assert (first.status_code, first.json()["instruction"]) == (202, "pause-1"), first.text
    found = [one async for one in events(web, first.json()["events"], headers)]
    assert (found[-1][0], found[-1][1]["by_result"]) == ("done", {"done": 1})
    again = await web.post(f"/api/v1/cycles/{cycle}/instructions", headers=headers, json=body)
    assert again.status_code == 202
    other = await web.post(f"/api/v1/cycles/{cycle}/instructions", headers=headers, json={**body, "reason": "別の理由"})
    assert (other.status_code, other.json()["code"]) == (409, "instruction_taken")
    page = (await web.get(first.headers["location"], headers=headers)).json()
    assert [(one["goal"], one["result"]) for one in page["results"]] == [(f"{cycle}/{MORI}/1", "done")]
    assert (await company.goal(CycleId(cycle), MORI)).is_paused_by_hr


async def test_an_instruction_is_read_strictly(company: Steered, web: httpx.AsyncClient) -> None:
    cycle = await company.launch("strict")
    headers = await token_of(company, HR)
    for body, where in (
        ({"kind": "sync", "reason": "x"}, ""),
        ({"kind": "extend", "reason": "x", "due": "soon"}, "extend.due"),
        ({"kind": "pause"}, "pause.reason"),
    ):
        answer = await web.post(f"/api/v1/cycles/{cycle}/instructions", headers=headers, json=body)
        assert answer.status_code == 422
        assert [one["where"] for one in answer.json()["errors"]] == [where]
