"""Use cases of the people who have passkeys: make a link to add one, list them, and remove one."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from domain import access
from domain.access import Action, Caller, Relation
from domain.journal import OPERATOR
from domain.messages import did_you_mean
from domain.refusals import Code, Refusal
from domain.tokens import ID_BYTES, SECRET_BYTES, Parts
from domain.values import EmployeeId, Frozen, Moment
from service.projection import names_by_id
from service.relations import is_colleague, relations_to_company, system_relations
from settings import Settings
from storage import directory, passkeys, sessions
from storage.database import read_transaction
from storage.passkeys import Passkey

LINK_HOURS = 72
PAGE = "/sign-in/passkey"  # where a link leads


def site_of_settings(settings: Settings) -> str | None:
    """Where the links lead that are made at the command line; None where passkeys are off."""
    if not settings.passkeys:
        return None
    port = settings.web_address.rpartition(":")[2]
    return settings.public_url.rstrip("/") if settings.public_url else f"http://localhost:{port}"


class PasskeyLink(Frozen):
    """A link by which a person adds a passkey. It is shown once, works once, and replaces an earlier one."""

    employee: EmployeeId
    name: str | None
    link: str
    expires_at: Moment


class ListedPasskey(Frozen):
    """A passkey that a person has, or had."""

    passkey: str
    employee: EmployeeId
    name: str | None
    synced: bool  # kept by a password manager on several devices
    added_at: Moment
    last_used_at: Moment | None
    ended_at: Moment | None


class PasskeyList(Frozen):
    """Passkeys by person, the newest first."""

    passkeys: tuple[ListedPasskey, ...]


class Passkeys:
    """Every method raises a `Refusal` for a caller without permission. `site`: the origin of the pages; None: passkeys are off."""

    def __init__(self, engine: AsyncEngine, site: str | None) -> None:
        self._engine, self._site = engine, site

    async def make_link(self, caller: Caller, employee: EmployeeId, now: datetime) -> PasskeyLink:
        """Makes a link for somebody who works here. Its secret is in the part of the address that browsers do not send."""
        parts = Parts(secrets.token_hex(ID_BYTES), secrets.token_hex(SECRET_BYTES))
        expires_at = now + timedelta(hours=LINK_HOURS)
        async with self._engine.begin() as connection:
            held = await relations_to_company(connection, caller) | await system_relations(connection, caller)
            access.require(caller, Action.INVITE_TO_PASSKEY, held)
            if self._site is None:
                raise Refusal(Code.PASSKEYS_OFF)
            if not employee.isprintable() or not await is_colleague(connection, employee):
                near = await directory.ids_near(connection, employee) if employee.isprintable() else []
                raise Refusal(Code.UNKNOWN_EMPLOYEE, employee=employee[:80], near=did_you_mean(employee, near))
            by = caller.employee or OPERATOR
            await passkeys.put_link(connection, employee, parts.id, parts.hash, by=by, expires_at=expires_at)
            names = await names_by_id(connection, [employee])
        link = f"{self._site}{PAGE}#{parts}"
        return PasskeyLink(employee=employee, name=names.get(employee), link=link, expires_at=expires_at)

    async def list_passkeys(self, caller: Caller, *, own: bool = False, of: EmployeeId | None = None) -> PasskeyList:
        """The caller's own; everybody's for an operator without a name, an auditor, and a system administrator unless `own`.

        `of`: of everybody's, this person's alone.
        """
        async with read_transaction(self._engine) as connection:
            held = await relations_to_company(connection, caller) | await system_relations(connection, caller)
            access.require(caller, Action.SEE_PASSKEYS, _as_owner(held))
            everybody = not own and bool(held & {Relation.SYSTEM, Relation.AUDITOR, Relation.OPERATOR})
            found = await passkeys.of_person(connection, of if everybody else caller.employee)
            names = await names_by_id(connection, {one.employee for one in found})
        return PasskeyList(passkeys=tuple(_listed(one, names) for one in found))

    async def remove(self, caller: Caller, passkey: str, now: datetime) -> ListedPasskey:
        """Removes one of the caller's own; an operator and a system administrator remove anybody's. Ends the person's sessions.

        A repeat changes nothing.
        """
        async with self._engine.begin() as connection:
            held = await relations_to_company(connection, caller) | await system_relations(connection, caller)
            found = await passkeys.find(connection, passkey)
            is_theirs = found is None or found.employee == caller.employee
            access.require(caller, Action.REMOVE_PASSKEY, _as_owner(held) if is_theirs else held)
            if found is None:
                raise Refusal(Code.UNKNOWN_PASSKEY, passkey=passkey[:80])
            if await passkeys.end(connection, passkey, by=caller.employee or OPERATOR, now=now):
                await sessions.end_of_person(connection, found.employee, now)
            names = await names_by_id(connection, [found.employee])
        return _listed(found._replace(ended_at=found.ended_at or now), names)


def _as_owner(held: frozenset[Relation]) -> frozenset[Relation]:
    """Whoever works here is the owner of their own passkeys."""
    return held | {Relation.OWNER} if Relation.COLLEAGUE in held else held


def _listed(one: Passkey, names: dict[str, str]) -> ListedPasskey:
    return ListedPasskey(
        passkey=one.id, employee=one.employee, name=names.get(one.employee), synced=one.synced, added_at=one.added_at,
        last_used_at=one.used_at, ended_at=one.ended_at,
    )  # fmt: skip
