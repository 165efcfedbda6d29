"""The relations of a caller to the company, a cycle, a person and a goal; and checks of permissions.

Every function reads on the given connection. The table in `domain/access.py` says which relation permits which action; the
`require_…` functions raise a `Refusal` if the caller has none of the relations that permit the action.
"""

from collections.abc import Collection
from datetime import UTC, datetime

from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncConnection

from domain import access
from domain.access import Action, Caller, Relation
from domain.goal.goal import Goal
from domain.programs import is_program
from domain.refusals import Code, Refusal
from domain.roles import CompanyRole
from domain.values import CycleId, EmployeeId, GoalId
from service.projection import require_goal
from storage import cycles, programs, roles
from storage.directory import works_here_today
from storage.visibility import visible


async def relations_to_company(connection: AsyncConnection, caller: Caller) -> frozenset[Relation]:
    """The relations to the company: operator, active employee, both or none. Who came in as an auditor is that, and nothing else.

    A program is what its roles say, and no employee.
    """
    held = {Relation.OPERATOR} if caller.is_operator else set()
    if caller.employee is not None and is_program(caller.employee):
        used = CompanyRole.AUDITOR if caller.is_auditor else CompanyRole.DIRECTORY
        if used in await programs.roles_in_force(connection, caller.employee):
            held.add(Relation.AUDITOR if caller.is_auditor else Relation.PROGRAM)
    elif caller.employee is not None and await is_colleague(connection, caller.employee):
        held.add(Relation.AUDITOR if caller.is_auditor else Relation.COLLEAGUE)
    return frozenset(held)


async def is_colleague(connection: AsyncConnection, employee: EmployeeId) -> bool:
    """Whether this person is in the directory and works here today."""
    return await works_here_today(connection, employee)


async def require_colleague(connection: AsyncConnection, caller: Caller, action: Action) -> frozenset[Relation]:
    """Checks an action that every active employee may do; returns the caller's relations to the company."""
    held = await relations_to_company(connection, caller)
    access.require(caller, action, held)
    return held


async def require_hr(
    connection: AsyncConnection, caller: Caller, action: Action, cycle: str | None = None, *, only_open: bool = False
) -> list[CycleId]:
    """Checks an action of HR of this `cycle` (None: of any cycle). Returns the cycles of which the caller is HR; for an operator, all.

    Raises a `Refusal` also for an unknown cycle.
    """
    rows = await cycles.list_cycles(connection)
    if cycle is not None and cycle not in {row.id for row in rows}:
        raise Refusal(Code.UNKNOWN_CYCLE, cycle=cycle[:80])
    pools = {
        CycleId(row.id): row.rules.hr
        for row in rows
        if cycle in (None, row.id) and (row.state.is_running or not only_open)
    }
    held = await relations_to_company(connection, caller)
    theirs = [one for one, hr in pools.items() if caller.employee in hr and Relation.COLLEAGUE in held]
    company = held | {Relation.HR} if theirs else held
    access.require(caller, action, company, sorted({member for hr in pools.values() for member in hr}))
    return theirs or list(pools)


async def require_person(connection: AsyncConnection, caller: Caller, action: Action, employee: EmployeeId) -> None:
    """Checks an action that the person themselves may do, or HR of an open cycle."""
    held = await relations_to_company(connection, caller)
    if Relation.COLLEAGUE in held and caller.employee == employee:
        held |= {Relation.OWNER}
    if not access.may(action, held):
        await require_hr(connection, caller, action, only_open=True)


async def require_own(connection: AsyncConnection, caller: Caller, action: Action, employee: EmployeeId) -> None:
    """Checks an action that only the person themselves may do, and those who see everything where the table names them."""
    held = await relations_to_company(connection, caller)
    if Relation.COLLEAGUE in held and caller.employee == employee:
        held |= {Relation.OWNER}
    access.require(caller, action, held, [employee])


async def may_see_inbox(connection: AsyncConnection, caller: Caller, employee: EmployeeId) -> bool:
    """Whether `require_person` would let the caller see what waits on the person."""
    try:
        await require_person(connection, caller, Action.SEE_INBOX, employee)
    except Refusal:
        return False
    return True


async def require_to_give(connection: AsyncConnection, caller: Caller, role: CompanyRole) -> None:
    """Checks giving and ending a role: by a system administrator, and that of the directory also by who has it.

    While nobody may, the operator may do it.
    """
    held = await relations_to_company(connection, caller) | await system_relations(connection, caller)
    everybody = [*await roles.active(connection, CompanyRole.SYSTEM)]
    if role is CompanyRole.DIRECTORY:
        named = await roles.active(connection, CompanyRole.DIRECTORY)
        held |= _as_administrator(caller, named)
        everybody += named
    if not everybody and caller.is_operator:
        held |= {Relation.SETTING_UP}
    action = Action.NAME_ADMINISTRATORS if role is CompanyRole.DIRECTORY else Action.GIVE_ROLES
    access.require(caller, action, held, everybody)


async def require_system(connection: AsyncConnection, caller: Caller, action: Action) -> None:
    """Checks an action of system administrators. While there is none, the operator may do it."""
    held = await relations_to_company(connection, caller) | await system_relations(connection, caller)
    everybody = await roles.active(connection, CompanyRole.SYSTEM)
    if not everybody and caller.is_operator:
        held |= {Relation.SETTING_UP}
    access.require(caller, action, held, everybody)


