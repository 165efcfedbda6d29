"""Ledger events for another system, signed by the Standard Webhooks specification (standardwebhooks.com)."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from channels.message import NotDeliverable, ServerUnavailable, TemporaryFailure
from channels.web import PostFailure, is_success, post
from domain import messages
from domain.errors import MeguriError

_TIMEOUT = 10.0  # seconds
_PREFIX = "whsec_"
_GONE = 410
_SHORTEST_KEY = 16  # bytes
TOLERANCE = timedelta(minutes=5)  # how far the time stamp of a request may differ from now


class WrongHookSecret(MeguriError):
    """`MEGURI_HOOK_SECRET` is malformed or too short. The error's message does not contain it."""


class WrongHookAddress(MeguriError):
    """`MEGURI_HOOK_URL` is malformed. The error's message does not contain it, since it may contain a key."""


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):  # ValueError: characters other than ASCII
        key = b""
    if len(key) < _SHORTEST_KEY:
        raise WrongHookSecret(
            "wrong_hook_secret", messages.message("error.wrong_hook_secret", setting="MEGURI_HOOK_SECRET")
        ) from None
    return key


def signature(secret: str, event_id: str, timestamp: int, body: bytes) -> str:
    """The signature: `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`."""
    signed = f"{event_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(_key(secret), signed, hashlib.sha256).digest()).decode()


def verify(
    secret: str, headers: Mapping[str, str], body: bytes, now: datetime, tolerance: timedelta = TOLERANCE
) -> bool:
    """Whether the signature of a request is valid and its time stamp recent: the check that a receiver makes.

    Malformed headers give False; a malformed `secret` raises `WrongHookSecret`.
    """
    fields = {name.lower(): value for name, value in headers.items()}
    try:
        timestamp = int(fields["webhook-timestamp"])
        age = now - datetime.fromtimestamp(timestamp, now.tzinfo)
        event_id, signatures = fields["webhook-id"], fields["webhook-signature"].encode()
        expected = signature(secret, event_id, timestamp, body).encode()
    except (KeyError, OverflowError, OSError, UnicodeError):
        return False
    except WrongHookSecret:  # a ValueError too, but a mistake in the configuration, not in the request
        raise
    except ValueError:  # the time stamp is not a number, or too large
        return False
    return abs(age) <= tolerance and any(hmac.compare_digest(expected, one) for one in signatures.split(b" "))


class EventHook:
    """Posts events to one address, signed with each of the secrets. Raises `WrongHookSecret` or `WrongHookAddress` if the settings are wrong."""

    def __init__(self, url: str, *secrets: str, only_public: bool = False) -> None:
        """`only_public`: nothing is sent to a host on a private network."""
        for secret in secrets:
            _key(secret)
        if not _is_web_address(url):
            raise WrongHookAddress(
                "wrong_hook_address", messages.message("error.wrong_hook_address", setting="MEGURI_HOOK_URL")
            )
        self._url = url
        self._secrets = secrets
        self._only_public = only_public

    def __repr__(self) -> str:
        return "EventHook()"

    async def send(self, event_id: str, body: bytes, at: datetime) -> None:
        """Returns when the receiver has answered 2xx. `event_id` is the idempotency key: a repeat has the same one.

        Raises `NotDeliverable` if the receiver is gone permanently (410), `ServerUnavailable` if it cannot be reached, and
        `TemporaryFailure` for every other failure.
        """
        timestamp = int(at.timestamp())
        headers = {
            "webhook-id": event_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": " ".join(signature(one, event_id, timestamp, body) for one in self._secrets),
        }
        match await post(self._url, body, headers, _TIMEOUT, only_public=self._only_public):
            case PostFailure.UNREACHABLE:
                raise ServerUnavailable("hook_unreachable")
            case PostFailure() as failure:
                raise TemporaryFailure(f"hook_{failure}")
            case status if status == _GONE:
                raise NotDeliverable("hook_410")
            case status if not is_success(status):
                raise TemporaryFailure(f"hook_{status}")


def _is_web_address(url: str) -> bool:
    """Whether the URL is `https` or `http`. Unencrypted HTTP is allowed: events are signed, and the network may be private."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("https", "http") and bool(parts.hostname)
    except ValueError:
        return False
