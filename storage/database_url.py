"""`DATABASE_URL`: what may stand in it, how a driver reads it, and how it is shown."""

from enum import StrEnum
from typing import Any, Final

from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

_SSL_MODES: Final = frozenset({"disable", "allow", "prefer", "require", "verify-ca", "verify-full"})
_FIRST_UNUSABLE_PORT: Final = 65_536
_OPTIONS: Final = frozenset({"host", "port", "sslmode"})


class WrongBecause(StrEnum):
    """Why a text is no URL of a database; the code of the advice."""

    FORM = "bad_url"
    OPTION = "bad_url_option"
    SSL_MODE = "bad_sslmode"


class WrongUrl(ValueError):
    """The text is no URL of a PostgreSQL database. `what` is the part that is wrong, never a value that may be secret."""

    def __init__(self, why: WrongBecause, what: str = "") -> None:
        self.why, self.what = why, what
        super().__init__(f"{why} {what}")


def read_url(text: str) -> URL:
    """The URL `postgresql://user:password@host:5432/name`, with no options but host, port and sslmode. Raises `WrongUrl`."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:
        raise WrongUrl(WrongBecause.FORM) from error
    if url.drivername not in {"postgresql", "postgres"}:
        raise WrongUrl(WrongBecause.FORM, f"{url.drivername}://…")
    if unknown := sorted(set(url.query) - _OPTIONS):
        raise WrongUrl(WrongBecause.OPTION, unknown[0])
    if (mode := url.query.get("sslmode")) and mode not in _SSL_MODES:
        raise WrongUrl(WrongBecause.SSL_MODE, "sslmode")
    if wrong := _wrong_place(url):
        raise WrongUrl(WrongBecause.OPTION, wrong)
    return url.set(drivername="postgresql")


def _wrong_place(url: URL) -> str | None:
    """`host` or `port` if the driver would fail on it; several hosts need as many ports."""
    try:
        _, found = PGDialect_asyncpg().create_connect_args(url)  # type: ignore[no-untyped-call] # SQLAlchemy's dialects have no types
    except (ArgumentError, ValueError):
        return "port"
    hosts, ports = (_all_of(found.get(name)) for name in ("host", "port"))
    if any(int(one) not in range(_FIRST_UNUSABLE_PORT) for one in ports if one):
        return "port"
    return None if all(map(_is_host, hosts)) else "host"


def _all_of(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [] if value is None else [value]


def _is_host(value: object) -> bool:
    """Whether a name server, or the file system for a socket's folder, can be asked for it."""
    try:
        text = str(value)
        return "\0" not in text and bool(text.startswith("/") or text.encode("idna"))
    except UnicodeError:
        return False


def shown(url: URL) -> str:
    """The URL for people and logs: without its password, and of its options only those that say where the server is."""
    harmless = {name: value for name, value in url.query.items() if name in _OPTIONS}
    return url.set(query=harmless).render_as_string(hide_password=True)


def for_sqlalchemy(text: str) -> URL:
    """The URL for SQLAlchemy's dialect of asyncpg, which calls `sslmode` `ssl`. Raises `WrongUrl`."""
    url = read_url(text)
    query = {("ssl" if name == "sslmode" else name): value for name, value in url.query.items()}
    return url.set(drivername="postgresql+asyncpg", query=query)


def for_asyncpg(url: URL) -> str:
    """The URL of an engine for asyncpg itself, with the password."""
    query = {("sslmode" if name == "ssl" else name): value for name, value in url.query.items()}
    return url.set(drivername="postgresql", query=query).render_as_string(hide_password=False)
