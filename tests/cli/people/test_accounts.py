"""`meguri account`: accounts of programs at the command line, in both languages."""

import pytest

from tests.cli.office import HARA, MORI, Office

pytestmark = pytest.mark.slow


async def test_an_account_is_made_listed_gets_its_role_and_token_and_ends(office: Office) -> None:
    purpose = ("--purpose", "人事システムとの連携")
    await office.refused("account", "create", "hr-sync", "--owner", "nobody", *purpose)
    made = await office.done("account", "create", "hr-sync", "--owner", MORI, *purpose, MEGURI_LOCALE="ja")
    assert "@program:hr-sync" in made
    assert "有効" in made
    await office.done("role", "give", "@program:hr-sync", "directory")
    assert "hr-sync" in await office.done("role", "list")
    assert "システム" in await office.refused("role", "give", "@program:hr-sync", "system", MEGURI_LOCALE="ja")
    token = await office.type("account", "token", "hr-sync", "夜間の同期", "--scope", "people", "--scope", "閲覧")
    assert (token.exit_code, token.stdout.startswith("meguri_"), len(token.stdout.splitlines())) == (0, True, 1)
    listed = (await office.told("account", "list"))["programs"]
    assert [(one["name"], one["owner"], one["roles"], one["usable"]) for one in listed] == [
        ("hr-sync", MORI, ["directory"], True)
    ]
    assert token.stdout.strip().rsplit("_", 1)[1] not in str(listed)
    assert "@program:hr-sync" in await office.done("token", "list")
    assert (await office.told("account", "list", "--as", HARA))["programs"] == []
    assert (await office.told("account", "assign", "hr-sync", "--owner", HARA))["owner"] == HARA

    await office.refused("account", "end", "hr-snyc")
    assert (await office.told("account", "end", "hr-sync"))["usable"] is False
    screen = await office.done("account", "list", MEGURI_LOCALE="ja")
    assert "失効" in screen
    tokens = (await office.told("token", "list"))["tokens"]
    assert [one["usable"] for one in tokens if one["owner"] == "@program:hr-sync"] == [False]
    journal = await office.done("audit", "journal", MEGURI_LOCALE="ja")
    for said in ("プログラムのアカウントの作成", "アカウントの責任者の変更", "プログラムのアカウントの終了", "責任者"):
        assert said in journal


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("create", "A", "--owner", MORI, "--purpose", "x"), 1),
        (("create", "a", "--owner", MORI, "--purpose", " "), 1),
        (("create", "a", "--owner", MORI), 2),
        (("assign", "nothing", "--owner", MORI), 1),
        (("token", "nothing", "x"), 1),
        (("token", "nothing", "x", "--scope", "goals"), 2),
        (("end", "nothing"), 1),
    ],
)
async def test_what_does_not_fit_is_refused_and_changes_nothing(
    office: Office, words: tuple[str, ...], code: int
) -> None:
    before = await office.told("account", "list")
    await office.refused("account", *words, code=code)
    assert await office.told("account", "list") == before
