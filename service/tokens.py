"""Use cases of API tokens: make one, list them, end one; and whom a token lets in, a person or a program."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain import access
from domain.access import Action, Caller, Door, Relation, Role, actor_of
from domain.errors import MeguriError
from domain.journal import OPERATOR, Log
from domain.messages import message
from domain.programs import is_program
from domain.refusals import Code, Refusal
from domain.roles import CompanyRole
from domain.tokens import DEFAULT_DAYS, ID_BYTES, MAX_DAYS, SECRET_BYTES, Parts, Scope, read_token
from domain.values import EmployeeId, Frozen, Line, Moment
from service.answers import compose
from service.projection import names_by_id
from service.relations import relations_to_company, require_provisioner, system_relations
from storage import journal, programs, rates, roles, tokens
from storage.database import read_transaction
from storage.tokens import Token


class NotSignedIn(MeguriError):
    """The token is unknown, over, or of somebody who does not work here. Which of these is not said."""

    def __init__(self) -> None:
        super().__init__("not_signed_in", message("error.not_signed_in"))


class NobodyAnswers(MeguriError):
    """The token is a program's, and who answered for the program does not work here any more."""

    def __init__(self, program: EmployeeId) -> None:
        super().__init__("nobody_answers", message("error.nobody_answers", program=program))


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
    owner: EmployeeId  # or the id of a program
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
        async with self._engine.begin() as connection:
            held = await relations_to_company(connection, caller)
            access.require(caller, Action.MAKE_TOKEN, _as_owner(held))
            if Scope.PROVISION in wanted.scopes:
                await require_provisioner(connection, caller)
            return await write_token(connection, owner, wanted, now, by=owner)

    async def list_tokens(
        self, caller: Caller, now: datetime, *, own: bool = False, of: EmployeeId | None = None
    ) -> TokenList:
        """The caller's own tokens; everybody's for an operator without a name, an auditor, and a system administrator unless `own`.

        `of`: of everybody's, those of this person or program alone.
        """
        async with read_transaction(self._engine) as connection:
            held = await relations_to_company(connection, caller) | await system_relations(connection, caller)
            access.require(caller, Action.SEE_TOKENS, _as_owner(held))
            everybody = not own and bool(held & {Relation.SYSTEM, Relation.AUDITOR})
            found = await tokens.of_holder(connection, of if everybody else caller.employee)
            return await listed_tokens(connection, found, now)

    async def end(self, caller: Caller, token: str, now: datetime) -> ListedToken:
        """Ends one of the caller's own tokens; an operator and a system administrator end anybody's. A repeat changes nothing."""
        async with self._engine.begin() as connection:
            held = await relations_to_company(connection, caller) | await system_relations(connection, caller)
            found = await tokens.find(connection, token) if token.isprintable() else None
            is_theirs = found is not None and found.holder == caller.employee
            access.require(caller, Action.END_TOKEN, _as_owner(held) if is_theirs or found is None else held)
            if found is None:
                raise Refusal(Code.UNKNOWN_TOKEN, token=token[:80])
            await tokens.end(connection, token, by=caller.employee or OPERATOR, now=now)
            ended = await listed_tokens(connection, [found._replace(ended_at=found.ended_at or now)], now)
        return ended.tokens[0]

    async def let_in(self, text: str | None, address: str, now: datetime) -> LetIn:
        """Whom the token lets in. Raises `NotSignedIn`, and `TooManyRequests` for a token or an address with too many of them.

        Raises `NobodyAnswers` for the token of a program for which nobody answers.
        """
        parts = read_token(text or "")
        async with self._engine.begin() as connection:
            found = parts and await tokens.find_by_secret(connection, parts.id, parts.hash, now)
            key = f"token/{found.id}" if found else None
            is_over = await is_over_rate(connection, key, address, self._rate, now)
            is_answered = not found or await _is_answered(connection, found.holder)
        if is_over:
            raise TooManyRequests(60 - now.second)
        if not found:
            raise NotSignedIn
        if not is_answered:
            raise NobodyAnswers(found.holder)
        caller = Caller(door=Door.API, employee=found.holder)
        return LetIn(caller, found.id, frozenset(Scope(one) for one in found.scopes))

    async def as_auditor(self, let_in: LetIn, what: str, parts: Mapping[str, str], query: str) -> Caller:
        """The caller as an auditor, by a token for that or by a session. Their look is an entry of the journal before they see anything.

        `what` is the pattern of what they look at, `parts` the ids in it. Raises a `Refusal` if they are no auditor today.
        """
        employee = actor_of(let_in.caller)
        async with self._engine.begin() as connection:
            auditors = await roles.active(connection, CompanyRole.AUDITOR)
            if employee not in auditors and not await _is_auditing_program(connection, employee):
                raise Refusal(Code.NOT_ALLOWED, actor=employee, allowed=list(auditors) or "-")
            came_by = "session" if let_in.caller.door is Door.BROWSER else "token"
            facts = {came_by: let_in.key, "what": what, **parts}
            await journal.append(
                connection, Log.LOOKS, "looked", actor=employee, facts=facts, texts={"query": query or None}
            )
        return let_in.caller.model_copy(update={"roles": frozenset({Role.AUDITOR})})


def _as_owner(held: frozenset[Relation]) -> frozenset[Relation]:
    """Whoever works here is the owner of their own tokens."""
    return held | {Relation.OWNER} if Relation.COLLEAGUE in held else held


async def write_token(
    connection: AsyncConnection, holder: EmployeeId, wanted: TokenWish, now: datetime, *, by: EmployeeId | str
) -> NewToken:
    """Makes a token of a person or a program. The caller has checked the permission."""
    parts = Parts(secrets.token_hex(ID_BYTES), secrets.token_hex(SECRET_BYTES))
    scopes, ends = tuple(sorted(wanted.scopes)), now + timedelta(days=wanted.days)
    made = Token(parts.id, holder, wanted.label, scopes, now, ends, last_used_at=None, ended_at=None)
    await tokens.add(connection, made, parts.hash, by=by)
    listed = await listed_tokens(connection, [made], now)
    return NewToken(**dict(listed.tokens[0]), secret=str(parts))


async def listed_tokens(connection: AsyncConnection, found: Sequence[Token], now: datetime) -> TokenList:
    """The tokens as people see them."""
    names = await names_by_id(connection, {one.holder for one in found})
    stopped = set[str]()
    if any(is_program(one.holder) for one in found):
        stopped = {one.id for one in await programs.list_programs(connection) if not one.is_in_force}
    return TokenList(tokens=tuple(_listed(one, names, now, is_stopped=one.holder in stopped) for one in found))


async def _is_answered(connection: AsyncConnection, holder: EmployeeId) -> bool:
    """True for a person."""
    found = await programs.find(connection, holder) if is_program(holder) else None
    return found is None or found.is_in_force


async def _is_auditing_program(connection: AsyncConnection, employee: EmployeeId) -> bool:
    if not is_program(employee):
        return False
    return CompanyRole.AUDITOR in await programs.roles_in_force(connection, employee)


def _listed(one: Token, names: dict[str, str], now: datetime, *, is_stopped: bool) -> ListedToken:
    return ListedToken(
        token=one.id, owner=one.holder, owner_name=names.get(one.holder), label=one.label, scopes=one.scopes,
        created_at=one.created_at, expires_at=one.expires_at, last_used_at=one.last_used_at, ended_at=one.ended_at,
        usable=one.ended_at is None and now < one.expires_at and not is_stopped,
    )  # fmt: skip
