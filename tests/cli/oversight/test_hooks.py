"""`meguri hook`: receivers of events at the command line, in both languages."""

import base64
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.cli.office import HR, ONO, Office

pytestmark = pytest.mark.slow
KEY = base64.b64encode(b"k" * 32).decode()


@pytest_asyncio.fixture
async def system(office: Office) -> AsyncIterator[str]:
    """A system administrator; the key of the receivers' secrets is set."""
    await office.done("role", "give", ONO, "system")
    office.env["MEGURI_HOOK_KEY"] = KEY
    yield ONO
    del office.env["MEGURI_HOOK_KEY"]
    await office.done("role", "end", ONO, "system", "--as", ONO)


async def test_a_receiver_is_made_listed_changed_rotated_and_deleted(office: Office, system: str) -> None:
    made = await office.type("hook", "create", "https://hooks.example.com/a", "--kind", "承認", "--as", system)
    assert made.exit_code == 0, made.stderr
    assert made.stdout.startswith("whsec_")
    assert len(made.stdout.splitlines()) == 1  # so that a shell can keep it in a variable
    assert "again" in made.stderr
    [one] = (await office.told("hook", "list", "--as", system))["hooks"]
    assert (one["kinds"], one["state"], one["generation"]) == (["approved"], "active", 1)
    await office.refused("hook", "list", "--as", HR)

    await office.done("hook", "change", one["hook"], "--pause", "--every-kind", "--as", system)
    screen = await office.done("hook", "list", MEGURI_LOCALE="ja")
    assert "一時停止" in screen
    assert "すべて" in screen
    rotated = await office.told("hook", "rotate", one["hook"], "--generation", "1", "--as", system)
    assert rotated["secret"] != made.stdout.strip()
    await office.refused("hook", "rotate", one["hook"], "--generation", "1", "--as", system)
    assert await office.told("hook", "deliveries", one["hook"]) == {"deliveries": [], "next": None}
    assert "配信はありません" in await office.done("hook", "deliveries", one["hook"], MEGURI_LOCALE="ja")
    await office.refused("hook", "replay", one["hook"], "1", "--as", system)
    assert "削除しました" in await office.done("hook", "delete", one["hook"], "--as", system, MEGURI_LOCALE="ja")
    assert await office.told("hook", "list") == {"hooks": []}


async def test_what_does_not_fit_is_refused_and_makes_no_receiver(office: Office, system: str) -> None:
    for words, code in (
        (("https://127.0.0.1/x", "--as", system), 1),
        (("https://hooks.example.com/a", "--as", HR), 1),
        (("https://hooks.example.com/a", "--as", system, "--kind", "everything"), 2),
    ):
        await office.refused("hook", "create", *words, code=code)
    office.env["MEGURI_HOOK_KEY"] = ""
    await office.refused("hook", "create", "https://hooks.example.com/a", "--as", system)
    office.env["MEGURI_HOOK_KEY"] = KEY
    assert await office.told("hook", "list") == {"hooks": []}
