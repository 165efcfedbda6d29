"""TCP ports of this machine: the usual one where it is free, a free one where it is not."""

import socket

from domain.messages import message
from embedded.errors import EmbeddedError

LOOPBACK = "127.0.0.1"


def is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port that was left a moment ago counts as free
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def choose(usual: int, asked: int | None) -> int:
    """The port that was asked for, or an error when it is taken; where none was, the usual one or any free one."""
    if asked is None:
        return usual if is_free(usual) else _any_free()
    if not is_free(asked):
        raise taken(asked)
    return asked


def taken(port: int) -> EmbeddedError:
    return EmbeddedError(
        message("error.port_taken", port=port),
        f"{LOOPBACK}:{port}",
        message("error.port_taken_todo"),
    )


def _any_free() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port
