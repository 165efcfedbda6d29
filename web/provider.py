"""The provider of OpenID Connect by which people sign in: where its login is, and what it says of who came back.

Authorisation code with PKCE. Metadata and keys are read at each sign-in, so that a change of keys needs no restart.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx
import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from domain.errors import MeguriError
from domain.messages import message
from domain.roles import CompanyRole
from domain.sign_in import MAX_SUBJECT, Account, Attempt
from service.sign_in import SignInFailed
from settings import Settings
from web.origins import Origin, is_loopback, origin_of

CALLBACK = "/sign-in/callback"
_METADATA = "/.well-known/openid-configuration"
_MAIL = "email"
_SECONDS = 10.0
LEEWAY_SECONDS = 30  # between two clocks
# Signatures by a key of the provider. Never `none`, and never HS*, whose key is a secret that this side knows, too.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")

log = structlog.get_logger()


class ProviderAway(MeguriError):
    """The provider does not answer, or not as OpenID Connect says."""

    def __init__(self, what: str) -> None:
        log.warning("provider_away", what=what)
        super().__init__("provider_away", message("error.provider_away"))


class WrongSignIn(MeguriError):
    """The settings of the web server do not fit together. `variable`: the one to correct; `todo`: the key of how."""

    def __init__(self, variable: str, todo: str) -> None:
        super().__init__("wrong_sign_in", message("error.wrong_sign_in", variable=variable, todo=message(todo)))


@dataclass(frozen=True)
class Provider:
    issuer: str
    client_id: str
    client_secret: str | None
    claim: str
    callback: str  # the URL to which the provider sends the browser
    roles_claim: str | None = None
    roles: Mapping[str, frozenset[CompanyRole]] = field(default_factory=dict)  # by value of that claim

    async def login_url(self, attempt: Attempt) -> str:
        """Where the browser goes to sign in. Raises `ProviderAway`."""
        async with _client() as client:
            found = await self._metadata(client)
        query = {
            "response_type": "code", "client_id": self.client_id, "redirect_uri": self.callback,
            "scope": "openid email" if self.claim == _MAIL else "openid profile", "state": attempt.state,
            "nonce": attempt.nonce, "code_challenge": attempt.challenge, "code_challenge_method": "S256",
        }  # fmt: skip
        login = self._endpoint(found, "authorization_endpoint")
        return f"{login}{'&' if '?' in login else '?'}{urlencode(query)}"

    async def account(self, attempt: Attempt, code: str, issuer: str | None) -> Account:
        """Whose account it is, by the code that the browser brought. `issuer`: who sent it, if it says so (RFC 9207).

        Raises `SignInFailed` for an answer that is not valid, and `ProviderAway`.
        """
        if issuer not in (None, self.issuer):
            raise SignInFailed("other_issuer")
        async with _client() as client:
            found = await self._metadata(client)
            id_token, access_token = await self._tokens(client, found, attempt, code)
            keys = await _json(client, "keys", self._endpoint(found, "jwks_uri"))
            claims = self._verified(id_token, keys, attempt)
            wanted = {self.claim, *([self.roles_claim] if self.roles_claim else [])}
            if not wanted <= claims.keys() and "userinfo_endpoint" in found:
                claims = await self._with_userinfo(client, found, access_token, claims)
        mail = claims.get(_MAIL) if self.claim == _MAIL and claims.get("email_verified") is True else None
        number = claims.get(self.claim) if self.claim != _MAIL else None
        return Account(
            self.issuer,
            claims["sub"],
            text_of(mail),
            text_of(number),
            text_of(claims.get("sid")),
            self._roles_of(claims),
        )

    def _roles_of(self, claims: Mapping[str, Any]) -> frozenset[CompanyRole]:
        """The roles of the claim's values; none where the claim is missing or has another form."""
        said = claims.get(self.roles_claim) if self.roles_claim else None
        values = [said] if isinstance(said, str) else said if isinstance(said, list) else []
        return frozenset(role for one in values if isinstance(one, str) for role in self.roles.get(one, ()))

    async def keys(self) -> dict[str, Any]:
        """The keys with which the provider signs. Raises `ProviderAway`."""
        async with _client() as client:
            found = await self._metadata(client)
            return await _json(client, "keys", self._endpoint(found, "jwks_uri"))

    async def _metadata(self, client: httpx.AsyncClient) -> dict[str, Any]:
        found = await _json(client, "metadata", self.issuer.rstrip("/") + _METADATA)
        if found.get("issuer") != self.issuer:
            raise ProviderAway("metadata_of_other_issuer")
        return found

    async def _tokens(
        self, client: httpx.AsyncClient, found: Mapping[str, Any], attempt: Attempt, code: str
    ) -> tuple[str, str]:
        """The ID token and the access token."""
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": self.callback,
            "code_verifier": attempt.verifier,
        }  # fmt: skip
        login: httpx.BasicAuth | None = None
        ways = found.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if self.client_secret and "client_secret_basic" in ways:
            login = httpx.BasicAuth(*(urlencode({"": one})[1:] for one in (self.client_id, self.client_secret)))
        else:
            form |= {"client_id": self.client_id, "client_secret": self.client_secret or ""}
        try:
            answer = await client.post(
                self._endpoint(found, "token_endpoint"), data=form, auth=login or httpx.USE_CLIENT_DEFAULT
            )
        except httpx.HTTPError as error:
            raise ProviderAway("token") from error
        if answer.is_server_error:
            raise ProviderAway("token")
        try:
            tokens = answer.json() if answer.is_success else None
        except ValueError:
            tokens = None
        if not isinstance(tokens, dict) or not isinstance(tokens.get("id_token"), str):
            raise SignInFailed("code_refused")
        return tokens["id_token"], str(tokens.get("access_token", ""))

    async def _with_userinfo(
        self, client: httpx.AsyncClient, found: Mapping[str, Any], access_token: str, claims: dict[str, Any]
    ) -> dict[str, Any]:
        """The claims with those of the user info, where providers put what they leave out of a token. It must be the same account's."""
        url = self._endpoint(found, "userinfo_endpoint")
        more = await _json(client, "userinfo", url, {"Authorization": f"Bearer {access_token}"})
        if more.get("sub") != claims["sub"]:
            raise SignInFailed("userinfo_of_other_account")
        return {**more, **claims}

    def _verified(self, token: str, keys: dict[str, Any], attempt: Attempt) -> dict[str, Any]:
        """The claims of the token, by OpenID Connect Core 1.0, section 3.1.3.7."""
        rules = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self.client_id},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": attempt.nonce},
            sub={"essential": True},
        )
        try:
            claims = jwt.decode(token, KeySet.import_key_set(keys), algorithms=ALGORITHMS).claims  # type: ignore[arg-type]  # its type of a key set is a TypedDict
            rules.validate(claims)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise SignInFailed(type(error).__name__) from None  # its text may quote the token
        is_for_others = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", None if is_for_others else self.client_id) != self.client_id:
            raise SignInFailed("authorised_party")
        if text_of(claims["sub"]) is None:
            raise SignInFailed("subject")
        return claims

    def _endpoint(self, found: Mapping[str, Any], name: str) -> str:
        """An address of the provider, by https like the issuer's own. Raises `ProviderAway`."""
        url = found.get(name)
        origin = origin_of(url) if isinstance(url, str) else None
        if not isinstance(url, str) or not _is_protected(origin):
            raise ProviderAway(name)
        return url


