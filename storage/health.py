"""How the database is, for who looks after the servers."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_STATE = text("SELECT current_setting('server_version'), pg_database_size(current_database())")


async def database_state(connection: AsyncConnection) -> tuple[str, int]:
    """The version of the server, and the size of the database in bytes."""
    version, size = (await connection.execute(_STATE)).one()
    return version.partition(" ")[0], size
