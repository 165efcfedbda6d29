"""The names of the people in a message: sentences say a person's name beside their id."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # imported where they are used: `--help` needs none of it
    from sqlalchemy.ext.asyncio import AsyncEngine

    from domain.messages import Message
    from domain.refusals import Refusal
    from domain.values import Locale


async def names_in(messages: "Iterable[Message]", engine: "AsyncEngine") -> dict[str, str]:
    """The names, by employee id, of all people in the messages; one query, or none where nobody is in them."""
    from service.projection import names_by_id
    from storage.database import read_transaction
    from texts.say import people_in

    people = frozenset[str]().union(*(people_in(one) for one in messages))
    if not people:
        return {}
    async with read_transaction(engine) as connection:
        return await names_by_id(connection, people)


async def refusal_with_names(refusal: "Refusal", engine: "AsyncEngine", locale: "Locale") -> str:
    """The refusal as people read it, with names and with the hint which option or command helps."""
    from texts.refusals import refusal_with_hint

    return refusal_with_hint(refusal, locale, await names_in([refusal.message], engine))
