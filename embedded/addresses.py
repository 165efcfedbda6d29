"""The addresses of the embedded servers, and the file in which other commands find them."""

import fcntl
from pathlib import Path

from domain.values import Frozen

FILE_NAME = "addresses.json"
LOCK_NAME = "lock"  # held by the process that runs the servers


class Addresses(Frozen):
    """The addresses of the running servers."""

    database_url: str  # `postgresql://<role>:<password>@/meguri?host=<folder of the socket>`
    temporal_address: str  # `host:port`
    ui_address: str | None  # `http://host:port` of Temporal's web UI; None if it is off

    @property
    def database_shown(self) -> str:
        """The URL without its password, for people."""
        user, at, rest = self.database_url.partition("@")
        return f"{user.rpartition(':')[0]}:***{at}{rest}"


def write(var: Path, addresses: Addresses) -> None:
    """Writes the file for other commands; in one step, so that no command reads half a file."""
    new = var / f"{FILE_NAME}.new"
    new.write_text(addresses.model_dump_json(indent=2) + "\n", encoding="utf-8")
    new.replace(var / FILE_NAME)


def read(var: Path) -> Addresses | None:
    """The addresses of the running servers; None if none run. Raises `ValueError` for a malformed file."""
    try:
        return Addresses.model_validate_json((var / FILE_NAME).read_bytes())
    except FileNotFoundError:
        return None


def delete(var: Path) -> None:
    (var / FILE_NAME).unlink(missing_ok=True)


def is_locked(var: Path) -> bool:
    """Whether a process runs the servers of the folder, or starts them again."""
    try:
        with (var / LOCK_NAME).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False  # no such file: the servers never ran here
    return False
