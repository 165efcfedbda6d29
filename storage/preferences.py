"""A person's preferences for notices: the channel, and the time of the daily digest."""

from datetime import time
from typing import Any, NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.journal import Log
from storage import journal
from storage.tables import PreferenceRow


class Preference(NamedTuple):
    """A person's choices; a field is None where the company default applies."""

    channel: str | None = None
    chat_url: str | None = None  # a secret
    digest_at: time | None = None

    def __repr__(self) -> str:
        return f"Preference({self.channel}, {self.digest_at})"


async def find(connection: AsyncConnection, employee: str) -> Preference:
    """The person's preferences; all fields are None if the person chose nothing."""
    query = select(PreferenceRow.channel, PreferenceRow.chat_url, PreferenceRow.digest_at)
    row = (await connection.execute(query.where(PreferenceRow.employee_id == employee))).one_or_none()
    return Preference(*row) if row else Preference()


async def save(connection: AsyncConnection, employee: str, preference: Preference, *, by: str) -> None:
    """Replaces the person's preferences; an empty one deletes the row. Keyed by employee, so a repeat changes nothing.

    Appends to the journal if something changes, with `by` as the actor.
    """
    before = await find(connection, employee)
    if before == preference:
        return
    values = preference._asdict()
    kept = insert(PreferenceRow).values(employee_id=employee, **values)
    if preference == Preference():
        await connection.execute(delete(PreferenceRow).where(PreferenceRow.employee_id == employee))
    else:
        await connection.execute(
            kept.on_conflict_do_update(index_elements=["employee_id"], set_={**values, "updated_at": func.now()})
        )
    facts = _facts(employee, before, preference)
    await journal.append(connection, Log.PREFERENCES, "preferences_changed", actor=by, facts=facts)


def _facts(employee: str, before: Preference, after: Preference) -> dict[str, Any]:
    """What the journal says of a change. The address of a webhook is a secret, so it says only whether there is one."""
    return {
        "employee": employee,
        "channel": after.channel,
        "digest_at": after.digest_at.isoformat() if after.digest_at else None,
        "has_chat_url": after.chat_url is not None,
        "chat_url_changed": after.chat_url != before.chat_url,
    }
