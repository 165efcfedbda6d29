"""The channels of a person's messages."""

from datetime import timedelta
from typing import NamedTuple

import pytest

from activities.channel_choice import MAX_ATTEMPTS, backoff_after, channels_for


class Person(NamedTuple):
    mail: str | None = "m@example.com"
    chat_url: str | None = None
    channel: str | None = None


BY_MAIL, BY_CHAT, WITH_CONSOLE = ("mail", "chat"), ("chat", "mail"), ("console", "mail", "chat")
WEBHOOK = "https://chat.example.com/hook"


@pytest.mark.parametrize(
    ("person", "channels", "expected"),
    [
        (Person(), BY_MAIL, ["mail"]),
        (Person(chat_url=WEBHOOK), BY_MAIL, ["mail", "chat"]),
        (Person(chat_url=WEBHOOK, channel="chat"), BY_MAIL, ["chat", "mail"]),
        (Person(mail=None, chat_url=WEBHOOK), BY_MAIL, ["chat"]),
        (Person(mail=None), BY_MAIL, []),
        (Person(), BY_CHAT, ["chat", "mail"]),
        (Person(channel="mail"), BY_CHAT, ["mail", "chat"]),
        (Person(mail=None), BY_CHAT, ["chat"]),
        (Person(channel="console"), BY_MAIL, ["mail"]),
        (Person(mail=None), ("console",), ["console"]),
        (Person(channel="mail"), ("console",), ["console"]),
        (Person(), ("mail", "console", "chat"), ["mail", "console"]),
        (Person(chat_url=WEBHOOK), ("mail", "console", "chat"), ["mail", "chat", "console"]),
        (Person(channel="console"), ("mail", "console", "chat"), ["console", "mail"]),
        (Person(channel="chat"), ("null",), ["null"]),
    ],
)
def test_the_own_choice_comes_first_then_the_companys_way_then_what_else_reaches_them(
    person: Person, channels: tuple[str, ...], expected: list[str]
) -> None:
    assert channels_for(person, channels) == expected


def test_the_companys_chat_room_gets_nobodys_notices_unless_chat_is_the_companys_way() -> None:
    assert channels_for(Person(channel="chat"), BY_MAIL) == ["mail"]
    assert channels_for(Person(channel="chat"), BY_CHAT) == ["chat", "mail"]


def test_what_failed_is_not_tried_again() -> None:
    everywhere = Person(chat_url=WEBHOOK)
    assert channels_for(everywhere, WITH_CONSOLE, ("mail",)) == ["console", "chat"]
    assert channels_for(everywhere, BY_MAIL, ("mail", "chat")) == []


def test_a_message_rests_longer_after_each_try() -> None:
    minutes = [backoff_after(tries) // timedelta(minutes=1) for tries in range(1, 9)]
    assert minutes == [1, 2, 5, 10, 30, 30, 30, 30]
    assert MAX_ATTEMPTS == 5
