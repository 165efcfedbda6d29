"""The site for which passkeys are: the public address, or `localhost` beside the servers of `meguri up`."""

from ipaddress import ip_address

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from service.passkey_sign_in import Site
from settings import Settings
from web.opened import opened_of
from web.origins import Origin, is_loopback, origin_of, require_loopback
from web.provider import WrongSignIn

_LOCALHOST = "localhost"  # a passkey is bound to a name; addresses of this machine are none
_SEE_OTHER = 303


def require_passkeys(settings: Settings, *, is_embedded: bool) -> None:
    """Raises `WrongSignIn` where browsers would not use a passkey: it needs https and a name; on this machine alone, `localhost`."""
    origin = origin_of(settings.public_url) if settings.public_url else None
    if origin is None:
        if not is_embedded or settings.public_url or not is_loopback(_listening_host(settings)):
            raise WrongSignIn("MEGURI_PUBLIC_URL", "error.sign_in_https")
    elif _is_address(origin.host):
        raise WrongSignIn("MEGURI_PUBLIC_URL", "error.sign_in_name")
    elif not origin.is_secure and origin.host != _LOCALHOST:
        raise WrongSignIn("MEGURI_PUBLIC_URL", "error.sign_in_https")


def site_of(request: Request) -> Site:
    """The site of the public address; beside servers of `meguri up` without one, `localhost`. Raises `OtherHost`."""
    public = opened_of(request).public
    if public is None:
        require_loopback(request)
        named = origin_of(f"http://{request.headers.get('host', '')}")
        public = Origin("http", _LOCALHOST, named.port if named else 0)
    return Site(str(public), public.ascii_host)


def way_to_name(request: Request) -> Response | None:
    """Where a page on this machine was opened by an address such as 127.0.0.1: the way to it by its name."""
    site = site_of(request)
    named = origin_of(f"http://{request.headers.get('host', '')}")
    if opened_of(request).public or (named and named.host == site.host):
        return None
    return RedirectResponse(f"{site.origin}{request.url.path}?{request.url.query}".rstrip("?"), _SEE_OTHER)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _listening_host(settings: Settings) -> str:
    return settings.web_address.rpartition(":")[0].strip("[]") or "127.0.0.1"
