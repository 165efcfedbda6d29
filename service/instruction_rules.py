"""The checks before an instruction is written: the caller, the cycle, and the people and departments that it names.

Every function reads on the given connection, and raises a `Refusal` if the check fails.
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from domain.access import Action, Caller, actor_of
from domain.goal.goal import Delegation
from domain.instructions.instructions import (
    Add,
    AnyInstruction,
    Delegate,
    EndDelegation,
    Extend,
    Reassign,
    Reopen,
    Sync,
)
from domain.lifecycles import ENDED, CycleState
from domain.messages import did_you_mean, message
from domain.policy.policy import Policy
from domain.refusals import Code, Refusal
from domain.values import CycleId, EmployeeId
from service.cycle_lookup import require_cycle
from service.relations import require_hr_everywhere, require_hr_of, require_person
from storage import cycles, directory
from storage.cycles import Cycle
from storage.departments import load_departments
from storage.instructions import Instruction

_MAX_EXTENSION = timedelta(days=366)  # the same as for one goal: domain/goal/steering.py


async def require_valid(
    connection: AsyncConnection, caller: Caller, asked: AnyInstruction, cycle: CycleId | None
) -> None:
    """Checks that the caller may give the instruction, and that the cycle (None: every open one) and the named people allow it."""
    actor_of(caller)
    row = await _require_cycle(connection, asked, cycle) if cycle else None
    await _require_caller(connection, caller, asked, row)
    if row:
        await _require_known(connection, asked, row)
    await _require_people(connection, asked)
    if isinstance(asked, Delegate):
        await _require_period(connection, asked.delegation)


async def require_may_steer(connection: AsyncConnection, caller: Caller, row: Instruction) -> None:
    """The caller must be HR of the instruction's cycle, or of every open cycle if it has none.

    A person may steer the delegation that they gave. While no cycle is open, the operator may steer a change of the organisation.
    """
    asked = row.asked
    if own := _own_delegation(asked, caller):
        await require_person(connection, caller, Action.DELEGATE, own)
    elif row.cycle_id:
        cycle = await require_cycle(connection, row.cycle_id)
        await require_hr_of(connection, caller, Action.STEER_CYCLE, cycle.rules.hr)
    else:
        action = Action.CHANGE_DIRECTORY if isinstance(asked, Sync) else Action.STEER_CYCLE
        await require_hr_everywhere(connection, caller, action)


def _own_delegation(asked: AnyInstruction, caller: Caller) -> EmployeeId | None:
    """The caller, if the instruction is about a delegation of their own: given by them, or ended by either side."""
    match asked:
        case Delegate(delegation=delegation) if caller.employee == delegation.delegator:
            return caller.employee
        case EndDelegation(delegator=delegator, to=to) if caller.employee in (delegator, to):
            return caller.employee
    return None


async def _require_cycle(connection: AsyncConnection, asked: AnyInstruction, cycle: CycleId) -> Cycle:
    row = await require_cycle(connection, cycle)
    reopens, is_for_everybody = isinstance(asked, Reopen), asked.selection.is_everybody
    if row.state is CycleState.LAUNCHING or (row.state in ENDED and not reopens):
        raise Refusal(Code.CYCLE_STATE, state=row.state, needed=CycleState.OPEN)
    if row.state is CycleState.OPEN and reopens and is_for_everybody:
        raise Refusal(Code.CYCLE_STATE, state=row.state, needed=CycleState.CLOSED)
    if is_for_everybody and isinstance(asked, Reopen | Extend):
        _require_day(asked, row.rules)
    return row


async def _require_caller(
    connection: AsyncConnection, caller: Caller, asked: AnyInstruction, row: Cycle | None
) -> None:
    """The caller must be HR of the cycle, or of every open cycle if none is named. A person may delegate for themselves."""
    if own := _own_delegation(asked, caller):
        await require_person(connection, caller, Action.DELEGATE, own)
        return
    rows = [row] if row else [one for one in await cycles.list_cycles(connection) if one.state is CycleState.OPEN]
    if not rows:
        raise Refusal(Code.NO_OPEN_CYCLE)
    action = Action.DELEGATE if isinstance(asked, Delegate | EndDelegation) else Action.STEER_CYCLE
    for one in rows:
        await require_hr_of(connection, caller, action, one.rules.hr)


async def _require_known(connection: AsyncConnection, asked: AnyInstruction, row: Cycle) -> None:
    """The named people and departments must be in the cycle; people who are to be added must be active."""
    departments = await cycles.departments_in(connection, row.id)
    if isinstance(asked, Add):
        if asked.selection.is_everybody:
            raise Refusal(Code.SELECTION_EMPTY)
        await _require_active(connection, asked.selection.people)
        departments = await directory.active_departments(connection)
    else:
        await _require_participants(connection, asked.selection.people, row.id, removed=isinstance(asked, Reopen))
    known = await load_departments(connection)
    missing = [one for one in asked.selection.departments if departments.isdisjoint(known.names_meant([one]))]
    _require_in("department", missing, departments)


async def _require_participants(
    connection: AsyncConnection, people: Collection[EmployeeId], cycle: str, *, removed: bool
) -> None:
    """All of them must be in the cycle; the refusal suggests a participant whose id is similar to the first unknown one."""
    known = await cycles.participants_among(connection, cycle, people, removed=removed)
    if unknown := [one for one in people if one not in known]:
        near = await directory.ids_near(connection, unknown[0])
        _require_in("person", unknown, await cycles.participants_among(connection, cycle, near, removed=removed))


async def _require_people(connection: AsyncConnection, asked: AnyInstruction) -> None:
    """The person whose work is handed over must be in the directory; the person who takes over must be active."""
    if isinstance(asked, Delegate):
        before, after = asked.delegation.delegator, asked.delegation.to
    elif isinstance(asked, Reassign):
        before, after = asked.person, asked.to
    elif isinstance(asked, EndDelegation):
        for one in (asked.delegator, asked.to):
            await _require_employee(connection, one)
        return
    else:
        return
    await _require_employee(connection, before)
    await _require_active(connection, [after])


async def _require_period(connection: AsyncConnection, delegation: Delegation) -> None:
    """The days of the delegation must be in order and not all in the past (in the time zone where it is earliest)."""
    zones = [Policy.model_validate(one).calendar for one in (await cycles.policies(connection)).values()]
    now = datetime.now(UTC)
    today = min((zone.day_of(now) for zone in zones), default=now.date())
    for wrong, why in (
        (delegation.to == delegation.delegator, "part.delegate_self"),
        (delegation.last < delegation.first, "part.delegate_order"),
        (delegation.last < today, "part.delegate_past"),
    ):
        if wrong:
            raise Refusal(Code.DELEGATION, why=message(why))


async def _require_active(connection: AsyncConnection, people: Collection[EmployeeId]) -> None:
    """All of them must be active; the refusal suggests an id that is similar to the first one that is not."""
    active = {one.id for one in await directory.active_people(connection, people=people)}
    if unknown := [one for one in people if one not in active]:
        near = await directory.ids_near(connection, unknown[0])
        working = {one.id for one in await directory.active_people(connection, people=near)}
        _require_in("person", unknown, working)


async def _require_employee(connection: AsyncConnection, employee: EmployeeId) -> None:
    """The employee must be in the directory, active or not."""
    if not await directory.employees(connection, [employee]):
        _require_in("person", [employee], await directory.ids_near(connection, employee))


def _require_in(kind: str, named: Collection[EmployeeId | str], known: Collection[str]) -> None:
    if unknown := [one for one in named if one not in known]:
        near = did_you_mean(unknown[0], known)
        if kind == "person":
            raise Refusal(Code.UNKNOWN_EMPLOYEE, employee=unknown[0][:80], near=near)
        raise Refusal(Code.NOT_IN_CYCLE, kind=kind, named=[one[:80] for one in unknown[:5]], near=near)


def _require_day(asked: Reopen | Extend, policy: Policy) -> None:
    """Checks the new closing day as each goal would check it, before the cycle's own is changed."""
    today = policy.calendar.day_of(datetime.now(UTC))
    if asked.closes is None:
        if isinstance(asked, Reopen) and today > policy.closes:
            raise Refusal(Code.CYCLE_OVER, closes=policy.closes)
        return
    first = policy.closes if isinstance(asked, Extend) else max(policy.closes, today)
    last = (policy.closes if isinstance(asked, Extend) else today) + _MAX_EXTENSION
    if not first <= asked.closes <= last:
        raise Refusal(Code.DATE_OUTSIDE, day=asked.closes, first=first, last=last)
