"""Hearing: what managers and staff say is a problem today (現状の課題), before goals are written."""

import secrets
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from domain.messages import did_you_mean
from domain.refusals import Code, Refusal
from domain.values import EmployeeId, Id, Prose
from storage import hearing
from storage.database import read_transaction
from storage.people import load_organisation

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

_PROSE: TypeAdapter[str] = TypeAdapter(Prose)
_ID: TypeAdapter[str] = TypeAdapter(Id)


class Hearing:
    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def add(
        self, *, cycle: str, said: str, by: EmployeeId, department: str | None = None, command_id: str | None = None
    ) -> str:
        """Adds a problem for a cycle, which may not be launched yet, and returns its id. By the command id, once.

        Without a department it is the speaker's own. Whoever leads somebody is heard as a manager. Raises `Refusal`.
        """
        async with read_transaction(self._engine) as connection:
            organisation = await load_organisation(connection)
        speaker = organisation.employees.get(by)
        if speaker is None or not speaker.active:
            raise Refusal(Code.UNKNOWN_EMPLOYEE, employee=by[:80], near="")
        departments = sorted({one.department for one in organisation.employees.values() if one.active})
        where = department or speaker.department
        if where not in departments:
            raise Refusal(
                Code.NOT_IN_CYCLE,
                kind="department",
                named=where[:80],
                near=did_you_mean(where, departments),
            )
        leads = any(one.manager_id == by and one.active for one in organisation.employees.values())
        async with self._engine.begin() as connection:
            return await hearing.add(
                connection,
                cycle=_checked(_ID, "cycle", cycle),
                department=where,
                said=_checked(_PROSE, "text", said),
                heard_as="manager" if leads else "staff",
                by=by,
                command_id=command_id or secrets.token_hex(8),
            )

    async def find_all(
        self, cycle: str, *, department: str | None = None, search: str = "", unanswered: bool = False
    ) -> list[hearing.Problem]:
        """The problems of a cycle; with `unanswered`, those that no goal names."""
        async with read_transaction(self._engine) as connection:
            return await hearing.find_all(
                connection, cycle, department=department, search=search, unanswered=unanswered
            )


def _checked(kind: TypeAdapter[str], where: str, given: str) -> str:
    try:
        return kind.validate_python(given)
    except ValidationError as error:
        from workflows.failures import invalid

        raise invalid(error, where) from error
