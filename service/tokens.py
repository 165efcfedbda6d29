"""Use cases of API tokens: make one, list them, end one; and who a token lets in."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain import access
from domain.access import Action, Caller, Door, Relation, Role, actor_of
from domain.errors import MeguriError
from domain.journal import OPERATOR, Log
from domain.messages import message
from domain.refusals import Code, Refusal
from domain.roles import CompanyRole
from domain.tokens import DEFAULT_DAYS, ID_BYTES, MAX_DAYS, SECRET_BYTES, Parts, Scope, read_token
from domain.values import EmployeeId, Frozen, Line, Moment
from service.answers import compose
from service.projection import names_by_id
from service.relations import relations_to_company, require_provisioner, system_relations
from storage import journal, rates, roles, tokens
from storage.database import read_transaction
from storage.tokens import Token


class NotSignedIn(MeguriError):
    """The token is unknown, over, or of somebody who does not work here. Which of these is not said."""

    def __init__(self) -> None:
        super().__init__("not_signed_in", message("error.not_signed_in"))


class TooManyRequests(MeguriError):
    """The token, or the address that sent no valid one, has used up this minute. `seconds`: until the next one."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        super().__init__("too_many_requests", message("error.too_many_requests", seconds=seconds))


class TokenWish(Frozen):
    """A token that somebody wants for themselves: what it is for (`label`), and for how many days."""

    label: Line
    scopes: frozenset[Scope] = Field(default=frozenset({Scope.READ}), min_length=1)
    days: int = Field(default=DEFAULT_DAYS, ge=1, le=MAX_DAYS)


class ListedToken(Frozen):
    """A token without its secret."""

    token: str
    owner: EmployeeId
    owner_name: str | None
    label: str
    scopes: tuple[str, ...]
    created_at: Moment
    expires_at: Moment
    last_used_at: Moment | None  # to the minute
    ended_at: Moment | None
    usable: bool


class NewToken(ListedToken):
    """A token with its secret, which is shown once."""

    secret: str


class TokenList(Frozen):
    """Tokens, the newest first."""

    tokens: tuple[ListedToken, ...]


class LetIn(NamedTuple):
    """Whom a token or a session lets in, and what for."""

    caller: Caller
    key: str  # the id of the token or session
    scopes: frozenset[Scope]


