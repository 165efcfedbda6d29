"""The channels over which messages are sent, chosen by the setting `MEGURI_CHANNEL`."""

import sys
from collections.abc import Mapping
from typing import Protocol, TextIO

from channels.chat import ChatChannel
from channels.message import Message
from channels.smtp import MailServer, SmtpChannel
from settings import Settings


class Channel(Protocol):
    """Sends messages to their readers. Raises `NotDeliverable`, `TemporaryFailure` or `ServerUnavailable` (channels/message.py)."""

    @property
    def name(self) -> str:
        """The name that the outbox records for messages sent over this channel."""

    async def send(self, message: Message) -> None:
        """Returns when a server has accepted the message; may be called again with the same `message_id`."""


class NullChannel:
    """Sends nothing, but messages count as sent: for load tests and rehearsals."""

    name = "null"

    async def send(self, message: Message) -> None:
        """Discards the message."""


class ConsoleChannel:
    """Prints the messages, also those to readers without a mail address."""

    name = "console"

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout

    async def send(self, message: Message) -> None:
        """Writes the message with a single call, so that two messages never mix."""
        rule = "─" * 60
        to = message.to or "-"
        self._stream.write(f"{rule}\nTo: {to}\nSubject: {message.subject}\n\n{message.body}\n")
        self._stream.flush()


def configured_channels(settings: Settings) -> Mapping[str, Channel]:
    """All channels that may be used, by name; the one that the settings choose comes first.

    Chat is always included, since a person may have a webhook of their own. Raises `WrongMailServer` if `MEGURI_SMTP_URL` is
    malformed, `WrongChatAddress` if `MEGURI_CHAT_URL` is malformed or not encrypted.
    """
    channels: dict[str, Channel] = {
        "mail": SmtpChannel(MailServer.at(settings.smtp_url), settings.mail_from),
        "chat": ChatChannel(settings.chat_url, settings.chat_format, private_hosts=settings.chat_private_hosts),
    }
    match settings.channel:
        case "null":
            return {"null": NullChannel()}
        case "console":  # for trying Meguri out: nothing leaves the machine
            return {"console": ConsoleChannel()}
        case chosen:
            return {chosen: channels[chosen]} | channels
