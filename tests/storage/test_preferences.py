"""Stored preferences for notices."""

from datetime import time

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.database import read_transaction
from storage.preferences import Preference, find, save
from storage.tables import PreferenceRow
from tests.activities.mailroom import employ

CHOSEN = Preference("chat", "https://chat.example.com/secret", time(8, 30))


async def test_what_was_chosen_is_found_and_the_last_choice_counts(database: AsyncEngine) -> None:
    await employ(database)
    async with read_transaction(database) as connection:
        assert await find(connection, "M1") == Preference()
    async with database.begin() as connection:
        await save(connection, "M1", CHOSEN, by="M1")
        await save(connection, "M1", CHOSEN, by="M1")
    async with read_transaction(database) as connection:
        assert await find(connection, "M1") == CHOSEN
    async with database.begin() as connection:
        await save(connection, "M1", Preference(channel="mail"), by="M1")
    async with read_transaction(database) as connection:
        assert await find(connection, "M1") == Preference(channel="mail")
        assert await find(connection, "M2") == Preference()


async def test_who_leaves_everything_to_the_company_leaves_no_row(database: AsyncEngine) -> None:
    await employ(database)
    async with database.begin() as connection:
        await save(connection, "M1", CHOSEN, by="M1")
        await save(connection, "M1", Preference(), by="M1")
    async with database.connect() as connection:
        assert await connection.scalar(select(func.count()).select_from(PreferenceRow)) == 0


async def test_a_channel_that_there_is_not_is_refused_and_changes_nothing(database: AsyncEngine) -> None:
    await employ(database)
    async with database.begin() as connection:
        await save(connection, "M1", CHOSEN, by="M1")
    with pytest.raises(IntegrityError):
        async with database.begin() as connection:
            await save(connection, "M1", Preference(channel="pigeon"), by="M1")
    async with read_transaction(database) as connection:
        assert await find(connection, "M1") == CHOSEN


def test_the_webhook_is_in_no_repr() -> None:
    assert "secret" not in repr(CHOSEN)
