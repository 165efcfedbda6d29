"""Roles in the company: who holds one, giving one, and ending one. Each change appends to the journal."""

from typing import NamedTuple

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.journal import Log
from domain.roles import CompanyRole
from domain.values import EmployeeId
from storage import journal
from storage.directory import works_today
from storage.tables import EmployeeRow, RoleHolderRow

_ORGANISATION = "@organisation"  # the actor of what follows when somebody has left

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


async def holders(connection: AsyncConnection, role: CompanyRole | None = None) -> list[Holder]:
    """Those who hold the role (None: any) and work here today, by role and id."""
    query = select(RoleHolderRow.employee_id, RoleHolderRow.role).join(EmployeeRow).where(works_today())
    if role is not None:
        query = query.where(RoleHolderRow.role == role.value)
    rows = await connection.execute(query.order_by(RoleHolderRow.role, RoleHolderRow.employee_id))
    return [Holder(EmployeeId(row[0]), CompanyRole(row[1])) for row in rows]


async def active(connection: AsyncConnection, role: CompanyRole) -> tuple[EmployeeId, ...]:
    """The same as ids."""
    return tuple(one.employee for one in await holders(connection, role))


async def give(connection: AsyncConnection, employee: EmployeeId, role: CompanyRole, *, by: str) -> bool:
    """Returns False, and changes nothing, if they hold it already."""
    row = insert(RoleHolderRow).values(employee_id=employee, role=role.value).on_conflict_do_nothing()
    made = await connection.scalar(row.returning(RoleHolderRow.employee_id))
    if made:
        await _append(connection, "role_given", Holder(employee, role), by)
    return made is not None


async def end(connection: AsyncConnection, employee: EmployeeId, role: CompanyRole, *, by: str) -> bool:
    """Returns False, and changes nothing, if the person does not hold it."""
    which = (RoleHolderRow.employee_id == employee) & (RoleHolderRow.role == role.value)
    removed = (await connection.execute(delete(RoleHolderRow).where(which))).rowcount
    if removed:
        await _append(connection, "role_ended", Holder(employee, role), by)
    return bool(removed)


async def end_of_leavers(connection: AsyncConnection) -> None:
    """Ends the roles of those who have left, so that they do not hold them when they come back. A repeat finds nobody."""
    left = select(RoleHolderRow.employee_id, RoleHolderRow.role).join(EmployeeRow).where(~EmployeeRow.active)
    for employee, role in sorted((row[0], row[1]) for row in await connection.execute(left)):
        await end(connection, EmployeeId(employee), CompanyRole(role), by=_ORGANISATION)


async def tell_hr(connection: AsyncConnection, instruction: str) -> None:
    """Queues a notice for the HR of each cycle whose goals or people this instruction of an administrator changed.

    Keyed by instruction, cycle and person, so a repeat queues nothing.
    """
    await connection.execute(_TELL_HR, {"instruction": instruction, "organisation": _ORGANISATION})


async def _append(connection: AsyncConnection, kind: str, holder: Holder, by: str) -> None:
    facts = {"employee": holder.employee, "role": holder.role.value}
    await journal.append(connection, Log.ROLES, kind, actor=by, facts=facts)
