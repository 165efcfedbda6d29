"""Mail by SMTP: one connection per message, so that one message's failure does not affect others."""

import contextlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UniqueUnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime, parseaddr
from types import MappingProxyType
from typing import Any, NamedTuple, Self
from urllib.parse import unquote, urlsplit

import aiosmtplib

from channels.encoded_words import encoded
from channels.message import Message, NotDeliverable, NotSent, ServerUnavailable, TemporaryFailure
from domain import messages
from domain.errors import MeguriError

_TIMEOUT = 20.0  # seconds for each answer of the server; well below the heartbeat time-out of the delivery activity
_QUIT_TIMEOUT = 2.0  # seconds for the answer to QUIT; the message is accepted or refused before

_PERMANENT = 500  # the first SMTP status of permanent failures
_LOGIN_REQUIRED = frozenset({530, 534, 535, 538})  # RFC 4954: the login failed; the recipient is not the reason

# A single address: no character that could end a header, add a recipient or open a comment. Letters of any language.
_ADDRESS = re.compile(r"(?P<mailbox>[^\x00-\x20\x7f-\xa0\s@,;:<>()\[\]\\\"]+)@(?P<host>[\w.-]+)")


class _Verbatim(UniqueUnstructuredHeader, BaseHeader):  # type: ignore[misc] # the header registry combines the same classes
    """A header with ids or addresses, never folded: the standard library would encode a line that it cannot fold."""

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


class _Subject(UniqueUnstructuredHeader, BaseHeader):  # type: ignore[misc] # as above
    """The text as it is given: the standard library would decode a part that looks like an encoded word."""

    @classmethod
    def parse(cls, value: str, kwds: dict[str, Any]) -> None:
        super().parse(value, kwds)
        kwds["decoded"] = value

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {encoded(str(self), len(self.name) + 2, policy.linesep)}{policy.linesep}"


class _Sender(UniqueUnstructuredHeader, BaseHeader):  # type: ignore[misc] # as above
    """A name and an address: the name is encoded, the address is not."""

    def fold(self, *, policy: Policy) -> str:
        name, address = parseaddr(str(self))
        if name.isascii():
            return f"{self.name}: {self}{policy.linesep}"
        words = encoded(name, len(self.name) + 2, policy.linesep)
        return f"{self.name}: {words}{policy.linesep} <{address}>{policy.linesep}"


def _headers() -> HeaderRegistry:
    registry = HeaderRegistry()
    registry.map_to_type("subject", _Subject)
    registry.map_to_type("from", _Sender)
    for name in ("in-reply-to", "references", "list-unsubscribe"):
        registry.map_to_type(name, _Verbatim)
    return registry


# 7-bit bodies only: old relays damage 8-bit ones.
_POLICY = SMTP.clone(cte_type="7bit", header_factory=_headers())


class WrongMailServer(MeguriError):
    """`MEGURI_SMTP_URL` is malformed. The error's message does not contain it, since it may contain a password."""


_FORMS = ("smtp://host:25", "smtp+starttls://user:password@host:587", "smtps://user:password@host:465")


class _Scheme(NamedTuple):
    port: int
    tls: bool  # encrypted from the first byte
    starttls: bool  # encrypted after an unencrypted greeting; fails if the server does not support it


_SCHEMES: Mapping[str, _Scheme] = MappingProxyType(
    {
        "smtp": _Scheme(25, tls=False, starttls=False),
        "smtp+starttls": _Scheme(587, tls=False, starttls=True),
        "smtps": _Scheme(465, tls=True, starttls=False),
    }
)


class MailServer(NamedTuple):
    """The mail server that accepts the mails, and how to connect to it."""

    host: str
    port: int
    tls: bool
    starttls: bool
    username: str | None
    password: str | None

    def __repr__(self) -> str:
        return f"MailServer({self.host}:{self.port})"

    @classmethod
    def at(cls, url: str) -> Self:
        """Reads `smtp://`, `smtp+starttls://` or `smtps://`, with an optional percent-encoded `user:password@`.

        Raises `WrongMailServer`.
        """
        try:
            parts = urlsplit(url)
            host, port, scheme = parts.hostname, parts.port, _SCHEMES.get(parts.scheme)
        except ValueError:
            host, port, scheme = None, None, None
        if scheme is None or not host or parts.path.strip("/"):
            raise WrongMailServer(
                "wrong_mail_server", messages.message("error.wrong_mail_server", forms=_FORMS)
            ) from None
        user, password = parts.username, parts.password
        return cls(
            host=host,
            port=port or scheme.port,
            tls=scheme.tls,
            starttls=scheme.starttls,
            username=unquote(user) if user else None,
            password=unquote(password) if password else None,
        )


