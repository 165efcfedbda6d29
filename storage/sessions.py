"""Sessions in browsers and the attempts to sign in that precede them."""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.journal import Log
from domain.sign_in import Logout
from domain.values import EmployeeId
from storage import journal
from storage.directory import works_today
from storage.tables import EmployeeRow, IdentityRow, LogoutTokenRow, SessionRow, SignInAttemptRow

_USE_IS_RECORDED_EVERY = timedelta(minutes=1)
_KEPT = timedelta(days=30)  # after its end
_DELETED_AT_ONCE = 100  # so that nobody waits for it


class OpenSession(NamedTuple):
    session: str
    began_at: datetime
    used_at: datetime
    expires_at: datetime


class Session(NamedTuple):
    id: str
    employee: EmployeeId
    identity: str | None = None  # of the account by which the person came in
    provider_session: str | None = None


async def begin_attempt(
    connection: AsyncConnection, attempt_hash: str, path: str, now: datetime, oldest: datetime
) -> None:
    """Keeps an attempt, and forgets a few of those that began before `oldest`."""
    over = select(SignInAttemptRow.hash).where(SignInAttemptRow.began_at < oldest)
    over = over.limit(_DELETED_AT_ONCE).with_for_update(skip_locked=True)
    await connection.execute(delete(SignInAttemptRow).where(SignInAttemptRow.hash.in_(over.scalar_subquery())))
    await connection.execute(insert(SignInAttemptRow).values(hash=attempt_hash, next=path, began_at=now))


async def take_attempt(connection: AsyncConnection, attempt_hash: str, oldest: datetime) -> str | None:
    """Deletes the attempt, so that it is used once. Returns its path; None if there is none that began since `oldest`."""
    taken = delete(SignInAttemptRow).where(SignInAttemptRow.hash == attempt_hash)
    row = (await connection.execute(taken.returning(SignInAttemptRow.next, SignInAttemptRow.began_at))).one_or_none()
    return row.next if row and row.began_at >= oldest else None


async def begin(
    connection: AsyncConnection, session: Session, secret_hash: str, now: datetime, expires_at: datetime
) -> None:
    """Keeps a new session, and forgets a few that were over long ago."""
    over = select(SessionRow.id).where(SessionRow.expires_at < now - _KEPT)
    over = over.limit(_DELETED_AT_ONCE).with_for_update(skip_locked=True)
    await connection.execute(delete(SessionRow).where(SessionRow.id.in_(over.scalar_subquery())))
    row = {
        "id": session.id, "hash": secret_hash, "employee_id": session.employee, "began_at": now, "used_at": now,
        "expires_at": expires_at, "identity_id": session.identity, "provider_session": session.provider_session,
    }  # fmt: skip
    await connection.execute(insert(SessionRow).values(row))


async def find_by_secret(
    connection: AsyncConnection, session: str, secret_hash: str, now: datetime, idle: timedelta
) -> Session | None:
    """The session with this id and secret, if it is open at `now` and its person works here. Records the use."""
    query = (
        select(SessionRow.id, SessionRow.employee_id, SessionRow.used_at)
        .join(EmployeeRow, EmployeeRow.id == SessionRow.employee_id)
        .where(
            SessionRow.id == session,
            SessionRow.hash == secret_hash,
            SessionRow.ended_at.is_(None),
            SessionRow.expires_at > now,
            SessionRow.used_at > now - idle,
            works_today(),
        )
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    if row.used_at <= now - _USE_IS_RECORDED_EVERY:
        await connection.execute(update(SessionRow).where(SessionRow.id == session).values(used_at=now))
    return Session(row.id, EmployeeId(row.employee_id))


async def end(connection: AsyncConnection, session: str, secret_hash: str, now: datetime) -> None:
    """Ends the session with this id and secret. A repeat changes nothing."""
    which = (SessionRow.id == session) & (SessionRow.hash == secret_hash) & SessionRow.ended_at.is_(None)
    await connection.execute(update(SessionRow).where(which).values(ended_at=now))


async def end_of_person(connection: AsyncConnection, employee: EmployeeId, now: datetime) -> int:
    """Ends all sessions of the person; returns how many were open."""
    which = (SessionRow.employee_id == employee) & SessionRow.ended_at.is_(None) & (SessionRow.expires_at > now)
    return (await connection.execute(update(SessionRow).where(which).values(ended_at=now))).rowcount


async def end_by_provider(connection: AsyncConnection, logout: Logout, now: datetime) -> int | None:
    """Ends the sessions that the logout is about; returns how many were open. None, and no change, if its token was used before."""
    over = select(LogoutTokenRow.hash).where(LogoutTokenRow.expires_at < now)
    over = over.limit(_DELETED_AT_ONCE).with_for_update(skip_locked=True)
    await connection.execute(delete(LogoutTokenRow).where(LogoutTokenRow.hash.in_(over.scalar_subquery())))
    used = upsert(LogoutTokenRow).values(hash=logout.hash, expires_at=logout.ends).on_conflict_do_nothing()
    if await connection.scalar(used.returning(LogoutTokenRow.hash)) is None:
        return None
    account = select(IdentityRow.id).where(
        IdentityRow.id == SessionRow.identity_id, IdentityRow.issuer == logout.issuer
    )
    which: list[ColumnElement[bool]] = [SessionRow.ended_at.is_(None)]
    if logout.subject is not None:
        account = account.where(IdentityRow.subject == logout.subject)
    if logout.session is not None:
        which.append(SessionRow.provider_session == logout.session)
    ended = update(SessionRow).where(*which, account.exists()).values(ended_at=now)
    return (await connection.execute(ended)).rowcount


async def open_of_person(
    connection: AsyncConnection, employee: EmployeeId, now: datetime, idle: timedelta
) -> list[OpenSession]:
    """The person's open sessions, the one that was used last first."""
    columns = (SessionRow.id, SessionRow.began_at, SessionRow.used_at, SessionRow.expires_at)
    query = select(*columns).where(
        SessionRow.employee_id == employee, SessionRow.ended_at.is_(None), SessionRow.expires_at > now,
        SessionRow.used_at > now - idle,
    )  # fmt: skip
    rows = await connection.execute(query.order_by(SessionRow.used_at.desc(), SessionRow.id))
    return [OpenSession(*row) for row in rows]


async def end_one(connection: AsyncConnection, employee: EmployeeId, session: str, now: datetime) -> int | None:
    """Ends this session of the person; returns how many it ended. None: the person has none with this id."""
    which = (SessionRow.id == session) & (SessionRow.employee_id == employee)
    if await connection.scalar(select(SessionRow.id).where(which)) is None:
        return None
    change = update(SessionRow).where(which, SessionRow.ended_at.is_(None)).values(ended_at=now)
    return (await connection.execute(change)).rowcount


async def sign_out(connection: AsyncConnection, employee: EmployeeId, *, by: str, now: datetime) -> int:
    """Ends all sessions of somebody, in the name of another: an entry of the journal, if there were any. Returns how many."""
    ended = await end_of_person(connection, employee, now)
    if ended:
        facts = {"employee": employee, "sessions": ended}
        await journal.append(connection, Log.IDENTITIES, "signed_out", actor=by, facts=facts)
    return ended


async def end_of_leavers(connection: AsyncConnection, now: datetime) -> None:
    """Ends the sessions of those who have left, so that they do not hold when somebody comes back. A repeat finds none."""
    left = select(EmployeeRow.id).where(EmployeeRow.id == SessionRow.employee_id, ~EmployeeRow.active)
    which = SessionRow.ended_at.is_(None) & left.exists()
    await connection.execute(update(SessionRow).where(which).values(ended_at=now))
