"""Signing in by a provider (OpenID Connect) or a passkey: one attempt, what the provider says of an account, and where to go afterwards."""

import base64
import hashlib
import hmac
import re
from datetime import datetime
from typing import NamedTuple

from domain.roles import CompanyRole

MINUTES = 10  # for signing in at the provider
MAX_SUBJECT = 255  # characters, by OpenID Connect Core 1.0, section 2

_MAX_PATH = 2000
# A path of this origin. Browsers read `\` as `/`, and leave out tabs and line breaks, so `/\t/other.site` would be another origin.
_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f-\x9f\u2028\u2029]*")
_OWN = re.compile(r"/sign-(in|out)(?![^/?#])")


class Attempt(NamedTuple):
    """One attempt to sign in. All its values come from one secret, which is in a cookie of the browser that began it."""

    secret: str

    @property
    def hash(self) -> str:
        """What is stored of the secret."""
        return hashlib.sha256(self.secret.encode()).hexdigest()

    @property
    def state(self) -> str:
        return self._derived("state")

    @property
    def nonce(self) -> str:
        return self._derived("nonce")

    @property
    def verifier(self) -> str:
        """The code verifier of PKCE (RFC 7636)."""
        return self._derived("verifier")

    @property
    def challenge(self) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    @property
    def passkey_challenge(self) -> bytes:
        """What a passkey signs."""
        return bytes.fromhex(self._derived("passkey"))

    def is_state(self, state: str) -> bool:
        return hmac.compare_digest(self.state.encode(), state.encode())

    def _derived(self, what: str) -> str:
        return hmac.new(self.secret.encode(), what.encode(), hashlib.sha256).hexdigest()


class Account(NamedTuple):
    """An account at the provider. `mail` and `number` are what it is matched by at the first sign-in: one of them, or neither."""

    issuer: str
    subject: str
    mail: str | None = None  # verified by the provider
    number: str | None = None
    session: str | None = None  # what the provider calls its own session (`sid`), if it says so
    roles: frozenset[CompanyRole] = frozenset()  # that the provider says its person has


class Logout(NamedTuple):
    """What the provider says of who signed out there: an account, one of its sessions, or both."""

    issuer: str
    subject: str | None
    session: str | None
    token: str  # its `jti`
    ends: datetime

    @property
    def hash(self) -> str:
        """Under what it is remembered, so that it is used once."""
        return hashlib.sha256(f"{self.issuer}\n{self.token}".encode()).hexdigest()


def path_after(wanted: str) -> str:
    """Where to go after signing in: the path of this origin that was wanted, else the first page."""
    is_path = len(wanted) <= _MAX_PATH and _PATH.fullmatch(wanted) and not _OWN.match(wanted)
    return wanted if is_path else "/"
