"""Questions at a terminal: a command asks before it does what cannot be undone.

A program, a pipe and `--json` cannot answer: for them each such command has an option that says yes.
"""

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cli.session.session import Terminal

_YES = frozenset({"y", "yes", "はい"})


def can_ask(to: "Terminal") -> bool:
    """Whether a person reads the question and can answer it."""
    return not to.as_json and sys.stdin.isatty() and sys.stdout.isatty()


def agrees(to: "Terminal", question: str, /, **fields: Any) -> bool:
    """Asks the question of the catalogue; only a clear yes is one. The end of the input is a no."""
    sys.stdout.write(to.text("screen.ask", question=to.text(question, **fields)) + " ")
    sys.stdout.flush()
    return sys.stdin.readline().strip().casefold() in _YES
