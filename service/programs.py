"""Use cases of accounts of programs: make one, list them, name who answers for it, make its tokens, end it."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain import access
from domain.access import Action, Caller, Relation
from domain.journal import OPERATOR
from domain.messages import did_you_mean
from domain.programs import Name, ProgramScope, name_of, program_id
from domain.refusals import Code, Refusal
from domain.roles import CompanyRole
from domain.tokens import DEFAULT_DAYS, MAX_DAYS
from domain.values import EmployeeId, Frozen, Line, Moment
from service.answers import compose
from service.projection import names_by_id
from service.relations import is_colleague, relations_to_company, require_system, system_relations
from service.tokens import NewToken, TokenWish, write_token
from storage import directory, programs
from storage.database import read_transaction
from storage.programs import Program


class ProgramWish(Frozen):
    """An account that a program is to get: its name, what the program does, and who answers for it."""

    name: Name
    purpose: Line
    owner: Line


class ProgramTokenWish(Frozen):
    """A token that a program is to get: what it is for (`label`), and for how many days."""

    label: Line
    scopes: frozenset[ProgramScope] = Field(default=frozenset({ProgramScope.READ}), min_length=1)
    days: int = Field(default=DEFAULT_DAYS, ge=1, le=MAX_DAYS)


class ListedProgram(Frozen):
    """The account of a program."""

    program: EmployeeId  # `@program:NAME`, as the journal names it
    name: str
    purpose: str
    owner: EmployeeId | None  # who answers for it
    owner_name: str | None
    roles: tuple[CompanyRole, ...]
    made_at: Moment
    ended_at: Moment | None
    usable: bool  # somebody who works here answers for it, and it was not ended


class ProgramList(Frozen):
    """Accounts of programs, by name."""

    programs: tuple[ListedProgram, ...]


class Programs:
    """Every method raises a `Refusal` for a caller without permission."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def make(self, caller: Caller, wish: Mapping[str, object], now: datetime) -> ListedProgram:
        """Makes an account, without roles and tokens. A name is used once, also if its account has ended."""
        wanted = compose(ProgramWish, wish)
        async with self._engine.begin() as connection:
            await require_system(connection, caller, Action.MANAGE_PROGRAMS)
            owner = await _colleague(connection, EmployeeId(wanted.owner))
            made = Program(program_id(wanted.name), wanted.purpose, owner, now)
            if not await programs.add(connection, made, by=_actor(caller)):
                raise Refusal(Code.PROGRAM_EXISTS, program=made.id)
            return await _listed(connection, made)

    async def list_programs(self, caller: Caller) -> ProgramList:
        """Those for which the caller answers; all for an operator without a name, an auditor, and a system administrator."""
        async with read_transaction(self._engine) as connection:
            held = await relations_to_company(connection, caller) | await system_relations(connection, caller)
            own = {Relation.OWNER} if Relation.COLLEAGUE in held else set()
            access.require(caller, Action.SEE_PROGRAMS, held | own)
            everybody = bool(held & {Relation.SYSTEM, Relation.AUDITOR, Relation.OPERATOR})
            found = await programs.list_programs(connection, None if everybody else caller.employee)
            held_roles = await programs.all_roles(connection)
            names = await names_by_id(connection, {one.owner for one in found if one.owner})
        return ProgramList(programs=tuple(_document(one, held_roles.get(one.id, []), names) for one in found))

    async def answer(self, caller: Caller, program: str, owner: str) -> ListedProgram:
        """From now on this person answers for the account. A repeat changes nothing."""
        async with self._engine.begin() as connection:
            found = await self._in_use(connection, caller, program)
            person = await _colleague(connection, EmployeeId(owner))
            await programs.answer(connection, found, person, by=_actor(caller))
            return await _listed(connection, found._replace(owner=person, is_answered=True))

    async def end(self, caller: Caller, program: str, now: datetime) -> ListedProgram:
        """Ends the account with its roles and tokens, for good. A repeat changes nothing."""
        async with self._engine.begin() as connection:
            found = await self._known(connection, caller, program)
            await programs.end(connection, found, by=_actor(caller), now=now)
            return await _listed(connection, found._replace(ended_at=found.ended_at or now))

    async def make_token(self, caller: Caller, program: str, wish: Mapping[str, object], now: datetime) -> NewToken:
        """Makes a token of the program. Its secret cannot be read again."""
        wanted = compose(ProgramTokenWish, wish)
        async with self._engine.begin() as connection:
            found = await self._in_use(connection, caller, program)
            return await write_token(connection, found.id, compose(TokenWish, dict(wanted)), now, by=_actor(caller))

    async def _known(self, connection: AsyncConnection, caller: Caller, program: str) -> Program:
        await require_system(connection, caller, Action.MANAGE_PROGRAMS)
        found = await programs.find(connection, program_id(program), lock=True) if program.isprintable() else None
        if found is None:
            known = [name_of(one.id) for one in await programs.list_programs(connection)]
            raise Refusal(Code.UNKNOWN_PROGRAM, program=program[:80], near=did_you_mean(name_of(program), known))
        return found

    async def _in_use(self, connection: AsyncConnection, caller: Caller, program: str) -> Program:
        found = await self._known(connection, caller, program)
        if found.ended_at is not None:
            raise Refusal(Code.PROGRAM_ENDED, program=found.id)
        return found


def _actor(caller: Caller) -> str:
    return caller.employee or OPERATOR


async def _colleague(connection: AsyncConnection, employee: EmployeeId) -> EmployeeId:
    if not employee.isprintable() or not await is_colleague(connection, employee):
        near = await directory.ids_near(connection, employee) if employee.isprintable() else []
        raise Refusal(Code.UNKNOWN_EMPLOYEE, employee=employee[:80], near=did_you_mean(employee, near))
    return employee


async def _listed(connection: AsyncConnection, one: Program) -> ListedProgram:
    names = await names_by_id(connection, [one.owner] if one.owner else [])
    return _document(one, await programs.roles_of(connection, one.id), names)


def _document(one: Program, held: list[CompanyRole], names: Mapping[str, str]) -> ListedProgram:
    return ListedProgram(
        program=one.id, name=name_of(one.id), purpose=one.purpose, owner=one.owner,
        owner_name=names.get(one.owner) if one.owner else None, roles=tuple(held), made_at=one.made_at,
        ended_at=one.ended_at, usable=one.is_in_force,
    )  # fmt: skip
