"""TCP ports for the embedded servers: the usual port if it is free, else any free port."""

import socket

from domain.messages import message
from embedded.errors import EmbeddedError

LOOPBACK = "127.0.0.1"


def is_free(port: int) -> bool:
    """Whether a server could listen at the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # a port that was closed a moment ago counts as free
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def choose(usual: int, requested: int | None) -> int:
    """The requested port. Without one: the usual port if it is free, else any free port.

    Raises `EmbeddedError` if the requested port is taken.
    """
    if requested is None:
        return usual if is_free(usual) else _any_free()
    if not is_free(requested):
        raise taken(requested)
    return requested


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
