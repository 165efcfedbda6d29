"""A refusal as people read it."""

from collections.abc import Mapping

from domain.refusals import Refusal
from domain.values import Locale
from texts.say import hint, say

_NOBODY: Mapping[str, str] = {}


def refusal_text(refusal: Refusal, locale: Locale, names: Mapping[str, str] = _NOBODY) -> str:
    """The sentence; `names` are people's names by employee id (`people_in` says which are needed)."""
    return say(refusal.message, locale, names)


def refusal_with_hint(refusal: Refusal, locale: Locale, names: Mapping[str, str] = _NOBODY) -> str:
    """The sentence and, where there is one, the command line's hint: which option or command helps."""
    help_text = hint(refusal.code, locale, **refusal.message.fields)
    sentence = refusal_text(refusal, locale, names)
    if help_text is None:
        return sentence
    return say("hint.after", locale, sentence=sentence, hint=help_text)
