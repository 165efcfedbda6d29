"""`meguri token`: made, listed and ended at the command line, in both languages."""

import pytest

from tests.cli.office import HARA, HR, MORI, Office

pytestmark = pytest.mark.slow


async def test_a_token_is_shown_once_listed_and_ended(office: Office) -> None:
    made = await office.type("token", "create", "給与システム", "--as", MORI, "--scope", "閲覧", "--scope", "goals")
    assert made.exit_code == 0, made.stderr
    assert made.stdout.startswith("meguri_")
    assert len(made.stdout.splitlines()) == 1  # so that a shell can keep it in a variable
    assert "again" in made.stderr
    listed = (await office.told("token", "list", "--as", MORI))["tokens"]
    assert [(one["label"], one["scopes"], one["usable"]) for one in listed] == [
        ("給与システム", ["goals", "read"], True)
    ]
    assert made.stdout.strip().rsplit("_", 1)[1] not in str(listed)
    screen = await office.done("token", "list", "--as", MORI, MEGURI_LOCALE="ja")
    assert "目標の操作、閲覧" in screen
    assert "有効" in screen

    await office.refused("token", "revoke", listed[0]["token"], "--as", HR)
    await office.done("token", "revoke", listed[0]["token"], "--as", MORI)
    ended = (await office.told("token", "list", "--as", MORI))["tokens"]
    assert [one["usable"] for one in ended] == [False]


async def test_the_operator_sees_and_ends_all(office: Office) -> None:
    made = await office.told("token", "create", "x", "--as", HARA, "--days", "1")
    assert made["secret"].startswith(f"meguri_{made['token']}_")
    assert made["token"] in {one["token"] for one in (await office.told("token", "list"))["tokens"]}
    assert "失効させました" in await office.done("token", "revoke", made["token"], MEGURI_LOCALE="ja")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("create", "x", "--as", "nobody"), 1),
        (("create", "x", "--as", MORI, "--days", "367"), 1),
        (("create", " ", "--as", MORI), 1),
        (("create", "x", "--as", MORI, "--scope", "all"), 2),
        (("revoke", "nothing", "--as", MORI), 1),
    ],
)
async def test_what_does_not_fit_is_refused_and_makes_no_token(
    office: Office, words: tuple[str, ...], code: int
) -> None:
    before = await office.told("token", "list")
    await office.refused("token", *words, code=code)
    assert await office.told("token", "list") == before
