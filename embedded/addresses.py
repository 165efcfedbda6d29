"""Where the servers of one machine can be reached, and the file that tells the other commands."""

from pathlib import Path

from domain.values import Frozen

FILE_NAME = "addresses.json"


class Addresses(Frozen):
    """What a program needs to reach the servers."""

    database_url: str  # `postgresql://postgres:@/meguri?host=<folder of the socket>`
    temporal_address: str  # `host:port`
    ui_address: str | None  # `http://host:port` of Temporal's own screens; None where they are off


def write(var: Path, addresses: Addresses) -> None:
    """Tells other commands; in one step, so that nobody reads half a file."""
    fresh = var / f"{FILE_NAME}.new"
    fresh.write_text(addresses.model_dump_json(indent=2) + "\n", encoding="utf-8")
    fresh.replace(var / FILE_NAME)


def read(var: Path) -> Addresses | None:
    """What the running servers wrote; None where none run. A file of another shape raises `ValueError`."""
    try:
        return Addresses.model_validate_json((var / FILE_NAME).read_bytes())
    except FileNotFoundError:
        return None


def forget(var: Path) -> None:
    (var / FILE_NAME).unlink(missing_ok=True)
