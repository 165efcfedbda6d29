"""Who adds a passkey and signs in with it, and what is refused: links, challenges and signatures that are used again, over or forged."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.journal import Entry, Log
from domain.people.organisation import Employee
from domain.refusals import Code, Refusal
from domain.roles import CompanyRole
from domain.sign_in import Attempt
from domain.values import EmployeeId
from service.passkey_sign_in import LinkOver, OtherPasskey, PasskeyNotAdded, PasskeySignIn, Site
from service.passkeys import Passkeys
from service.roles import Roles
from service.sign_in import SessionLimits, SignIn, SignInFailed
from service.tokens import NotSignedIn, TooManyRequests
from storage import journal, passkeys
from storage.database import open_database, read_transaction
from storage.people import replace_directory
from storage.tables import EmployeeRow, PasskeyLinkRow, PasskeyRow, SessionRow, SignInAttemptRow
from tests.callers import OPERATOR, by
from tests.servers import Postgres
from tests.web.devices import Device

pytestmark = pytest.mark.slow
MORI, HARA, ADMIN = EmployeeId("E11"), EmployeeId("E12"), EmployeeId("E13")
SITE = Site("https://goals.example.com", "goals.example.com")


@pytest_asyncio.fixture(scope="module")
async def engine(postgres: Postgres) -> AsyncIterator[AsyncEngine]:
    async with postgres.migrated_database() as url:
        engine = open_database(url)
        async with engine.begin() as connection:
            rows = [{"id": one, "name": f"氏名{one}", "department": "経理部"} for one in (MORI, HARA, ADMIN)]
            await connection.execute(insert(EmployeeRow), rows)
        await Roles(engine).give(OPERATOR, ADMIN, CompanyRole.SYSTEM)
        yield engine
        await engine.dispose()


class Door:
    """A browser at the site."""

    def __init__(self, engine: AsyncEngine, rate: int = 0) -> None:
        self.engine = engine
        self.sign_in = SignIn(engine, SessionLimits(timedelta(hours=1), timedelta(hours=12)), rate)
        self.here = PasskeySignIn(engine, self.sign_in, SITE)
        self.records = Passkeys(engine, SITE.origin)

    async def link(self, employee: EmployeeId = MORI) -> str:
        made = await self.records.make_link(by(ADMIN), employee, datetime.now(UTC))
        return made.link.partition("#")[2]

    async def add(self, link: str, device: Device) -> EmployeeId:
        now = datetime.now(UTC)
        attempt, _, options = await self.here.begin_adding(link, "192.0.2.1", now)
        return await self.here.add(attempt, link, device.add(options), now)

    async def attempt(self, wanted: str = "/") -> tuple[Attempt, dict[str, Any]]:
        return await self.here.begin(wanted, "192.0.2.1", datetime.now(UTC))

    async def enter(self, device: Device, wanted: str = "/") -> tuple[str, str]:
        attempt, options = await self.attempt(wanted)
        session, path = await self.here.enter(attempt, device.sign(options), None, datetime.now(UTC))
        return str(session), path

    async def who(self, session: str) -> EmployeeId | None:
        return (await self.sign_in.let_in(session, "192.0.2.1", datetime.now(UTC))).caller.employee


@pytest_asyncio.fixture
async def door(engine: AsyncEngine) -> Door:
    async with engine.begin() as connection:
        for table in (SessionRow, PasskeyRow, PasskeyLinkRow, SignInAttemptRow):
            await connection.execute(delete(table))
        await connection.execute(update(EmployeeRow).values(active=True, leaves=None))
    return Door(engine)


def device(**how: Any) -> Device:
    return Device(SITE.origin, SITE.host, **how)


async def entries(engine: AsyncEngine) -> list[Entry]:
    async with read_transaction(engine) as connection:
        assert await journal.first_break(connection, Log.IDENTITIES) is None
        return await journal.entries_of(connection, Log.IDENTITIES)


async def change(engine: AsyncEngine, **values: Any) -> None:
    async with engine.begin() as connection:
        await connection.execute(update(EmployeeRow).where(EmployeeRow.id == MORI).values(**values))
        await passkeys.end_of_leavers(connection, datetime.now(UTC))


# Links


async def test_a_person_adds_a_passkey_by_a_link_and_signs_in_with_it(door: Door) -> None:
    before = len(await entries(door.engine))
    link, phone = await door.link(), device(synced=True)
    now = datetime.now(UTC)
    _, name, options = await door.here.begin_adding(link, "", now)
    assert name == "氏名E11"
    assert options["rp"] == {"id": SITE.host, "name": "Meguri"}
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert await door.add(link, phone) == MORI
    session, path = await door.enter(phone, "/goals?state=active")
    assert (await door.who(session), path) == (MORI, "/goals?state=active")
    listed = (await door.records.list_passkeys(by(MORI))).passkeys
    assert [(one.employee, one.synced, one.ended_at) for one in listed] == [(MORI, True, None)]
    assert listed[0].last_used_at is not None
    new = (await entries(door.engine))[before:]
    assert [(one.kind, one.actor) for one in new] == [("passkey_link_made", ADMIN), ("passkey_added", MORI)]
    secret = link.rpartition("_")[2]
    async with read_transaction(door.engine) as connection:
        stored = repr((await connection.execute(select(PasskeyLinkRow.__table__))).all())
    assert secret not in stored + repr(new)


async def test_a_link_works_once_and_two_at_the_same_time_add_one_passkey(door: Door) -> None:
    link = await door.link()
    results = await asyncio.gather(*(door.add(link, device()) for _ in range(4)), return_exceptions=True)
    assert [one for one in results if not isinstance(one, LinkOver)] == [MORI]
    assert len((await door.records.list_passkeys(by(MORI))).passkeys) == 1
    with pytest.raises(LinkOver):
        await door.here.begin_adding(link, "", datetime.now(UTC))


async def test_a_link_ends_after_72_hours_and_a_new_one_ends_the_one_before(door: Door) -> None:
    first = await door.link()
    second = await door.link()
    with pytest.raises(LinkOver):
        await door.here.begin_adding(first, "", datetime.now(UTC))
    colleague = await door.link(HARA)  # does not concern her
    now = datetime.now(UTC)
    assert (await door.here.begin_adding(second, "", now + timedelta(hours=71, minutes=59)))[1] == "氏名E11"
    with pytest.raises(LinkOver):
        await door.here.begin_adding(second, "", now + timedelta(hours=72, seconds=1))
    attempt, _, options = await door.here.begin_adding(second, "", now)
    async with door.engine.begin() as connection:  # it ends while the person is at the page
        await connection.execute(
            update(PasskeyLinkRow).where(PasskeyLinkRow.employee_id == MORI).values(expires_at=now)
        )
    with pytest.raises(LinkOver):
        await door.here.add(attempt, second, device().add(options), datetime.now(UTC))
    assert await door.add(colleague, device()) == HARA


@pytest.mark.parametrize("link", ["", "x", "meguri_000000000000_" + "0" * 64, "meguri_\0"])
async def test_a_text_that_is_no_link_is_refused(door: Door, link: str) -> None:
    with pytest.raises(LinkOver):
        await door.here.begin_adding(link, "", datetime.now(UTC))


async def test_a_link_needs_its_own_secret(door: Door) -> None:
    link, other = await door.link(), await door.link(HARA)
    mixed = f"{link.rpartition('_')[0]}_{other.rpartition('_')[2]}"
    with pytest.raises(LinkOver):
        await door.add(mixed, device())
    assert await door.add(link, device()) == MORI


async def test_links_are_made_by_system_administrators_and_the_operator_for_people_who_work_here(door: Door) -> None:
    now, before = datetime.now(UTC), len(await entries(door.engine))
    for caller in (by(MORI), by(HARA)):
        with pytest.raises(Refusal) as refused:
            await door.records.make_link(caller, MORI, now)
        assert refused.value.code == Code.NOT_ALLOWED
    await change(door.engine, leaves=date(2020, 1, 1))
    for employee in (MORI, "nobody", "a\0b"):
        with pytest.raises(Refusal) as refused:
            await door.records.make_link(by(ADMIN), EmployeeId(employee), now)
        assert refused.value.code == Code.UNKNOWN_EMPLOYEE
    with pytest.raises(Refusal) as refused:
        await Passkeys(door.engine, None).make_link(by(ADMIN), HARA, now)
    assert refused.value.code == Code.PASSKEYS_OFF
    assert len(await entries(door.engine)) == before
    assert (await door.records.make_link(OPERATOR, HARA, now)).expires_at == now + timedelta(hours=72)


async def test_a_link_does_not_work_for_somebody_who_left(door: Door) -> None:
    link = await door.link()
    await change(door.engine, leaves=date(2020, 1, 1))  # no sync has run
    with pytest.raises(LinkOver):
        await door.add(link, device())
    await change(door.engine, leaves=None, active=False)
    await change(door.engine, active=True)
    with pytest.raises(LinkOver):
        await door.add(link, device())


# What a device sends for a new passkey


@pytest.mark.parametrize(
    "how",
    [{"origin": "https://evil.example"}, {"origin": SITE.origin + ":8443"}, {"host": "evil.example"}, {"verifies": False},
     {"kind": "webauthn.get"}, {"credential": b"x" * 1024}],
)  # fmt: skip
async def test_a_passkey_that_is_not_for_this_site_or_not_protected_is_not_added(
    door: Door, how: dict[str, Any]
) -> None:
    link = await door.link()
    with pytest.raises(PasskeyNotAdded):
        await door.add(link, Device(**{"origin": SITE.origin, "host": SITE.host, **how}))
    assert (await door.records.list_passkeys(by(MORI))).passkeys == ()
    assert await door.add(link, device()) == MORI  # the link stayed as it was


@pytest.mark.parametrize(
    "form", ["packed", "tpm", "fido-u2f", "apple", "android-key", "android-safetynet", "unknown", ""]
)
@pytest.mark.parametrize(
    "content",
    [{}, {"x": 1}, {"alg": -7, "sig": b"x"}, {"alg": -7, "sig": b"x", "x5c": [b"x"]}, {"sig": b"", "x5c": []},
     {"ver": "1", "response": b"a.b.c"}, {"ver": "1", "response": 1}, {"ver": "2.0", "alg": -7, "sig": b"x", "x5c": [b"x"], "pubArea": b"x", "certInfo": b"x"}],
)  # fmt: skip
async def test_a_device_that_cannot_prove_which_one_it_says_it_is_is_refused(
    door: Door, form: str, content: dict[str, Any]
) -> None:
    link = await door.link()
    with pytest.raises(PasskeyNotAdded):
        await door.add(link, device(attests=(form, content)))


async def test_a_challenge_is_used_once_whatever_comes_of_it_and_is_no_other_attempts(door: Door) -> None:
    link, now = await door.link(), datetime.now(UTC)
    attempt, _, options = await door.here.begin_adding(link, "", now)
    other, _, _ = await door.here.begin_adding(link, "", now)
    sent = device().add(options)
    with pytest.raises(PasskeyNotAdded):
        await door.here.add(other, link, sent, now)
    with pytest.raises(PasskeyNotAdded):
        await door.here.add(attempt, link, {}, now)
    for used in (attempt, other, None):
        with pytest.raises(SignInFailed):
            await door.here.add(used, link, sent, now)
    late, _, options = await door.here.begin_adding(link, "", now)
    with pytest.raises(SignInFailed):
        await door.here.add(late, link, device().add(options), now + timedelta(minutes=11))


async def test_a_credential_that_is_a_passkey_of_somebody_is_not_added_again(door: Door) -> None:
    phone = device()
    await door.add(await door.link(HARA), phone)
    link = await door.link()
    with pytest.raises(PasskeyNotAdded):
        await door.add(link, phone)
    await door.records.remove(
        by(HARA), (await door.records.list_passkeys(by(HARA))).passkeys[0].passkey, datetime.now(UTC)
    )
    with pytest.raises(PasskeyNotAdded):
        await door.add(link, phone)
    assert await door.add(link, device()) == MORI


# Signing in


@pytest.mark.parametrize(
    "how",
    [{"origin": "https://evil.example"}, {"host": "evil.example"}, {"verifies": False}, {"kind": "webauthn.create"},
     {"signs_altered": True}, {"signatures": -1}, {"handle": b"somebody else"}],
)  # fmt: skip
async def test_a_forged_answer_lets_nobody_in(door: Door, how: dict[str, Any]) -> None:
    phone = device(signatures=5)
    await door.add(await door.link(), phone)
    for name, value in how.items():
        setattr(phone, name, value)
    with pytest.raises(SignInFailed):
        await door.enter(phone)
    async with read_transaction(door.engine) as connection:
        assert (await connection.execute(select(SessionRow.id))).all() == []
        assert await connection.scalar(select(PasskeyRow.used_at)) is None


async def test_an_answer_is_used_once_and_only_for_its_own_challenge(door: Door) -> None:
    phone = device()
    await door.add(await door.link(), phone)
    now = datetime.now(UTC)
    attempt, options = await door.attempt()
    other, _ = await door.attempt()
    sent = phone.sign(options)
    with pytest.raises(SignInFailed):
        await door.here.enter(other, sent, None, now)
    results = await asyncio.gather(
        *(door.here.enter(attempt, sent, None, now) for _ in range(3)), return_exceptions=True
    )
    assert sum(isinstance(one, SignInFailed) for one in results) == 2
    late, options = await door.attempt()
    with pytest.raises(SignInFailed):
        await door.here.enter(late, phone.sign(options), None, now + timedelta(minutes=11))


async def test_a_copy_of_a_passkey_is_noticed_by_its_number_of_signatures(door: Door) -> None:
    phone = device()
    await door.add(await door.link(), phone)
    await door.enter(phone)
    await door.enter(phone)
    phone.signatures = 1  # as the copy would count
    with pytest.raises(SignInFailed):
        await door.enter(phone)
    await door.enter(phone)  # the next number


@pytest.mark.parametrize("sent", [{}, {"id": 1}, {"id": "é", "rawId": "é", "type": "public-key", "response": {}},
                                  {"id": "AA", "rawId": "AA", "type": "public-key", "response": {
                                      "clientDataJSON": "AA", "authenticatorData": "AA", "signature": "AA"}}])  # fmt: skip
async def test_an_answer_without_its_parts_is_refused(door: Door, sent: dict[str, Any]) -> None:
    attempt, _ = await door.attempt()
    with pytest.raises((SignInFailed, OtherPasskey)):
        await door.here.enter(attempt, sent, None, datetime.now(UTC))


@pytest.mark.parametrize("part", ["clientDataJSON", "authenticatorData", "signature", "userHandle"])
@pytest.mark.parametrize("value", ["", "AA", "eyJ9", "e30", 7, None, "[]"])
async def test_an_answer_with_a_broken_part_is_refused(door: Door, part: str, value: object) -> None:
    phone = device()
    await door.add(await door.link(), phone)
    attempt, options = await door.attempt()
    sent = phone.sign(options)
    sent["response"][part] = value
    if part == "userHandle" and value is None:
        return
    with pytest.raises(SignInFailed):
        await door.here.enter(attempt, sent, None, datetime.now(UTC))


async def test_a_leaver_is_out_and_their_passkeys_do_not_come_back_with_them(door: Door) -> None:
    phone = device()
    await door.add(await door.link(), phone)
    before = len(await entries(door.engine))
    await change(door.engine, leaves=date(2020, 1, 1))  # no sync has run
    with pytest.raises(OtherPasskey):
        await door.enter(phone)
    await change(door.engine, leaves=None)
    await door.enter(phone)
    for active in (False, True):
        mori = Employee(id=MORI, name="氏名E11", department="経理部", manager_id=HARA, active=active)
        await replace_directory(door.engine, [mori], tops=(HARA, ADMIN))
    with pytest.raises(OtherPasskey):
        await door.enter(phone)
    ended = (await entries(door.engine))[before:]
    assert [(one.kind, one.actor, one.body["employee"]) for one in ended] == [
        ("passkey_removed", "@organisation", MORI)
    ]


async def test_people_remove_their_own_and_administrators_anybodys_and_the_person_is_signed_out(door: Door) -> None:
    phone, key, hers = device(), device(), device()
    for employee, one in ((MORI, phone), (MORI, key), (HARA, hers)):
        await door.add(await door.link(employee), one)
    session, _ = await door.enter(phone)
    other, _ = await door.enter(hers)
    now, own = datetime.now(UTC), (await door.records.list_passkeys(by(MORI))).passkeys
    assert len(own) == 2
    assert len((await door.records.list_passkeys(by(ADMIN))).passkeys) == 3
    assert (await door.records.list_passkeys(by(ADMIN), own=True)).passkeys == ()
    with pytest.raises(Refusal) as refused:
        await door.records.remove(by(HARA), own[0].passkey, now)
    assert refused.value.code == Code.NOT_ALLOWED
    with pytest.raises(Refusal) as refused:
        await door.records.remove(by(MORI), "nothing", now)
    assert refused.value.code == Code.UNKNOWN_PASSKEY
    assert await door.who(session) == MORI
    before = len(await entries(door.engine))
    for _ in range(2):  # a repeat
        assert (await door.records.remove(by(MORI), own[0].passkey, now)).ended_at
    with pytest.raises(NotSignedIn):
        await door.who(session)
    assert await door.who(other) == HARA
    with pytest.raises(OtherPasskey):
        await door.enter(key)  # the newest was the first in the list
    await door.enter(phone)
    await door.records.remove(by(ADMIN), own[1].passkey, now)
    with pytest.raises(OtherPasskey):
        await door.enter(phone)
    assert [(one.kind, one.actor) for one in (await entries(door.engine))[before:]] == [
        ("passkey_removed", MORI), ("passkey_removed", ADMIN),
    ]  # fmt: skip


async def test_attempts_of_one_address_are_counted(door: Door) -> None:
    few, link, now = Door(door.engine, rate=3), await door.link(), datetime.now(UTC)
    for _ in range(3):
        await few.here.begin("/", "198.51.100.7", now)
    with pytest.raises(TooManyRequests):
        await few.here.begin_adding(link, "198.51.100.7", now)
    await few.here.begin_adding(link, "198.51.100.8", now)
