"""What goes out, and what can stop it.

The errors carry a code and never a server's own words: those hold the address, and an address stands in the directory
only.
"""

from pydantic import Field

from domain.values import Frozen


class Message(Frozen):
    """One message to one person; what a person could be known by is kept out of its `repr`, and so out of logs."""

    message_id: str  # `<hash>@<domain>`; a repeat carries the same
    to: str | None = Field(repr=False)  # mail address
    subject: str = Field(repr=False)  # one line
    body: str = Field(repr=False)


class NotSent(Exception):
    """A message did not go out. `code` says why, in one word that is safe to store and to log."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class NotDeliverable(NotSent):
    """It never will: no address, or the server refused the recipient for good. People must mend the address."""


class NotNow(NotSent):
    """This message failed for now; a later try may succeed."""


class ServerUnavailable(NotSent):
    """The server takes nothing at all now (down, login refused): nothing was handed over, and others need not try."""
