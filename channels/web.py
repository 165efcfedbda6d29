"""One HTTP POST, for chat and for events. The address is a secret: no answer, error or log of this module holds it."""

import asyncio
import logging
import ssl
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from urllib.parse import urlsplit

import httpx

# httpx tells every request at `info`, with the whole address.
logging.getLogger("httpx").setLevel(logging.WARNING)

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_FIRST_OK, _FIRST_NOT_OK = 200, 300
_FIRST_SERVER_ERROR = 500
_TRY_AGAIN = frozenset({408, 425, 429})  # the client errors that a later try may not meet


class Trouble(StrEnum):
    """Why there is no answer."""

    UNREACHABLE = "unreachable"  # nothing was handed over
    INTERRUPTED = "interrupted"  # perhaps after it was taken
    BAD_ADDRESS = "bad_address"


Answer = int | Trouble  # an HTTP status, or why there is none


def may_be_posted_to(url: str) -> bool:
    """Encrypted, or within this machine: what is sent names people."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK))


def is_done(status: int) -> bool:
    return _FIRST_OK <= status < _FIRST_NOT_OK


def may_work_later(status: int) -> bool:
    """Whether the same request may be taken at another time."""
    return status >= _FIRST_SERVER_ERROR or status in _TRY_AGAIN


async def post(url: str, body: bytes, headers: Mapping[str, str], patience: float) -> Answer:
    """Posts JSON and takes the status; `patience` is seconds for all of it. No redirect is followed, no answer is read."""
    sent = {"Content-Type": "application/json"} | dict(headers)
    try:
        async with (
            asyncio.timeout(patience),
            httpx.AsyncClient(verify=_certificates(), timeout=httpx.Timeout(patience, connect=patience / 2)) as client,
            client.stream("POST", url, content=body, headers=sent, follow_redirects=False) as answer,
        ):
            return answer.status_code
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError):
        return Trouble.BAD_ADDRESS
    except (httpx.ConnectError, httpx.ConnectTimeout):
        return Trouble.UNREACHABLE
    except (httpx.HTTPError, TimeoutError):
        return Trouble.INTERRUPTED


@cache
def _certificates() -> ssl.SSLContext:
    """Read once: reading them takes longer than a request."""
    return httpx.create_ssl_context()