async def is_over_rate(connection: AsyncConnection, key: str | None, address: str, rate: int, now: datetime) -> bool:
    """Counts a request of a token or session; with None as key, of the address. The caller raises `TooManyRequests` after the transaction."""
    if not rate:
        return False
    requests = await rates.count(connection, key or f"address/{address}", now)
    return requests > max(rate if key else rate // 10, 1)


class ApiTokens:
    """Every method but `let_in` raises a `Refusal` for a caller without permission.

    `rate`: most requests of a token in a minute; from an address without a valid one a tenth of it. 0: no limit.
    """

    def __init__(self, engine: AsyncEngine, rate: int = 0) -> None:
        self._engine, self._rate = engine, rate

    async def make(self, caller: Caller, wish: Mapping[str, object], now: datetime) -> NewToken:
        """Makes a token of the caller's own. Its secret cannot be read again."""
        wanted, owner = compose(TokenWish, wish), actor_of(caller)
        parts = Parts(secrets.token_hex(ID_BYTES), secrets.token_hex(SECRET_BYTES))
        scopes = tuple(sorted(wanted.scopes))
        ends = now + timedelta(days=wanted.days)
        made = Token(parts.id, owner, wanted.label, scopes, now, ends, last_used_at=None, ended_at=None)
        async with self._engine.begin() as connection:
            held = await relations_to_company(connection, caller)
            access.require(caller, Action.MAKE_TOKEN, _as_owner(held))
            if Scope.PROVISION in wanted.scopes:
                await require_provisioner(connection, caller)
            await tokens.add(connection, made, parts.hash)
            names = await names_by_id(connection, [owner])
        return NewToken(**dict(_listed(made, names, now)), secret=str(parts))

    async def list_tokens(self, caller: Caller, now: datetime, *, own: bool = False) -> TokenList:
        """The caller's own tokens; everybody's for an operator without a name, an auditor, and a system administrator unless `own`."""
        async with read_transaction(self._engine) as connection:
            held = await relations_to_company(connection, caller) | await system_relations(connection, caller)
            access.require(caller, Action.SEE_TOKENS, _as_owner(held))
            everybody = not own and bool(held & {Relation.SYSTEM, Relation.AUDITOR})
            found = await tokens.of_person(connection, None if everybody else caller.employee)
            names = await names_by_id(connection, {one.employee for one in found})
        return TokenList(tokens=tuple(_listed(one, names, now) for one in found))

    async def end(self, caller: Caller, token: str, now: datetime) -> ListedToken:
        """Ends one of the caller's own tokens; an operator and a system administrator end anybody's. A repeat changes nothing."""
        async with self._engine.begin() as connection:
            held = await relations_to_company(connection, caller) | await system_relations(connection, caller)
            found = await tokens.find(connection, token)
            is_theirs = found is not None and found.employee == caller.employee
            access.require(caller, Action.END_TOKEN, _as_owner(held) if is_theirs or found is None else held)
            if found is None:
                raise Refusal(Code.UNKNOWN_TOKEN, token=token[:80])
            await tokens.end(connection, token, by=caller.employee or OPERATOR, now=now)
            names = await names_by_id(connection, [found.employee])
        return _listed(found._replace(ended_at=found.ended_at or now), names, now)

    async def let_in(self, text: str | None, address: str, now: datetime) -> LetIn:
        """Whom the token lets in. Raises `NotSignedIn`, and `TooManyRequests` for a token or an address with too many of them."""
        parts = read_token(text or "")
        async with self._engine.begin() as connection:
            found = parts and await tokens.find_by_secret(connection, parts.id, parts.hash, now)
            key = f"token/{found.id}" if found else None
            is_over = await is_over_rate(connection, key, address, self._rate, now)
        if is_over:
            raise TooManyRequests(60 - now.second)
        if not found:
            raise NotSignedIn
        caller = Caller(door=Door.API, employee=found.employee)
        return LetIn(caller, found.id, frozenset(Scope(one) for one in found.scopes))

    async def as_auditor(self, let_in: LetIn, what: str, parts: Mapping[str, str], query: str) -> Caller:
        """The caller as an auditor. Their look is an entry of the journal before they see anything.

        `what` is the pattern of what they look at, `parts` the ids in it. Raises a `Refusal` if they are no auditor today.
        """
        employee = actor_of(let_in.caller)
        async with self._engine.begin() as connection:
            auditors = await roles.active(connection, CompanyRole.AUDITOR)
            if employee not in auditors:
                raise Refusal(Code.NOT_ALLOWED, actor=employee, allowed=list(auditors) or "-")
            facts = {"token": let_in.key, "what": what, **parts}
            await journal.append(
                connection, Log.LOOKS, "looked", actor=employee, facts=facts, texts={"query": query or None}
            )
        return let_in.caller.model_copy(update={"roles": frozenset({Role.AUDITOR})})


def _as_owner(held: frozenset[Relation]) -> frozenset[Relation]:
    """Whoever works here is the owner of their own tokens."""
    return held | {Relation.OWNER} if Relation.COLLEAGUE in held else held


def _listed(one: Token, names: dict[str, str], now: datetime) -> ListedToken:
    return ListedToken(
        token=one.id, owner=one.employee, owner_name=names.get(one.employee), label=one.label, scopes=one.scopes,
        created_at=one.created_at, expires_at=one.expires_at, last_used_at=one.last_used_at, ended_at=one.ended_at,
        usable=one.ended_at is None and now < one.expires_at,
    )  # fmt: skip
