"""How a person wants to hear of things: they choose themselves, or HR of an open cycle for them."""

from datetime import datetime, time
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from domain.access import Action, Caller
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
    """What was chosen cannot be kept, and nothing changed. The message never repeats an address."""


class Choice(NamedTuple):
    """What a person chooses; None leaves it as it was, `reset` forgets the earlier choice. `digest_at` is HH:MM."""

    channel: str | None = None
    chat_url: str | None = None
    digest_at: str | None = None
    reset: bool = False


class PreferenceDocument(Frozen):
    """A choice for programs: of the chat webhook its host, `digest_at` as HH:MM; None where the company decides."""

    employee: EmployeeId
    channel: str | None
    chat_url: str | None
    digest_at: str | None


class Preferences:
    """How a person is told. `company_chat`: chat is the company's default, so it reaches people without a webhook too."""

    def __init__(self, engine: "AsyncEngine", *, company_chat: bool) -> None:
        self._engine = engine
        self._company_chat = company_chat

    async def show(self, caller: Caller, employee: EmployeeId) -> Preference:
        """What the person chose; all empty where nothing was. A `Refusal` for anybody but them and HR."""
        async with read_transaction(self._engine) as connection:
            await _require(connection, caller, employee)
            return await preferences.find(connection, employee)

    async def choose(self, caller: Caller, employee: EmployeeId, choice: Choice) -> Preference:
        """Keeps what is given and leaves the rest, or with `reset` forgets the rest first.

        By employee, so a repeat changes nothing. Raises a `Refusal`, `WrongPreference`.
        """
        async with self._engine.begin() as connection:
            await _require(connection, caller, employee)
            before = Preference() if choice.reset else await preferences.find(connection, employee)
            after = self._after(before, choice)
            await preferences.save(connection, employee, after)
        return after

    def _after(self, before: Preference, choice: Choice) -> Preference:
        after = Preference(
            channel=choice.channel or before.channel,
            chat_url=before.chat_url if choice.chat_url is None else _checked_url(choice.chat_url),
            digest_at=before.digest_at if choice.digest_at is None else _hour(choice.digest_at),
        )
        if after.channel == "chat" and not after.chat_url and not self._company_chat:
            raise WrongPreference("no_chat_url", _NO_CHAT)
        return after


def document_of(employee: EmployeeId, preference: Preference) -> PreferenceDocument:
    """The choice for programs, without what must stay secret."""
    hour = preference.digest_at.strftime("%H:%M") if preference.digest_at else None
    return PreferenceDocument(
        employee=employee, channel=preference.channel, chat_url=masked(preference.chat_url), digest_at=hour
    )


async def _require(connection: "AsyncConnection", caller: Caller, employee: EmployeeId) -> None:
    if await find_employee(connection, employee) is None:
        raise Refusal(Code.UNKNOWN_EMPLOYEE, employee=employee[:80], near="")
    await require_person(connection, caller, Action.SET_PREFERENCES, employee)


def masked(chat_url: str | None) -> str | None:
    """The webhook's host: the rest lets anybody post."""
    return f"https://{urlsplit(chat_url).hostname}/…" if chat_url else None


def _checked_url(url: str) -> str:
    """Only an encrypted address: what is posted names people, and the server must not be sent to its own neighbours."""
    try:
        parts = urlsplit(url)
        fits = parts.scheme == "https" and bool(parts.hostname) and url.isascii() and len(url.split()) == 1
    except ValueError:
        fits = False
    if not fits or len(url) > _LONGEST_URL:
        raise WrongPreference("wrong_chat_url", _WRONG_URL)
    return url


def _hour(written: str) -> time:
    try:
        return datetime.strptime(written, "%H:%M").time()  # noqa: DTZ007 - an hour by the clock of the person's site
    except ValueError:
        raise WrongPreference("wrong_hour", _WRONG_HOUR) from None


_NO_CHAT = message("error.no_chat_url")
_WRONG_URL = message("error.wrong_chat_url")
_WRONG_HOUR = message("error.wrong_hour")
