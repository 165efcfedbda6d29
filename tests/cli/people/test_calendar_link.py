"""`meguri calendar`: the link is shown once and ended, in both languages."""

import pytest

from tests.cli.office import MORI, Office

pytestmark = pytest.mark.slow


async def test_a_link_is_shown_once_and_ended(office: Office) -> None:
    made = await office.type("calendar", "link", "--as", MORI, MEGURI_PUBLIC_URL="https://goals.example/")
    assert made.exit_code == 0, made.stderr
    assert made.stdout.startswith("https://goals.example/calendar/")
    assert len(made.stdout.splitlines()) == 1  # so that a shell can keep it in a variable
    assert "again" in made.stderr
    again = await office.told("calendar", "link", "--as", MORI)
    assert again["url"] != made.stdout.strip()
    assert again["created_at"]
    assert await office.told("calendar", "revoke", "--as", MORI) == {"created_at": None}
    assert "失効させました" in await office.done("calendar", "revoke", "--as", MORI, MEGURI_LOCALE="ja")  # a repeat
    await office.refused("calendar", "link", "--as", "nobody")
