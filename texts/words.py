"""The words for values: what states, tasks, verdicts and the like are called, as `<kind>.<value>` in words.po."""

import re
from functools import cache

from domain.locale import Locale
from texts import translations


def word(kind: str, value: str, locale: Locale) -> str:
    """What a value of that kind is called; a value without a word (a cause of the company's own) as it is."""
    key = f"{kind}.{value}"
    return translations.template(key, locale) if translations.has(key, locale) else value


def actor_word(actor: str, locale: Locale) -> str:
    """What acts in the name of no person, as `@clock`; a program, as `@program:hr-sync`, by its name."""
    kind, _, name = actor.removeprefix("@").partition(":")
    return translations.template("format.program", locale).format(name=name) if name else word("actor", kind, locale)


# Kinds of values that commands and files name.
_OUR_REASON = re.compile(r"meguri:([a-z_]+)(?: \((.*)\))?")
_CHOICES = ("verdict", "next", "task", "direction", "measure", "locale", "channel", "cause")


def reason_text(reason: str, locale: Locale) -> str:
    """A reason as people read it: what a person wrote as it is, the program's own (domain/reasons.py) in words."""
    ours = _OUR_REASON.fullmatch(reason)
    if ours is None:
        return reason
    sentence = word("reason", ours[1], locale)
    return f"{sentence} ({ours[2]})" if ours[2] else sentence


def choice_text(value: str, locale: Locale) -> str:
    """A value that somebody may choose, as it is written, behind its word where that differs."""
    kind = next((kind for kind in _CHOICES if translations.has(f"{kind}.{value}", locale)), None)
    if kind is None or locale is Locale.EN:
        return value
    return translations.template("format.choice", locale).format(word=word(kind, value, locale), code=value)


def value_of(kind: str, typed: str) -> str | None:
    """The value that somebody typed, by its code or its word in either language; none where it is no such value.

    Small and capital letters, spaces and hyphens make no difference.
    """
    return _values(kind).get(_folded(typed))


def values(kind: str) -> tuple[str, ...]:
    """All values of that kind that have a word, in the order of the catalogue."""
    ids = (entry.id for entry in translations.catalog(translations.WORDS, Locale.EN))
    return tuple(one.removeprefix(f"{kind}.") for one in ids if isinstance(one, str) and one.startswith(f"{kind}."))


@cache
def _values(kind: str) -> dict[str, str]:
    known = values(kind)
    words = {_folded(word(kind, one, locale)): one for locale in Locale for one in known}
    return words | {_folded(one): one for one in known}


def _folded(typed: str) -> str:
    return typed.strip().casefold().replace(" ", "_").replace("-", "_")
