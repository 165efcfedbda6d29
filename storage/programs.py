"""Accounts of programs and their roles. Every change appends to the journal."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.journal import Log
from domain.roles import CompanyRole
from domain.values import EmployeeId
from storage import journal, tokens
from storage.directory import works_today
from storage.tables import EmployeeRow, ServiceAccountRoleRow, ServiceAccountRow

_ORGANISATION = "@organisation"  # the actor of what follows when somebody has left


class Program(NamedTuple):
    """The account of a program. It is in force while somebody who works here answers for it, until it is ended."""

    id: EmployeeId
    purpose: str
    owner: EmployeeId | None
    made_at: datetime
    ended_at: datetime | None = None
    is_answered: bool = True

    @property
    def is_in_force(self) -> bool:
        return self.is_answered and self.ended_at is None


async def add(connection: AsyncConnection, program: Program, *, by: str) -> bool:
    """Returns False, and changes nothing, if there is one with this name, or was."""
    row = {"id": program.id, "purpose": program.purpose, "owner_id": program.owner, "made_at": program.made_at}
    written = insert(ServiceAccountRow).values(row).on_conflict_do_nothing().returning(ServiceAccountRow.id)
    if await connection.scalar(written) is None:
        return False
    await _append(connection, "program_made", program, by, {"purpose": program.purpose})
    return True


async def list_programs(connection: AsyncConnection, owner: EmployeeId | None = None) -> list[Program]:
    """Those for which the person answers (None: all), by id, those that were ended too."""
    query = select(*_COLUMNS, _is_answered()).order_by(ServiceAccountRow.id)
    if owner is not None:
        query = query.where(ServiceAccountRow.owner_id == owner)
    return [_program(row) for row in await connection.execute(query)]


async def find(connection: AsyncConnection, program: EmployeeId, *, lock: bool = False) -> Program | None:
    """`lock`: nobody else changes the account until the transaction ends."""
    query = select(*_COLUMNS, _is_answered()).where(ServiceAccountRow.id == program)
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    return _program(row) if row else None


async def answer(connection: AsyncConnection, program: Program, owner: EmployeeId, *, by: str) -> None:
    """From now on this person answers for the account. A repeat changes nothing."""
    if program.owner != owner:
        await _set_owner(connection, program, owner, by)


async def end(connection: AsyncConnection, program: Program, *, by: str, now: datetime) -> None:
    """Ends the account, its roles and its tokens, for good. A repeat changes nothing."""
    change = update(ServiceAccountRow).where(ServiceAccountRow.id == program.id, ServiceAccountRow.ended_at.is_(None))
    if await connection.scalar(change.values(ended_at=now).returning(ServiceAccountRow.id)) is None:
        return
    await _append(connection, "program_ended", program, by)
    for role in await roles_of(connection, program.id):
        await end_role(connection, program.id, role, by=by)
    await tokens.end_of_program(connection, program.id, by=by, now=now)


async def end_of_leavers(connection: AsyncConnection) -> None:
    """Nobody answers any more for the accounts of those who have left, also if they come back. A repeat finds none."""
    query = select(*_COLUMNS).join(EmployeeRow, EmployeeRow.id == ServiceAccountRow.owner_id).where(~EmployeeRow.active)
    for row in (await connection.execute(query.order_by(ServiceAccountRow.id))).all():
        await _set_owner(connection, _program(row), None, _ORGANISATION)


async def roles_of(connection: AsyncConnection, program: EmployeeId) -> list[CompanyRole]:
    query = select(ServiceAccountRoleRow.role).where(ServiceAccountRoleRow.account_id == program)
    return [CompanyRole(one) for one in await connection.scalars(query.order_by(ServiceAccountRoleRow.role))]


async def all_roles(connection: AsyncConnection) -> dict[EmployeeId, list[CompanyRole]]:
    """The roles of every program that has one."""
    query = select(ServiceAccountRoleRow.account_id, ServiceAccountRoleRow.role)
    found: dict[EmployeeId, list[CompanyRole]] = {}
    for row in await connection.execute(query.order_by(ServiceAccountRoleRow.account_id, ServiceAccountRoleRow.role)):
        found.setdefault(EmployeeId(row[0]), []).append(CompanyRole(row[1]))
    return found


async def roles_in_force(connection: AsyncConnection, program: EmployeeId) -> list[CompanyRole]:
    """The roles that the program may use today."""
    found = await find(connection, program)
    return await roles_of(connection, program) if found and found.is_in_force else []


async def give_role(connection: AsyncConnection, program: EmployeeId, role: CompanyRole, *, by: str) -> None:
    """A repeat changes nothing."""
    row = insert(ServiceAccountRoleRow).values(account_id=program, role=role.value).on_conflict_do_nothing()
    if await connection.scalar(row.returning(ServiceAccountRoleRow.role)):
        await _append_role(connection, "role_given", program, role, by)


async def end_role(connection: AsyncConnection, program: EmployeeId, role: CompanyRole, *, by: str) -> bool:
    """Returns False, and changes nothing, if the program does not hold it."""
    which = (ServiceAccountRoleRow.account_id == program) & (ServiceAccountRoleRow.role == role.value)
    removed = (await connection.execute(delete(ServiceAccountRoleRow).where(which))).rowcount
    if removed:
        await _append_role(connection, "role_ended", program, role, by)
    return bool(removed)


async def _set_owner(connection: AsyncConnection, program: Program, owner: EmployeeId | None, by: str) -> None:
    change = update(ServiceAccountRow).where(ServiceAccountRow.id == program.id).values(owner_id=owner)
    await connection.execute(change)
    kind = "program_answered" if owner else "program_unanswered"
    await _append(connection, kind, program._replace(owner=owner or program.owner), by)


async def _append(
    connection: AsyncConnection, kind: str, program: Program, by: str, texts: dict[str, str | None] | None = None
) -> None:
    facts = {"program": program.id, "responsible": program.owner}
    await journal.append(connection, Log.PROGRAMS, kind, actor=by, facts=facts, texts=texts)


async def _append_role(connection: AsyncConnection, kind: str, program: EmployeeId, role: CompanyRole, by: str) -> None:
    facts = {"program": program, "role": role.value}
    await journal.append(connection, Log.ROLES, kind, actor=by, facts=facts)


_COLUMNS = (
    ServiceAccountRow.id, ServiceAccountRow.purpose, ServiceAccountRow.owner_id, ServiceAccountRow.made_at,
    ServiceAccountRow.ended_at,
)  # fmt: skip


def _is_answered() -> ColumnElement[bool]:
    return select(EmployeeRow.id).where(EmployeeRow.id == ServiceAccountRow.owner_id, works_today()).exists()


def _program(row: Sequence[object]) -> Program:
    return Program(*row)  # type: ignore[arg-type]  # the columns' types, in their order
