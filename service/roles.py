"""Use cases of roles in the company: list who holds them, give one, end one."""

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.access import Action, Caller
from domain.journal import OPERATOR
from domain.messages import did_you_mean
from domain.programs import ROLES, is_program, name_of
from domain.refusals import Code, Refusal
from domain.roles import CompanyRole, Source
from domain.values import EmployeeId, Frozen
from service.relations import is_colleague, require_colleague, require_to_give
from storage import directory, programs, roles
from storage.database import read_transaction
from storage.people import names_of


class RoleLine(Frozen):
    """A holder of a role by id and name."""

    employee: EmployeeId  # or the id of a program
    name: str
    role: CompanyRole
    source: Source  # a role from the provider comes back at the next sign-in, if the provider still says so


class RoleList(Frozen):
    """Those who hold a role and work here today, by role and id; then the programs for which somebody answers."""

    roles: tuple[RoleLine, ...]


class Roles:
    """Every method raises a `Refusal` for a caller without permission."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def list_holders(self, caller: Caller, role: CompanyRole | None = None) -> RoleList:
        """Those who hold the role; None: any."""
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_ROLES)
            return await _list(connection, role)

    async def give(self, caller: Caller, employee: EmployeeId, role: CompanyRole) -> RoleList:
        """Gives the role to an active employee or a program; returns all who hold it. A repeat changes nothing."""
        async with self._engine.begin() as connection:
            await require_to_give(connection, caller, role)
            if is_program(employee):
                await _give_program(connection, caller, employee, role)
                return await _list(connection, role)
            if not await is_colleague(connection, employee):
                near = await directory.ids_near(connection, employee)
                raise Refusal(Code.UNKNOWN_EMPLOYEE, employee=employee[:80], near=did_you_mean(employee, near))
            await roles.give(connection, employee, role, by=caller.employee or OPERATOR)
            return await _list(connection, role)

    async def end(self, caller: Caller, employee: EmployeeId, role: CompanyRole) -> RoleList:
        """Ends the role of a person; returns the others who hold it. Raises a `Refusal` if the person does not hold it."""
        async with self._engine.begin() as connection:
            await require_to_give(connection, caller, role)
            end = programs.end_role if is_program(employee) else roles.end
            if not await end(connection, employee, role, by=caller.employee or OPERATOR):
                known = await roles.active(connection, role)
                raise Refusal(Code.UNKNOWN_EMPLOYEE, employee=employee[:80], near=did_you_mean(employee, known))
            return await _list(connection, role)


async def _give_program(connection: AsyncConnection, caller: Caller, program: EmployeeId, role: CompanyRole) -> None:
    if role not in ROLES:
        raise Refusal(Code.PROGRAM_ROLE, role=role)
    found = await programs.find(connection, program, lock=True)
    if found is None or found.ended_at is not None:
        known = [one.id for one in await programs.list_programs(connection)]
        raise Refusal(Code.UNKNOWN_PROGRAM, program=program[:80], near=did_you_mean(program, known))
    await programs.give_role(connection, program, role, by=caller.employee or OPERATOR)


async def _list(connection: AsyncConnection, role: CompanyRole | None) -> RoleList:
    found = await roles.holders(connection, role)
    names = await names_of(connection, [one.employee for one in found])
    people = [
        RoleLine(employee=one.employee, name=names.get(one.employee, one.employee), role=one.role, source=one.source)
        for one in found
    ]
    return RoleList(roles=(*people, *await _of_programs(connection, role)))


async def _of_programs(connection: AsyncConnection, role: CompanyRole | None) -> list[RoleLine]:
    held = await programs.all_roles(connection)
    return [
        RoleLine(employee=program.id, name=name_of(program.id), role=one, source=Source.HAND)
        for program in (await programs.list_programs(connection) if held else ())
        if program.is_in_force
        for one in held.get(program.id, ())
        if role in (None, one)
    ]
