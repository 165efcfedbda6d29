"""Forms that were not sent, as a browser keeps them: by a session only, with both texts where two tabs differ."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from domain.unsent import MAX_BYTES, UnsentWish
from domain.values import CycleId
from service.reorganisation import Reorganisation
from service.unsent import Unsent
from tests.callers import by
from tests.service.steered import HARA, HR, MANAGER, MORI, ONO, SALES, Steered
from tests.web.people import session_of, token_of

pytestmark = pytest.mark.slow
PATH = "/api/v1/unsent/goal/2026-q4/E11/1/content"
TYPED = {"theme": " 月次決算の早期化\r\n", "steps.title": ["原因を三つ", "", "\x0b"], "target": "七日くらい"}


async def put(web: httpx.AsyncClient, headers: dict[str, str], body: Any, path: str = PATH) -> httpx.Response:
    return await web.put(path, headers=headers, json=body)


async def test_what_was_typed_is_kept_read_listed_and_forgotten(company: Steered, web: httpx.AsyncClient) -> None:
    mine, other = await session_of(company, MORI), await session_of(company, ONO)
    assert (await web.get(PATH, headers=mine)).json() == {"kept": None}
    saved = await put(web, mine, {"fields": TYPED, "seen": 3})
    kept = saved.json()
    assert (saved.status_code, kept["fields"], kept["seen"]) == (200, TYPED, 3), saved.text
    assert kept["place"] == "goal/2026-q4/E11/1/content"
    assert (await put(web, mine, {"fields": TYPED, "seen": 3})).json() == kept  # the answer was lost
    assert (await web.get(PATH, headers=mine)).json() == {"kept": kept}
    (listed,) = (await web.get("/api/v1/unsent", headers=mine)).json()["forms"]
    assert listed == {name: value for name, value in kept.items() if name != "fields"}
    assert (await web.get(PATH, headers=other)).json() == {"kept": None}
    assert (await web.get("/api/v1/unsent", headers=other)).json() == {"forms": []}
    for _ in range(2):
        ended = await web.delete(PATH, headers=mine, params={"version": kept["version"]})
        assert (ended.status_code, ended.content) == (204, b"")
    assert (await web.get(PATH, headers=mine)).json() == {"kept": None}


async def test_of_two_tabs_that_save_at_once_one_gets_both_texts(company: Steered, web: httpx.AsyncClient) -> None:
    tabs = [await session_of(company, SALES) for _ in range(2)]
    answers = await asyncio.gather(*(put(web, one, {"fields": {"theme": str(n)}}) for n, one in enumerate(tabs)))
    won, lost = sorted(answers, key=lambda one: one.status_code)
    assert (won.status_code, lost.status_code, lost.json()["code"]) == (200, 412, "unsent_changed")
    assert lost.json()["fields"] == {"kept": won.json()}
    assert "別の画面" in lost.json()["detail"]
    both = {"fields": {"theme": "0と1"}, "version": won.json()["version"]}
    merged = (await put(web, tabs[1], both)).json()
    stale = await web.delete(PATH, headers=tabs[0], params={"version": won.json()["version"]})
    assert (stale.status_code, stale.json()["fields"]) == (412, {"kept": merged})
    await web.delete(PATH, headers=tabs[0], params={"version": merged["version"]})
    gone = await put(web, tabs[1], {"fields": {"theme": "2"}, "version": merged["version"]})
    assert (gone.status_code, gone.json()["fields"]) == (412, {"kept": None})
    assert "送信・破棄" in gone.json()["detail"]
    assert (await put(web, tabs[1], {"fields": {"theme": "2"}})).status_code == 200


async def test_what_cannot_be_kept_is_refused_by_place_and_not_repeated(
    company: Steered, web: httpx.AsyncClient
) -> None:
    mine = await session_of(company, HARA)
    for body, status, code, where in (
        ({"fields": {"theme": "a\0b"}}, 422, "invalid", "fields.theme"),
        ({"fields": {"theme": "あ" * (MAX_BYTES // 3)}}, 413, "too_large", None),
        ({"fields": {"theme": 1}}, 422, "invalid", "fields.theme"),
        ({"fields": {"x" * 1000: "x"}}, 422, "invalid", "fields"),
        ({"fields": {}, "version": 0}, 422, "invalid", "version"),
        ({"fields": {}, "seen": "4"}, 422, "invalid", "seen"),
        ({"fields": {}, "place": "x"}, 422, "invalid", "place"),
        ({}, 422, "invalid", "fields"),
    ):
        refused = await put(web, mine, body)
        assert (refused.status_code, refused.json()["code"]) == (status, code), refused.text
        assert [one["where"] for one in refused.json()["errors"]] == ([where] if where else []), refused.text
        assert len(refused.text) < 1000
    half = '{"fields": {"theme": "\\ud800"}}'
    refused = await web.put(PATH, headers=mine | {"Content-Type": "application/json"}, content=half)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    for place in ("a//b", "a/", "%E7%9B%AE", "a%20b", "x" * 41, "a/.b", "-a"):
        refused = await web.put(f"/api/v1/unsent/{place}", headers=mine, json={"fields": {}})
        assert refused.status_code == 422, (place, refused.text)
        assert refused.json()["errors"][0]["where"] == "path.place"
    assert (await web.get("/api/v1/unsent/a%0Ab", headers=mine)).status_code == 404
    assert (await web.delete(PATH, headers=mine)).status_code == 422  # of which version?
    assert (await web.get("/api/v1/unsent", headers=mine)).json() == {"forms": []}


async def test_a_program_with_a_token_reads_and_keeps_nothing_nor_does_a_page_of_another_site(
    company: Steered, web: httpx.AsyncClient
) -> None:
    token, elsewhere = await token_of(company, MORI), await session_of(company, MORI) | {"Sec-Fetch-Site": "cross-site"}
    for headers, code in ((token, "session_needed"), (elsewhere, "not_of_this_site")):
        refused = await put(web, headers, {"fields": TYPED})
        assert (refused.status_code, refused.json()["code"]) == (403, code)
    for path in (PATH, "/api/v1/unsent"):
        assert (await web.get(path, headers=token)).json()["code"] == "session_needed"


async def test_another_method_is_answered_with_those_that_there_are(company: Steered, web: httpx.AsyncClient) -> None:
    for path in (PATH, "/api/v1/unsent/x"):
        refused = await web.post(path, headers=await session_of(company, MORI), json={})
        assert (refused.status_code, refused.headers["allow"]) == (405, "DELETE, GET, PUT"), path


async def test_a_place_with_encoded_slashes_is_the_same(company: Steered, web: httpx.AsyncClient) -> None:
    mine = await session_of(company, MANAGER)
    kept = (await put(web, mine, {"fields": TYPED}, "/api/v1/unsent/problem%2F2026-q4")).json()
    assert (await web.get("/api/v1/unsent/problem/2026-q4", headers=mine)).json() == {"kept": kept}


async def test_the_texts_of_who_leaves_are_gone_with_the_import_and_do_not_come_back(
    company: Steered, web: httpx.AsyncClient
) -> None:
    await company.launch(CycleId("unsent"))  # so that somebody is HR
    unsent = Unsent(company.engine)
    for person in (HARA, ONO):
        await unsent.keep(by(person), "leaving/1", TYPED, seen=None, version=None, now=datetime.now(UTC))
    for active in ("いいえ", "はい"):
        file = f"社員番号,氏名,部署,上長,在籍\n{HARA},原田 修,経理部,{MANAGER},{active}\n".encode()
        syncs = Reorganisation(company.engine)
        compared = await syncs.compare(by(HR), file)
        assert compared.difference, compared.findings
        await company.done(await syncs.apply(by(HR), company.client, compared, "組織変更"))
    mine = await session_of(company, HARA)
    assert (await web.get("/api/v1/unsent/leaving/1", headers=mine)).json() == {"kept": None}
    assert await unsent.read(by(ONO), "leaving/1") is not None


def test_the_document_says_what_a_field_is() -> None:
    fields = UnsentWish.model_json_schema()["properties"]["fields"]
    (values,) = fields["patternProperties"].values()
    texts = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
    assert (values, fields["additionalProperties"]) == (texts, False)
