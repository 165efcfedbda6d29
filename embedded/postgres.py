"""A real PostgreSQL from a wheel, in a folder, on a Unix socket that only its owner can open.

Its programs are run here and not through the wheel's own `get_server`, which makes an OS user, opens every folder above
the data to everybody's eyes, stops after ten seconds of crash recovery, and cannot pass settings.
"""

import asyncio
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
from embedded.leftovers import end_old_server
from embedded.process import Server, User
from embedded.wheels import postgres_programs

SUPERUSER: Final = "postgres"
DATABASE: Final = "meguri"
PORT: Final = 5432  # only names the socket's file; PostgreSQL listens on no network

_SOCKET_PATH_LIMIT = 103  # bytes with the file's name; 107 on Linux, 103 on macOS
_RECOVERY_PATIENCE = 300.0  # seconds; after a crash PostgreSQL first reads its log again

# PostgreSQL's defaults expect a machine of its own. What is written is on the disk before it is acknowledged
# (fsync and synchronous_commit stay on): that is what the ledger promises.
_SETTINGS: Final = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "120",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "jit": "off",  # our statements are short; compiling them costs more than it saves
    "max_parallel_workers_per_gather": "0",  # the processors are shared with Temporal and the workers
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_FORGETFUL: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}  # none of the caller's PG* variables


@asynccontextmanager
async def running(var: Path, *, durable: bool = True) -> AsyncIterator[str]:
    """Runs PostgreSQL on `<var>/postgres` and yields the URL of its database `meguri`, which is made where it is absent.

    `durable=False` is for tests: faster, and a power cut loses data. Only one process may do this for a folder at a
    time (embedded/stack.py holds the lock).
    """
    data, log = var / "postgres", var / "postgres.log"
    try:
        user = unprivileged.user_for(data)
        unprivileged.open_way(user, data.parent, postgres_programs())
        await end_old_server(data, _record(var))
        await _create(data, user)
        socket_folder = _socket_folder(data, user)
    except OSError as error:
        raise not_permitted(error, data) from error
    server = None
    try:
        server = await _start(data, log, socket_folder, user, durable=durable)
        await _wait_until_ready(server, socket_folder, log)
        yield url_of(socket_folder, DATABASE)
    finally:
        if server is not None:
            await server.stop()
        if socket_folder != data:
            shutil.rmtree(socket_folder, ignore_errors=True)


def url_of(socket_folder: Path, database: str) -> str:
    return f"postgresql://{SUPERUSER}:@/{database}?host={quote(str(socket_folder))}&port={PORT}"


def _record(var: Path) -> Path:
    return var / "postgres.pid"


async def _create(data: Path, user: User | None) -> None:
    """Makes the data folder, under another name until it is whole: a half-made one would never start."""
    if (data / "PG_VERSION").exists():
        return
    half_made = data.with_name("postgres.new")
    shutil.rmtree(half_made, ignore_errors=True)
    half_made.mkdir(mode=0o700)
    unprivileged.give(user, half_made)
    program = await asyncio.create_subprocess_exec(
        postgres_programs() / "initdb",
        *("-D", str(half_made), "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--no-instructions"),
        *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),  # one order on every machine
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd="/",
        env=_ENVIRONMENT,
        **process.as_user(user),
    )
    said, _ = await program.communicate()
    if program.returncode != 0:
        log = data.with_name("initdb.log")
        log.write_bytes(said)
        raise not_started("initdb (PostgreSQL)", log)
    half_made.rename(data)


def _socket_folder(data: Path, user: User | None) -> Path:
    """The data folder itself, or a short private one where its path is too long or would need quoting in a URL."""
    path = str(data / f".s.PGSQL.{PORT}")
    if len(path.encode()) <= _SOCKET_PATH_LIMIT and quote(path) == path:
        return data
    folder = Path(tempfile.mkdtemp(prefix="meguri-", dir="/tmp"))
    unprivileged.give(user, folder)
    return folder


async def _start(data: Path, log: Path, socket_folder: Path, user: User | None, *, durable: bool) -> Server:
    settings = _SETTINGS | {"unix_socket_directories": str(socket_folder)} | ({} if durable else _FORGETFUL)
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    try:
        return await process.start(
            [str(postgres_programs() / "postgres"), "-D", str(data), *options],
            record=_record(data.parent),
            log=log,
            environment=_ENVIRONMENT,
            stop_signal=signal.SIGINT,  # PostgreSQL's "fast": ends the sessions, writes a checkpoint
            user=user,
        )
    except OSError as error:
        raise not_permitted(error, log) from error


async def _wait_until_ready(server: Server, socket_folder: Path, log: Path) -> None:
    try:
        async with asyncio.timeout(_RECOVERY_PATIENCE):
            while not await _is_ready(socket_folder):
                if server.has_ended:
                    raise not_started("PostgreSQL", log)
                await asyncio.sleep(0.05)
    except TimeoutError as error:
        raise not_started("PostgreSQL", log) from error


async def _is_ready(socket_folder: Path) -> bool:
    """Whether it answers; makes our database when it does so for the first time."""
    import asyncpg

    try:
        session = await asyncpg.connect(
            host=str(socket_folder), port=PORT, user=SUPERUSER, password="", database=SUPERUSER, timeout=10
        )
    except (OSError, asyncpg.CannotConnectNowError):
        return False
    try:
        if not await session.fetchval("SELECT true FROM pg_database WHERE datname = $1", DATABASE):
            await session.execute(f'CREATE DATABASE "{DATABASE}"')
            # No DETAIL lines in the log: they quote rows, and rows hold names.
            await session.execute(f"ALTER DATABASE \"{DATABASE}\" SET log_error_verbosity = 'terse'")
    finally:
        await session.close()
    return True
