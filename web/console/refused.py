"""A form that was refused, on a page with several: which one, what was typed into it, and why it was refused."""

from typing import Any

from domain.errors import MeguriError
from domain.refusals import Refusal
from service.message_names import names_in_messages
from texts.say import say
from web.console.forms import NOTHING_TYPED, Typed, errors_of
from web.console.visit import Visit

NOT_REFUSED: dict[str, Any] = {"failed": None, "typed": NOTHING_TYPED, "summary": None, "errors": {}}


async def refused_form(visit: Visit, form: str, typed: Typed, error: MeguriError) -> dict[str, Any]:
    """The values of a page on which this form is shown again; those of a page without a refused form are `NOT_REFUSED`."""
    names = await names_in_messages(visit.opened.engine, [error.message])
    errors = errors_of(error) if isinstance(error, Refusal) else {}
    return {
        "failed": form,
        "typed": typed,
        "summary": say(error.message, visit.locale, names),
        "errors": {where.partition("[")[0]: say(one, visit.locale) for where, one in errors.items()},
    }
