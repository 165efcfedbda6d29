"""Users and groups as the identity provider wants them, and the runs that compared them with the directory. Writes append to the journal."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.journal import Log
from domain.values import EmployeeId
from storage import journal
from storage.arrays import is_one_of
from storage.tables import ScimResourceRow as R

_LIVES = R.removed_at.is_(None)
# By the index that refuses: the attribute of SCIM that somebody else has.
_ATTRIBUTE_OF = {
    "scim_resource_key": "userName",
    "scim_resource_number": "employeeNumber",
    "scim_resource_person": "emails",
}


class Resource(NamedTuple):
    """A resource as it is stored; see `ScimResourceRow`."""

    id: str
    kind: str
    key: str
    external_id: str | None
    employee: EmployeeId | None
    number: str | None
    attributes: dict[str, Any]
    made_at: datetime
    changed_at: datetime
    changed_by: str
    removed_at: datetime | None = None
    pending_at: datetime | None = None
    applied: dict[str, Any] | None = None
    refused: list[dict[str, Any]] | None = None


class Taken(Exception):
    """Another resource has this value of the attribute."""

    def __init__(self, attribute: str) -> None:
        self.attribute = attribute
        super().__init__(attribute)


COLUMNS = (
    R.id, R.kind, R.key, R.external_id, R.employee_id, R.number, R.attributes, R.made_at, R.changed_at, R.changed_by,
    R.removed_at, R.pending_at, R.applied, R.refused,
)  # fmt: skip


async def find(connection: AsyncConnection, kind: str, resource: str, *, lock: bool = False) -> Resource | None:
    """The resource, if it was not removed. `lock`: other writers of it wait until the transaction ends."""
    query = select(*COLUMNS).where(R.id == resource, R.kind == kind, _LIVES)
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    return as_resource(row) if row else None


async def add(connection: AsyncConnection, one: Resource) -> None:
    """Raises `Taken`."""
    await _write(connection, insert(R).values(_values(one)))
    await _append(connection, "resource_made", one)


async def replace(connection: AsyncConnection, one: Resource) -> None:
    """Writes all of the resource again. Raises `Taken`."""
    await _write(connection, update(R).where(R.id == one.id).values(_values(one)))
    await _append(connection, "resource_removed" if one.removed_at else "resource_changed", one)


async def page(
    connection: AsyncConnection, kind: str, *, having: Mapping[str, str], offset: int, limit: int | None
) -> tuple[int, list[Resource]]:
    """The number of resources whose columns have these values, and some of them, the oldest first."""
    which = (R.kind == kind) & _LIVES
    for name, value in having.items():
        which &= getattr(R, name) == value
    total = await connection.scalar(select(func.count()).select_from(R).where(which)) or 0
    query = select(*COLUMNS).where(which).order_by(R.made_at, R.id).offset(offset).limit(limit)
    return total, [as_resource(row) for row in await connection.execute(query)]


async def known(connection: AsyncConnection, resources: Collection[str]) -> set[str]:
    """Which of these ids are resources that were not removed."""
    return set(await connection.scalars(select(R.id).where(is_one_of(R.id, resources), _LIVES)))


async def groups_with(connection: AsyncConnection, users: Collection[str]) -> list[Resource]:
    """The groups that have one of these members."""
    member = text(
        "EXISTS (SELECT FROM jsonb_array_elements(COALESCE(attributes -> 'members', '[]')) m WHERE m ->> 'value' = ANY(:users))"
    ).bindparams(users=list(users))
    query = select(*COLUMNS).where(R.kind == "Group", _LIVES, member).order_by(R.key)
    return [as_resource(row) for row in await connection.execute(query)]


async def touch(connection: AsyncConnection, users: Collection[str], actor: str, now: datetime) -> None:
    """Marks these users as changed, because a group of theirs has changed."""
    await connection.execute(
        update(R)
        .where(is_one_of(R.id, users), R.kind == "User", _LIVES)
        .values(pending_at=now, refused=None, changed_by=actor)
    )


async def _write(connection: AsyncConnection, statement: Any) -> None:
    try:
        await connection.execute(statement)
    except IntegrityError as error:
        attribute = next((name for index, name in _ATTRIBUTE_OF.items() if index in str(error.orig)), None)
        if attribute is None:
            raise
        raise Taken(attribute) from error


async def _append(connection: AsyncConnection, kind: str, one: Resource) -> None:
    facts = {"resource": one.id, "kind": one.kind}
    await journal.append(connection, Log.PROVISIONING, kind, actor=one.changed_by, facts=facts)


def _values(one: Resource) -> dict[str, Any]:
    values = one._asdict()
    return {("employee_id" if name == "employee" else name): value for name, value in values.items()}


def as_resource(row: Row[*tuple[Any, ...]]) -> Resource:
    return Resource(*row)
