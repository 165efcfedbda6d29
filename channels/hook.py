"""Ledger events for another system, signed as the Standard Webhooks specification says (standardwebhooks.com)."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from channels.message import NotDeliverable, NotNow, ServerUnavailable
from channels.web import Trouble, is_done, post
from domain import messages
from domain.errors import MeguriError

_PATIENCE = 10.0  # seconds
_PREFIX = "whsec_"
_GONE = 410
_LEAST_KEY = 16  # bytes
TOLERANCE = timedelta(minutes=5)


class WrongHookSecret(MeguriError):
    """`MEGURI_HOOK_SECRET` cannot be read. The message never repeats it."""


class WrongHookAddress(MeguriError):
    """`MEGURI_HOOK_URL` cannot be read. The message never repeats it, since it may hold a key."""


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):  # ValueError: letters other than ASCII
        key = b""
    if len(key) < _LEAST_KEY:
        raise WrongHookSecret(
            "wrong_hook_secret", messages.message("error.wrong_hook_secret", setting="MEGURI_HOOK_SECRET")
        ) from None
    return key


def signature(secret: str, event_id: str, timestamp: int, body: bytes) -> str:
    """`v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`."""
    signed = f"{event_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(_key(secret), signed, hashlib.sha256).digest()).decode()


def verify(
    secret: str, headers: Mapping[str, str], body: bytes, now: datetime, tolerance: timedelta = TOLERANCE
) -> bool:
    """Whether a request is ours and fresh: what a receiver checks. Whatever the headers hold, the answer is yes or no."""
    said = {name.lower(): value for name, value in headers.items()}
    try:
        timestamp = int(said["webhook-timestamp"])
        age = now - datetime.fromtimestamp(timestamp, now.tzinfo)
        event_id, signatures = said["webhook-id"], said["webhook-signature"].encode()
        expected = signature(secret, event_id, timestamp, body).encode()
    except (KeyError, OverflowError, OSError, UnicodeError):
        return False
    except WrongHookSecret:  # the receiver's own mistake
        raise
    except ValueError:  # not a number, or a year that there is not
        return False
    return abs(age) <= tolerance and any(hmac.compare_digest(expected, one) for one in signatures.split(b" "))


class EventHook:
    """Posts events to one address; raises `WrongHookSecret` or `WrongHookAddress` where it cannot be used."""

    def __init__(self, url: str, secret: str) -> None:
        _key(secret)
        if not _is_web_address(url):
            raise WrongHookAddress(
                "wrong_hook_address", messages.message("error.wrong_hook_address", setting="MEGURI_HOOK_URL")
            )
        self._url = url
        self._secret = secret

    def __repr__(self) -> str:
        return "EventHook()"

    async def send(self, event_id: str, body: bytes, at: datetime) -> None:
        """Returns once the receiver has answered 2xx. `event_id` is the idempotency key: a repeat carries the same.

        Raises `NotDeliverable` where the receiver is gone for good (410), `ServerUnavailable` where it cannot be reached,
        else `NotNow`.
        """
        timestamp = int(at.timestamp())
        headers = {
            "webhook-id": event_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(self._secret, event_id, timestamp, body),
        }
        match await post(self._url, body, headers, _PATIENCE):
            case Trouble.UNREACHABLE:
                raise ServerUnavailable("hook_unreachable")
            case Trouble() as trouble:
                raise NotNow(f"hook_{trouble}")
            case status if status == _GONE:
                raise NotDeliverable("hook_410")
            case status if not is_done(status):
                raise NotNow(f"hook_{status}")


def _is_web_address(url: str) -> bool:
    """HTTP in the clear is left to whoever runs both ends: events are signed, and the receiver may be next door."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("https", "http") and bool(parts.hostname)
    except ValueError:
        return False
