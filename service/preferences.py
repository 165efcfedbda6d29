"""How a person wants to hear of things: they choose themselves, or HR of an open cycle for them."""

from datetime import datetime, time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from domain.messages import Message, message
from domain.refusals import Code, Refusal
from domain.values import EmployeeId
from service.hr import require_hr
from storage import preferences
from storage.database import read_transaction
from storage.people import find_employee
from storage.preferences import Preference

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

_LONGEST_URL = 2_000


class WrongPreference(Exception):
    """What was chosen cannot be kept, and nothing changed. The message never repeats an address."""

    def __init__(self, code: str, why: Message) -> None:
        self.code, self.message = code, why
        super().__init__(str(why))


class Preferences:
    """`company_chat`: chat is the company's own way, so that it reaches also those who have no webhook of their own."""

    def __init__(self, engine: "AsyncEngine", *, company_chat: bool) -> None:
        self._engine = engine
        self._company_chat = company_chat

    async def find(self, employee: EmployeeId, actor: EmployeeId) -> Preference:
        """What the person chose; all empty where nothing was. A `Refusal` for anybody but them and HR."""
        await self._require(employee, actor)
        async with read_transaction(self._engine) as connection:
            return await preferences.find(connection, employee)

    async def choose(
        self,
        employee: EmployeeId,
        actor: EmployeeId,
        *,
        channel: str | None = None,
        chat_url: str | None = None,
        digest_at: str | None = None,
        reset: bool = False,
    ) -> Preference:
        """Keeps what is given (`digest_at` as HH:MM) and leaves the rest, or with `reset` forgets the rest first.

        By employee, so a repeat changes nothing. Raises a `Refusal`, `WrongPreference`.
        """
        await self._require(employee, actor)
        async with read_transaction(self._engine) as connection:
            before = Preference() if reset else await preferences.find(connection, employee)
        after = Preference(
            channel=channel or before.channel,
            chat_url=_checked_url(chat_url) if chat_url is not None else before.chat_url,
            digest_at=_hour(digest_at) if digest_at is not None else before.digest_at,
        )
        if after.channel == "chat" and not after.chat_url and not self._company_chat:
            raise WrongPreference("no_chat_url", _NO_CHAT)
        async with self._engine.begin() as connection:
            await preferences.save(connection, employee, after)
        return after

    async def _require(self, employee: EmployeeId, actor: EmployeeId) -> None:
        async with read_transaction(self._engine) as connection:
            found = await find_employee(connection, employee)
        if found is None:
            raise Refusal(Code.UNKNOWN_EMPLOYEE, employee=employee[:80], near="")
        if actor != employee:
            await require_hr(self._engine, actor, only_open=True)


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


def _hour(said: str) -> time:
    try:
        return datetime.strptime(said, "%H:%M").time()  # noqa: DTZ007 - an hour by the clock of whatever site
    except ValueError:
        raise WrongPreference("wrong_hour", _WRONG_HOUR) from None


_NO_CHAT = message("error.no_chat_url")
_WRONG_URL = message("error.wrong_chat_url")
_WRONG_HOUR = message("error.wrong_hour")
