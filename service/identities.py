"""Use cases of accounts at a provider: list which are bound to whom, and unbind one, so that another can be bound."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from domain import access
from domain.access import Action, Caller, Relation
from domain.journal import OPERATOR
from domain.refusals import Code, Refusal
from domain.values import EmployeeId, Frozen, Moment
from service.projection import names_by_id
from service.relations import relations_to_company, system_relations
from storage import identities, sessions
from storage.database import read_transaction
from storage.identities import Identity


class ListedIdentity(Frozen):
    """An account that is, or was, bound to a person. What the provider calls the account is left out."""

    identity: str
    employee: EmployeeId
    name: str | None
    issuer: str
    bound_at: Moment
    unbound_at: Moment | None


class IdentityList(Frozen):
    """Accounts by person, the newest first."""

    identities: tuple[ListedIdentity, ...]


class Identities:
    """Every method raises a `Refusal` for a caller without permission."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def list_identities(self, caller: Caller, *, of: EmployeeId | None = None) -> IdentityList:
        """The caller's own; everybody's for an operator without a name, an auditor, and a system administrator.

        `of`: of everybody's, this person's alone.
        """
        async with read_transaction(self._engine) as connection:
            held = await relations_to_company(connection, caller) | await system_relations(connection, caller)
            own = {Relation.OWNER} if Relation.COLLEAGUE in held else set()
            access.require(caller, Action.SEE_IDENTITIES, held | own)
            everybody = bool(held & {Relation.SYSTEM, Relation.AUDITOR, Relation.OPERATOR})
            found = await identities.list_identities(connection, of if everybody else caller.employee)
            names = await names_by_id(connection, {one.employee for one in found})
        return IdentityList(identities=tuple(_listed(one, names) for one in found))

    async def unbind(self, caller: Caller, identity: str, now: datetime) -> ListedIdentity:
        """Ends the binding and all sessions of the person; their next sign-in binds an account anew. A repeat changes nothing."""
        async with self._engine.begin() as connection:
            held = await relations_to_company(connection, caller) | await system_relations(connection, caller)
            access.require(caller, Action.UNBIND_IDENTITY, held)
            found = await identities.find(connection, identity)
            if found is None:
                raise Refusal(Code.UNKNOWN_IDENTITY, identity=identity[:80])
            if await identities.unbind(connection, found, by=caller.employee or OPERATOR, now=now):
                await sessions.end_of_person(connection, found.employee, now)
            names = await names_by_id(connection, [found.employee])
        return _listed(found._replace(unbound_at=found.unbound_at or now), names)


def _listed(one: Identity, names: dict[str, str]) -> ListedIdentity:
    return ListedIdentity(
        identity=one.id, employee=one.employee, name=names.get(one.employee), issuer=one.issuer, bound_at=one.bound_at,
        unbound_at=one.unbound_at,
    )  # fmt: skip
