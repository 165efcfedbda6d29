"""A refusal as people read it."""

from collections.abc import Mapping

from domain.refusals import Refusal
from domain.values import Locale
from texts.say import say, say_with_hint

_NOBODY: Mapping[str, str] = {}


def refusal_text(refusal: Refusal, locale: Locale, names: Mapping[str, str] = _NOBODY) -> str:
    """The sentence; `names` are people's names by employee id (`people_in` says which are needed)."""
    return say(refusal.message, locale, names)


def refusal_with_hint(refusal: Refusal, locale: Locale, names: Mapping[str, str] = _NOBODY) -> str:
    """The sentence and, where there is one, the command line's hint: which option or command helps."""
    return say_with_hint(refusal.message, locale, names)
