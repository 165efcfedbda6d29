"""Passkeys of people, and the links by which they are added. Making a link, adding and ending append to the journal."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.journal import Log
from domain.values import EmployeeId
from storage import journal
from storage.directory import works_today
from storage.tables import EmployeeRow, PasskeyLinkRow, PasskeyRow

_ORGANISATION = "@organisation"  # the actor of what follows when somebody has left
_ID_BYTES = 6


class Passkey(NamedTuple):
    """A passkey as lists show it."""

    id: str
    employee: EmployeeId
    synced: bool
    added_at: datetime
    used_at: datetime | None
    ended_at: datetime | None


class Key(NamedTuple):
    """What a signature is verified by."""

    id: str
    employee: EmployeeId
    public_key: bytes
    sign_count: int


_COLUMNS = (
    PasskeyRow.id, PasskeyRow.employee_id, PasskeyRow.synced, PasskeyRow.added_at, PasskeyRow.used_at,
    PasskeyRow.ended_at,
)  # fmt: skip
_OPEN = PasskeyRow.ended_at.is_(None)


async def put_link(
    connection: AsyncConnection, employee: EmployeeId, link: str, secret_hash: str, *, by: str, expires_at: datetime
) -> None:
    """Keeps the link as the only one of the person."""
    values = {"id": link, "hash": secret_hash, "expires_at": expires_at}
    row = insert(PasskeyLinkRow).values(employee_id=employee, **values)
    await connection.execute(row.on_conflict_do_update(index_elements=["employee_id"], set_=values))
    facts = {"link": link, "employee": employee, "expires_at": expires_at.isoformat()}
    await journal.append(connection, Log.IDENTITIES, "passkey_link_made", actor=by, facts=facts)


async def person_of_link(
    connection: AsyncConnection, link: str, secret_hash: str, now: datetime, *, use: bool = False
) -> EmployeeId | None:
    """Whose link this is, if it holds at `now` and the person works here. `use` deletes it; two at the same time: one gets it."""
    which = (PasskeyLinkRow.id == link) & (PasskeyLinkRow.hash == secret_hash) & (PasskeyLinkRow.expires_at > now)
    works = select(EmployeeRow.id).where(EmployeeRow.id == PasskeyLinkRow.employee_id, works_today()).exists()
    query = select(PasskeyLinkRow.employee_id).where(which, works)
    if use:
        taken = delete(PasskeyLinkRow).where(which, works)
        found = await connection.scalar(taken.returning(PasskeyLinkRow.employee_id))
    else:
        found = await connection.scalar(query)
    return EmployeeId(found) if found else None


async def add(
    connection: AsyncConnection, passkey: Passkey, *, credential: bytes, public_key: bytes, sign_count: int, link: str
) -> bool:
    """Keeps a new passkey of its own person. Returns False, and changes nothing, if the credential is, or was, a passkey."""
    row = {
        "id": passkey.id, "credential": credential, "public_key": public_key, "sign_count": sign_count,
        "synced": passkey.synced, "employee_id": passkey.employee, "added_at": passkey.added_at,
    }  # fmt: skip
    written = insert(PasskeyRow).values(row).on_conflict_do_nothing().returning(PasskeyRow.id)
    if await connection.scalar(written) is None:
        return False
    facts = {"passkey": passkey.id, "employee": passkey.employee, "link": link}
    await journal.append(connection, Log.IDENTITIES, "passkey_added", actor=passkey.employee, facts=facts)
    return True


async def credentials_of(connection: AsyncConnection, employee: EmployeeId) -> list[bytes]:
    """The ids, on the person's devices, of the passkeys that they can sign in with."""
    query = select(PasskeyRow.credential).where(PasskeyRow.employee_id == employee, _OPEN)
    return list(await connection.scalars(query.order_by(PasskeyRow.added_at)))


async def key_of(connection: AsyncConnection, credential: bytes) -> Key | None:
    """The passkey with this credential, if its person works here; others who use it wait until the transaction ends."""
    query = (
        select(PasskeyRow.id, PasskeyRow.employee_id, PasskeyRow.public_key, PasskeyRow.sign_count)
        .join(EmployeeRow, EmployeeRow.id == PasskeyRow.employee_id)
        .where(PasskeyRow.credential == credential, _OPEN, works_today())
        .with_for_update(of=PasskeyRow)
    )
    row = (await connection.execute(query)).one_or_none()
    return Key(row[0], EmployeeId(row[1]), row[2], row[3]) if row else None


async def record_use(connection: AsyncConnection, passkey: str, sign_count: int, now: datetime) -> None:
    """Keeps the number of signatures, and the time of the last one."""
    change = update(PasskeyRow).where(PasskeyRow.id == passkey).values(sign_count=sign_count, used_at=now)
    await connection.execute(change)


async def of_person(connection: AsyncConnection, employee: EmployeeId | None) -> list[Passkey]:
    """The person's passkeys (None: everybody's), those that were removed too, by person, the newest first."""
    query = select(*_COLUMNS).order_by(PasskeyRow.employee_id, PasskeyRow.added_at.desc(), PasskeyRow.id)
    if employee is not None:
        query = query.where(PasskeyRow.employee_id == employee)
    return [_passkey(row) for row in await connection.execute(query)]


async def find(connection: AsyncConnection, passkey: str) -> Passkey | None:
    row = (await connection.execute(select(*_COLUMNS).where(PasskeyRow.id == passkey))).one_or_none()
    return _passkey(row) if row else None


async def end(connection: AsyncConnection, passkey: str, *, by: str, now: datetime) -> bool:
    """Ends a passkey. Returns False, and changes nothing, if it is over or unknown."""
    place = await journal.reserve(
        connection, Log.IDENTITIES
    )  # before the row, so that two who end passkeys never deadlock
    change = update(PasskeyRow).where(PasskeyRow.id == passkey, _OPEN).values(ended_at=now)
    employee = await connection.scalar(change.returning(PasskeyRow.employee_id))
    if employee is None:
        return False
    facts = {"passkey": passkey, "employee": employee}
    await journal.append(connection, Log.IDENTITIES, "passkey_removed", actor=by, facts=facts, place=place)
    return True


async def end_of_leavers(connection: AsyncConnection, now: datetime) -> None:
    """Ends the passkeys and links of those who have left, so that they do not hold when somebody comes back. A repeat finds none."""
    gone = select(EmployeeRow.id).where(EmployeeRow.id == PasskeyLinkRow.employee_id, ~EmployeeRow.active)
    await connection.execute(delete(PasskeyLinkRow).where(gone.exists()))
    left = select(PasskeyRow.id).join(EmployeeRow, EmployeeRow.id == PasskeyRow.employee_id)
    for passkey in list(await connection.scalars(left.where(_OPEN, ~EmployeeRow.active).order_by(PasskeyRow.id))):
        await end(connection, passkey, by=_ORGANISATION, now=now)


def new_id() -> str:
    return secrets.token_hex(_ID_BYTES)


def _passkey(row: Sequence[object]) -> Passkey:
    return Passkey(*row)  # type: ignore[arg-type]  # the columns' types, in their order
