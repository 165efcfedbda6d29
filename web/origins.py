"""Which requests come from a page of this site: the configured origin, the host of a request, and where an unsafe request was made."""

from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import Headers

from domain.errors import MeguriError
from domain.messages import message

_PORTS = {"https": 443, "http": 80}
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_OWN_SITES = frozenset({"same-origin", "none"})  # none: the person typed the address, or used a bookmark


class NotOfThisSite(MeguriError):
    """A request that changes something came by a session, and not from a page of this site."""

    def __init__(self) -> None:
        super().__init__("not_of_this_site", message("error.not_of_this_site"))


class OtherHost(MeguriError):
    """The request names another host than the public address."""

    def __init__(self) -> None:
        super().__init__("other_host", message("error.other_host"))


class Origin(NamedTuple):
    scheme: str
    host: str
    port: int

    @property
    def ascii_host(self) -> str:
        """The host as browsers write it."""
        return self.host if self.host.isascii() else self.host.encode("idna").decode()

    def __str__(self) -> str:
        """As browsers write it: without the port that the scheme has anyway."""
        host = f"[{self.host}]" if ":" in self.host else self.ascii_host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    @property
    def is_secure(self) -> bool:
        return self.scheme == "https"

    @property
    def is_loopback(self) -> bool:
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def origin_of(url: str) -> Origin | None:
    """The origin of a URL; None for a text that is no address of a web site."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return None
    return Origin(parts.scheme, parts.hostname, port) if parts.hostname and parts.scheme in _PORTS else None


def require_host(headers: Headers, public: Origin) -> None:
    """Raises `OtherHost` where the request names another host or port than the public address."""
    named = headers.getlist("host")
    if len(named) != 1 or origin_of(f"{public.scheme}://{named[0]}") != public or set(named[0]) & set("@/?#\\ "):
        raise OtherHost


def require_loopback(request: Request) -> None:
    """Raises `OtherHost` where the request does not name this machine."""
    named = origin_of(f"http://{request.headers.get('host', '')}")
    if named is None or not named.is_loopback:
        raise OtherHost


def require_this_site(request: Request, public: Origin | None) -> None:
    """Raises `NotOfThisSite` for an unsafe method, unless the browser says that a page of this site, or nobody's, made the request.

    `Sec-Fetch-Site` and `Origin` cannot be set by a page. The host that the request names is not asked: a proxy may have changed it.
    """
    if request.method in _SAFE or request.headers.get("sec-fetch-site") in _OWN_SITES:
        return
    if public is None or origin_of(request.headers.get("origin", "")) != public:
        raise NotOfThisSite
