"""Errors of the embedded servers, with messages for the person who started them."""

from pathlib import Path

from domain.errors import MeguriError
from domain.messages import Message, message

_TAIL = 12  # lines of a server's log that an error shows


class EmbeddedError(MeguriError):
    """An embedded server cannot start or stop: what happened, where (a path or an address), and what to do."""

    def __init__(self, what: Message, where: str, todo: Message) -> None:
        self.where = where
        super().__init__("local_server", message("error.embedded", what=what, where=where, todo=todo))


def not_permitted(error: OSError, where: Path) -> EmbeddedError:
    """The operating system refused access to a file, or the disk is full."""
    return EmbeddedError(
        message("error.file_unusable", reason=error.strerror or ""),
        str(error.filename or where),
        message("error.file_unusable_todo"),
    )


def not_started(server: str, log: Path) -> EmbeddedError:
    """A server ended or did not answer during its start; the message quotes the end of its log."""
    return EmbeddedError(
        message("error.not_started", server=server, tail=_tail(log)),
        str(log),
        message("error.not_started_todo"),
    )


def not_kept_running(server: str, log: Path, restarts: int) -> EmbeddedError:
    """A server died, and died or did not start again after every restart; the message quotes the end of its log."""
    return EmbeddedError(
        message("error.not_kept_running", server=server, restarts=restarts, tail=_tail(log)),
        str(log),
        message("error.not_started_todo"),
    )


def _tail(log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        return f"  ({error.strerror})"
    return "\n".join(f"  {line}" for line in lines[-_TAIL:]) or "  (-)"
