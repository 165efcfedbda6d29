"""Ledger events for another system, signed as the Standard Webhooks specification says (standardwebhooks.com)."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta

import httpx

from channels.message import NotDeliverable, NotNow, ServerUnavailable

_PATIENCE = 10.0  # seconds
_PREFIX = "whsec_"
_GONE = 410
_LEAST_KEY = 16  # bytes
TOLERANCE = timedelta(minutes=5)


class WrongHookSecret(ValueError):
    """`MEGURI_HOOK_SECRET` cannot be read. The message never repeats it."""


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if len(key) < _LEAST_KEY:
        raise WrongHookSecret("MEGURI_HOOK_SECRET must be `whsec_` and at least 16 bytes in base64")
    return key


def signature(secret: str, event_id: str, timestamp: int, body: bytes) -> str:
    """`v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`."""
    signed = f"{event_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(_key(secret), signed, hashlib.sha256).digest()).decode()


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
    """Whether a request is ours and fresh: what a receiver checks."""
    try:
        timestamp = int(headers["webhook-timestamp"])
        said, event_id = headers["webhook-signature"], headers["webhook-id"]
    except (KeyError, ValueError):
        return False
    if abs(now.timestamp() - timestamp) > TOLERANCE.total_seconds():
        return False
    expected = signature(secret, event_id, timestamp, body)
    return any(hmac.compare_digest(expected, one) for one in said.split(" "))


class EventHook:
    """Posts events to one address."""

    def __init__(self, url: str, secret: str) -> None:
        _key(secret)
        self._url = url
        self._secret = secret

    def __repr__(self) -> str:
        return "EventHook()"

    async def send(self, event_id: str, body: bytes, at: datetime) -> None:
        """Returns once the receiver has answered 2xx. `event_id` is the idempotency key: a repeat carries the same.

        Raises `NotDeliverable` where the receiver is gone for good (410), `NotNow`, `ServerUnavailable`.
        """
        timestamp = int(at.timestamp())
        headers = {
            "content-type": "application/json",
            "webhook-id": event_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(self._secret, event_id, timestamp, body),
        }
        try:
            async with httpx.AsyncClient(timeout=_PATIENCE, follow_redirects=False) as client:
                answer = await client.post(self._url, content=body, headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise ServerUnavailable("hook_unreachable") from None
        except (httpx.HTTPError, httpx.InvalidURL):
            raise NotNow("hook_interrupted") from None
        if answer.status_code == _GONE:
            raise NotDeliverable("hook_410")
        if not answer.is_success:
            raise NotNow(f"hook_{answer.status_code}")
