"""Mail over a real SMTP server: what it accepts, what it refuses, and what happens when the connection breaks."""

from email.message import EmailMessage
from typing import Any

import pytest
from icalendar import Calendar

from channels.message import Message, NotDeliverable, ServerUnavailable, TemporaryFailure
from channels.smtp import MailServer, SmtpChannel, WrongMailServer
from domain.values import Locale
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
        ("452 mailbox of hanako@example.com is full", TemporaryFailure, "smtp_452"),
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
        with pytest.raises(TemporaryFailure, match=r"^smtp_interrupted$"):
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


FULL: dict[str, Any] = {
    "html": "<p>目標が承認されました。</p>\n",
    "thread": "goal-0123456789abcdef01234567@example.com",
    "calendar": "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:PUBLISH\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:u\r\n"
    "DTSTAMP:20261001T000000Z\r\nDTSTART:20261009T083000Z\r\nSUMMARY:承認\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
}


async def arrived(**changes: Any) -> EmailMessage:
    async with mail_server() as mailbox:
        await channel(mailbox).send(message().model_copy(update=FULL | changes))
    return mailbox.arrived[0]


async def test_a_mail_says_the_same_as_text_and_as_html_and_brings_the_due_dates() -> None:
    mail = await arrived()
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().replace("\r\n", "\n") == BODY
    assert html.get_content().strip() == "<p>目標が承認されました。</p>"
    [attached] = mail.iter_attachments()
    assert attached.get_content_type() == "text/calendar"
    assert (attached.get_param("method"), attached.get_content_charset()) == ("PUBLISH", "utf-8")
    assert attached.get_filename() == "meguri.ics"
    [entry] = Calendar.from_ical(attached.get_content()).walk("VEVENT")
    assert str(entry["summary"]) == "承認"


async def test_a_mail_without_due_dates_has_no_attachment() -> None:
    assert list((await arrived(calendar=None)).iter_attachments()) == []


async def test_a_mail_hangs_on_its_thread_and_tells_its_language() -> None:
    mail = await arrived(locale=Locale.EN)
    assert mail["In-Reply-To"] == mail["References"] == "<goal-0123456789abcdef01234567@example.com>"
    assert mail["Content-Language"] == "en"
    alone = await arrived(thread=None)
    assert (alone["In-Reply-To"], alone["References"], alone["Content-Language"]) == (None, None, "ja")


async def test_a_digest_can_be_stopped_by_mail_and_on_its_page() -> None:
    by_mail = "<mailto:meguri@example.com?subject=unsubscribe>"
    page = "https://meguri.example.com/preferences"
    plain, linked = await arrived(digest=True), await arrived(digest=True, preferences=page)
    assert plain["List-Unsubscribe"] == by_mail
    assert linked["List-Unsubscribe"] == f"<{page}>, {by_mail}"
    assert (await arrived(preferences=page))["List-Unsubscribe"] is None


async def test_long_ids_and_addresses_stand_in_the_headers_as_they_are() -> None:
    domain = "a-rather-long-name." * 5 + "example.co.jp"
    page = f"https://{domain}/some/path/preferences"
    mail = await arrived(digest=True, thread=f"goal-0123456789abcdef01234567@{domain}", preferences=page)
    wire = mail.as_bytes(policy=mail.policy.clone(max_line_length=0)).decode()
    assert f"References: <goal-0123456789abcdef01234567@{domain}>" in wire
    assert f"List-Unsubscribe: <{page}>, <mailto:" in wire
    assert mail["References"] == f"<goal-0123456789abcdef01234567@{domain}>"


@pytest.mark.parametrize("field", ["subject", "message_id", "thread", "preferences"])
async def test_nothing_that_a_message_holds_can_add_a_header(field: str) -> None:
    async with mail_server() as mailbox:
        nasty = message().model_copy(update={"digest": True, field: "x@example.com>\r\nBcc: b@example.com"})
        with pytest.raises(ValueError, match=r"linefeed|newline"):
            await channel(mailbox).send(nasty)
    assert mailbox.arrived == []


async def test_entries_that_are_taken_back_are_an_attachment_of_their_own() -> None:
    cancelled = FULL["calendar"].replace("METHOD:PUBLISH", "METHOD:CANCEL")
    published, taken_back = (await arrived(cancelled=cancelled)).iter_attachments()
    assert published.get_param("method") == "PUBLISH"
    assert (taken_back.get_param("method"), taken_back.get_filename()) == ("CANCEL", "meguri-cancelled.ics")
    assert Calendar.from_ical(taken_back.get_content())["method"] == "CANCEL"
