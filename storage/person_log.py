"""The log of people: a row for each person whom an import or a sync changed, with the name that the person had from then on.

The journal's entry of the import or sync holds one digest over its rows, so a row that is altered or removed is found. The
digest covers salted commitments instead of names (domain/commitments.py): a name can be erased, and the digest still holds.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.journal import Log
from domain.values import EmployeeId
from storage import journal

DIGEST = "people_digest"  # the fact of the journal's entry that holds the digest
_ERASURE = "names_erased"  # the kind of the journal's entry that records an erasure; the trigger asks for it
_PAGE = 10_000  # rows that a check reads at once

# The hash of a row. The commitment has 32 bytes and no change has a colon, so no two rows have the same form.
_ROW_HASH = "sha256(commitment || convert_to(change || ':' || employee_id, 'UTF8'))"

# A salt is the hash of the id and a secret of 244 random bits. PostgreSQL makes the secret within the statement: it is no
# parameter, so no log has it, and it is stored nowhere. Nobody can compute the salt of an erased name from other people's.
_WRITE = """
    WITH secret AS MATERIALIZED (
        SELECT uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) AS bytes
    ), changed AS (
        SELECT id, name, change, left(encode(sha256(secret.bytes || convert_to(id, 'UTF8')), 'hex'), 32) AS salt
        FROM ({changed}) AS found CROSS JOIN secret ORDER BY id COLLATE "C"
    ), written AS (
        INSERT INTO person_change (employee_id, entry, at, change, commitment, salt, name)
        SELECT id, CAST(:entry AS integer), CAST(:at AS timestamptz), change,
            sha256(convert_to(salt || name, 'UTF8')), salt, name
        FROM changed
        RETURNING employee_id, change, commitment
    )
    SELECT encode(sha256(string_agg({row_hash}, ''::bytea ORDER BY employee_id)), 'hex') FROM written
"""

# The SQL function `name_at` is what lists use in their own queries too.
_AS_OF = text("""
    SELECT asked.id, asked.at, name_at(asked.id, asked.at) AS name
    FROM unnest(CAST(:ids AS text[]), CAST(:moments AS timestamptz[])) AS asked (id, at)
""")
_IN_CYCLE = text("""
    SELECT asked.id, name_at(asked.id, (SELECT closed_at FROM cycle WHERE id = :cycle)) AS name
    FROM unnest(CAST(:ids AS text[])) AS asked (id)
""")

_EMPLOYMENT = text("""
    SELECT at, change FROM person_change WHERE employee_id = :employee AND change <> 'changed' ORDER BY entry
""")
_NAMED = text("SELECT entry FROM person_change WHERE employee_id = :employee AND name IS NOT NULL ORDER BY entry")
_ERASE = text("""
    UPDATE person_change SET name = NULL, salt = NULL
    WHERE employee_id = :employee AND entry = ANY(CAST(:entries AS integer[]))
""")

# The rows of a page by entry. A row's time is that of its entry; its name fits the commitment, or is gone.
_CHECKED_PAGE = text(f"""
    SELECT p.entry, max(p.employee_id) AS last, string_agg({_ROW_HASH}, ''::bytea ORDER BY p.employee_id) AS hashes,
        bool_and(COALESCE(p.at = j.at, false) AND (
            p.name IS NULL OR COALESCE(sha256(convert_to(p.salt || p.name, 'UTF8')) = p.commitment, false)
        )) AS holds,
        array_agg(p.employee_id) FILTER (WHERE p.name IS NULL) AS nameless
    FROM (
        SELECT * FROM person_change WHERE (employee_id, entry) > (:employee, CAST(:entry AS integer))
        ORDER BY employee_id, entry LIMIT :page
    ) AS p LEFT JOIN journal j ON j.log = :log AND j.seq = p.entry GROUP BY p.entry
