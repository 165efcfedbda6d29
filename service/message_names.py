"""The names of the people in messages: sentences say a person's name beside their id."""

from collections.abc import Iterable

from sqlalchemy.ext.asyncio import AsyncEngine

from domain.messages import Message
from service.projection import names_by_id
from storage.database import read_transaction
from texts.say import people_in


async def names_in_messages(engine: AsyncEngine, messages: Iterable[Message]) -> dict[str, str]:
    """The names, by employee id, of all people in the messages; one query, or none if nobody is in them."""
    return await names_of_people(engine, frozenset[str]().union(*(people_in(one) for one in messages)))


async def names_of_people(engine: AsyncEngine, people: Iterable[str]) -> dict[str, str]:
    """The names of these people, by employee id; one query, or none if there is nobody."""
    wanted = set(people)
    if not wanted:
        return {}
    async with read_transaction(engine) as connection:
        return await names_by_id(connection, wanted)