class SmtpChannel:
    """Sends each message to one mail server."""

    name = "mail"

    def __init__(self, server: MailServer, mail_from: str) -> None:
        self._server = server
        self._from = mail_from
        self._sender = parseaddr(mail_from)[1]

    async def send(self, message: Message) -> None:
        """Returns when the server has accepted the message; a repeat has the same Message-ID."""
        if not message.to:
            raise NotDeliverable("no_address")
        mail = self._mail(message, message.to)
        client = await self._connected()
        try:
            await client.send_message(mail, sender=self._sender, recipients=[message.to])
        except (aiosmtplib.SMTPException, OSError) as error:
            raise _failure(error) from None
        except ValueError:  # aiosmtplib raises it for an address that SMTP does not allow
            raise NotDeliverable("bad_address") from None
        finally:
            await _disconnect(client)

    def _mail(self, message: Message, to: str) -> EmailMessage:
        address = _ADDRESS.fullmatch(to)
        if address is None:
            raise NotDeliverable("bad_address")
        mail = EmailMessage(policy=_POLICY)
        mail["To"] = Address(username=address["mailbox"], domain=address["host"])
        mail["From"] = self._from
        mail["Subject"] = message.subject
        mail["Date"] = format_datetime(datetime.now(UTC))
        mail["Message-ID"] = f"<{message.message_id}>"
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: prevents automatic replies
        if message.thread:
            mail["In-Reply-To"] = mail["References"] = f"<{message.thread}>"
        if message.digest:
            self._add_unsubscribe(mail, message)
        mail.set_content(message.body)
        if message.html:
            mail.add_alternative(message.html, subtype="html")
        for content, filename, method in (
            (message.calendar, "meguri.ics", "PUBLISH"),
            (message.cancelled, "meguri-cancelled.ics", "CANCEL"),
        ):
            if content:
                mail.add_attachment(content, subtype="calendar", filename=filename, params={"method": method})
        mail["Content-Language"] = message.locale.value  # last: adding parts moves Content- headers into the first part
        return mail

    def _add_unsubscribe(self, mail: EmailMessage, message: Message) -> None:
        """Adds the header of RFC 2369. One-click unsubscribing (RFC 8058) would need a page without sign-in."""
        pages = [f"<{message.preferences}>"] if message.preferences else []
        mail["List-Unsubscribe"] = ", ".join([*pages, f"<mailto:{self._sender}?subject=unsubscribe>"])

    async def _connected(self) -> aiosmtplib.SMTP:
        """A connection after greeting, encryption and login; a failure means that no message was sent."""
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.tls,
            start_tls=server.starttls,
            username=server.username,
            password=server.password,
            timeout=_TIMEOUT,
        )
        try:
            await client.connect()
        except aiosmtplib.SMTPAuthenticationError:
            raise ServerUnavailable("smtp_login_refused") from None
        except (aiosmtplib.SMTPException, OSError):
            raise ServerUnavailable("smtp_unreachable") from None
        return client


async def _disconnect(client: aiosmtplib.SMTP) -> None:
    """Ends the connection. Errors are ignored: the server has already accepted or refused the message."""
    with contextlib.suppress(aiosmtplib.SMTPException, OSError):
        await client.quit(timeout=_QUIT_TIMEOUT)
    client.close()


def _failure(error: aiosmtplib.SMTPException | OSError) -> NotSent:
    """The error to raise: whether this message, this attempt, or every message fails."""
    match error:
        case aiosmtplib.SMTPRecipientsRefused(recipients=[first, *_]):
            return _failure_of(first.code)
        case aiosmtplib.SMTPSenderRefused() | aiosmtplib.SMTPHeloError():
            return ServerUnavailable(f"smtp_sender_refused_{error.code}")
        case aiosmtplib.SMTPResponseException():
            return _failure_of(error.code)
        case aiosmtplib.SMTPNotSupported():  # the address is not ASCII, and the server does not support that
            return NotDeliverable("smtp_address_not_supported")
        case _:  # the connection broke; the server may have accepted the message
            return TemporaryFailure("smtp_interrupted")


def _failure_of(code: int) -> NotSent:
    if code in _LOGIN_REQUIRED:
        return ServerUnavailable(f"smtp_{code}")
    return NotDeliverable(f"smtp_{code}") if code >= _PERMANENT else TemporaryFailure(f"smtp_{code}")
