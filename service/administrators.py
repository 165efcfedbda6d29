"""Use cases of the administrators of the directory: list them, name one, end the role of one."""

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.access import Action, Caller
from domain.journal import OPERATOR
from domain.messages import did_you_mean
from domain.refusals import Code, Refusal
from domain.values import EmployeeId, Frozen
from service.relations import is_colleague, require_administrator, require_colleague
from storage import administrators, directory
from storage.database import read_transaction
from storage.people import names_of


class AdministratorLine(Frozen):
    """An administrator by id and name."""

    employee: EmployeeId
    name: str


class AdministratorList(Frozen):
    """Those who may change the directory without being HR of the open cycles, by id."""

    administrators: tuple[AdministratorLine, ...]


class Administrators:
    """The administrators of the directory. Every method raises a `Refusal` for a caller without permission."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def list_active(self, caller: Caller) -> AdministratorList:
        """The administrators who work here today."""
        async with read_transaction(self._engine) as connection:
            await require_colleague(connection, caller, Action.SEE_PEOPLE)
            return await _list(connection)

    async def add(self, caller: Caller, employee: EmployeeId) -> AdministratorList:
        """Names an active employee; returns all administrators. A repeat changes nothing.

        The operator names the first ones, then administrators do.
        """
        async with self._engine.begin() as connection:
            await require_administrator(connection, caller, Action.NAME_ADMINISTRATORS)
            if not await is_colleague(connection, employee):
                near = await directory.ids_near(connection, employee)
                raise Refusal(Code.UNKNOWN_EMPLOYEE, employee=employee[:80], near=did_you_mean(employee, near))
            await administrators.add(connection, employee, by=caller.employee or OPERATOR)
            return await _list(connection)

    async def remove(self, caller: Caller, employee: EmployeeId) -> AdministratorList:
        """Ends the role of a person; returns the other administrators. Raises a `Refusal` if the person is no administrator."""
        async with self._engine.begin() as connection:
            await require_administrator(connection, caller, Action.NAME_ADMINISTRATORS)
            if not await administrators.remove(connection, employee, by=caller.employee or OPERATOR):
                known = await administrators.active(connection)
                raise Refusal(Code.UNKNOWN_EMPLOYEE, employee=employee[:80], near=did_you_mean(employee, known))
            return await _list(connection)


async def _list(connection: AsyncConnection) -> AdministratorList:
    found = await administrators.active(connection)
    names = await names_of(connection, found)
    return AdministratorList(
        administrators=tuple(AdministratorLine(employee=one, name=names.get(one, one)) for one in found)
    )
