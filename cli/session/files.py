"""Small files that people give to a command: a goal's content, a cycle. Nothing large is read, whatever its name says."""

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

from cli.session.output import Exit, sentence_of

if TYPE_CHECKING:
    from cli.session.session import Terminal
    from domain.messages import Message

MOST_BYTES = 1_000_000


def read_small(file: Path, to: "Terminal") -> bytes:
    """The file's bytes; ends the command where it cannot be read (2) or is larger than a megabyte (1)."""
    try:
        with file.open("rb") as opened:
            size = os.fstat(opened.fileno()).st_size
            data = b"" if size > MOST_BYTES else opened.read(MOST_BYTES + 1)  # a pipe has no size
    except OSError as error:
        raise to.refuse(sentence_of(unreadable(file, error), to.locale), kind="file", code=Exit.USAGE) from error
    if size > MOST_BYTES or len(data) > MOST_BYTES:
        raise to.refuse(
            to.text("screen.file.too_large", file=file),
            kind="file_too_large",
        )
    return data


def unreadable(file: Path, error: OSError) -> "Message":
    """Why the file cannot be read, and what to do."""
    from domain.messages import message

    if isinstance(error, FileNotFoundError):
        return message("screen.file.missing", file=str(file))
    if isinstance(error, IsADirectoryError):
        return message("screen.file.folder", file=str(file))
    return message("screen.file.unreadable", file=str(file), reason=reason_of(error))


def reason_of(error: OSError) -> str:
    """The system's own reason: a code that words.po knows as `os_error`, or the system's words."""
    from texts.words import values

    code = errno.errorcode.get(error.errno or 0, "")
    return code if code in values("os_error") else str(error.strerror)
