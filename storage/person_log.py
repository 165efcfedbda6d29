"""The log of people: a row for each person whom an import or a sync changed, with the name that the person had from then on.

The journal's entry of the import or sync holds one digest over its rows, so a row that is altered or removed is found. The
digest covers salted commitments instead of names (domain/commitments.py): a name can be erased, and the digest still holds.
"""

import hashlib
from collections.abc import AsyncIterator, Collection, Iterable
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.commitments import ERASED
from domain.journal import Entry, Log
from domain.values import EmployeeId
from storage import journal

DIGEST = "people"  # the fact of the journal's entry that holds the digest
_ERASURE = "names_erased"  # the kind of the journal's entry that records an erasure; the trigger asks for it
_PAGE = 10_000  # rows that a check reads at once

# The hash of a row. The commitment has 32 bytes and no change has a colon, so no two rows have the same form.
_ROW_HASH = "sha256(commitment || convert_to(change || ':' || employee_id, 'UTF8'))"

# Each salt is random by itself, 122 bits. Salts that follow from one seed of the import were refused: the seed would be a
# parameter of this statement, which PostgreSQL may log, and would give away the salts of erased names.
_WRITE = """
    WITH changed AS MATERIALIZED (
        SELECT id, name, change, replace(gen_random_uuid()::text, '-', '') AS salt FROM ({changed}) AS found
    ), written AS (
        INSERT INTO person_change (entry, employee_id, at, change, commitment, salt, name)
        SELECT CAST(:entry AS integer), id, CAST(:at AS timestamptz), change,
            sha256(convert_to(salt || name, 'UTF8')), salt, name
        FROM changed ORDER BY id COLLATE "C"
        RETURNING employee_id, change, commitment
    )
    SELECT encode(sha256(string_agg({row_hash}, ''::bytea ORDER BY employee_id)), 'hex') FROM written
"""

_AS_OF = text("""
    SELECT asked.id, asked.at, COALESCE(
        (SELECT COALESCE(c.name, :erased) FROM person_change c
         WHERE c.employee_id = asked.id AND c.at <= asked.at ORDER BY c.at DESC, c.entry DESC LIMIT 1),
        (SELECT COALESCE(c.name, :erased) FROM person_change c
         WHERE c.employee_id = asked.id ORDER BY c.at, c.entry LIMIT 1),
        (SELECT e.name FROM employee e WHERE e.id = asked.id)
    ) AS name
    FROM unnest(CAST(:ids AS text[]), CAST(:moments AS timestamptz[])) AS asked (id, at)
""")

_NAMED = text("SELECT entry FROM person_change WHERE employee_id = :employee AND name IS NOT NULL ORDER BY entry")
_ERASE = text("""
    UPDATE person_change SET name = NULL, salt = NULL
    WHERE employee_id = :employee AND entry = ANY(CAST(:entries AS integer[]))
""")

_CHECKED_PAGE = text(f"""
    SELECT max(employee_id) AS last, string_agg({_ROW_HASH}, ''::bytea ORDER BY employee_id) AS hashes, bool_and(
        at = :at AND CASE WHEN employee_id = ANY(CAST(:erased AS text[])) THEN name IS NULL
        ELSE COALESCE(sha256(convert_to(salt || name, 'UTF8')) = commitment, false) END
    ) AS holds
    FROM (
        SELECT * FROM person_change WHERE entry = :entry AND employee_id > :after ORDER BY employee_id LIMIT :page
    ) AS page
""")  # noqa: S608 - nothing in it comes from outside
_ERASED_NAMES = text("""
    SELECT j.body ->> 'employee' AS employee, e::integer AS entry
    FROM journal j CROSS JOIN jsonb_array_elements_text(j.body -> 'entries') AS e
    WHERE j.log = :log AND j.kind = :kind
""")
_WITHOUT_ENTRY = text("""
    SELECT DISTINCT entry FROM person_change p
    WHERE NOT EXISTS (SELECT FROM journal j WHERE j.log = :log AND j.seq = p.entry AND jsonb_exists(j.body, :digest))
    ORDER BY entry LIMIT 100
""")


async def write(connection: AsyncConnection, changed: str, place: journal.Place) -> str | None:
    """Writes a row for each person, and returns the digest over the rows; None if there are none. One statement.

    `changed` is a query for ids, names and changes; `place` is that of the journal's entry, which will hold the digest.
    """
    statement = text(_WRITE.format(changed=changed, row_hash=_ROW_HASH))
    digest: str | None = await connection.scalar(statement, {"entry": place.number, "at": place.at})
    return digest


async def names_at(
    connection: AsyncConnection, wanted: Iterable[tuple[str, datetime]]
) -> dict[tuple[str, datetime], str]:
    """The name that each person (by id) had at the moment; people who were never in the directory are left out. One query.

    Before a person's first row, it is the first known name; the present one for a person without rows. An erased name is
    `ERASED`.
    """
    asked = list(dict.fromkeys(wanted))
    if not asked:
        return {}
    values = {"ids": [one for one, _ in asked], "moments": [at for _, at in asked], "erased": ERASED}
    return {(row.id, row.at): row.name for row in await connection.execute(_AS_OF, values) if row.name is not None}


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


async def altered(connection: AsyncConnection) -> AsyncIterator[int]:
    """The numbers of the journal's entries whose people were altered or removed. Reads a page of rows at a time."""
    known = {"log": Log.DIRECTORY.value, "digest": DIGEST}
    for number in await connection.scalars(_WITHOUT_ENTRY, known):
        yield number
    erased = await _erased_names(connection)
    after = 0
    while page := await journal.entries_of(connection, Log.DIRECTORY, after):
        for entry in page:
            if DIGEST in entry.body and not await _holds(connection, entry, erased.get(entry.seq, ())):
                yield entry.seq
        after = page[-1].seq


async def _erased_names(connection: AsyncConnection) -> dict[int, list[str]]:
    """The people whose names were erased, by the entry of their rows."""
    found: dict[int, list[str]] = {}
    for row in await connection.execute(_ERASED_NAMES, {"log": Log.DIRECTORY.value, "kind": _ERASURE}):
        found.setdefault(row.entry, []).append(row.employee)
    return found


async def _holds(connection: AsyncConnection, entry: Entry, erased: Collection[str]) -> bool:
    """Whether the rows of the entry have its digest and its time, and each name fits its commitment or was erased."""
    digest, after = hashlib.sha256(), ""
    values = {"entry": entry.seq, "at": entry.at, "erased": list(erased), "page": _PAGE}
    while (page := (await connection.execute(_CHECKED_PAGE, values | {"after": after})).one()).last is not None:
        if not page.holds:
            return False
        digest.update(page.hashes)
        after = page.last
    return bool(digest.hexdigest() == entry.body[DIGEST])