def provider_of(settings: Settings) -> Provider | None:
    """The provider of the settings; None if there is none. Raises `WrongSignIn` for settings that do not fit together."""
    if settings.public_url and origin_of(settings.public_url) is None:
        raise WrongSignIn("MEGURI_PUBLIC_URL", "error.sign_in_url")
    if settings.oidc_issuer is None:
        return None
    if not _is_protected(origin_of(settings.oidc_issuer)):
        raise WrongSignIn("MEGURI_OIDC_ISSUER", "error.sign_in_https")
    if not settings.oidc_client_id:
        raise WrongSignIn("MEGURI_OIDC_CLIENT_ID", "error.sign_in_client")
    if not settings.public_url or not _is_protected(origin_of(settings.public_url)):
        raise WrongSignIn("MEGURI_PUBLIC_URL", "error.sign_in_https")
    return Provider(
        settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret, settings.oidc_claim,
        settings.public_url.rstrip("/") + CALLBACK, settings.oidc_roles_claim, _roles_by_value(settings),
    )  # fmt: skip


def origins_of(setting: str | None) -> list[str]:
    """The origins that a setting names, as browsers write them. Raises `WrongSignIn` for one that is none."""
    found = []
    for one in (part.strip() for part in (setting or "").split(",") if part.strip()):
        origin = origin_of(one)
        if not _is_protected(origin) or one != str(origin):
            raise WrongSignIn("MEGURI_CORS_ORIGINS", "error.cors_origins")
        found.append(one)
    return found


def _roles_by_value(settings: Settings) -> Mapping[str, frozenset[CompanyRole]]:
    """The roles by value of the claim. Raises `WrongSignIn` for a role that does not exist, and for one of both settings alone."""
    if bool(settings.oidc_roles) != bool(settings.oidc_roles_claim):
        raise WrongSignIn(
            "MEGURI_OIDC_ROLES" if settings.oidc_roles_claim else "MEGURI_OIDC_ROLES_CLAIM", "error.sign_in_both"
        )
    found: dict[str, frozenset[CompanyRole]] = {}
    for pair in (settings.oidc_roles or "").split(",") if settings.oidc_roles else ():
        value, _, role = (part.strip() for part in pair.rpartition(":"))  # a value may be a URN
        if not value or role not in set(CompanyRole):
            raise WrongSignIn("MEGURI_OIDC_ROLES", "error.sign_in_roles")
        found[value] = found.get(value, frozenset()) | {CompanyRole(role)}
    return found


def require_choosing(settings: Settings, *, is_embedded: bool) -> None:
    """Raises `WrongSignIn` where people must not choose whose session they get."""
    if not is_embedded or not allows_choosing(settings):
        raise WrongSignIn("MEGURI_CHOOSE_PERSON", "error.sign_in_choosing")


def allows_choosing(settings: Settings) -> bool:
    """Whether people may choose whose session they get: at a loopback address, where there is no other way to sign in."""
    host = settings.web_address.rpartition(":")[0].strip("[]") or "127.0.0.1"
    return is_loopback(host) and not (settings.public_url or settings.oidc_issuer or settings.passkeys)


def _is_protected(origin: Origin | None) -> bool:
    """https; on this machine alone, http too."""
    return origin is not None and (origin.is_secure or origin.is_loopback)


def _client() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=_SECONDS)


async def _json(
    client: httpx.AsyncClient, what: str, url: str, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    try:
        answer = await client.get(url, headers={"Accept": "application/json", **(headers or {})})
        found = answer.raise_for_status().json()
    except (httpx.HTTPError, ValueError) as error:
        raise ProviderAway(what) from error
    if not isinstance(found, dict):
        raise ProviderAway(what)
    return found


def text_of(value: Any) -> str | None:
    """A text that a database can hold, as names of accounts are; None for any other value."""
    return value if isinstance(value, str) and 0 < len(value) <= MAX_SUBJECT and value.isprintable() else None
