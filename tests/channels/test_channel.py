"""The channels that the settings choose."""

import pytest

from channels.channel import ConsoleChannel, NullChannel, configured_channels
from channels.message import Message
from channels.smtp import WrongMailServer
from settings import Settings

MESSAGE = Message(message_id="abc@example.com", to=None, subject="【Meguri】お知らせ1件", body="佐藤 花子さん\n")


def test_the_setting_chooses_the_channel() -> None:
    assert {name: type(way) for name, way in configured_channels(Settings(channel="console")).items()} == {
        "console": ConsoleChannel
    }
    assert {name: type(way) for name, way in configured_channels(Settings(channel="null")).items()} == {
        "null": NullChannel
    }
    assert list(configured_channels(Settings(channel="mail"))) == ["mail", "chat"]
    assert list(configured_channels(Settings(channel="chat"))) == ["chat", "mail"]


def test_a_wrong_mail_server_is_found_when_the_channel_is_made() -> None:
    with pytest.raises(WrongMailServer):
        configured_channels(Settings(channel="mail", smtp_url="mail.example.com"))


async def test_the_console_prints_what_would_be_sent_also_to_people_without_mail(
    capsys: pytest.CaptureFixture[str],
) -> None:
    await ConsoleChannel().send(MESSAGE)
    printed = capsys.readouterr().out
    assert "To: -\nSubject: 【Meguri】お知らせ1件\n\n佐藤 花子さん\n" in printed


async def test_the_null_channel_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    await NullChannel().send(MESSAGE)
    assert capsys.readouterr() == ("", "")
