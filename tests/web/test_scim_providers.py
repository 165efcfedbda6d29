"""The requests that Microsoft Entra and Okta are known to send, in their own forms, also where the standard has another one."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest
import pytest_asyncio

from domain.roles import CompanyRole
from service.roles import Roles
from tests.callers import OPERATOR
from tests.service.steered import MORI, ONO, TOP, Steered
from tests.web.people import token_of
from tests.web.test_scim import ENTERPRISE, GROUP, Headers, made, patch, user
from tests.web.test_scim_gathering import employee, gathered

pytestmark = pytest.mark.slow


@pytest_asyncio.fixture(scope="module")
async def provider(company: Steered) -> Headers:
    await Roles(company.engine).give(OPERATOR, ONO, CompanyRole.DIRECTORY)
    return await token_of(company, ONO, "provision")


async def patched(
    web: httpx.AsyncClient, provider: Headers, where: Mapping[str, Any], *operations: dict[str, Any]
) -> dict[str, Any]:
    answer = await web.patch(where["meta"]["location"], headers=provider, json=patch(*operations))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def group(web: httpx.AsyncClient, provider: Headers, name: str, *members: Mapping[str, Any]) -> dict[str, Any]:
    body = {"schemas": [GROUP], "displayName": name, "members": [{"value": one["id"]} for one in members]}
    return await made(web, provider, body, "Groups")


async def test_entra_tests_the_connection_with_a_name_that_nobody_has(
    web: httpx.AsyncClient, provider: Headers
) -> None:
    query = 'userName eq "7a9e3c1c-7a55-4f0c-8a4f-2a3e2d6a8d4a"'
    found = await web.get("/scim/v2/Users", params={"filter": query}, headers=provider)
    assert (found.status_code, found.json()["totalResults"], found.json()["Resources"]) == (200, 0, [])


async def test_entra_changes_a_user(web: httpx.AsyncClient, provider: Headers) -> None:
    body = user("entra", "X1")
    del body["emails"]
    one = await made(web, provider, body)
    boss = await made(web, provider, user("entra-boss", "X0"))
    changed = await patched(
        web,
        provider,
        one,
        {"op": "Add", "path": 'emails[type eq "work"].value', "value": "new@example.jp"},
        {"op": "Add", "path": "name.givenName", "value": "花子"},
        {"op": "Add", "path": "name.familyName", "value": "山田"},
        {"op": "Replace", "path": "displayName", "value": [{"$ref": None, "value": "山田 花子"}]},
        {"op": "Add", "path": f"{ENTERPRISE}:department", "value": "営業部"},
        {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": boss["id"]},
        {"op": "Add", "path": 'phoneNumbers[type eq "mobile"].value', "value": "090-0000-0000"},
        {"op": "Replace", "path": "active", "value": "False"},
    )
    assert changed["emails"] == [{"type": "work", "value": "new@example.jp"}]
    assert (changed["displayName"], changed["name"]) == ("山田 花子", {"familyName": "山田", "givenName": "花子"})
    assert changed["active"] is False
    assert changed[ENTERPRISE] == {"employeeNumber": "X1", "department": "営業部", "manager": {"value": boss["id"]}}
    assert "phoneNumbers" not in changed
    changed = await patched(
        web,
        provider,
        one,
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "newer@example.jp"},
        {"op": "Replace", "path": "active", "value": [{"$ref": None, "value": "True"}]},
        {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": [{"$ref": None, "value": boss["id"]}]},
    )
    assert (changed["emails"][0]["value"], changed["active"]) == ("newer@example.jp", True)
    for gone in (
        {"op": "Remove", "path": f"{ENTERPRISE}:manager"},
        {"op": "Replace", "path": f"{ENTERPRISE}:manager", "value": ""},
        {"op": "Replace", "path": f"{ENTERPRISE}:manager", "value": {"value": ""}},
    ):
        again = {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": {"value": boss["id"]}}
        assert "manager" in (await patched(web, provider, one, again))[ENTERPRISE]
        assert "manager" not in (await patched(web, provider, one, gone))[ENTERPRISE], gone


async def test_okta_looks_a_user_up_replaces_it_and_switches_it_off(web: httpx.AsyncClient, provider: Headers) -> None:
    page = await web.get(
        "/scim/v2/Users",
        params={"filter": 'userName eq "okta@example.jp"', "startIndex": 1, "count": 100},
        headers=provider,
    )
    assert page.json()["totalResults"] == 0
    body = user("okta", "X2") | {
        "name": {"givenName": "一郎", "familyName": "鈴木"},
        "password": "hidden-1",
        "groups": [],
    }
    one = await made(web, provider, body)
    assert "password" not in one
    whole = body | {"id": one["id"], "meta": {"resourceType": "User"}, "title": "主任", "active": False}
    replaced = await web.put(one["meta"]["location"], headers=provider, json=whole)
    assert (replaced.status_code, replaced.json()["title"], replaced.json()["active"]) == (200, "主任", False)
    assert (await patched(web, provider, one, {"op": "replace", "value": {"active": True}}))["active"] is True
    both = {"id": one["id"], "displayName": "鈴木 一郎", "active": False}
    assert (await patched(web, provider, one, {"op": "replace", "value": both}))["displayName"] == "鈴木 一郎"


async def test_the_members_of_a_group_are_changed_as_both_do_it(web: httpx.AsyncClient, provider: Headers) -> None:
    people = [await made(web, provider, user(f"member{n}", f"X3{n}")) for n in range(4)]
    ids = [one["id"] for one in people]
    one = await group(web, provider, "経理グループ")

    async def members(*operations: dict[str, Any]) -> set[str]:
        changed = await patched(web, provider, one, *operations)
        return {each["value"] for each in changed.get("members", ())}

    entra = {
        "op": "Add",
        "path": "members",
        "value": [{"$ref": None, "value": ids[0]}, {"$ref": None, "value": ids[1]}],
    }
    assert await members(entra) == set(ids[:2])
    assert await members({"op": "Remove", "path": "members", "value": [{"$ref": None, "value": ids[0]}]}) == {ids[1]}
    okta = {"op": "remove", "path": f'members[value eq "{ids[1]}"]'}
    assert await members({"op": "add", "path": "members", "value": [{"value": ids[2], "display": "x"}]}, okta) == {
        ids[2]
    }
    assert await members({"op": "replace", "path": "members", "value": [{"value": ids[3]}]}) == {ids[3]}
    renamed = await patched(
        web, provider, one, {"op": "replace", "value": {"id": one["id"], "displayName": "別のグループ"}}
    )
    assert renamed["displayName"] == "別のグループ"
    found = await web.get(
        "/scim/v2/Groups",
        params={"filter": 'displayName eq "別のグループ"', "excludedAttributes": "members"},
        headers=provider,
    )
    assert [(each["id"], "members" in each) for each in found.json()["Resources"]] == [(one["id"], False)]
    unknown = patch({"op": "add", "path": "members", "value": [{"value": "nobody"}]})
    refused = await web.patch(one["meta"]["location"], headers=provider, json=unknown)
    assert (refused.status_code, refused.json()["scimType"]) == (400, "invalidValue")
    assert (await web.delete(people[3]["meta"]["location"], headers=provider)).status_code == 204
    assert not (await web.get(one["meta"]["location"], headers=provider)).json().get("members")
    assert (await web.delete(one["meta"]["location"], headers=provider)).status_code == 204


async def test_a_group_is_the_department_of_who_has_none_and_its_new_name_moves_nobody(
    company: Steered, web: httpx.AsyncClient, provider: Headers
) -> None:
    await company.launch("scim-groups")

    def without_department(name: str, number: str) -> dict[str, Any]:
        body = user(name, number, manager=str(TOP))
        del body[ENTERPRISE]["department"]
        return body

    people = [await made(web, provider, without_department(f"grouped{n}", f"Y{n}")) for n in range(3)]
    mine = await group(web, provider, "開発部", people[0], people[1])
    await group(web, provider, "全社", people[2])
    await group(web, provider, "安全委員会", people[2])
    found = await gathered(company)
    assert [(await employee(company, f"Y{n}")).department for n in range(2)] == ["開発部"] * 2
    assert [one.code for one in found.refused[people[2]["id"]]] == ["not_provisioned"], (
        "of two groups, neither is the department"
    )
    await patched(web, provider, mine, {"op": "replace", "value": {"id": mine["id"], "displayName": "技術部"}})
    found = await gathered(company)
    assert found.instruction
    asked = await company.instructions.require(found.instruction)
    assert [(await employee(company, f"Y{n}")).department for n in range(2)] == ["技術部"] * 2
    assert asked.asked.moved == ()  # type: ignore[union-attr]


async def test_a_user_without_a_number_is_the_person_with_the_mail_address(
    company: Steered, web: httpx.AsyncClient, provider: Headers
) -> None:
    numbered = user("mailed", str(MORI), manager=str(TOP))
    first = await made(web, provider, numbered)
    await gathered(company)
    assert (await web.delete(first["meta"]["location"], headers=provider)).status_code == 204
    await made(web, provider, user("mailed", None, manager=str(TOP)) | {"displayName": "森 かおり"})
    twin = user("twin", None, manager=str(TOP)) | {"emails": [{"value": "mailed@example.jp"}]}
    refused = await web.post("/scim/v2/Users", headers=provider, json=twin)
    assert (refused.status_code, refused.json()["scimType"]) == (409, "uniqueness")
    await gathered(company)
    found = await employee(company, MORI)
    assert (found.name, found.active) == ("森 かおり", True)
