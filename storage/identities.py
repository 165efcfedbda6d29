"""Accounts at a provider and the people to whom they are bound. Binding and unbinding append to the journal."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.journal import Log
from domain.values import EmployeeId
from storage import journal
from storage.directory import works_today
from storage.tables import EmployeeRow, IdentityRow

_ID_BYTES = 6
_BOUND = IdentityRow.unbound_at.is_(None)


class Identity(NamedTuple):
    id: str
    issuer: str
    subject: str
    employee: EmployeeId
    bound_at: datetime
    unbound_at: datetime | None


_COLUMNS = (
    IdentityRow.id, IdentityRow.issuer, IdentityRow.subject, IdentityRow.employee_id, IdentityRow.bound_at,
    IdentityRow.unbound_at,
)  # fmt: skip


async def find_account(connection: AsyncConnection, issuer: str, subject: str) -> Identity | None:
    """The binding of this account, if it is bound now."""
    query = select(*_COLUMNS).where(IdentityRow.issuer == issuer, IdentityRow.subject == subject, _BOUND)
    row = (await connection.execute(query)).one_or_none()
    return _identity(row) if row else None


async def find(connection: AsyncConnection, identity: str) -> Identity | None:
    row = (await connection.execute(select(*_COLUMNS).where(IdentityRow.id == identity))).one_or_none()
    return _identity(row) if row else None


async def list_identities(connection: AsyncConnection, employee: EmployeeId | None) -> list[Identity]:
    """The bindings of the person (None: of everybody), those that were ended too, by person, the newest first."""
    query = select(*_COLUMNS).order_by(IdentityRow.employee_id, IdentityRow.bound_at.desc(), IdentityRow.id)
    if employee is not None:
        query = query.where(IdentityRow.employee_id == employee)
    return [_identity(row) for row in await connection.execute(query)]


async def people_with(
    connection: AsyncConnection, *, mail: str | None = None, number: str | None = None
) -> list[EmployeeId]:
    """Those who work here today and have this mail address or this employee number; at most two."""
    if mail is not None:
        which = func.lower(EmployeeRow.mail) == mail.lower()
    elif number is not None:
        which = or_(EmployeeRow.number == number, and_(EmployeeRow.number.is_(None), EmployeeRow.id == number))
    else:
        return []
    found = await connection.scalars(select(EmployeeRow.id).where(which, works_today()).limit(2))
    return [EmployeeId(one) for one in found]


async def bind(
    connection: AsyncConnection, issuer: str, subject: str, employee: EmployeeId, now: datetime
) -> Identity | None:
    """Binds the account to the person. Returns None, and changes nothing, if one of the two is bound already."""
    made = Identity(secrets.token_hex(_ID_BYTES), issuer, subject, employee, now, None)
    row = {
        "id": made.id, "issuer": issuer, "subject": subject, "employee_id": employee, "bound_at": now,
    }  # fmt: skip
    written = insert(IdentityRow).values(row).on_conflict_do_nothing().returning(IdentityRow.id)
    if await connection.scalar(written) is None:
        return None
    await _append(connection, "identity_bound", made, by=employee)
    return made


async def unbind(connection: AsyncConnection, identity: Identity, *, by: str, now: datetime) -> bool:
    """Ends the binding. Returns False, and changes nothing, if it is over."""
    change = update(IdentityRow).where(IdentityRow.id == identity.id, _BOUND).values(unbound_at=now)
    if await connection.scalar(change.returning(IdentityRow.id)) is None:
        return False
    await _append(connection, "identity_unbound", identity, by=by)
    return True


async def _append(connection: AsyncConnection, kind: str, one: Identity, by: str) -> None:
    facts = {"identity": one.id, "employee": one.employee, "issuer": one.issuer}
    texts = {"account": one.subject}
    await journal.append(connection, Log.IDENTITIES, kind, actor=by, facts=facts, texts=texts)


def _identity(row: Sequence[object]) -> Identity:
    return Identity(*row)  # type: ignore[arg-type]  # the columns' types, in their order
