"""Roles that a claim of the provider gives and ends at each sign-in."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.journal import Log
from domain.roles import CompanyRole
from domain.values import EmployeeId
from service.roles import Roles
from settings import Settings
from storage import journal, roles
from storage.database import open_database, read_transaction
from storage.tables import EmployeeRow, IdentityRow, RoleHolderRow, SessionRow
from tests.callers import OPERATOR, by
from tests.servers import Postgres
from tests.web.providers import Forger, forging_provider
from tests.web.test_sign_in import HARA, MORI, signed_in, site
from web.provider import WrongSignIn, provider_of

pytestmark = pytest.mark.slow
MAPPING = {
    "oidc_roles_claim": "groups",
    "oidc_roles": "meguri-auditors:auditor, meguri-admins:system,urn:it:directory,meguri-admins:directory",
}
AUDITORS, ADMINS, IT = "meguri-auditors", "meguri-admins", "urn:it"


@pytest_asyncio.fixture(scope="module")
async def engine(postgres: Postgres) -> AsyncIterator[AsyncEngine]:
    async with postgres.migrated_database() as url:
        engine = open_database(url)
        yield engine
        await engine.dispose()


@pytest_asyncio.fixture(scope="module")
async def forger() -> AsyncIterator[Forger]:
    async with forging_provider() as forger:
        yield forger


@pytest_asyncio.fixture(autouse=True)
async def people(engine: AsyncEngine, forger: Forger) -> None:
    """Two people without roles, and an honest provider."""
    forger.claims, forger.by, forger.metadata = {}, "key", {}
    async with engine.begin() as connection:
        for table in (SessionRow, IdentityRow, RoleHolderRow, EmployeeRow):
            await connection.execute(delete(table))
        rows = [{"id": one, "name": f"氏名{one}", "department": "経理部"} for one in (MORI, HARA)]
        await connection.execute(insert(EmployeeRow), rows)


async def held(engine: AsyncEngine, employee: str = MORI) -> list[str]:
    async with read_transaction(engine) as connection:
        return [f"{one.role} {one.source}" for one in await roles.holders(connection) if one.employee == employee]


async def entries(engine: AsyncEngine) -> list[tuple[str, str, str, str | None]]:
    async with read_transaction(engine) as connection:
        assert await journal.first_break(connection, Log.ROLES) is None
        found = await journal.entries_of(connection, Log.ROLES)
    return [(one.kind, one.actor, one.body["role"], one.body.get("issuer")) for one in found]


async def test_groups_give_and_end_roles_at_each_sign_in_and_the_journal_says_so(
    engine: AsyncEngine, forger: Forger
) -> None:
    before = len(await entries(engine))
    async with site(engine, forger.issuer, **MAPPING) as browser:
        for groups, expected in (
            ([AUDITORS, "another"], ["auditor provider"]),
            ([AUDITORS, "another"], ["auditor provider"]),
            ([ADMINS], ["directory provider", "system provider"]),
            (IT, ["directory provider"]),
            ([IT, ADMINS], ["directory provider", "system provider"]),
            ([], []),
        ):
            forger.claims = {"groups": groups}
            assert (await signed_in(browser, forger)).status_code == 303
            assert await held(engine) == expected
    by_provider = [(kind, "@provider", role, forger.issuer) for kind, role in (
        ("role_given", "auditor"), ("role_given", "directory"), ("role_given", "system"), ("role_ended", "auditor"),
        ("role_ended", "system"), ("role_given", "system"), ("role_ended", "directory"), ("role_ended", "system"),
    )]  # fmt: skip
    assert (await entries(engine))[before:] == by_provider


@pytest.mark.parametrize("said", [None, 7, {"meguri-auditors": True}, [["meguri-auditors"]], "MEGURI-AUDITORS", " "])
async def test_a_claim_that_is_missing_or_has_another_form_gives_nothing_and_ends_what_it_gave(
    engine: AsyncEngine, forger: Forger, said: Any
) -> None:
    async with site(engine, forger.issuer, **MAPPING) as browser:
        for groups, expected in (([AUDITORS], ["auditor provider"]), (said, [])):
            forger.claims = {"groups": groups}
            assert (await signed_in(browser, forger)).status_code == 303
            assert await held(engine) == expected


async def test_what_people_gave_stays_and_what_the_provider_gave_is_ended_by_people_too(
    engine: AsyncEngine, forger: Forger
) -> None:
    given = Roles(engine)
    await given.give(OPERATOR, EmployeeId(HARA), CompanyRole.SYSTEM)
    await given.give(by(HARA), EmployeeId(MORI), CompanyRole.AUDITOR)
    async with site(engine, forger.issuer, **MAPPING) as browser:
        forger.claims = {"groups": [AUDITORS]}
        await signed_in(browser, forger)
        assert await held(engine) == ["auditor hand", "auditor provider"]
        async with read_transaction(engine) as connection:
            assert await roles.active(connection, CompanyRole.AUDITOR) == (MORI,)
        forger.claims = {}
        await signed_in(browser, forger)
        assert await held(engine) == ["auditor hand"]
        forger.claims = {"groups": [AUDITORS]}
        await signed_in(browser, forger)
        await given.end(by(HARA), EmployeeId(MORI), CompanyRole.AUDITOR)
        assert await held(engine) == []
        await signed_in(browser, forger)
        assert await held(engine) == ["auditor provider"]
    async with site(engine, forger.issuer) as browser:  # the settings give no roles any more
        await signed_in(browser, forger)
    assert (await held(engine), await held(engine, HARA)) == ([], ["system hand"])


async def test_the_user_info_gives_roles_where_the_token_has_no_such_claim(engine: AsyncEngine, forger: Forger) -> None:
    forger.metadata = {"userinfo_endpoint": f"{forger.issuer}/me"}
    forger.userinfo = {"sub": "account-1", "groups": [AUDITORS]}
    async with site(engine, forger.issuer, **MAPPING) as browser:
        assert (await signed_in(browser, forger)).status_code == 303
    assert await held(engine) == ["auditor provider"]


async def test_a_role_of_the_provider_holds_at_the_doors_and_ends_with_the_employment(
    engine: AsyncEngine, forger: Forger
) -> None:
    async with site(engine, forger.issuer, **MAPPING) as browser:
        forger.claims = {"groups": [ADMINS]}
        await signed_in(browser, forger)
        await Roles(engine).give(by(MORI), EmployeeId(HARA), CompanyRole.AUDITOR)
        forger.claims = {"sub": "account-of-nobody", "employee_number": "nobody", "groups": [ADMINS]}
        assert (await signed_in(browser, forger)).status_code == 403
    async with engine.begin() as connection:
        await connection.execute(update(EmployeeRow).where(EmployeeRow.id == MORI).values(active=False))
        await roles.end_of_leavers(connection)
        kept = (await connection.execute(select(RoleHolderRow.employee_id, RoleHolderRow.role))).all()
    assert [tuple(one) for one in kept] == [(HARA, "auditor")]


@pytest.mark.parametrize(
    ("settings", "variable"),
    [
        ({"oidc_roles": "group:boss"}, "MEGURI_OIDC_ROLES"),
        ({"oidc_roles": "group:"}, "MEGURI_OIDC_ROLES"),
        ({"oidc_roles": ":system"}, "MEGURI_OIDC_ROLES"),
        ({"oidc_roles": "system"}, "MEGURI_OIDC_ROLES"),
        ({"oidc_roles": "group:system,"}, "MEGURI_OIDC_ROLES"),
        ({"oidc_roles": "group:System"}, "MEGURI_OIDC_ROLES"),
        ({"oidc_roles": None}, "MEGURI_OIDC_ROLES"),
        ({"oidc_roles_claim": None}, "MEGURI_OIDC_ROLES_CLAIM"),
    ],
)
def test_roles_that_do_not_exist_prevent_the_start(settings: dict[str, Any], variable: str) -> None:
    fitting: dict[str, Any] = {
        "oidc_issuer": "https://login.example", "oidc_client_id": "x", "public_url": "https://meguri.example",
    } | MAPPING  # fmt: skip
    assert provider_of(Settings(**fitting)) is not None
    with pytest.raises(WrongSignIn) as refused:
        provider_of(Settings(**fitting | settings))
    assert refused.value.message.fields["variable"] == variable
