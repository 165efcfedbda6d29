"""SCIM as providers use it: create, look up, change, and what is refused at once."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi.routing import APIRoute

from domain.journal import Log
from domain.roles import CompanyRole
from service.roles import Roles
from storage import journal
from storage.database import read_transaction
from tests.callers import OPERATOR
from tests.service.steered import HARA, MORI, ONO, Steered
from tests.web.people import token_of
from web.scim import discovery, resources

pytestmark = pytest.mark.slow
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
Headers = Mapping[str, str]


@pytest_asyncio.fixture(scope="module")
async def provider(company: Steered) -> Headers:
    """The headers of the provider's requests."""
    await Roles(company.engine).give(OPERATOR, ONO, CompanyRole.DIRECTORY)
    return await token_of(company, ONO, "provision")


def user(name: str, number: str | None = None, **enterprise: Any) -> dict[str, Any]:
    return {
        "schemas": [USER, ENTERPRISE],
        "externalId": f"ext-{name}",
        "userName": f"{name}@example.jp",
        "displayName": f"{name} 太郎",
        "active": True,
        "emails": [{"value": f"{name}@example.jp", "type": "work", "primary": True}],
        ENTERPRISE: {"employeeNumber": number, "department": "経理部", **enterprise},
    }


def patch(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": [PATCH], "Operations": list(operations)}


async def made(
    web: httpx.AsyncClient, provider: Headers, body: Mapping[str, Any], kind: str = "Users"
) -> dict[str, Any]:
    answer = await web.post(f"/scim/v2/{kind}", headers=provider, json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_user_is_made_found_replaced_and_removed(web: httpx.AsyncClient, provider: Headers) -> None:
    body = user("crud", "N100") | {"phoneNumbers": [{"value": "03-1111"}], "password": "geheim"}
    answer = await web.post("/scim/v2/Users", headers=provider, json=body)
    assert answer.headers["content-type"] == "application/scim+json"
    one = answer.json()
    assert answer.headers["location"] == one["meta"]["location"]
    assert one["meta"]["location"].endswith(f"/scim/v2/Users/{one['id']}")
    assert "phoneNumbers" not in one, "what Meguri does not use is not kept"
    assert (await web.get(one["meta"]["location"], headers=provider)).json() == one
    for query in (
        'userName eq "CRUD@example.jp"', 'externalId eq "ext-crud"', f'id eq "{one["id"]}"', 'emails.value eq "crud@example.jp"',
        'emails[value eq "crud@example.jp"]',
        'active eq true and userName eq "crud@example.jp"',
    ):  # fmt: skip
        found = (await web.get("/scim/v2/Users", params={"filter": query}, headers=provider)).json()
        assert [each["id"] for each in found["Resources"]] == [one["id"]], query
    none = (await web.get("/scim/v2/Users", params={"filter": 'userName eq "nobody"'}, headers=provider)).json()
    assert (none["totalResults"], none.get("Resources", [])) == (0, [])
    replaced = await web.put(
        f"/scim/v2/Users/{one['id']}", headers=provider, json=user("crud", "N100") | {"title": "課長"}
    )
    assert (replaced.status_code, replaced.json()["title"]) == (200, "課長")
    assert (await web.delete(f"/scim/v2/Users/{one['id']}", headers=provider)).status_code == 204
    gone = await web.get(f"/scim/v2/Users/{one['id']}", headers=provider)
    assert (gone.status_code, gone.json()["schemas"]) == (404, ["urn:ietf:params:scim:api:messages:2.0:Error"])
    await made(web, provider, user("crud", "N100"))


async def test_what_is_wrong_is_refused_at_once_and_changes_nothing(web: httpx.AsyncClient, provider: Headers) -> None:
    one = await made(web, provider, user("first", "N110"))
    before = (await web.get("/scim/v2/Users", headers=provider)).json()["totalResults"]
    for body, status, kind in (
        (user("first", "N111"), 409, "uniqueness"),
        (user("FIRST", "N111"), 409, "uniqueness"),
        (user("second", "N110"), 409, "uniqueness"),
        (user("second", "N111", manager={"value": "nobody"}), 400, "invalidValue"),
        (user("second", "N 1/1"), 400, "invalidValue"),
        (user("second", "N111") | {"emails": [{"value": "no address"}]}, 400, "invalidValue"),
        (user("second", "N111") | {"displayName": "a\u0000b"}, 400, "invalidValue"),
        ({"schemas": [USER], "displayName": "x"}, 400, "invalidValue"),
    ):
        refused = await web.post("/scim/v2/Users", headers=provider, json=body)
        assert (refused.status_code, refused.json()["scimType"], refused.json()["status"]) == (
            status,
            kind,
            str(status),
        ), body
    broken = await web.post("/scim/v2/Users", headers=provider, content=b"{")
    assert (broken.status_code, broken.json()["scimType"]) == (400, "invalidSyntax")
    wrong = await web.get("/scim/v2/Users", params={"filter": "userName like x"}, headers=provider)
    assert (wrong.status_code, wrong.json()["scimType"]) == (400, "invalidFilter")
    kept = await web.patch(
        f"/scim/v2/Users/{one['id']}",
        headers=provider,
        json=patch(
            {"op": "replace", "path": "title", "value": "x"},
            {"op": "replace", "path": f"{ENTERPRISE}:manager", "value": "?"},
        ),
    )
    assert kept.status_code == 400
    assert (await web.get(f"/scim/v2/Users/{one['id']}", headers=provider)).json() == one
    assert (await web.get("/scim/v2/Users", headers=provider)).json()["totalResults"] == before


async def test_a_repeat_changes_nothing_and_every_change_is_in_the_journal(
    company: Steered, web: httpx.AsyncClient, provider: Headers
) -> None:
    async def entries() -> list[tuple[str, str]]:
        async with read_transaction(company.engine) as connection:
            assert await journal.first_break(connection, Log.PROVISIONING) is None
            return [(one.kind, one.actor) for one in await journal.entries_of(connection, Log.PROVISIONING)]

    before = len(await entries())
    one = await made(web, provider, user("again", "N140"))
    where = one["meta"]["location"]
    title = patch({"op": "replace", "path": "title", "value": "主任"})
    changed = [(await web.patch(where, headers=provider, json=title)).json() for _ in range(2)]
    assert changed[0] == changed[1]
    whole = user("again", "N140") | {"title": "主任"}
    assert (await web.put(where, headers=provider, json=whole)).json() == changed[0]
    assert [(await web.delete(where, headers=provider)).status_code for _ in range(2)] == [204, 404]
    assert (await entries())[before:] == [
        ("resource_made", ONO), ("resource_changed", ONO), ("resource_removed", ONO),
    ]  # fmt: skip


async def test_a_body_and_a_filter_have_an_end(web: httpx.AsyncClient, provider: Headers) -> None:
    large = await web.post("/scim/v2/Users", headers=provider, content=b'{"userName": "' + b"x" * 2_000_001 + b'"}')
    assert (large.status_code, large.json()["status"]) == (413, "413")
    long = {"schemas": [SEARCH], "filter": " or ".join(['title eq "x"'] * 1000)}
    refused = await web.post("/scim/v2/Users/.search", headers=provider, json=long)
    assert (refused.status_code, refused.json()["scimType"]) == (400, "invalidFilter")


async def test_a_manager_is_a_user_or_an_employee_number(web: httpx.AsyncClient, provider: Headers) -> None:
    boss = await made(web, provider, user("boss", "N120"))
    for name, manager in (("a", {"value": boss["id"]}), ("b", boss["id"]), ("c", str(MORI))):
        one = await made(web, provider, user(f"led-{name}", f"N12{name}", manager=manager))
        assert one[ENTERPRISE]["manager"]["value"] == (str(MORI) if name == "c" else boss["id"])


async def test_pages_and_attributes(web: httpx.AsyncClient, provider: Headers) -> None:
    for number in range(3):
        await made(web, provider, user(f"page{number}", f"N13{number}"))
    total = (await web.get("/scim/v2/Users?count=0", headers=provider)).json()["totalResults"]
    seen = []
    for start in range(1, total + 1, 2):
        page = (await web.get(f"/scim/v2/Users?startIndex={start}&count=2", headers=provider)).json()
        assert page["startIndex"] == start
        seen += [one["id"] for one in page["Resources"]]
    assert len(set(seen)) == len(seen) == total
    few = (await web.get("/scim/v2/Users?count=1&attributes=userName", headers=provider)).json()["Resources"][0]
    assert set(few) == {"schemas", "id", "userName"}
    search = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "filter": 'userName sw "page"',
        "count": 2,
    }
    found = await web.post("/scim/v2/Users/.search", headers=provider, json=search)
    assert (found.json()["totalResults"], len(found.json()["Resources"])) == (3, 2)


async def test_who_may(company: Steered, web: httpx.AsyncClient, provider: Headers) -> None:
    """Every route: not without a token, nor with another scope; and a token with the scope is made for an administrator only."""
    others = await token_of(company, ONO)
    found = [one for one in (*discovery.router.routes, *resources.router.routes) if isinstance(one, APIRoute)]
    routes = [(way, one.path.format(resource="x", name="x", urn="x")) for one in found for way in one.methods or ()]
    assert len(routes) == 20
    for method, path in routes:
        for headers, status in (({}, 401), (others, 403)):
            refused = await web.request(method, f"/scim/v2{path}", headers=headers, json={})
            assert (refused.status_code, refused.json()["status"]) == (status, str(status)), path
    assert (await web.get("/api/v1/people/E1", headers=provider)).status_code == 403, "it is for SCIM only"
    with pytest.raises(Exception, match="not_allowed"):
        await token_of(company, HARA, "provision")
    await Roles(company.engine).give(OPERATOR, HARA, CompanyRole.SYSTEM)
    with pytest.raises(Exception, match="not_allowed"):
        await token_of(company, HARA, "provision")
