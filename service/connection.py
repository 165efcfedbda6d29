"""Addresses of PostgreSQL and Temporal, and connections to them.

`DATABASE_URL` is the address of PostgreSQL. Temporal's own settings give its address (`TEMPORAL_ADDRESS`, or the profile in its
configuration file). An address that is not set comes from the running servers of `meguri up` (`<var>/addresses.json`).
"""

import asyncio
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from domain.errors import MeguriError
from domain.messages import Message, message
from embedded import addresses
from embedded.addresses import Addresses
from settings import Settings

if TYPE_CHECKING:  # each import takes most of a second, and `--help` needs none of them
    from sqlalchemy.ext.asyncio import AsyncEngine
    from temporalio.client import Client, Interceptor
    from temporalio.envconfig import ClientConnectConfig
    from temporalio.runtime import Runtime

    from storage.database import TimeLimits

CONNECT_SECONDS = 5.0


class Unreachable(MeguriError):
    """No address of a server is set, or the server does not answer. `looked_at`: the address, or the settings that were read."""

    def __init__(self, server: Literal["PostgreSQL", "Temporal"], looked_at: str, todo: Message) -> None:
        self.server, self.looked_at = server, looked_at
        super().__init__("unreachable", message("error.unreachable", server=server, looked_at=looked_at, todo=todo))


@dataclass(frozen=True)
class Endpoints:
    """The addresses of both servers, and the setting or file that each comes from (`…_named_by`)."""

    database_url: str  # with the password
    database_shown: str  # without the password
    database_named_by: str
    temporal_address: str
    temporal_namespace: str
    temporal_named_by: str
    ui_address: str | None  # known only for the servers of `meguri up`


def resolve(settings: Settings) -> Endpoints:
    """The addresses of both servers, without connecting to them. Raises `Unreachable` if an address is not set."""
    database_url, database_named_by = _database_at(settings)
    options, temporal_named_by = _temporal_at(settings)
    running = _embedded(settings, "Temporal")
    is_embedded = running is not None and running.temporal_address == options["target_host"]
    return Endpoints(
        database_url=database_url,
        database_shown=_shown(database_url, database_named_by),
        database_named_by=database_named_by,
        temporal_address=options["target_host"],
        temporal_namespace=options.get("namespace", "default"),
        temporal_named_by=temporal_named_by,
        ui_address=running.ui_address if running is not None and is_embedded else None,
    )


def time_limits(settings: Settings) -> "TimeLimits":
    """The limits of database connections that the settings give."""
    from storage.database import TimeLimits

    return TimeLimits(
        statement=settings.database_statement_seconds,
        lock=settings.database_lock_seconds,
        idle=settings.database_idle_seconds,
    )


