"""HTTP POST requests, for chat and the event hook. The URL is a secret: no result, error or log of this module contains it."""

import asyncio
import logging
import ssl
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from urllib.parse import urlsplit

import httpx

from channels.public_hosts import is_public_name, public_address

# httpx logs every request at `info`, with the whole URL.
logging.getLogger("httpx").setLevel(logging.WARNING)

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_FIRST_OK, _FIRST_NOT_OK = 200, 300
_FIRST_SERVER_ERROR = 500
_HTTPS = 443
_RETRYABLE = frozenset({408, 425, 429})  # client errors after which a later attempt may succeed


class PostFailure(StrEnum):
    """Why there is no HTTP status."""

    UNREACHABLE = "unreachable"  # nothing was sent
    INTERRUPTED = "interrupted"  # the receiver may have accepted the request
    BAD_ADDRESS = "bad_address"
    NOT_PUBLIC = "not_public"  # the host is unknown, or on a private network; nothing was sent


PostResult = int | PostFailure  # an HTTP status, or why there is none


def is_safe_to_post_to(url: str) -> bool:
    """Whether the URL is encrypted (`https`) or on this machine. Messages contain names of people."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK))


def is_success(status: int) -> bool:
    return _FIRST_OK <= status < _FIRST_NOT_OK


def is_retryable(status: int) -> bool:
    """Whether the same request may succeed later."""
    return status >= _FIRST_SERVER_ERROR or status in _RETRYABLE


async def post(
    url: str, body: bytes, headers: Mapping[str, str], seconds: float, *, only_public: bool = False
) -> PostResult:
    """Posts JSON, within `seconds` in all. Follows no redirect and does not read the body of the answer.

    `only_public`: the host's addresses are looked up once; if one of them is not public, nothing is sent, and otherwise the
    connection goes to the address that was looked at.
    """
    all_headers = {"Content-Type": "application/json"} | dict(headers)
    try:
        async with asyncio.timeout(seconds):
            request = await _request(url, body, all_headers, only_public=only_public)
            if request is None:
                return PostFailure.NOT_PUBLIC
            limits = httpx.Timeout(seconds, connect=seconds / 2)
            async with httpx.AsyncClient(verify=_certificates(), timeout=limits, follow_redirects=False) as client:
                answer = await client.send(request, stream=True)
                await answer.aclose()
                return answer.status_code
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError):
        return PostFailure.BAD_ADDRESS
    except (httpx.ConnectError, httpx.ConnectTimeout):
        return PostFailure.UNREACHABLE
    except (httpx.HTTPError, TimeoutError):
        return PostFailure.INTERRUPTED


async def _request(url: str, body: bytes, headers: Mapping[str, str], *, only_public: bool) -> httpx.Request | None:
    """The request; None if it must go to a public host and this is none."""
    request = httpx.Request("POST", url, content=body, headers=headers)
    if not only_public:
        return request
    host = request.url.host
    address = await public_address(host, request.url.port or _HTTPS) if is_public_name(host) else None
    if address is None:
        return None
    named = {**headers, "Host": request.url.netloc.decode()}
    pinned = request.url.copy_with(host=address)
    return httpx.Request("POST", pinned, content=body, headers=named, extensions={"sni_hostname": host})


@cache
def _certificates() -> ssl.SSLContext:
    """The trusted certificates, read once: reading them takes longer than a request."""
    return httpx.create_ssl_context()
