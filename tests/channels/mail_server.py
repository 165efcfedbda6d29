"""A real SMTP server on a free port, which fails as a test tells it to."""

import asyncio
import email
import email.policy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from itertools import count

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass
class Mailbox:
    """The mails that arrived, and the failures that the server is to simulate."""

    port: int = 0
    arrived: list[EmailMessage] = field(default_factory=list)
    arrivals: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))  # one permit per mail
    recipients: list[str] = field(default_factory=list)  # of the envelopes, in the same order
    refuse: dict[str, str] = field(default_factory=dict)  # address -> answer to RCPT TO
    refuse_every_second_connection: bool = False
    refuse_all_connections: bool = False
    hang_up_after_taking: bool = False
    connections: int = 0
    login: tuple[bytes, bytes] = (b"", b"")
    logged_in: int = 0

    @property
    def message_ids(self) -> list[str]:
        return [str(mail["Message-ID"]) for mail in self.arrived]

    def text_of(self, mail: EmailMessage) -> str:
        body = mail.get_body(("plain",))
        assert body is not None
        return str(body.get_content()).replace("\r\n", "\n")

    def let_in(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: LoginPassword
    ) -> AuthResult:
        success = (given.login, given.password) == self.login
        self.logged_in += success
        return AuthResult(success=success, handled=False)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's hook
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        assert isinstance(envelope.content, bytes)
        parsed = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        self.arrived.append(parsed)
        self.recipients += envelope.rcpt_tos
        self.arrivals.release()
        if self.hang_up_after_taking:
            assert server.transport is not None
            server.transport.close()
        return "250 OK"


class _BusyServer(asyncio.Protocol):
    """A server that answers only that it is busy."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(b"421 try again later\r\n")
        transport.close()


@asynccontextmanager
async def mail_server() -> AsyncIterator[Mailbox]:
    mailbox = Mailbox()
    numbers = count(1)

    def answer() -> asyncio.BaseProtocol:
        mailbox.connections += 1
        refused = mailbox.refuse_every_second_connection and next(numbers) % 2 == 1
        if refused or mailbox.refuse_all_connections:
            return _BusyServer()
        return SMTP(
            mailbox,
            hostname="mail.test",
            enable_SMTPUTF8=True,
            authenticator=mailbox.let_in,
            auth_require_tls=False,
        )

    server = await asyncio.get_running_loop().create_server(answer, "127.0.0.1", 0)
    mailbox.port = server.sockets[0].getsockname()[1]
    try:
        yield mailbox
    finally:
        server.close()
        await server.wait_closed()
