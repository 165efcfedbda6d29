"""The ways out, chosen by the setting `MEGURI_CHANNEL`."""

import sys
from collections.abc import Mapping
from typing import Protocol, TextIO

from channels.chat import ChatChannel
from channels.message import Message
from channels.smtp import MailServer, SmtpChannel
from settings import Settings


class Channel(Protocol):
    """Takes a message to its reader. Raises `NotDeliverable`, `NotNow` or `ServerUnavailable` (channels/message.py)."""

    @property
    def name(self) -> str:
        """What the outbox records as the way a notice went."""

    async def send(self, message: Message) -> None:
        """Returns when the message is handed over; it may be called again with the same `message_id`."""


class NullChannel:
    """Sends nothing, and counts as sent: for load runs and rehearsals."""

    name = "null"

    async def send(self, message: Message) -> None:
        """Lets the message fall."""


class ConsoleChannel:
    """Prints what would be sent; readers without a mail address get theirs too."""

    name = "console"

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout

    async def send(self, message: Message) -> None:
        """One write per message, so that two of them never mix."""
        rule = "─" * 60
        to = message.to or "-"
        self._stream.write(f"{rule}\nTo: {to}\nSubject: {message.subject}\n\n{message.body}\n")
        self._stream.flush()


def channels_of(settings: Settings) -> Mapping[str, Channel]:
    """Every way out that is configured, the one that the settings name first.

    Chat is always there: a person may have a webhook of their own. Raises `WrongMailServer` where `MEGURI_SMTP_URL` cannot
    be read, `WrongChatAddress` where `MEGURI_CHAT_URL` cannot be posted to.
    """
    ways: dict[str, Channel] = {
        "mail": SmtpChannel(MailServer.at(settings.smtp_url), settings.mail_from),
        "chat": ChatChannel(settings.chat_url, settings.chat_format),
    }
    match settings.channel:
        case "null":
            return {"null": NullChannel()}
        case "console":  # a trial: nothing leaves the machine
            return {"console": ConsoleChannel()}
        case chosen:
            return {chosen: ways[chosen]} | ways
