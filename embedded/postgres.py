"""A real PostgreSQL server from a wheel: data in a folder, and a Unix socket that only its owner can open.

This module starts the programs itself. The wheel's own `get_server` creates an OS user, makes every folder above the data
readable for everybody, gives up after ten seconds of crash recovery, and cannot pass settings.
"""

import asyncio
import secrets
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

from embedded import process, unprivileged
from embedded.errors import not_permitted, not_started
from embedded.keeping import kept
from embedded.leftovers import end_old_server
from embedded.process import Server, User
from embedded.wheels import postgres_programs

SUPERUSER: Final = "postgres"
WORKER: Final = "meguri_worker"  # owns no table: see storage/migrate.py
DATABASE: Final = "meguri"
PORT: Final = 5432  # part of the name of the socket's file; PostgreSQL does not listen on TCP

_SOCKET_PATH_LIMIT = 103  # bytes, including the file's name; 107 on Linux, 103 on macOS
_START_SECONDS = 300.0  # after a crash, PostgreSQL first replays its write-ahead log

# Settings for a machine that also runs Temporal and workers. fsync and synchronous_commit stay on: a commit is on the disk
# before it is acknowledged, which the ledger needs.
_SETTINGS: Final = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "120",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "jit": "off",  # statements are short: compiling them costs more than it saves
    "max_parallel_workers_per_gather": "0",  # the processors are shared with Temporal and the workers
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_NOT_DURABLE: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}  # leaves out the caller's PG* variables


@asynccontextmanager
async def running(var: Path, *, durable: bool = True, watchers: asyncio.TaskGroup | None = None) -> AsyncIterator[str]:
    """Runs PostgreSQL on `<var>/postgres`; yields the URL of its database `meguri`, which is created if it does not exist.

    `durable=False` is for tests: it is faster, but a power failure loses data. With `watchers`, a server that dies is started
    again (embedded/keeping.py). Only one process at a time may do this for a
    folder (embedded/stack.py holds a lock). Raises `EmbeddedError`.
    """
    data, log = var / "postgres", var / "postgres.log"
    try:
        user = unprivileged.user_for(data)
        unprivileged.grant_access(user, data.parent, postgres_programs())
        await end_old_server(data, _record(var))
        await _create(data, user)
        password = _password_file(var).read_text(encoding="ascii")
        socket_folder = _socket_folder(data, user)
    except OSError as error:
        raise not_permitted(error, data) from error

    async def start() -> Server:
        await end_old_server(data, _record(var))  # after a death: its sessions still hold the shared memory
        server = await _start(data, log, socket_folder, user, durable=durable)
        try:
            await _wait_until_ready(server, socket_folder, password, log)
        except BaseException:
            await server.stop()
            raise
        return server

    try:
        async with kept("PostgreSQL", log, start, watchers):
            yield url_of(socket_folder, DATABASE, password)
    finally:
        if socket_folder != data:
            shutil.rmtree(socket_folder, ignore_errors=True)


def url_of(socket_folder: Path, database: str, password: str) -> str:
    return f"postgresql://{SUPERUSER}:{password}@/{database}?host={quote(str(socket_folder))}&port={PORT}"


async def worker_url(owner_url: str) -> str:
    """The URL of the role `WORKER`, which is created if it does not exist and gets a new password each time."""
    import asyncpg
    from sqlalchemy import make_url

    password = secrets.token_urlsafe(32)
    session = await asyncpg.connect(owner_url)
    try:
        if not await session.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", WORKER):
            await session.execute(f"CREATE ROLE {WORKER} LOGIN")
        await session.execute(f"ALTER ROLE {WORKER} PASSWORD '{password}'")
    finally:
        await session.close()
    return make_url(owner_url).set(username=WORKER, password=password).render_as_string(hide_password=False)


def _record(var: Path) -> Path:
    return var / "postgres.pid"


def _password_file(var: Path) -> Path:
    return var / "postgres.password"


