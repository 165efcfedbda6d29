"""The channels for a person, in order: their own choice, the company's channel, then any other that reaches them."""

from collections.abc import Collection
from datetime import timedelta
from typing import Protocol

MAX_ATTEMPTS = 5  # on one channel, before another one is taken
_BACKOFF = tuple(
    timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 30)
)  # after each try; the last one from then on


class Reachable(Protocol):
    """The addresses of a person."""

    @property
    def mail(self) -> str | None: ...
    @property
    def chat_url(self) -> str | None: ...
    @property
    def channel(self) -> str | None: ...


def channels_for(person: Reachable, channels: Collection[str], failed: Collection[str] = ()) -> list[str]:
    """The channels that reach the person, best first, without those that `failed`; `channels` begins with the company's."""
    default, *others = channels
    last = [way for way in others if way == "console"]
    order = [person.channel, default, *(way for way in others if way != "console"), *last]
    known = [way for way in dict.fromkeys(order) if way is not None and way in channels and way not in failed]
    return [way for way in known if _reaches(person, way, default)]


def _reaches(person: Reachable, way: str, default: str) -> bool:
    """A chat room of the whole company counts as a person's address only if the company chose chat as its channel."""
    match way:
        case "mail":
            return bool(person.mail)
        case "chat":
            return bool(person.chat_url) or default == "chat"
        case _:
            return True


def backoff_after(tries: int) -> timedelta:
    """How long to wait before the next attempt, after this number of failed attempts (at least 1)."""
    return _BACKOFF[min(tries, len(_BACKOFF)) - 1]
