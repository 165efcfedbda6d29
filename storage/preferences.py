"""How a person wants to hear of things: which channel, at what hour."""

from datetime import time
from typing import Any, NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.tables import PreferenceRow


class Preference(NamedTuple):
    channel: str | None = None
    chat_url: str | None = None  # a secret
    digest_at: time | None = None

    def __repr__(self) -> str:
        return f"Preference({self.channel}, {self.digest_at})"


async def find(engine: AsyncEngine, employee: str) -> Preference:
    """What the person chose; all empty where nothing was."""
    query = select(PreferenceRow.channel, PreferenceRow.chat_url, PreferenceRow.digest_at)
    async with engine.connect() as connection:
        row = (await connection.execute(query.where(PreferenceRow.employee_id == employee))).one_or_none()
    return Preference(*row) if row else Preference()


async def change(engine: AsyncEngine, employee: str, **chosen: Any) -> None:
    """Sets what is given and leaves the rest; by employee, so a repeat changes nothing."""
    async with engine.begin() as connection:
        await connection.execute(
            insert(PreferenceRow)
            .values(employee_id=employee, **chosen)
            .on_conflict_do_update(index_elements=["employee_id"], set_={**chosen, "updated_at": func.now()})
        )


async def forget(engine: AsyncEngine, employee: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(delete(PreferenceRow).where(PreferenceRow.employee_id == employee))
