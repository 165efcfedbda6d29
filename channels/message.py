"""What goes out, and what can stop it.

The errors carry a code and never a server's own words: those hold the address, and an address stands in the directory
only.
"""

from pydantic import Field

from domain.values import Frozen, Locale


class Message(Frozen):
    """One message to one person; what a person could be known by is kept out of its `repr`, and so out of logs."""

    message_id: str  # `<hash>@<domain>`; a repeat carries the same
    to: str | None = Field(repr=False)  # mail address, or the person's own chat webhook
    subject: str = Field(repr=False)  # one line
    body: str = Field(repr=False)  # plain text
    html: str = Field(default="", repr=False)
    locale: Locale = Locale.JA
    thread: str | None = None  # message id of the thread's root: all that is about one goal
    digest: bool = False  # the one of its day
    preferences: str | None = None  # where the reader can stop or change digests
    calendar: str | None = Field(default=None, repr=False)  # iCalendar: the due dates in it


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
