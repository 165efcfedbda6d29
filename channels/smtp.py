"""Mail by SMTP: one connection per message, so that one message's trouble is nobody else's."""

import contextlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UniqueUnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime, parseaddr
from types import MappingProxyType
from typing import NamedTuple, Self
from urllib.parse import unquote, urlsplit

import aiosmtplib

from channels.message import Message, NotDeliverable, NotNow, NotSent, ServerUnavailable
from domain import messages
from domain.errors import MeguriError

_PATIENCE = 20.0  # seconds for each answer of the server; well within the delivery's heartbeat
_FAREWELL = 2.0  # seconds for the answer to QUIT, which changes nothing any more

_PERMANENT = 500  # SMTP answers from here on are for good
_LOGIN_WANTED = frozenset({530, 534, 535, 538})  # RFC 4954: the server wants another login, whoever the recipient is

# One plain address: nothing that could end a header, add a recipient or open a comment. Letters of any language.
_ADDRESS = re.compile(r"(?P<mailbox>[^\x00-\x20\x7f-\xa0\s@,;:<>()\[\]\\\"]+)@(?P<host>[\w.-]+)")


class _Verbatim(UniqueUnstructuredHeader, BaseHeader):  # type: ignore[misc] # as the registry joins them itself
    """Ids and addresses: on one line however long, since the standard library would encode one that it cannot fold."""

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


def _headers() -> HeaderRegistry:
    registry = HeaderRegistry()
    for name in ("in-reply-to", "references", "list-unsubscribe"):
        registry.map_to_type(name, _Verbatim)
    return registry


# No 8-bit bodies: old relays still break them.
_POLICY = SMTP.clone(cte_type="7bit", header_factory=_headers())


class WrongMailServer(MeguriError):
    """`MEGURI_SMTP_URL` cannot be read. The message never repeats the address, which may hold a password."""


_FORMS = ("smtp://host:25", "smtp+starttls://user:password@host:587", "smtps://user:password@host:465")


class _Scheme(NamedTuple):
    port: int
    tls: bool  # from the first byte
    starttls: bool  # after a greeting in the clear; refused where the server cannot


_SCHEMES: Mapping[str, _Scheme] = MappingProxyType(
    {
        "smtp": _Scheme(25, tls=False, starttls=False),
        "smtp+starttls": _Scheme(587, tls=False, starttls=True),
        "smtps": _Scheme(465, tls=True, starttls=False),
    }
)


class MailServer(NamedTuple):
    """Where the mails are handed over, and how."""

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
        """Reads `smtp://`, `smtp+starttls://` or `smtps://`, with `user:password@` percent-encoded."""
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
    """Hands each message to one mail server."""

    name = "mail"

    def __init__(self, server: MailServer, mail_from: str) -> None:
        self._server = server
        self._from = mail_from
        self._sender = parseaddr(mail_from)[1]

    async def send(self, message: Message) -> None:
        """Returns once the server has taken the message; the repeat of a lost answer carries the same Message-ID."""
        if not message.to:
            raise NotDeliverable("no_address")
        mail = self._mail(message, message.to)
        client = await self._connected()
        try:
            await client.send_message(mail, sender=self._sender, recipients=[message.to])
        except (aiosmtplib.SMTPException, OSError) as error:
            raise _reason(error) from None
        except ValueError:  # aiosmtplib's word for an address that cannot stand in an envelope
            raise NotDeliverable("bad_address") from None
        finally:
            await _leave(client)

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
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no absence notes in answer
        if message.thread:
            mail["In-Reply-To"] = mail["References"] = f"<{message.thread}>"
        if message.digest:
            self._let_unsubscribe(mail, message)
        mail.set_content(message.body)
        if message.html:
            mail.add_alternative(message.html, subtype="html")
        if message.calendar:
            mail.add_attachment(
                message.calendar, subtype="calendar", filename="meguri.ics", params={"method": "PUBLISH"}
            )
        mail["Content-Language"] = message.locale.value  # last: what begins with Content- goes down into the first part
        return mail

    def _let_unsubscribe(self, mail: EmailMessage, message: Message) -> None:
        """RFC 2369; no one-click form (RFC 8058), which needs a page that asks for no sign-in."""
        ways = [f"<{message.preferences}>"] if message.preferences else []
        mail["List-Unsubscribe"] = ", ".join([*ways, f"<mailto:{self._sender}?subject=unsubscribe>"])

    async def _connected(self) -> aiosmtplib.SMTP:
        """A connection that is greeted, secured and logged in; nothing is handed over before that."""
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.tls,
            start_tls=server.starttls,
            username=server.username,
            password=server.password,
            timeout=_PATIENCE,
        )
        try:
            await client.connect()
        except aiosmtplib.SMTPAuthenticationError:
            raise ServerUnavailable("smtp_login_refused") from None
        except (aiosmtplib.SMTPException, OSError):
            raise ServerUnavailable("smtp_unreachable") from None
        return client


async def _leave(client: aiosmtplib.SMTP) -> None:
    """Says goodbye. What the server answers changes nothing: it has taken or refused the message already."""
    with contextlib.suppress(aiosmtplib.SMTPException, OSError):
        await client.quit(timeout=_FAREWELL)
    client.close()


def _reason(error: aiosmtplib.SMTPException | OSError) -> NotSent:
    """What an answer of the server means for the message, and for the others."""
    match error:
        case aiosmtplib.SMTPRecipientsRefused(recipients=[first, *_]):
            return _answer(first.code)
        case aiosmtplib.SMTPSenderRefused() | aiosmtplib.SMTPHeloError():
            return ServerUnavailable(f"smtp_sender_refused_{error.code}")
        case aiosmtplib.SMTPResponseException():
            return _answer(error.code)
        case aiosmtplib.SMTPNotSupported():  # an address in other letters than ASCII
            return NotDeliverable("smtp_address_not_supported")
        case _:  # the connection broke: perhaps after the server took the message
            return NotNow("smtp_interrupted")


def _answer(code: int) -> NotSent:
    if code in _LOGIN_WANTED:
        return ServerUnavailable(f"smtp_{code}")
    return NotDeliverable(f"smtp_{code}") if code >= _PERMANENT else NotNow(f"smtp_{code}")
