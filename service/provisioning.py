"""Use cases of provisioning: the users and groups that an identity provider keeps here by SCIM.

A write stores what the provider wants, and nothing else: `service/gathering.py` compares it with the directory later.
"""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.access import Caller, actor_of
from domain.people.wanted import ResourceKind, Wanted, key_of, members_of, wanted_fields
from domain.refusals import Code, Refusal
from domain.values import EmployeeId
from service.answers import compose
from service.relations import require_provisioner
from storage import identities, provisioned
from storage.database import read_transaction
from storage.directory import holder_of
from storage.people import find_employee
from storage.provisioned import Resource, Taken

Attributes = dict[str, Any]
_ID_BYTES = 12


class Found(NamedTuple):
    """A page of resources, and how many there are in all."""

    total: int
    resources: list[Resource]


class Provisioning:
    """Every method raises a `Refusal` for a caller who is no administrator of the directory."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def find(self, caller: Caller, kind: ResourceKind, resource: str) -> Resource:
        """Raises a `Refusal` for an unknown one."""
        async with read_transaction(self._engine) as connection:
            await require_provisioner(connection, caller)
            return await _require(connection, kind, resource)

    async def page(
        self,
        caller: Caller,
        kind: ResourceKind,
        *,
        having: Mapping[str, str],
        offset: int = 0,
        limit: int | None = None,
    ) -> Found:
        """The resources with these values, the oldest first. The values are those of columns: `id`, `key`, `external_id`."""
        async with read_transaction(self._engine) as connection:
            await require_provisioner(connection, caller)
            return Found(*await provisioned.page(connection, kind, having=having, offset=offset, limit=limit))

    async def create(self, caller: Caller, kind: ResourceKind, attributes: Attributes, now: datetime) -> Resource:
        """Raises a `Refusal` for values that the directory does not take, or that another resource has."""
        actor = actor_of(caller)
        made = Resource(secrets.token_hex(_ID_BYTES), kind, "", None, None, None, {}, now, now, actor)
        try:
            async with self._engine.begin() as connection:
                await require_provisioner(connection, caller)
                made = await _changed(connection, made, attributes, actor, now)
                await provisioned.add(connection, made)
                await provisioned.touch(connection, members_of(attributes), actor, now)
        except Taken as taken:
            raise _taken(kind, taken) from taken
        return made

    async def change(
        self,
        caller: Caller,
        kind: ResourceKind,
        resource: str,
        change: Callable[[Resource], Attributes],
        now: datetime,
    ) -> Resource:
        """Stores the attributes that `change` makes of the resource. The same attributes again change nothing."""
        actor = actor_of(caller)
        try:
            async with self._engine.begin() as connection:
                await require_provisioner(connection, caller)
                found = await _require(connection, kind, resource, lock=True)
                attributes = change(found)
                if attributes == found.attributes:
                    return found
                changed = await _changed(connection, found, attributes, actor, now)
                await provisioned.replace(connection, changed)
                await provisioned.touch(connection, _moved(found, changed), actor, now)
        except Taken as taken:
            raise _taken(kind, taken) from taken
        return changed

    async def remove(self, caller: Caller, kind: ResourceKind, resource: str, now: datetime) -> None:
        """The person of a removed user leaves. Raises a `Refusal` for one that was removed before."""
        actor = actor_of(caller)
        async with self._engine.begin() as connection:
            await require_provisioner(connection, caller)
            found = await _require(connection, kind, resource, lock=True)
            gone = found._replace(removed_at=now, changed_at=now, changed_by=actor, pending_at=now, refused=None)
            if kind is ResourceKind.GROUP:
                gone = gone._replace(pending_at=None)
            await provisioned.replace(connection, gone)
            await provisioned.touch(connection, members_of(found.attributes), actor, now)
            for group in await provisioned.groups_with(connection, [resource]):
                members = [one for one in group.attributes["members"] if one.get("value") != resource]
                left = group._replace(
                    attributes={**group.attributes, "members": members}, changed_at=now, changed_by=actor
                )
                await provisioned.replace(connection, left)


async def _require(connection: AsyncConnection, kind: ResourceKind, resource: str, *, lock: bool = False) -> Resource:
    if found := await provisioned.find(connection, kind, resource, lock=lock):
        return found
    raise Refusal(Code.UNKNOWN_RESOURCE, resource=resource[:80])


async def _changed(
    connection: AsyncConnection, one: Resource, attributes: Attributes, actor: str, now: datetime
) -> Resource:
    """The resource with these attributes, checked."""
    changed = one._replace(
        key=key_of(ResourceKind(one.kind), attributes),
        external_id=attributes.get("externalId"),
        attributes=attributes,
        changed_at=now,
        changed_by=actor,
        refused=None,
    )
    if one.kind == ResourceKind.GROUP:
        await _require_known(connection, members_of(attributes))
        return changed
    wanted = compose(Wanted, wanted_fields(attributes))
    if wanted.manager:
        await _require_manager(connection, one.id, wanted.manager)
    employee = one.employee or await _employee_of(connection, wanted)
    return changed._replace(number=wanted.number, employee=employee, pending_at=now)


async def _require_known(connection: AsyncConnection, members: tuple[str, ...]) -> None:
    known = await provisioned.known(connection, members)
    for one in members:
        if one not in known:
            raise Refusal(Code.UNKNOWN_MEMBER, member=one[:80])


async def _require_manager(connection: AsyncConnection, own: str, manager: str) -> None:
    """A manager is a user of the provider, or somebody in the directory by their employee number."""
    if manager != own:
        if await provisioned.known(connection, [manager]):
            return
        if await holder_of(connection, manager) or await find_employee(connection, EmployeeId(manager)):
            return
    raise Refusal(Code.UNKNOWN_MANAGER, manager=manager[:80])


async def _employee_of(connection: AsyncConnection, wanted: Wanted) -> EmployeeId | None:
    """Who works here with this mail address, for a person without an employee number. Of whose number it is, the comparison decides."""
    if wanted.number or not wanted.mail:
        return None
    found = await identities.people_with(connection, mail=wanted.mail)
    return found[0] if len(found) == 1 else None


def _moved(before: Resource, after: Resource) -> set[str]:
    """The members of a group whom a change of it concerns: all of them, where its name is another one."""
    old, new = set(members_of(before.attributes)), set(members_of(after.attributes))
    return old | new if before.key != after.key else old ^ new


def _taken(kind: ResourceKind, taken: Taken) -> Refusal:
    attribute = "displayName" if kind is ResourceKind.GROUP else taken.attribute
    return Refusal(Code.RESOURCE_TAKEN, attribute=attribute)
