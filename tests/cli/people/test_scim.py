"""`meguri people scim`: what waits, what was refused and why, and applying it at once."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.people.wanted import ENTERPRISE, ResourceKind
from service.provisioning import Provisioning
from storage.database import open_database
from tests.callers import by
from tests.cli.office import HARA, HR, MORI, ONO, TOP, Office

pytestmark = pytest.mark.slow


@pytest_asyncio.fixture
async def engine(office: Office) -> AsyncIterator[AsyncEngine]:
    opened = open_database(office.env["DATABASE_URL"])
    yield opened
    await opened.dispose()


def user(name: str, number: str | None) -> dict[str, Any]:
    enterprise = {"department": "経理部", "manager": {"value": TOP}} | ({"employeeNumber": number} if number else {})
    return {"userName": name, "displayName": f"{name} 花子", "active": True, ENTERPRISE: enterprise}


async def test_changes_are_shown_applied_and_explained(office: Office, engine: AsyncEngine) -> None:
    await office.done("people", "admins", "add", ONO)
    before = await office.told("people", "scim")
    assert (before["pending_count"], before["pending_since"], before["runs"]) == (0, None, [])
    assert "反映待ちの変更はありません" in await office.done("people", "scim", MEGURI_LOCALE="ja")
    provisioning, now = Provisioning(engine), datetime.now(UTC)
    for name, number in (("good", "S1"), ("bare", None)):
        await provisioning.create(by(ONO), ResourceKind.USER, user(name, number), now)
    assert (await office.told("people", "scim", "--as", ONO))["pending_count"] == 2
    assert "2 changes wait" in await office.done("people", "scim", "--as", ONO)

    await office.refused("people", "scim", "--apply")
    await office.refused("people", "scim", "--apply", "--as", MORI)
    await office.refused("people", "scim", "--as", MORI)
    assert (await office.told("people", "scim", "--as", ONO))["pending_count"] == 2
    await office.done("people", "scim", "--apply", "--as", ONO)
    person = await office.told("people", "show", "S1")
    assert person["person"]["manager"] == TOP

    found = await office.told("people", "scim", "--as", ONO)
    assert (found["pending_count"], [one["user_name"] for one in found["refusals"]]) == (0, ["bare"])
    assert [one["code"] for one in found["refusals"][0]["findings"]] == ["not_provisioned"]
    [last] = found["runs"]
    assert (last["resource_count"], last["refused_count"], last["actor"]) == (2, 1, ONO)
    screen = await office.done("people", "scim", "--as", ONO, MEGURI_LOCALE="ja")
    assert "反映できなかったユーザー: bare" in screen
    assert "社員番号が届いていません" in screen
    assert HR not in screen


async def test_a_token_for_provisioning_is_for_an_administrator_of_the_directory(office: Office) -> None:
    await office.refused("token", "create", "Entra", "--as", MORI, "--scope", "provision")
    await office.done("role", "give", ONO, "system")
    await office.done("role", "give", HARA, "directory", "--as", ONO)
    made = await office.told("token", "create", "Entra", "--as", HARA, "--scope", "プロビジョニング")
    assert made["scopes"] == ["provision"]
    await office.done("role", "end", HARA, "directory", "--as", ONO)
    await office.done("role", "end", ONO, "system", "--as", ONO)
