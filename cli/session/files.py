"""Small files that people give to a command: a goal's content, a cycle. Nothing large is read, whatever its name says."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from cli.session.output import Exit

if TYPE_CHECKING:
    from cli.session.session import Terminal

MOST_BYTES = 1_000_000


def read_small(file: Path, to: "Terminal") -> bytes:
    """The file's bytes; ends the command where it cannot be read (2) or is larger than a megabyte (1)."""
    try:
        with file.open("rb") as opened:
            size = os.fstat(opened.fileno()).st_size
            data = b"" if size > MOST_BYTES else opened.read(MOST_BYTES + 1)  # a pipe has no size
    except OSError as error:
        raise to.refuse(f"{file}: {_why(error, to)}", kind="file", code=Exit.USAGE) from error
    if size > MOST_BYTES or len(data) > MOST_BYTES:
        raise to.refuse(
            to.text("screen.file.too_large", file=file),
            kind="file_too_large",
        )
    return data


def _why(error: OSError, to: "Terminal") -> str:
    if isinstance(error, FileNotFoundError):
        return to.text("screen.file.missing")
    if isinstance(error, IsADirectoryError):
        return to.text("screen.file.folder")
    return to.text("screen.file.unreadable", reason=error.strerror)
