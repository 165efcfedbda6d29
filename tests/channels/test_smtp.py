"""Mail over a real SMTP server: what it takes, what it refuses, and what happens when it goes away."""

import pytest

from channels.message import Message, NotDeliverable, NotNow, ServerUnavailable
from channels.smtp import MailServer, SmtpChannel, WrongMailServer
from tests.channels.mail_server import Mailbox, mail_server

BODY = "佐藤 花子さん\n\n目標が承認されました。" + "とても長い一行" * 400 + "\n.\nFrom here on\n"


def message(**changes: str | None) -> Message:
    said = {
        "to": "hanako@example.com",
        "subject": "【Meguri】お知らせ1件",
        "body": BODY,
        "message_id": "abc@example.com",
    }
    return Message.model_validate(said | changes)


def channel(mailbox: Mailbox, *, scheme: str = "smtp", login: str = "") -> SmtpChannel:
    return SmtpChannel(MailServer.at(f"{scheme}://{login}127.0.0.1:{mailbox.port}"), "Meguri <meguri@example.com>")


async def test_a_mail_arrives_whole_with_the_message_id_that_it_was_given() -> None:
    async with mail_server() as mailbox:
        await channel(mailbox).send(message())
    [mail] = mailbox.arrived
    assert mailbox.text_of(mail) == BODY
    assert mail["Subject"] == "【Meguri】お知らせ1件"
    assert mail["To"] == "hanako@example.com"
    assert mail["From"] == "Meguri <meguri@example.com>"
    assert mail["Message-ID"] == "<abc@example.com>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime.tzinfo is not None


async def test_a_long_japanese_subject_arrives_as_it_was() -> None:
    subject = "【Meguri】対応のお願い12件・お知らせ3件: 佐藤 花子さんの目標「請求書の処理を早める “quoted” = ?」が提出されました。"
    async with mail_server() as mailbox:
        await channel(mailbox).send(message(subject=subject))
    assert mailbox.arrived[0]["Subject"] == subject


async def test_no_line_on_the_wire_is_longer_than_a_mail_may_have() -> None:
    async with mail_server() as mailbox:
        await channel(mailbox).send(message(body="x" * 5000 + "\n"))
    assert max(map(len, mailbox.arrived[0].as_bytes().split(b"\n"))) < 998
    assert mailbox.text_of(mailbox.arrived[0]).strip() == "x" * 5000


@pytest.mark.parametrize("to", [None, ""])
async def test_nobody_is_written_to_without_an_address(to: str | None) -> None:
    async with mail_server() as mailbox:
        with pytest.raises(NotDeliverable, match=r"^no_address$"):
            await channel(mailbox).send(message(to=to))
    assert mailbox.connections == 0


@pytest.mark.parametrize(
    "to", ["a@example.com\r\nBcc: b@example.com", "a@example.com, b@example.com", "no address", "@", "a@b\x00", "<>"]
)
async def test_an_address_that_is_none_is_refused_and_reaches_nobody(to: str) -> None:
    async with mail_server() as mailbox:
        with pytest.raises(NotDeliverable, match=r"^bad_address$"):
            await channel(mailbox).send(message(to=to))
    assert mailbox.arrived == []


async def test_an_address_in_japanese_letters_is_written_to() -> None:
    async with mail_server() as mailbox:
        await channel(mailbox).send(message(to="花子@example.com"))
    assert mailbox.recipients == ["花子@example.com"]


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        ("550 no such user hanako@example.com", NotDeliverable, "smtp_550"),
        ("452 mailbox of hanako@example.com is full", NotNow, "smtp_452"),
        ("530 authentication required for hanako@example.com", ServerUnavailable, "smtp_530"),
    ],
)
async def test_a_refusal_is_told_by_its_code_and_never_by_its_text(
    answer: str, error: type[Exception], code: str
) -> None:
    async with mail_server() as mailbox:
        mailbox.refuse["hanako@example.com"] = answer
        with pytest.raises(error) as refused:
            await channel(mailbox).send(message())
    assert str(refused.value) == code
    assert refused.value.__cause__ is None


async def test_a_server_that_is_not_there_is_no_fault_of_the_message() -> None:
    async with mail_server() as mailbox:
        pass
    with pytest.raises(ServerUnavailable, match=r"^smtp_unreachable$"):
        await channel(mailbox).send(message())


async def test_a_server_that_says_come_back_later_is_unavailable() -> None:
    async with mail_server() as mailbox:
        mailbox.refuse_all_connections = True
        with pytest.raises(ServerUnavailable, match=r"^smtp_unreachable$"):
            await channel(mailbox).send(message())


async def test_a_connection_that_breaks_after_the_mail_was_taken_counts_as_not_sent() -> None:
    async with mail_server() as mailbox:
        mailbox.hang_up_after_taking = True
        with pytest.raises(NotNow, match=r"^smtp_interrupted$"):
            await channel(mailbox).send(message())
    assert len(mailbox.arrived) == 1


async def test_a_mail_is_never_sent_in_the_clear_where_starttls_was_asked_for() -> None:
    async with mail_server() as mailbox:
        with pytest.raises(ServerUnavailable):
            await channel(mailbox, scheme="smtp+starttls").send(message())
    assert mailbox.arrived == []


async def test_a_login_with_odd_letters_is_taken_from_the_address() -> None:
    async with mail_server() as mailbox:
        mailbox.login = (b"meguri", b"p@ss:/word")
        await channel(mailbox, login="meguri:p%40ss%3A%2Fword@").send(message())
    assert (mailbox.logged_in, len(mailbox.arrived)) == (1, 1)


async def test_a_wrong_login_stops_the_sending_and_not_the_message() -> None:
    async with mail_server() as mailbox:
        mailbox.login = (b"meguri", b"right")
        with pytest.raises(ServerUnavailable, match=r"^smtp_login_refused$"):
            await channel(mailbox, login="meguri:wrong@").send(message())
    assert mailbox.arrived == []


def test_the_schemes_say_port_and_encryption() -> None:
    assert MailServer.at("smtp://mail.example.com")[:4] == ("mail.example.com", 25, False, False)
    assert MailServer.at("smtp+starttls://mail.example.com")[:4] == ("mail.example.com", 587, False, True)
    assert MailServer.at("smtps://u:p@mail.example.com:2465/")[:4] == ("mail.example.com", 2465, True, False)


@pytest.mark.parametrize(
    "url", ["", "mail.example.com", "http://m.example.com", "smtp://", "smtp://u:se#cret@host:25/x"]
)
def test_an_address_of_a_server_that_cannot_be_read_says_what_to_write_and_keeps_the_password(url: str) -> None:
    with pytest.raises(WrongMailServer, match="smtp://host:25") as refused:
        MailServer.at(url)
    assert "cret" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_password_is_not_shown() -> None:
    assert "secret" not in repr(MailServer.at("smtp://u:secret@host"))