def _new_password(var: Path, user: User | None) -> Path:
    """Writes a new password, which only its owner can read, and a copy for `initdb`, which runs as `user`; returns the copy.

    As root, PostgreSQL runs as a user that other programs may run as too. Without a password they would be its superuser.
    """
    copy = var / "initdb.password"
    for file in (_password_file(var), copy):
        file.unlink(missing_ok=True)
        file.touch(mode=0o600)
    password = secrets.token_urlsafe(32)
    _password_file(var).write_text(password, encoding="ascii")
    copy.write_text(password, encoding="ascii")
    unprivileged.change_owner(user, copy)
    return copy


async def _create(data: Path, user: User | None) -> None:
    """Creates the data folder under another name, and renames it when it is complete: PostgreSQL cannot start on half of one."""
    if (data / "PG_VERSION").exists():
        return
    password = _new_password(data.parent, user)
    incomplete = data.with_name("postgres.new")
    shutil.rmtree(incomplete, ignore_errors=True)
    incomplete.mkdir(mode=0o700)
    unprivileged.change_owner(user, incomplete)
    program = await asyncio.create_subprocess_exec(
        postgres_programs() / "initdb",
        *("-D", str(incomplete), "-U", SUPERUSER, "--auth=scram-sha-256", f"--pwfile={password}"),
        *("-c", "scram_iterations=1", "--encoding=UTF8", "--no-instructions"),  # a random password needs no more
        *(
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        ),  # the same sort order on every machine
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd="/",
        env=_ENVIRONMENT,
        **process.as_user(user),
    )
    output, _ = await program.communicate()
    password.unlink()
    if program.returncode != 0:
        log = data.with_name("initdb.log")
        log.write_bytes(output)
        raise not_started("initdb (PostgreSQL)", log)
    incomplete.rename(data)


def _socket_folder(data: Path, user: User | None) -> Path:
    """The data folder; or a private temporary folder if the socket's path would be too long or need quoting in a URL."""
    path = str(data / f".s.PGSQL.{PORT}")
    if len(path.encode()) <= _SOCKET_PATH_LIMIT and quote(path) == path:
        return data
    folder = Path(tempfile.mkdtemp(prefix="meguri-", dir="/tmp"))
    unprivileged.change_owner(user, folder)
    return folder


async def _start(data: Path, log: Path, socket_folder: Path, user: User | None, *, durable: bool) -> Server:
    settings = _SETTINGS | {"unix_socket_directories": str(socket_folder)} | ({} if durable else _NOT_DURABLE)
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    try:
        return await process.start(
            [str(postgres_programs() / "postgres"), "-D", str(data), *options],
            record=_record(data.parent),
            log=log,
            environment=_ENVIRONMENT,
            stop_signal=signal.SIGINT,  # PostgreSQL's "fast" shutdown: ends the sessions, writes a checkpoint
            user=user,
        )
    except OSError as error:
        raise not_permitted(error, log) from error


async def _wait_until_ready(server: Server, socket_folder: Path, password: str, log: Path) -> None:
    try:
        async with asyncio.timeout(_START_SECONDS):
            while not await _is_ready(socket_folder, password):
                if server.has_ended:
                    raise not_started("PostgreSQL", log)
                await asyncio.sleep(0.05)
    except TimeoutError as error:
        raise not_started("PostgreSQL", log) from error


async def _is_ready(socket_folder: Path, password: str) -> bool:
    """Whether the server accepts connections. Creates the database `meguri` if it does not exist."""
    import asyncpg

    try:
        session = await asyncpg.connect(
            host=str(socket_folder), port=PORT, user=SUPERUSER, password=password, database=SUPERUSER, timeout=10
        )
    except (OSError, asyncpg.CannotConnectNowError):
        return False
    try:
        if not await session.fetchval("SELECT true FROM pg_database WHERE datname = $1", DATABASE):
            await session.execute(f'CREATE DATABASE "{DATABASE}"')
            # No DETAIL lines in the log: they quote rows, and rows contain names.
            await session.execute(f"ALTER DATABASE \"{DATABASE}\" SET log_error_verbosity = 'terse'")
    finally:
        await session.close()
    return True
