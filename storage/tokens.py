"""API tokens of people and programs: making one, the lists, ending one, and the look-up by which a door lets somebody in.

Making and ending append to the journal.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.journal import Log
from domain.programs import is_program
from domain.values import EmployeeId
from storage import journal
from storage.directory import works_today
from storage.tables import ApiTokenRow, EmployeeRow

_ORGANISATION = "@organisation"  # the actor of what follows when somebody has left
_USE_IS_RECORDED_EVERY = timedelta(minutes=1)


class Token(NamedTuple):
    """A token as it is stored, without the hash of its secret."""

    id: str
    holder: EmployeeId  # the person, or the program (domain/programs.py)
    label: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    ended_at: datetime | None


_COLUMNS = (
    ApiTokenRow.id, func.coalesce(ApiTokenRow.account_id, ApiTokenRow.employee_id), ApiTokenRow.label, ApiTokenRow.scopes, ApiTokenRow.created_at,
    ApiTokenRow.expires_at, ApiTokenRow.last_used_at, ApiTokenRow.ended_at,
)  # fmt: skip


async def add(connection: AsyncConnection, token: Token, secret_hash: str, *, by: str) -> None:
    """Writes a token that `by` makes: its own person, or for a program an administrator."""
    column = "account_id" if is_program(token.holder) else "employee_id"
    row = {
        "id": token.id, "hash": secret_hash, column: token.holder, "label": token.label,
        "scopes": list(token.scopes), "created_at": token.created_at, "expires_at": token.expires_at,
    }  # fmt: skip
    await connection.execute(insert(ApiTokenRow).values(row))
    facts = {"token": token.id, "scopes": list(token.scopes), "expires_at": token.expires_at.isoformat()}
    program = {"program": token.holder} if is_program(token.holder) else {}
    texts = {"label": token.label}
    await journal.append(connection, Log.TOKENS, "token_made", actor=by, facts=facts | program, texts=texts)


async def of_holder(connection: AsyncConnection, holder: EmployeeId | None) -> list[Token]:
    """The tokens of the person or program (None: everybody's), those that were ended too, the newest first."""
    query = select(*_COLUMNS).order_by(ApiTokenRow.created_at.desc(), ApiTokenRow.id)
    if holder is not None:
        query = query.where((ApiTokenRow.account_id if is_program(holder) else ApiTokenRow.employee_id) == holder)
    return [_token(row) for row in await connection.execute(query)]


async def find(connection: AsyncConnection, token: str) -> Token | None:
    row = (await connection.execute(select(*_COLUMNS).where(ApiTokenRow.id == token))).one_or_none()
    return _token(row) if row else None


async def find_by_secret(connection: AsyncConnection, token: str, secret_hash: str, now: datetime) -> Token | None:
    """The token with this id and secret, if it can be used at `now` by a person who works here, or is a program's. Records the use.

    Whether somebody answers for the program is for the caller to look up.
    """
    query = (
        select(*_COLUMNS)
        .outerjoin(EmployeeRow, EmployeeRow.id == ApiTokenRow.employee_id)
        .where(
            ApiTokenRow.id == token,
            ApiTokenRow.hash == secret_hash,
            ApiTokenRow.ended_at.is_(None),
            ApiTokenRow.expires_at > now,
            or_(works_today(), ApiTokenRow.account_id.is_not(None)),
        )
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    found = _token(row)
    if found.last_used_at is None or found.last_used_at <= now - _USE_IS_RECORDED_EVERY:
        await connection.execute(update(ApiTokenRow).where(ApiTokenRow.id == token).values(last_used_at=now))
    return found


async def end(connection: AsyncConnection, token: str, *, by: str, now: datetime) -> bool:
    """Ends a token. Returns False, and changes nothing, if it is over or unknown."""
    return bool(await _end(connection, [token], by=by, now=now))


async def end_of_leavers(connection: AsyncConnection, now: datetime) -> None:
    """Ends the tokens of those who have left, so that they do not hold when somebody comes back. A repeat finds none."""
    left = (
        select(ApiTokenRow.id)
        .join(EmployeeRow, EmployeeRow.id == ApiTokenRow.employee_id)
        .where(ApiTokenRow.ended_at.is_(None), ~EmployeeRow.active)
    )
    await _end(connection, list(await connection.scalars(left)), by=_ORGANISATION, now=now)


async def end_of_program(connection: AsyncConnection, program: EmployeeId, *, by: str, now: datetime) -> None:
    """Ends all tokens of the program."""
    theirs = select(ApiTokenRow.id).where(ApiTokenRow.account_id == program, ApiTokenRow.ended_at.is_(None))
    await _end(connection, list(await connection.scalars(theirs)), by=by, now=now)


async def _end(connection: AsyncConnection, tokens: Sequence[str], *, by: str, now: datetime) -> Sequence[str]:
    ended = []
    for one in tokens:
        which = (ApiTokenRow.id == one) & ApiTokenRow.ended_at.is_(None)
        change = update(ApiTokenRow).where(which).values(ended_at=now)
        holder = (
            await connection.execute(change.returning(ApiTokenRow.employee_id, ApiTokenRow.account_id))
        ).one_or_none()
        if holder:
            ended.append(one)
            whose = {"employee": holder[0]} if holder[0] else {"program": holder[1]}
            facts = {"token": one, **whose}
            await journal.append(connection, Log.TOKENS, "token_ended", actor=by, facts=facts)
    return ended


def _token(row: Sequence[object]) -> Token:
    token, holder, label, scopes, *moments = row
    return Token(token, holder, label, tuple(scopes), *moments)  # type: ignore[arg-type]  # the columns' types, in their order
