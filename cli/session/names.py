"""The names of the people in a message: sentences say a person's name beside their id."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # imported where they are used: `--help` needs none of it
    from sqlalchemy.ext.asyncio import AsyncEngine

    from domain.messages import Message
    from domain.refusals import Refusal
    from domain.values import Locale


async def names_in(messages: "Iterable[Message]", engine: "AsyncEngine") -> dict[str, str]:
    """The names, by employee id, of all people in the messages."""
    from service.message_names import names_in_messages

    return await names_in_messages(engine, messages)


async def refusal_with_names(refusal: "Refusal", engine: "AsyncEngine", locale: "Locale") -> str:
    """The refusal as people read it, with names and with the hint which option or command helps."""
    from texts.refusals import refusal_with_hint

    return refusal_with_hint(refusal, locale, await names_in([refusal.message], engine))
