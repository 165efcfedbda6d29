"""Roles in the company: who holds one, giving one, and ending one. Each change appends to the journal."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.journal import Log
from domain.roles import CompanyRole, Source
from domain.values import EmployeeId
from storage import journal
from storage.directory import works_today
from storage.tables import EmployeeRow, RoleHolderRow

_ORGANISATION = "@organisation"  # the actor of what follows when somebody has left
_PROVIDER = "@provider"  # the actor of what follows from a claim of the provider

# One notice for each cycle with goals that changed or people who joined, and each member of its HR, if the administrator is not
# of that HR.
_TELL_HR = text("""
INSERT INTO outbox (key, recipient_id, cycle_id, goal_id, kind, facts, due_at)
SELECT 'directory_changed:' || i.id || ':' || c.id || ':' || hr.id, hr.id, c.id, c.id, 'directory_changed',
       jsonb_build_object('actor', i.actor, 'instruction', i.id), now()
FROM instruction i
CROSS JOIN cycle c
CROSS JOIN LATERAL (SELECT COALESCE(c.policy_now, c.policy) -> 'hr' AS pool) rules
CROSS JOIN LATERAL jsonb_array_elements_text(rules.pool) AS hr (id)
WHERE i.id = :instruction AND i.actor <> :organisation AND NOT rules.pool ? i.actor
  AND (
      EXISTS (
          SELECT FROM instruction_goal o JOIN goal g ON g.id = o.goal_id
          WHERE o.instruction_id = i.id AND o.result = 'done' AND g.cycle_id = c.id
      )
      OR EXISTS (
          SELECT FROM participant p
          WHERE p.cycle_id = c.id AND p.added_by = i.actor AND (i.asked -> 'joined') ? p.employee_id
      )
  )
ON CONFLICT (key) DO NOTHING
""")


class Holder(NamedTuple):
    employee: EmployeeId
    role: CompanyRole
    source: Source = Source.HAND


_COLUMNS = (RoleHolderRow.employee_id, RoleHolderRow.role, RoleHolderRow.source)


async def holders(connection: AsyncConnection, role: CompanyRole | None = None) -> list[Holder]:
    """Those who hold the role (None: any) and work here today, by role, id and source: who has it from both comes twice."""
    query = select(*_COLUMNS).join(EmployeeRow).where(works_today())
    if role is not None:
        query = query.where(RoleHolderRow.role == role.value)
    rows = await connection.execute(query.order_by(RoleHolderRow.role, RoleHolderRow.employee_id, RoleHolderRow.source))
    return [_holder(row) for row in rows]


async def active(connection: AsyncConnection, role: CompanyRole) -> tuple[EmployeeId, ...]:
    """The same as ids, each once."""
    return tuple(dict.fromkeys(one.employee for one in await holders(connection, role)))


async def give(connection: AsyncConnection, employee: EmployeeId, role: CompanyRole, *, by: str) -> bool:
    """Returns False, and changes nothing, if somebody gave it to them before."""
    return await _give(connection, Holder(employee, role), by)


async def end(connection: AsyncConnection, employee: EmployeeId, role: CompanyRole, *, by: str) -> bool:
    """Ends it, whoever gave it. Returns False, and changes nothing, if the person does not hold it."""
    ended = [await _end(connection, Holder(employee, role, source), by) for source in Source]
    return any(ended)


async def follow_provider(
    connection: AsyncConnection, employee: EmployeeId, wanted: Collection[CompanyRole], issuer: str
) -> None:
    """Gives the roles that the provider says the person has, and ends those that it said before and no longer says.

    What people gave is left alone. A repeat changes nothing.
    """
    query = select(*_COLUMNS).where(RoleHolderRow.employee_id == employee, RoleHolderRow.source == Source.PROVIDER)
    held = [_holder(row) for row in await connection.execute(query)]
    said = [Holder(employee, role, Source.PROVIDER) for role in sorted(wanted)]
    for one in said:
        if one not in held:
            await _give(connection, one, _PROVIDER, issuer)
    for one in sorted(held):
        if one not in said:
            await _end(connection, one, _PROVIDER, issuer)


async def end_of_leavers(connection: AsyncConnection) -> None:
    """Ends the roles of those who have left, so that they do not hold them when they come back. A repeat finds nobody."""
    left = select(*_COLUMNS).join(EmployeeRow).where(~EmployeeRow.active)
    for one in sorted(_holder(row) for row in await connection.execute(left)):
        await _end(connection, one, _ORGANISATION)


async def tell_hr(connection: AsyncConnection, instruction: str) -> None:
    """Queues a notice for the HR of each cycle whose goals or people this instruction of an administrator changed.

    Keyed by instruction, cycle and person, so a repeat queues nothing.
    """
    await connection.execute(_TELL_HR, {"instruction": instruction, "organisation": _ORGANISATION})


async def _give(connection: AsyncConnection, one: Holder, by: str, issuer: str | None = None) -> bool:
    values = {"employee_id": one.employee, "role": one.role.value, "source": one.source.value}
    row = insert(RoleHolderRow).values(values).on_conflict_do_nothing()
    made = await connection.scalar(row.returning(RoleHolderRow.employee_id))
    if made:
        await _append(connection, "role_given", one, by, issuer)
    return made is not None


async def _end(connection: AsyncConnection, one: Holder, by: str, issuer: str | None = None) -> bool:
    which = (RoleHolderRow.employee_id == one.employee) & (RoleHolderRow.role == one.role.value)
    which &= RoleHolderRow.source == one.source.value
    removed = (await connection.execute(delete(RoleHolderRow).where(which))).rowcount
    if removed:
        await _append(connection, "role_ended", one, by, issuer)
    return bool(removed)


async def _append(connection: AsyncConnection, kind: str, one: Holder, by: str, issuer: str | None) -> None:
    facts = {"employee": one.employee, "role": one.role.value} | ({"issuer": issuer} if issuer else {})
    await journal.append(connection, Log.ROLES, kind, actor=by, facts=facts)


def _holder(row: Sequence[str]) -> Holder:
    return Holder(EmployeeId(row[0]), CompanyRole(row[1]), Source(row[2]))