async def system_relations(connection: AsyncConnection, caller: Caller) -> frozenset[Relation]:
    """Whether the caller is a system administrator, as a relation."""
    named = () if caller.is_auditor else await roles.active(connection, CompanyRole.SYSTEM)
    return frozenset({Relation.SYSTEM} if caller.employee in named else ())


async def administrator_relations(connection: AsyncConnection, caller: Caller) -> frozenset[Relation]:
    """Whether the caller is an administrator of the directory, as a relation."""
    return _as_administrator(caller, await roles.active(connection, CompanyRole.DIRECTORY))


def _as_administrator(caller: Caller, everybody: Collection[EmployeeId]) -> frozenset[Relation]:
    is_one = caller.employee in everybody and not caller.is_auditor
    return frozenset({Relation.ADMINISTRATOR} if is_one else ())


async def require_directory(connection: AsyncConnection, caller: Caller, action: Action) -> None:
    """Checks an action of administrators of the directory, or of HR of an open cycle. While no cycle is open, nobody is HR, and the
    operator may do it.
    """
    held = await relations_to_company(connection, caller)
    held |= _as_administrator(caller, await roles.active(connection, CompanyRole.DIRECTORY))
    rows = [row for row in await cycles.list_cycles(connection) if row.state.is_running]
    if caller.is_operator and not rows:
        held |= {Relation.SETTING_UP}
    if not access.may(action, held):
        await require_hr(connection, caller, action, only_open=True)


async def require_hr_everywhere(connection: AsyncConnection, caller: Caller, action: Action) -> None:
    """Checks an action that concerns every open cycle: the caller must be HR of each. While none is open, the operator may do it.

    Administrators of the directory may change it, whatever cycles are open.
    """
    held = await relations_to_company(connection, caller)
    may_administrate = Relation.ADMINISTRATOR in access.ALLOWED[action]
    named = await roles.active(connection, CompanyRole.DIRECTORY) if may_administrate else ()
    held |= _as_administrator(caller, named)
    pools = [row.rules.hr for row in await cycles.list_cycles(connection) if row.state.is_running]
    if not pools and caller.is_operator:
        held |= {Relation.SETTING_UP}
    for hr in pools or [()]:
        _require_member(caller, action, held, (*hr, *named), hr)


async def require_provisioner(connection: AsyncConnection, caller: Caller) -> None:
    """Checks keeping the directory by SCIM: only for administrators of the directory."""
    named = await roles.active(connection, CompanyRole.DIRECTORY)
    held = await relations_to_company(connection, caller) | _as_administrator(caller, named)
    access.require(caller, Action.PROVISION, held, named)


async def require_hr_of(
    connection: AsyncConnection, caller: Caller, action: Action, hr: Collection[EmployeeId]
) -> None:
    """Checks an action that only the HR members `hr` may do."""
    _require_member(caller, action, await relations_to_company(connection, caller), hr, hr)


def _require_member(
    caller: Caller,
    action: Action,
    held: frozenset[Relation],
    allowed: Collection[EmployeeId],
    hr: Collection[EmployeeId],
) -> None:
    """Checks that the caller is of `hr`, or holds another relation that permits the action; a refusal names `allowed`."""
    is_hr = caller.employee in hr and Relation.COLLEAGUE in held
    access.require(caller, action, held | {Relation.HR} if is_hr else held, allowed)


async def visible_goal(
    connection: AsyncConnection, caller: Caller, goal: GoalId, action: Action = Action.SEE_GOAL
) -> Goal:
    """The goal. Raises a `Refusal` if there is none, or if the caller may not see it."""
    found = await require_goal(connection, goal)
    require_goal_relation(caller, action, found, await relations_to_company(connection, caller))
    return found


def require_goal_relation(caller: Caller, action: Action, goal: Goal, company: frozenset[Relation]) -> None:
    """Checks an action on a goal that is loaded already; `company` are the caller's relations to the company."""
    access.require(caller, action, relations_to_goal(caller, goal, company), goal.asked_of)


def relations_to_goal(caller: Caller, goal: Goal, company: frozenset[Relation]) -> frozenset[Relation]:
    """The current relations of the caller to the goal; none for a caller who is not an active employee or operator."""
    if not company:
        return company
    return company | access.relations_to(caller, goal, goal.calendar.day_of(datetime.now(UTC)))


async def sees_every_goal(connection: AsyncConnection, caller: Caller) -> bool:
    """Whether the caller sees every goal, whatever they are to it."""
    held = await relations_to_company(connection, caller)
    return access.visibility_of(caller, Action.SEE_GOAL, held).everything


async def visible_goals(
    connection: AsyncConnection, caller: Caller, *, cycle: str | None = None
) -> ColumnElement[bool]:
    """The condition of lists: true for goals that the caller may see. `cycle`: the list has goals of this cycle alone."""
    visibility = access.visibility_of(caller, Action.SEE_GOAL, await relations_to_company(connection, caller))
    return await visible(
        connection,
        everything=visibility.everything,
        person=visibility.person,
        relations=visibility.relations,
        now=datetime.now(UTC),
        cycle=cycle,
    )
