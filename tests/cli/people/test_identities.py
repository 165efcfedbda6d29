"""`meguri identity`: an account is unbound, its person is out, and their next sign-in binds another one; and passkeys."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from domain.journal import Log
from domain.sign_in import Account
from service.passkey_sign_in import LinkOver, PasskeySignIn, Site
from service.sign_in import NobodysAccount, SessionLimits, SignIn
from service.tokens import NotSignedIn
from storage import journal
from storage.database import open_database, read_transaction
from tests.cli.office import HARA, HR, MORI, ONO, Office
from tests.web.devices import Device

pytestmark = pytest.mark.slow
AT = "https://login.example"


@pytest_asyncio.fixture
async def entrance(office: Office) -> AsyncIterator[SignIn]:
    engine = open_database(office.env["DATABASE_URL"])
    yield SignIn(engine, SessionLimits(timedelta(hours=1), timedelta(hours=12)))
    await engine.dispose()


async def test_an_account_is_unbound_and_another_one_bound(office: Office, entrance: SignIn) -> None:
    now, first, second = datetime.now(UTC), Account(AT, "old", number=MORI), Account(AT, "new", number=MORI)
    session = await entrance.enter(first, None, now)
    colleague = await entrance.enter(Account(AT, "other", number=HARA), None, now)
    with pytest.raises(NobodysAccount):
        await entrance.enter(second, None, now)
    own = (await office.told("identity", "list", "--as", MORI))["identities"]
    assert [(one["employee"], one["issuer"], one["unbound_at"]) for one in own] == [(MORI, AT, None)]
    assert {one["employee"] for one in (await office.told("identity", "list"))["identities"]} == {MORI, HARA}
    assert "森 香織" in await office.done("identity", "list", MEGURI_LOCALE="ja")

    bound = own[0]["identity"]
    for person in (MORI, HR):
        await office.refused("identity", "unbind", bound, "--as", person)
    await office.refused("identity", "unbind", "nothing")
    assert (await entrance.let_in(str(session), "", now)).caller.employee == MORI

    await office.done("role", "give", ONO, "system")
    assert "解除しました" in await office.done("identity", "unbind", bound, "--as", ONO, MEGURI_LOCALE="ja")
    await office.done("identity", "unbind", bound, "--as", ONO)  # a repeat
    with pytest.raises(NotSignedIn):
        await entrance.let_in(str(session), "", now)
    assert (await entrance.let_in(str(colleague), "", now)).caller.employee == HARA
    assert {one["employee"] for one in (await office.told("identity", "list", "--as", ONO))["identities"]} == {
        MORI,
        HARA,
    }
    await entrance.enter(second, None, now)
    with pytest.raises(NobodysAccount):
        await entrance.enter(first, None, now)
    await office.done("role", "end", ONO, "system", "--as", ONO)

    async with read_transaction(entrance._engine) as connection:
        entries = [one for one in await journal.entries_of(connection, Log.IDENTITIES) if one.body["employee"] == MORI]
        assert await journal.first_break(connection, Log.IDENTITIES) is None
    assert [(one.kind, one.actor) for one in entries] == [
        ("identity_bound", MORI), ("identity_unbound", ONO), ("identity_bound", MORI),
    ]  # fmt: skip


async def test_a_link_is_made_and_a_passkey_that_it_added_is_listed_and_removed(office: Office) -> None:
    engine = open_database(office.env["DATABASE_URL"])
    await office.refused("identity", "invite", MORI)  # passkeys are off
    office = replace(office, env=office.env | {"MEGURI_PASSKEYS": "true"})
    for words in ((MORI, "--as", HR), ("E999",)):
        await office.refused("identity", "invite", *words)
    printed = await office.done("identity", "invite", MORI, MEGURI_LOCALE="ja")
    assert printed.startswith("http://localhost:8080/sign-in/passkey#meguri_")
    office = replace(office, env=office.env | {"MEGURI_PUBLIC_URL": "https://goals.example/"})
    made = await office.told("identity", "invite", MORI)
    assert made["link"].startswith("https://goals.example/sign-in/passkey#meguri_")
    assert await office.told("identity", "passkeys", "--as", MORI) == {"passkeys": []}

    phone, now, link = (
        Device("https://goals.example", "goals.example"),
        datetime.now(UTC),
        made["link"].partition("#")[2],
    )
    sign_in = SignIn(engine, SessionLimits(timedelta(hours=1), timedelta(hours=12)))
    here = PasskeySignIn(engine, sign_in, Site(phone.origin, phone.host))
    with pytest.raises(LinkOver):  # the one before
        await here.begin_adding(printed.split()[0].partition("#")[2], "", now)
    attempt, _, options = await here.begin_adding(link, "", now)
    await here.add(attempt, link, phone.add(options), now)
    [listed] = (await office.told("identity", "passkeys"))["passkeys"]
    assert (listed["employee"], listed["synced"], listed["ended_at"]) == (MORI, False, None)
    assert "森 香織" in await office.done("identity", "passkeys", "--as", MORI, MEGURI_LOCALE="ja")
    await office.refused("identity", "remove", listed["passkey"], "--as", HARA)
    await office.refused("identity", "remove", "nothing")
    assert "削除" in await office.done("identity", "remove", listed["passkey"], "--as", MORI, MEGURI_LOCALE="ja")
    assert (await office.told("identity", "remove", listed["passkey"]))["ended_at"]  # a repeat
    assert "passkey removed" in await office.done("audit", "journal", "--log", "identities", MEGURI_LOCALE="en")
    await engine.dispose()


async def test_somebody_who_lost_their_device_is_signed_out(office: Office, entrance: SignIn) -> None:
    now = datetime.now(UTC)
    lost = [await entrance.choose(HARA, None, now) for _ in range(2)]
    await office.refused("identity", "sign-out", HARA, "--as", MORI)
    await office.refused("identity", "sign-out", "nobody")
    assert (await entrance.let_in(str(lost[0]), "", now)).caller.employee == HARA
    assert (await office.told("identity", "sign-out", HARA))["ended"] >= len(lost)
    assert "0 件" in await office.done("identity", "sign-out", HARA, MEGURI_LOCALE="ja")
    for one in lost:
        with pytest.raises(NotSignedIn):
            await entrance.let_in(str(one), "", now)
