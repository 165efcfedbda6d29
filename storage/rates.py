"""How many requests each token and each address sent in the present minute, over all web servers."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_COUNT = text("""
    INSERT INTO request_rate AS r (key, minute, requests) VALUES (:key, date_trunc('minute', CAST(:now AS timestamptz)), 1)
    ON CONFLICT (key) DO UPDATE SET
        requests = CASE WHEN r.minute = excluded.minute THEN r.requests + 1 ELSE 1 END, minute = excluded.minute
    RETURNING requests
""")
# Addresses that are never seen again; a few at a time, so that no request waits.
_FORGET = text("""
    DELETE FROM request_rate WHERE key IN (
        SELECT key FROM request_rate WHERE minute < CAST(:now AS timestamptz) - interval '1 hour' LIMIT 100 FOR UPDATE SKIP LOCKED
    )
""")


async def count(connection: AsyncConnection, key: str, now: datetime) -> int:
    """Counts a request of `key` (a token, an address) and returns how many there were in this minute, this one included."""
    requests = int((await connection.execute(_COUNT, {"key": key, "now": now})).scalar_one())
    if requests == 1:
        await connection.execute(_FORGET, {"now": now})
    return requests
