"""Use cases of signing in: an attempt, the account that the provider names, sessions in browsers, and whom a session lets in."""

import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.access import Caller, Door, actor_of
from domain.errors import MeguriError
from domain.messages import message
from domain.sign_in import MINUTES, Account, Attempt, Logout, path_after
from domain.tokens import ID_BYTES, SECRET_BYTES, Parts, Scope, read_token
from domain.values import EmployeeId
from service.relations import is_colleague
from service.tokens import LetIn, NotSignedIn, TooManyRequests, is_over_rate
from service.visitors import Visitor, visitor_of
from storage import identities, roles, sessions
from storage.identities import Identity
from storage.sessions import Session

_ATTEMPT = timedelta(minutes=MINUTES)
_SCOPES = frozenset(
    {Scope.READ, Scope.GOALS, Scope.CYCLES, Scope.PEOPLE, Scope.SYSTEM}
)  # an auditor comes in by a token for that, or looks at the pages for auditors

log = structlog.get_logger()


class SignInFailed(MeguriError):
    """The attempt is over or another browser's, or the provider's answer is not valid. Which of these only the log says."""

    def __init__(self, reason: str) -> None:
        log.warning("sign_in_failed", reason=reason)
        super().__init__("sign_in_failed", message("error.sign_in_failed"))


class NobodysAccount(MeguriError):
    """The account is not bound to a person who works here, and cannot be. Which of the reasons it is only the log says."""

    def __init__(self, reason: str) -> None:
        log.warning("sign_in_refused", reason=reason)
        super().__init__("nobodys_account", message("error.nobodys_account"))


class LogoutRefused(MeguriError):
    """What came as the provider's logout token is none, or was used before. Which of the reasons it is only the log says."""

    def __init__(self, reason: str) -> None:
        log.warning("logout_refused", reason=reason)
        super().__init__("logout_refused", message("error.logout_refused"))


class SessionLimits(NamedTuple):
    """When a session is over: after so long without a request, and after so long at all."""

    idle: timedelta
    whole: timedelta


class _Who(NamedTuple):
    """Who comes in, by which account, and what the provider calls its session."""

    employee: EmployeeId
    identity: str | None = None
    provider_session: str | None = None


