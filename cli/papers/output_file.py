"""A file that a command writes part by part: it replaces the old one only when it is complete."""

from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

from cli.session.files import reason_of
from cli.session.output import Exit
from cli.session.session import Terminal


class OutputFile:
    """Ends the command where the file cannot be written: it is open in another program, or there is no place for it.

    Parts go to a file of this command beside it, which is removed when the command fails. What is no regular file (a pipe) is written directly.
    """

    def __init__(self, file: Path, to: Terminal, *, overwrite: bool) -> None:
        """Without `overwrite`, a file that is there ends the command: somebody may have filled it in."""
        self._file, self._to, self._overwrite = file, to, overwrite
        self._is_direct = file.exists() and not file.is_file()
        self.path = file if self._is_direct else file.with_name(f".{file.name}.{uuid4().hex[:8]}.part")

    def __enter__(self) -> Self:
        if self._file.is_file() and not self._overwrite:
            raise self._to.refuse(self._to.text("screen.sheet.file_is_there", file=self._file), kind="file_exists")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._opened = self.path.open("wb")
        except OSError as error:
            raise self.unwritable(error) from error
        return self

    def write(self, part: bytes) -> None:
        try:
            self._opened.write(part)
        except OSError as error:
            raise self.unwritable(error) from error

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        try:
            self._opened.close()
            if not self._is_direct and kind is None:
                self.path.replace(self._file)
        except OSError as error:
            raise self.unwritable(error) from error
        finally:
            if not self._is_direct:
                self.path.unlink(missing_ok=True)

    def unwritable(self, error: OSError) -> BaseException:
        """The end of the command, to be raised."""
        message = self._to.text("screen.sheet.unwritable", file=self._file, reason=reason_of(error))
        return self._to.refuse(message, kind="unwritable", code=Exit.USAGE)
