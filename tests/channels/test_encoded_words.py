"""Subjects and senders in any language: RFC 2047 to the letter, and the same text when a mail program reads it."""

import email
import email.policy
import re
from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.encoded_words import encoded
from channels.message import Message
from channels.smtp import MailServer, SmtpChannel
from domain.values import Locale

JAPANESE = "承認のお願い 月次決算の早期化 "
SUBJECTS = (
    st.integers(1, 120).map(lambda length: (JAPANESE * 9)[:length].strip() or "件")
    | st.text(st.sampled_from("あ𠮷 aé目1-=?_"), min_size=1, max_size=150)
    | st.text(st.sampled_from("abc xyz"), min_size=1, max_size=150)
).map(lambda text: " ".join(text.split()) or "件")


def sent(subject: str, mail_from: str = "meguri@example.com") -> bytes:
    channel = SmtpChannel(MailServer.at("smtp://127.0.0.1:25"), mail_from)
    message = Message(
        message_id="1@meguri", to="a@example.com", subject=subject, body="本文", locale=Locale.JA,
    )  # fmt: skip
    return channel._mail(message, "a@example.com").as_bytes()


@settings(max_examples=300, deadline=None)
@given(subject=SUBJECTS)
def test_a_subject_of_any_length_arrives_as_it_was_written(subject: str) -> None:
    raw = sent(subject)
    assert str(email.message_from_bytes(raw, policy=email.policy.default)["Subject"]) == subject
    head = raw.split(b"\r\n\r\n")[0].decode("ascii")
    words = re.findall(r"=\?utf-8\?b\?[^?]*\?=", head)
    assert all(len(word) <= 75 for word in words)
    assert all(len(line) <= 78 for line in head.split("\r\n"))


@settings(max_examples=200, deadline=None)
@given(text=SUBJECTS, used=st.integers(5, 30))
def test_no_character_is_divided_between_two_words(text: str, used: int) -> None:
    found = encoded(text, used)
    for word in re.findall(r"=\?utf-8\?b\?([^?]*)\?=", found):
        import base64

        base64.b64decode(word).decode()  # raises if a character is divided


@pytest.mark.parametrize("name", ["Meguri", "目標管理 人事部", "株式会社めぐり " * 6])
def test_the_senders_name_arrives_and_the_address_is_not_encoded(name: str) -> None:
    raw = sent("x", f"{name.strip()} <meguri@example.com>")
    assert b"<meguri@example.com>" in raw
    # The parser of the standard library's new policy puts spaces between the encoded words of a name; RFC 2047 does not.
    read = str(make_header(decode_header(email.message_from_bytes(raw)["From"])))
    assert parseaddr(read) == (name.strip(), "meguri@example.com")


@pytest.mark.parametrize("subject", ["=?utf-8?b?5om/6KqN?=", "see =?utf-8?q?a?= now", "=?", "a =?x"])
def test_a_subject_that_looks_like_an_encoded_word_arrives_as_it_was_written(subject: str) -> None:
    raw = sent(subject)
    assert str(email.message_from_bytes(raw, policy=email.policy.default)["Subject"]) == subject


def test_no_control_character_of_a_subject_reaches_the_header_as_it_is() -> None:
    assert re.fullmatch(r"=\?utf-8\?b\?[A-Za-z0-9+/=]+\?=", encoded("a\n", 9))


@pytest.mark.parametrize(("length", "stays"), [(1, True), (67, True), (68, False)])
def test_ascii_text_stays_as_it_is_while_it_fits_on_a_line_of_76_characters(length: int, *, stays: bool) -> None:
    assert (encoded("a" * length, used=9) == "a" * length) is stays


def test_words_are_filled_before_the_next_one_begins() -> None:
    words = encoded("目" * 30, used=9).split("\r\n ")
    assert [str(make_header(decode_header(word))) for word in words] == ["目" * 13, "目" * 15, "目" * 2]


@pytest.mark.parametrize("used", [60, 70, 200])
def test_no_word_is_empty_where_the_line_has_no_room_for_one_character(used: int) -> None:
    words = encoded("𠮷𠮷", used).split("\r\n ")
    assert [str(make_header(decode_header(word))) for word in words] == ["𠮷", "𠮷"]