class SignIn:
    """`rate` as of `ApiTokens`: most requests of a session in a minute; from an address without a valid one a tenth of it."""

    def __init__(self, engine: AsyncEngine, limits: SessionLimits, rate: int = 0) -> None:
        self._engine, self._limits, self._rate = engine, limits, rate

    async def begin(self, wanted: str, address: str, now: datetime) -> Attempt:
        """Begins an attempt, after which the browser goes to `wanted` if that is a path of this origin. Raises `TooManyRequests`."""
        attempt = Attempt(secrets.token_hex(SECRET_BYTES))
        async with self._engine.begin() as connection:  # a whole office may come from one address in the morning
            is_over = await is_over_rate(connection, f"sign_in/{address}", address, self._rate, now)
            if not is_over:
                await sessions.begin_attempt(connection, attempt.hash, path_after(wanted), now, now - _ATTEMPT)
        if is_over:
            raise TooManyRequests(60 - now.second)
        return attempt

    async def take(self, attempt: Attempt | None, state: str, now: datetime) -> str:
        """Uses up the attempt of this browser; returns where to go. Raises `SignInFailed` if it is over, or the state is not its own."""
        if attempt is None or not attempt.is_state(state):
            raise SignInFailed("state")
        return await self.use_up(attempt, now)

    async def use_up(self, attempt: Attempt, now: datetime) -> str:
        """The same for an answer that is signed by a passkey: the signature proves that it is the attempt's."""
        async with self._engine.begin() as connection:
            path = await sessions.take_attempt(connection, attempt.hash, now - _ATTEMPT)
        if path is None:
            raise SignInFailed("attempt_over")
        return path

    async def enter(self, account: Account, before: str | None, now: datetime) -> Parts:
        """Begins a session of the person to whom the account is bound; the first time, binds it. Ends the browser's session of before.
        The roles that the provider gives are from then on those of `account`.

        Raises `NobodysAccount`.
        """
        async with self._engine.begin() as connection:
            bound = await _bound(connection, account, now)
            await roles.follow_provider(connection, bound.employee, account.roles, account.issuer)
            who = _Who(bound.employee, bound.id, account.session)
            return await self._enter(connection, who, before, now)

    async def choose(self, employee: str, before: str | None, now: datetime) -> Parts:
        """Begins a session of this person, whoever asks. Raises `NobodysAccount` for somebody who does not work here."""
        async with self._engine.begin() as connection:
            person = EmployeeId(employee)
            if not person.isprintable() or not await is_colleague(connection, person):
                raise NobodysAccount("chosen")
            return await self.begin_session(connection, person, before, now)

    async def let_in(self, text: str | None, address: str, now: datetime) -> LetIn:
        """Whom the session lets in. Raises `NotSignedIn`, and `TooManyRequests` for a session or an address with too many of them."""
        async with self._engine.begin() as connection:
            found, is_over = await self._count(connection, text, address, now)
        return _let_in(found, is_over, now)

    async def let_in_visitor(self, text: str | None, address: str, now: datetime) -> tuple[LetIn, Visitor]:
        """The same for somebody at a page, and who they are, in one transaction."""
        async with self._engine.begin() as connection:
            found, is_over = await self._count(connection, text, address, now)
            who = await visitor_of(connection, found.employee) if found else None
        let_in = _let_in(found, is_over, now)
        if who is None:
            raise NotSignedIn
        return let_in, who

    async def _count(
        self, connection: AsyncConnection, text: str | None, address: str, now: datetime
    ) -> tuple[Session | None, bool]:
        """The open session, and whether it, or the address, has sent too many requests."""
        parts = read_token(text or "")
        found = (
            await sessions.find_by_secret(connection, parts.id, parts.hash, now, self._limits.idle) if parts else None
        )
        key = f"session/{found.id}" if found else None
        return found, await is_over_rate(connection, key, address, self._rate, now)

    async def leave(self, text: str | None, now: datetime) -> None:
        """Ends the session, if it is one. A repeat changes nothing."""
        async with self._engine.begin() as connection:
            await self._end(connection, text, now)

    async def leave_everywhere(self, caller: Caller, now: datetime) -> int:
        """Ends all sessions of the caller; returns how many."""
        async with self._engine.begin() as connection:
            ended = await sessions.end_of_person(connection, actor_of(caller), now)
        log.info("signed_out_everywhere", employee=caller.employee, sessions=ended)
        return ended

    async def admit_provider(self, address: str, now: datetime) -> None:
        """Counts a message of the provider. Raises `TooManyRequests`."""
        async with self._engine.begin() as connection:  # a whole company may sign out from one address in the evening
            is_over = await is_over_rate(connection, f"sign_out/{address}", address, self._rate, now)
        if is_over:
            raise TooManyRequests(60 - now.second)

    async def leave_by_provider(self, logout: Logout, now: datetime) -> None:
        """Ends the sessions that the provider says are over. An account without sessions here is no error.

        Raises `LogoutRefused` for a token that was used before.
        """
        async with self._engine.begin() as connection:
            ended = await sessions.end_by_provider(connection, logout, now)
        if ended is None:
            raise LogoutRefused("replayed")
        log.info("signed_out_by_provider", sessions=ended)

    async def begin_session(
        self, connection: AsyncConnection, employee: EmployeeId, before: str | None, now: datetime
    ) -> Parts:
        """Begins a session of somebody who proved who they are, in their transaction. Ends the browser's session of before."""
        return await self._enter(connection, _Who(employee), before, now)

    async def _enter(self, connection: AsyncConnection, who: _Who, before: str | None, now: datetime) -> Parts:
        parts = Parts(secrets.token_hex(ID_BYTES), secrets.token_hex(SECRET_BYTES))
        await self._end(connection, before, now)
        session = Session(parts.id, *who)
        await sessions.begin(connection, session, parts.hash, now, now + self._limits.whole)
        log.info("signed_in", employee=who.employee, session=parts.id)
        return parts

    async def _end(self, connection: AsyncConnection, text: str | None, now: datetime) -> None:
        if parts := read_token(text or ""):
            await sessions.end(connection, parts.id, parts.hash, now)


async def _bound(connection: AsyncConnection, account: Account, now: datetime) -> Identity:
    """The account, bound to an active employee. What the provider says of mail and number counts only while the account is not bound."""
    bound = await identities.find_account(connection, account.issuer, account.subject)
    if bound:
        if not await is_colleague(connection, bound.employee):
            raise NobodysAccount("left")
        return bound
    found = await identities.people_with(connection, mail=account.mail, number=account.number)
    if len(found) != 1:
        raise NobodysAccount("not_in_directory" if not found else "several_people")
    made = await identities.bind(connection, account.issuer, account.subject, found[0], now)
    made = made or await identities.find_account(
        connection, account.issuer, account.subject
    )  # by a request at the same time
    if made is None or made.employee != found[0]:
        raise NobodysAccount("other_account_bound")
    return made


def _let_in(found: Session | None, is_over: bool, now: datetime) -> LetIn:
    if is_over:
        raise TooManyRequests(60 - now.second)
    if found is None:
        raise NotSignedIn
    return LetIn(Caller(door=Door.BROWSER, employee=found.employee), found.id, _SCOPES)
