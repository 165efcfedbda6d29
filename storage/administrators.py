"""Administrators of the directory: who they are, naming one, and ending the role. Each change appends to the journal."""

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.journal import Log
from domain.values import EmployeeId
from storage import journal
from storage.directory import works_today
from storage.tables import DirectoryAdministratorRow, EmployeeRow

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


async def active(connection: AsyncConnection) -> tuple[EmployeeId, ...]:
    """The administrators who work here today, by id."""
    query = select(DirectoryAdministratorRow.employee_id).join(EmployeeRow).where(works_today())
    found = await connection.scalars(query.order_by(DirectoryAdministratorRow.employee_id))
    return tuple(EmployeeId(one) for one in found)


async def add(connection: AsyncConnection, employee: EmployeeId, *, by: str) -> bool:
    """Names an administrator. Returns False, and changes nothing, if they are one already."""
    row = insert(DirectoryAdministratorRow).values(employee_id=employee).on_conflict_do_nothing()
    made = await connection.scalar(row.returning(DirectoryAdministratorRow.employee_id))
    if made:
        await _append(connection, "administrator_added", employee, by)
    return made is not None


async def remove(connection: AsyncConnection, employee: EmployeeId, *, by: str) -> bool:
    """Ends the role. Returns False, and changes nothing, if the person is no administrator."""
    which = DirectoryAdministratorRow.employee_id == employee
    removed = (await connection.execute(delete(DirectoryAdministratorRow).where(which))).rowcount
    if removed:
        await _append(connection, "administrator_removed", employee, by)
    return bool(removed)


async def remove_leavers(connection: AsyncConnection) -> None:
    """Ends the role of those who have left, so that they do not have it when they come back. A repeat finds nobody."""
    left = select(DirectoryAdministratorRow.employee_id).join(EmployeeRow).where(~EmployeeRow.active)
    for one in sorted(await connection.scalars(left)):
        await remove(connection, EmployeeId(one), by=_ORGANISATION)


async def tell_hr(connection: AsyncConnection, instruction: str) -> None:
    """Queues a notice for the HR of each cycle whose goals or people this instruction of an administrator changed.

    Keyed by instruction, cycle and person, so a repeat queues nothing.
    """
    await connection.execute(_TELL_HR, {"instruction": instruction, "organisation": _ORGANISATION})


async def _append(connection: AsyncConnection, kind: str, employee: str, by: str) -> None:
    await journal.append(connection, Log.DIRECTORY, kind, actor=by, facts={"employee": employee})