async def connect_database(settings: Settings) -> "AsyncEngine":
    """An engine, after a first successful query; the caller must dispose of it. Raises `Unreachable`."""
    import asyncpg
    from sqlalchemy import text
    from sqlalchemy.exc import SQLAlchemyError

    from storage.database import open_database

    url, named_by = _database_at(settings)
    looked_at = f"{_shown(url, named_by)} ({named_by})"  # before the engine, which takes no wrong URL
    engine = open_database(url, pool=settings.database_pool, limits=time_limits(settings))
    try:
        async with asyncio.timeout(CONNECT_SECONDS), engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
    except (OSError, TimeoutError, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        await engine.dispose()
        raise Unreachable("PostgreSQL", looked_at, _advice(settings, named_by, _why_no_database(error))) from error
    return engine


async def connect_temporal(
    settings: Settings,
    *,
    at: str | None = None,
    identity: str | None = None,
    interceptors: "Sequence[Interceptor]" = (),
    runtime: "Runtime | None" = None,
) -> "Client":
    """A connected client that converts pydantic models to payloads. Raises `Unreachable`.

    `at` (`host:port`) takes precedence over the settings: for a server that the caller has just started.
    """
    from temporalio.client import Client
    from temporalio.contrib.pydantic import pydantic_data_converter
    from temporalio.service import GrpcCompression, RPCError

    options, named_by = ({"target_host": at}, "the caller") if at else _temporal_at(settings)
    address = options["target_host"]
    is_local = is_loopback(address)  # on one machine, compression costs more than it saves
    try:
        return await asyncio.wait_for(
            Client.connect(
                **options,
                data_converter=pydantic_data_converter,
                interceptors=list(interceptors),
                identity=identity,
                runtime=runtime,
                connect_timeout=timedelta(seconds=CONNECT_SECONDS),
                grpc_compression=GrpcCompression.NONE if is_local else GrpcCompression.GZIP,
            ),
            CONNECT_SECONDS,
        )
    except (
        RuntimeError,
        RPCError,
        TimeoutError,
        ValueError,
    ) as error:  # the SDK raises RuntimeError if it cannot connect
        raise Unreachable("Temporal", f"{address} ({named_by})", _advice(settings, named_by, _NO_TEMPORAL)) from error


def is_loopback(address: str) -> bool:
    """Whether `host:port` is an address of this machine; names are not resolved."""
    host = address.removeprefix("http://").rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _database_at(settings: Settings) -> tuple[str, str]:
    if settings.database_url:
        return _with_password(settings.database_url, settings.database_password), "DATABASE_URL"
    found = _embedded(settings, "PostgreSQL")
    if found is None:
        raise Unreachable("PostgreSQL", f"DATABASE_URL; {_file(settings)}", _nothing_named("DATABASE_URL"))
    return found.database_url, str(_file(settings))


def _with_password(url: str, password: str | None) -> str:
    """The URL with the password from its own setting; a malformed URL is left for `_shown` to refuse."""
    from storage.database_url import WrongUrl, read_url

    if password is None:
        return url
    try:
        return read_url(url).set(password=password.strip()).render_as_string(hide_password=False)
    except WrongUrl:
        return url


def _temporal_at(settings: Settings) -> "tuple[ClientConnectConfig, str]":
    from temporalio.envconfig import ClientConfig

    try:
        options = ClientConfig.load_client_connect_config()
    except (RuntimeError, OSError) as error:  # the profile does not exist, or the file is not TOML
        raise Unreachable("Temporal", f"TEMPORAL_PROFILE, TEMPORAL_CONFIG_FILE: {error}", _BAD_PROFILE) from error
    if options.get("target_host"):
        return options, "TEMPORAL_*"
    found = _embedded(settings, "Temporal")
    if found is None:
        raise Unreachable("Temporal", f"TEMPORAL_ADDRESS; {_file(settings)}", _nothing_named("TEMPORAL_ADDRESS"))
    # The embedded server has no TLS and no API keys: of the profile, only the namespace applies to it.
    embedded: ClientConnectConfig = {"target_host": found.temporal_address}
    if "namespace" in options:
        embedded["namespace"] = options["namespace"]
    return embedded, str(_file(settings))


def _file(settings: Settings) -> Path:
    return (settings.var / addresses.FILE_NAME).absolute()


def _embedded(settings: Settings, server: Literal["PostgreSQL", "Temporal"]) -> Addresses | None:
    try:
        return addresses.read(settings.var)
    except (ValueError, OSError) as error:
        raise Unreachable(server, str(_file(settings)), _BAD_FILE) from error


def _shown(url: str, named_by: str) -> str:
    """The URL without what is secret. Raises `Unreachable` for a malformed URL, or one of another kind of database."""
    from storage.database_url import WrongUrl, read_url, shown

    try:
        return shown(read_url(url))
    except WrongUrl as wrong:
        looked_at = f"{named_by} ({wrong.what})" if wrong.what else named_by
        raise Unreachable("PostgreSQL", looked_at, _WRONG_URL[wrong.why]) from wrong


def _advice(settings: Settings, named_by: str, otherwise: Message) -> Message:
    """What to do if a server does not answer. `meguri up` that runs is already starting its server again."""
    if named_by == str(_file(settings)) and addresses.is_locked(settings.var):
        return message("error.restarting", log=str((settings.var / "worker.log").absolute()))
    return otherwise


def _nothing_named(variable: str) -> Message:
    return message("error.nothing_named", variable=variable)


def _why_no_database(error: BaseException) -> Message:
    """The advice for this error, by its class. SQLAlchemy keeps the driver's error as `orig` or as a cause."""
    import asyncpg

    causes = {type(cause) for cause in _causes(error)}
    if causes & {asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError}:
        return _LOGIN_REFUSED
    if asyncpg.InvalidCatalogNameError in causes:
        return _NO_SUCH_DATABASE
    return _NO_DATABASE


def _causes(error: BaseException | None) -> "Sequence[BaseException]":
    return () if error is None else (error, *_causes(error.__cause__ or getattr(error, "orig", None)))


_WRONG_URL = {
    "bad_url": message("error.bad_url"),
    "bad_url_option": message("error.bad_url_option"),
    "bad_sslmode": message("error.bad_sslmode"),
}
_LOGIN_REFUSED = message("error.login_refused")
_NO_SUCH_DATABASE = message("error.no_such_database")
_NO_DATABASE = message("error.no_database")
_NO_TEMPORAL = message("error.no_temporal")
_BAD_PROFILE = message("error.bad_profile")
_BAD_FILE = message("error.bad_addresses")
