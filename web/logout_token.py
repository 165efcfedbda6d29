"""The token by which the provider says that somebody signed out there (OpenID Connect Back-Channel Logout 1.0, section 2.6)."""

from datetime import UTC, datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from domain.sign_in import Logout
from service.sign_in import LogoutRefused
from web.provider import ALGORITHMS, LEEWAY_SECONDS, Provider, ProviderAway, text_of

_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_TYPES = frozenset({"jwt", "logout+jwt", "application/logout+jwt"})  # where the header has a type
_LONGEST_SECONDS = 86_400  # a used token is remembered until its end


async def logout_of(provider: Provider, token: str) -> Logout:
    """What the token says. Raises `LogoutRefused`, also where the provider's keys cannot be read: the provider tries again."""
    try:
        keys = await provider.keys()
    except ProviderAway:
        raise LogoutRefused("keys") from None
    claims = _verified(provider, token, keys)
    subject, session, number = (text_of(claims.get(name)) for name in ("sub", "sid", "jti"))
    if "nonce" in claims or not _is_logout(claims.get("events")):
        raise LogoutRefused("no_logout")  # an ID token, or another event
    if number is None or any(name in claims and one is None for name, one in (("sub", subject), ("sid", session))):
        raise LogoutRefused("names")
    if subject is None and session is None:
        raise LogoutRefused("of_nobody")
    return Logout(
        provider.issuer, subject, session, number, datetime.fromtimestamp(claims["exp"] + LEEWAY_SECONDS, UTC)
    )


def _verified(provider: Provider, token: str, keys: dict[str, Any]) -> dict[str, Any]:
    rules = jwt.JWTClaimsRegistry(
        leeway=LEEWAY_SECONDS,
        iss={"essential": True, "value": provider.issuer},
        aud={"essential": True, "value": provider.client_id},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        found = jwt.decode(token, KeySet.import_key_set(keys), algorithms=ALGORITHMS)  # type: ignore[arg-type]  # as in web/provider.py
        rules.validate(found.claims)
        is_short = found.claims["exp"] <= datetime.now(UTC).timestamp() + _LONGEST_SECONDS
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise LogoutRefused(type(error).__name__) from None  # its text may quote the token
    if not is_short:
        raise LogoutRefused("late_end")
    if str(found.header.get("typ", "jwt")).lower() not in _TYPES:
        raise LogoutRefused("type")
    return found.claims


def _is_logout(events: Any) -> bool:
    return isinstance(events, dict) and isinstance(events.get(_EVENT), dict)
