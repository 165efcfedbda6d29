"""Use cases in a browser: add a passkey by a link, and sign in with one. The messages are those of Web Authentication (WebAuthn)."""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import parse_authentication_credential_json
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from domain.errors import MeguriError
from domain.messages import message
from domain.sign_in import MINUTES, Attempt
from domain.tokens import Parts, read_token
from domain.values import EmployeeId
from service.projection import names_by_id
from service.sign_in import SignIn, SignInFailed
from storage import passkeys
from storage.database import read_transaction
from storage.passkeys import Passkey

_MILLISECONDS = MINUTES * 60 * 1000
_MAX_CREDENTIAL_BYTES = 1023  # by Web Authentication, section 5.8.3
Sent = Mapping[str, Any]
Result = TypeVar("Result")

log = structlog.get_logger()


class LinkOver(MeguriError):
    """The link is unknown, used, replaced or expired, or its person does not work here. Which of these is not said."""

    def __init__(self) -> None:
        super().__init__("link_over", message("error.link_over"))


class OtherPasskey(MeguriError):
    """Nobody who works here has this passkey: it was removed, or its person has left."""

    def __init__(self) -> None:
        log.warning("sign_in_refused", reason="passkey")
        super().__init__("other_passkey", message("error.other_passkey"))


class PasskeyNotAdded(MeguriError):
    """What the browser sent is no new passkey for this site. Which of the checks failed only the log says."""

    def __init__(self, reason: str) -> None:
        log.warning("passkey_not_added", reason=reason)
        super().__init__("passkey_not_added", message("error.passkey_not_added"))


class Site(NamedTuple):
    """The site for which passkeys are: its origin as browsers write it, and its host, to which a passkey is bound."""

    origin: str
    host: str


class PasskeySignIn:
    def __init__(self, engine: AsyncEngine, sign_in: SignIn, site: Site) -> None:
        self._engine, self._sign_in, self._site = engine, sign_in, site

    async def begin_adding(self, link: str, address: str, now: datetime) -> tuple[Attempt, str, dict[str, Any]]:
        """An attempt to add a passkey, the name of the link's person, and what their browser needs. The link stays unused.

        Raises `LinkOver`, and `TooManyRequests` for the address.
        """
        attempt = await self._sign_in.begin("/", address, now)
        async with read_transaction(self._engine) as connection:
            employee = await _person(connection, link, now)
            names = await names_by_id(connection, [employee])
            known = await passkeys.credentials_of(connection, employee)
        name = names.get(employee, employee)
        options = generate_registration_options(
            rp_id=self._site.host,
            rp_name="Meguri",
            user_id=_handle(employee),
            user_name=f"{name} ({employee})",
            user_display_name=name,
            challenge=attempt.passkey_challenge,
            timeout=_MILLISECONDS,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=one) for one in known],
        )
        return attempt, name, json.loads(options_to_json(options))

    async def add(self, attempt: Attempt | None, link: str, sent: Sent, now: datetime) -> EmployeeId:
        """Adds the passkey that the browser made for this attempt, and uses the link up. Uses up the attempt in any case.

        Raises `SignInFailed` for an attempt that is over, `LinkOver`, and `PasskeyNotAdded`; then the link stays as it is.
        """
        attempt, _ = await self._use_up(attempt, now)
        made = _verified(
            PasskeyNotAdded,
            verify_registration_response,
            credential=dict(sent),
            expected_challenge=attempt.passkey_challenge,
            expected_rp_id=self._site.host,
            expected_origin=self._site.origin,
            require_user_verification=True,
        )
        if len(made.credential_id) > _MAX_CREDENTIAL_BYTES:
            raise PasskeyNotAdded("credential_too_long")
        async with self._engine.begin() as connection:
            employee = await _person(connection, link, now, use=True)
            synced = made.credential_device_type is CredentialDeviceType.MULTI_DEVICE
            passkey = Passkey(passkeys.new_id(), employee, synced, now, used_at=None, ended_at=None)
            is_new = await passkeys.add(
                connection, passkey, credential=made.credential_id, public_key=made.credential_public_key,
                sign_count=made.sign_count, link=_parts(link).id,
            )  # fmt: skip
            if not is_new:
                raise PasskeyNotAdded("known_credential")
        log.info("passkey_added", employee=employee, passkey=passkey.id)
        return employee

    async def begin(self, wanted: str, address: str, now: datetime) -> tuple[Attempt, dict[str, Any]]:
        """An attempt to sign in, and what the browser needs: it asks the person which passkey. Raises `TooManyRequests`."""
        attempt = await self._sign_in.begin(wanted, address, now)
        options = generate_authentication_options(
            rp_id=self._site.host,
            challenge=attempt.passkey_challenge,
            timeout=_MILLISECONDS,
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return attempt, json.loads(options_to_json(options))

    async def enter(self, attempt: Attempt | None, sent: Sent, before: str | None, now: datetime) -> tuple[Parts, str]:
        """Begins a session of the passkey's person; returns it, and the path to go to. Uses up the attempt in any case.

        Raises `SignInFailed`, and `OtherPasskey` for one of nobody here.
        """
        attempt, path = await self._use_up(attempt, now)
        credential = _verified(SignInFailed, parse_authentication_credential_json, json_val=dict(sent))
        async with self._engine.begin() as connection:
            key = await passkeys.key_of(connection, credential.raw_id)
            if key is None:
                raise OtherPasskey
            if credential.response.user_handle not in (None, _handle(key.employee)):
                raise SignInFailed("user_handle")
            signed = _verified(
                SignInFailed,
                verify_authentication_response,
                credential=credential,
                expected_challenge=attempt.passkey_challenge,
                expected_rp_id=self._site.host,
                expected_origin=self._site.origin,
                credential_public_key=key.public_key,
                credential_current_sign_count=key.sign_count,
                require_user_verification=True,
            )
            await passkeys.record_use(connection, key.id, signed.new_sign_count, now)
            return await self._sign_in.begin_session(connection, key.employee, before, now), path

    async def _use_up(self, attempt: Attempt | None, now: datetime) -> tuple[Attempt, str]:
        if attempt is None:
            raise SignInFailed("no_attempt")
        return attempt, await self._sign_in.use_up(attempt, now)


def _verified(refused: Callable[[str], MeguriError], verify: Callable[..., Result], **parts: Any) -> Result:
    """What the library made of what was sent; raises the refusal. The log has the kind of error; its text may quote what was sent."""
    try:
        return verify(**parts)
    except Exception as error:  # noqa: BLE001 - the forms of attestation let errors of several other libraries through
        raise refused(type(error).__name__) from None


async def _person(connection: AsyncConnection, link: str, now: datetime, *, use: bool = False) -> EmployeeId:
    parts = _parts(link)
    employee = await passkeys.person_of_link(connection, parts.id, parts.hash, now, use=use)
    if employee is None:
        raise LinkOver
    return employee


def _parts(link: str) -> Parts:
    """The id and the secret of a link: what follows `#` in its address."""
    parts = read_token(link)
    if parts is None:
        raise LinkOver
    return parts


def _handle(employee: EmployeeId) -> bytes:
    """What the device knows the person by. It is the same for all their passkeys, and holds no id that people read."""
    return hashlib.sha256(f"meguri passkey {employee}".encode()).digest()