""")  # noqa: S608 - nothing in it comes from outside

Names = dict[tuple[str, datetime | None], str]
"""Names by employee id and moment."""


async def write(connection: AsyncConnection, changed: str, place: journal.Place) -> str | None:
    """Writes a row for each person, and returns the digest over the rows; None if there are none. One statement.

    `changed` is a query for ids, names and changes; `place` is that of the journal's entry, which will hold the digest.
    """
    statement = text(_WRITE.format(changed=changed, row_hash=_ROW_HASH))
    digest: str | None = await connection.scalar(statement, {"entry": place.number, "at": place.at})
    return digest


async def names_at(connection: AsyncConnection, wanted: Iterable[tuple[str, datetime | None]]) -> Names:
    """The name that each person (by id) had at the moment; None: the present name. One query.

    Before a person's first row, it is the first known name; the present one for a person without rows. An erased name is
    `domain.commitments.ERASED`. People who were never in the directory are left out.
    """
    asked = list(dict.fromkeys(wanted))
    if not asked:
        return {}
    values = {"ids": [one for one, _ in asked], "moments": [at for _, at in asked]}
    return {(row.id, row.at): row.name for row in await connection.execute(_AS_OF, values) if row.name is not None}


async def names_in_cycle(connection: AsyncConnection, cycle: str, people: Iterable[str]) -> dict[str, str]:
    """The names by id: present ones while the cycle is open, afterwards those of the moment when it closed. One query."""
    found = await connection.execute(_IN_CYCLE, {"ids": list(set(people)), "cycle": cycle})
    return {row.id: row.name for row in found if row.name is not None}


class EmploymentChange(NamedTuple):
    """That a person joined (`added`), left or returned, and when the directory learned it."""

    at: datetime
    change: str


async def employment_of(connection: AsyncConnection, employee: EmployeeId) -> list[EmploymentChange]:
    """When the person joined, left and returned, as far as this log knows; in order."""
    found = await connection.execute(_EMPLOYMENT, {"employee": employee})
    return [EmploymentChange(*row) for row in found]


async def erase_names(connection: AsyncConnection, employee: EmployeeId, *, by: str, reason: str) -> int:
    """Erases the names of this person in the log of people, with their salts; returns in how many rows.

    The directory keeps the present name. The rows and their commitments stay, so every digest still holds. Appends to the
    journal, with `by` as the actor, if there was a name. A repeat finds none.
    """
    place = await journal.reserve(connection, Log.DIRECTORY)
    entries = list(await connection.scalars(_NAMED, {"employee": employee}))
    if entries:
        facts = {"employee": employee, "entries": entries}
        await journal.append(
            connection, Log.DIRECTORY, _ERASURE, actor=by, facts=facts, texts={"reason": reason}, place=place
        )
        await connection.execute(_ERASE, {"employee": employee, "entries": entries})
    return len(entries)


@dataclass
class _Found:
    """What the rows of an entry are: their digest so far, whether each holds, and the people whose names are gone."""

    digest: Any = field(default_factory=hashlib.sha256)
    holds: bool = True
    nameless: set[str] = field(default_factory=set)


async def altered(connection: AsyncConnection) -> list[int]:
    """The numbers of the journal's entries whose people were altered or removed. Reads a page of rows at a time."""
    found = await _rows_by_entry(connection)
    digests: dict[int, str] = {}
    erased: dict[int, set[str]] = {}
    after = 0
    while page := await journal.entries_of(connection, Log.DIRECTORY, after):
        for one in page:
            if DIGEST in one.body:
                digests[one.seq] = one.body[DIGEST]
            for number in one.body["entries"] if one.kind == _ERASURE else ():
                erased.setdefault(number, set()).add(one.body["employee"])
        after = page[-1].seq
    return [
        number
        for number in sorted(digests.keys() | found.keys())
        if not _is_whole(found.get(number, _Found()), digests.get(number), erased.get(number, set()))
    ]


def _is_whole(found: _Found, digest: str | None, erased: set[str]) -> bool:
    return bool(found.holds and found.digest.hexdigest() == digest and found.nameless == erased)


async def _rows_by_entry(connection: AsyncConnection) -> dict[int, _Found]:
    """All rows, a page at a time in the order of ids: so the digests of all entries are computed in one pass."""
    found: dict[int, _Found] = {}
    last: tuple[str, int] = ("", 0)
    while True:
        values = {"employee": last[0], "entry": last[1], "page": _PAGE, "log": Log.DIRECTORY.value}
        groups = (await connection.execute(_CHECKED_PAGE, values)).all()
        if not groups:
            return found
        for row in groups:
            one = found.setdefault(row.entry, _Found())
            one.digest.update(row.hashes)
            one.holds = one.holds and row.holds
            one.nameless.update(row.nameless or ())
        last = max((row.last, row.entry) for row in groups)
