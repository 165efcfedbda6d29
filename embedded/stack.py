"""PostgreSQL and Temporal together: starts both, publishes their addresses to other commands, stops both."""

import fcntl
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from domain.messages import message
from embedded import addresses, postgres, temporal
from embedded.addresses import Addresses
from embedded.errors import EmbeddedError, not_permitted
from embedded.keeping import watching


@asynccontextmanager
async def running(
    var: Path,
    *,
    ui: bool = True,
    temporal_port: int | None = None,
    ui_port: int | None = None,
    prepare: Callable[[str], Awaitable[str]] | None = None,
) -> AsyncIterator[Addresses]:
    """Runs both servers with their data in the folder `var`, which is created if it does not exist, until the block ends.

    A server that dies is started again, with its address and its data. If it keeps dying, the block is cancelled and an
    `EmbeddedError` names the server.

    `prepare` gets the database's URL before anybody else, as the superuser, and returns the URL for all others.

    While they run, their addresses are in `<var>/addresses.json`. The ports are 7233 and 8233, or free ones if these are taken.
    Raises `EmbeddedError`, also if a port is given and taken.
    """
    var = _folder(var)
    with _private_files(), _locked(var):
        async with (
            watching() as watchers,
            postgres.running(var, watchers=watchers) as owner_url,
            temporal.running(var, ui=ui, port=temporal_port, ui_port=ui_port, watchers=watchers) as found,
        ):
            database_url = await prepare(owner_url) if prepare else owner_url
            at = Addresses(database_url=database_url, temporal_address=found.address, ui_address=found.ui_address)
            addresses.write(var, at)
            try:
                yield at
            finally:
                addresses.delete(var)


@contextmanager
def _private_files() -> Iterator[None]:
    """Files that this process and its servers create are for their owner alone: they hold names, mails and histories."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def _folder(var: Path) -> Path:
    try:
        var.mkdir(parents=True, exist_ok=True)
        var.chmod(0o700)  # embedded/unprivileged.py lets PostgreSQL's user enter it
    except OSError as error:
        raise not_permitted(error, var) from error
    return var.resolve()


@contextmanager
def _locked(var: Path) -> Iterator[None]:
    """Holds the lock of the folder; the operating system releases it when the process ends. Raises `EmbeddedError`."""
    path = var / addresses.LOCK_NAME
    try:
        lock = path.open("a")
    except OSError as error:
        raise not_permitted(error, path) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _already_running(var) from error
        addresses.delete(var)  # left by a run that was killed
        yield


def _already_running(var: Path) -> EmbeddedError:
    try:
        found = addresses.read(var)
    except ValueError:
        found = None
    at = "" if found is None else f" PostgreSQL {found.database_shown}, Temporal {found.temporal_address}"
    screens = "" if found is None or found.ui_address is None else f", {found.ui_address}"
    return EmbeddedError(
        message("error.already_running", at=at, screens=screens),
        str(var),
        message("error.already_running_todo"),
    )
