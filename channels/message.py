"""A message to one person, and the errors of sending it.

An error has a code and never the server's own text: that text contains the address, and only the directory may hold addresses.
"""

from pydantic import Field

from domain.notices.calendar_entries import CalendarEntry
from domain.values import Frozen, Locale


class Message(Frozen):
    """A message to one person. Its `repr` leaves out everything that could identify the person, to keep it out of logs."""

    message_id: str  # `<hash>@<domain>`; a repeat has the same one
    to: str | None = Field(repr=False)  # mail address, or the person's own chat webhook
    subject: str = Field(repr=False)  # one line
    body: str = Field(repr=False)  # plain text
    html: str = Field(default="", repr=False)
    locale: Locale = Locale.JA
    thread: str | None = None  # message id of the root of the thread; one thread per goal
    digest: bool = False  # whether it is the digest of a day
    preferences: str | None = None  # where the reader can stop or change digests
    calendar: str | None = Field(default=None, repr=False)  # an iCalendar file with the due dates
    cancelled: str | None = Field(default=None, repr=False)  # an iCalendar file that takes earlier entries back
    entries: tuple[CalendarEntry, ...] = Field(default=(), repr=False)  # of both files


class NotSent(Exception):
    """A message was not sent. `code` is the reason, without personal data: it may be stored and logged."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class NotDeliverable(NotSent):
    """The message cannot be delivered: no address, or the server refused the recipient permanently. People must correct it."""


class TemporaryFailure(NotSent):
    """This message failed this time; a later attempt may succeed."""


class ServerUnavailable(NotSent):
    """The server accepts no message now (down, login refused). Nothing was sent; other messages would fail too."""
