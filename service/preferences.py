"""Use cases of preferences for notices. A person sets them, or HR of an open cycle for the person."""

from datetime import datetime, time
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from channels.public_hosts import is_public_name
from domain.access import Action, Caller, actor_of
from domain.errors import MeguriError
from domain.messages import message
from domain.refusals import Code, Refusal
from domain.values import EmployeeId, Frozen
from service.relations import require_person
from storage import preferences
from storage.database import read_transaction
from storage.people import find_employee
from storage.preferences import Preference

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

_LONGEST_URL = 2_000


class WrongPreference(MeguriError):
    """The choice is invalid, and nothing was changed. The message does not contain the webhook's address."""


class Choice(NamedTuple):
    """A choice. None keeps the earlier value; `reset` clears all earlier values first. `digest_at` is HH:MM."""

    channel: str | None = None
    chat_url: str | None = None
    digest_at: str | None = None
    reset: bool = False


class PreferenceDocument(Frozen):
    """Preferences for programs. `chat_url` shows only the host, `digest_at` is HH:MM; None: the company default."""

    employee: EmployeeId
    channel: str | None
    chat_url: str | None
    digest_at: str | None


class Preferences:
    """Preferences for notices. `company_chat`: the company has a chat webhook, so a person may choose chat without an own one.

    `private_hosts`: a person's own webhook may be on a private network.
    """

    def __init__(self, engine: "AsyncEngine", *, company_chat: bool, private_hosts: bool = False) -> None:
        self._engine = engine
        self._company_chat = company_chat
        self._private_hosts = private_hosts

    async def show(self, caller: Caller, employee: EmployeeId) -> Preference:
        """The person's preferences; all None if nothing was chosen. Raises a `Refusal` for a caller without permission."""
        async with read_transaction(self._engine) as connection:
            await _require(connection, caller, employee)
            return await preferences.find(connection, employee)

    async def choose(self, caller: Caller, employee: EmployeeId, choice: Choice) -> Preference:
        """Stores the values of the choice and returns the resulting preferences.

        Keyed by employee, so a repeat changes nothing. Raises `Refusal` and `WrongPreference`.
        """
        async with self._engine.begin() as connection:
            await _require(connection, caller, employee)
            before = Preference() if choice.reset else await preferences.find(connection, employee)
            after = self._after(before, choice)
            await preferences.save(connection, employee, after, by=actor_of(caller))
        return after

    def _after(self, before: Preference, choice: Choice) -> Preference:
        after = Preference(
            channel=choice.channel or before.channel,
            chat_url=before.chat_url if choice.chat_url is None else self._checked_url(choice.chat_url),
            digest_at=before.digest_at if choice.digest_at is None else _time(choice.digest_at),
        )
        if after.channel == "chat" and not after.chat_url and not self._company_chat:
            raise WrongPreference("no_chat_url", _NO_CHAT)
        return after

    def _checked_url(self, url: str) -> str:
        """The URL if it is encrypted: messages contain names, and the server must not send requests to hosts on its own network."""
        try:
            parts = urlsplit(url)
            fits = parts.scheme == "https" and bool(parts.hostname) and url.isascii() and len(url.split()) == 1
            fits = fits and (self._private_hosts or is_public_name(parts.hostname or ""))
        except ValueError:
            fits = False
        if not fits or len(url) > _LONGEST_URL:
            raise WrongPreference("wrong_chat_url", _WRONG_URL)
        return url


def document_of(employee: EmployeeId, preference: Preference) -> PreferenceDocument:
    """The preferences for programs, without the secret part of the webhook's address."""
    hour = preference.digest_at.strftime("%H:%M") if preference.digest_at else None
    return PreferenceDocument(
        employee=employee, channel=preference.channel, chat_url=masked(preference.chat_url), digest_at=hour
    )


async def _require(connection: "AsyncConnection", caller: Caller, employee: EmployeeId) -> None:
    if await find_employee(connection, employee) is None:
        raise Refusal(Code.UNKNOWN_EMPLOYEE, employee=employee[:80], near="")
    await require_person(connection, caller, Action.SET_PREFERENCES, employee)


def masked(chat_url: str | None) -> str | None:
    """The webhook's host. Everybody who knows the whole address could post to it."""
    return f"https://{urlsplit(chat_url).hostname}/…" if chat_url else None


def _time(written: str) -> time:
    try:
        return datetime.strptime(written, "%H:%M").time()  # noqa: DTZ007 - local time at the person's site
    except ValueError:
        raise WrongPreference("wrong_hour", _WRONG_HOUR) from None


_NO_CHAT = message("error.no_chat_url")
_WRONG_URL = message("error.wrong_chat_url")
_WRONG_HOUR = message("error.wrong_hour")
