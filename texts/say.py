"""Sentences: a message, or a key and its fields, in a language.

A field of a text may say how its value is read, and how several are joined: `{state:state}`, `{day:date}`, `{actor:person}`,
`{where:place}`, `{possible:state or_quoted}`. What comes first after the colon is one of

    text      as it is; the default. A message within a message is said in the same language
    date      an ISO date, with its weekday
    person    an employee id: the name and the id where the names are given, else the id
    place     where a finding is: a field, a row of a file, a person
    reason_given  a person's words, or one of the program's own reasons
    cell      a field of a sheet
    choice    a value to choose, with its word: people may type either
    ordinal   an index from 0, as people count: from 1
    number    an exact number, as it is written

or the first part of keys in words.po: `state`, `verdict`, `event`, …; a value that words.po does not have stays as it is.
What comes second is a key `join.<style>` in words.po; the default is `join.list`.

A list may have nothing in it: where `<key>.nobody` exists, it is said instead of `<key>`.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from string import Formatter
from typing import Any

from domain.messages import Message
from domain.values import Frozen, Locale
from texts import translations
from texts.dates import day_text
from texts.places import field_of_sheet, place_text
from texts.words import actor_word, choice_text, reason_text, word

Names = Mapping[str, str]
_NOBODY: Names = {}
_EMPTY: tuple[Any, ...] = ("-", (), ("-",), [], ["-"])


class BothTexts(Frozen):
    """A sentence in both languages, as documents for programs hold it."""

    ja: str
    en: str


def say(what: Message | str, locale: Locale, names: Names = _NOBODY, /, **fields: Any) -> str:
    """The sentence of a message, or of a key and its fields; `names` are people's names by employee id.

    Raises `KeyError` for a key that the catalogue does not have, or a field that was not given.
    """
    key, given = (what.key, what.fields) if isinstance(what, Message) else (what, fields)
    key = _where_nobody_is(key, given, locale)
    if not translations.is_counted(key, locale):
        return _Sentence(locale, names).vformat(translations.template(key, locale), (), given)
    n = given["n"]
    return _Sentence(locale, names).vformat(translations.template(key, locale, int(str(n).replace(",", ""))), (), given)


def _where_nobody_is(key: str, given: Mapping[str, Any], locale: Locale) -> str:
    """The key of the sentence for a list with nothing in it, which may be written as "-": `<key>.nobody`, where there is one."""
    if any(value in _EMPTY for value in given.values()) and translations.has(f"{key}.nobody", locale):
        return f"{key}.nobody"
    return key


def say_both(what: Message | str, names: Names = _NOBODY, /, **fields: Any) -> BothTexts:
    """The sentence in both languages, for documents that programs read."""
    return BothTexts(ja=say(what, Locale.JA, names, **fields), en=say(what, Locale.EN, names, **fields))


def say_with_hint(what: Message, locale: Locale, names: Names = _NOBODY, /) -> str:
    """The sentence, and what the command line adds: which option or command helps (`hint.<key>` in screens.po).

    A message within the message may have a hint too.
    """
    sentence = say(what, locale, names)
    for one in (what, *(value for value in what.fields.values() if isinstance(value, Message))):
        if added := hint(one, locale):
            sentence = say("hint.after", locale, sentence=sentence, hint=added)
    return sentence


def hint(what: Message, locale: Locale) -> str | None:
    """What the command line adds to a message; none for most."""
    key = f"hint.{what.key}"
    return say(key, locale, **what.fields) if translations.has(key, locale) else None


class _Sentence(Formatter):
    """Fills the fields of one text."""

    def __init__(self, locale: Locale, names: Names) -> None:
        self._locale, self._names = locale, names

    def format_field(self, value: Any, format_spec: str) -> str:
        kind, _, style = format_spec.partition(" ")
        if isinstance(value, Sequence) and not isinstance(value, str):
            between = translations.template(f"join.{style or 'list'}", self._locale)
            return between.join(self._one(one, kind) for one in value)
        return self._one(value, kind)

    def _one(self, value: Any, kind: str) -> str:
        if isinstance(value, Message):
            return say(value, self._locale, self._names)
        if kind in _READINGS:
            return _READINGS[kind](value, self._locale, self._names)
        return word(kind, str(value), self._locale) if kind else str(value)


def _date(value: Any, locale: Locale) -> str:
    return day_text(value if isinstance(value, date) else date.fromisoformat(str(value)), locale)


def _person(value: Any, locale: Locale, names: Names) -> str:
    if str(value).startswith("@"):  # no person: the clock, the organisation, a program
        return actor_word(str(value), locale)
    name = names.get(str(value))
    return say("person.named", locale, name=name, id=value) if name else say("person.unnamed", locale, id=value)


def _place(value: Any, locale: Locale, names: Names) -> str:
    return _person(value, locale, names) if str(value) in names else place_text(str(value), locale)


_READINGS: dict[str, Callable[[Any, Locale, Names], str]] = {
    "text": lambda value, *_: str(value),
    "number": lambda value, *_: str(value),
    "choice": lambda value, locale, _: choice_text(str(value), locale),
    "ordinal": lambda value, *_: str(int(value) + 1),
    "date": lambda value, locale, _: _date(value, locale),
    "person": _person,
    "place": _place,
    "reason_given": lambda value, locale, _: reason_text(str(value), locale),
    "cell": lambda value, locale, _: field_of_sheet(str(value), locale),
}
READINGS = frozenset(_READINGS)


def people_in(what: Message) -> frozenset[str]:
    """The employee ids in a message, those in messages within it included: whose names a door looks up to say it."""
    found = set[str]()
    for _, name, spec, _ in Formatter().parse(translations.template(what.key, Locale.EN)):
        if name is not None and name in what.fields:
            value = what.fields[name]
            for one in value if isinstance(value, tuple) else (value,):
                if isinstance(one, Message):
                    found |= people_in(one)
                elif (spec or "").partition(" ")[0] == "person":
                    found.add(str(one))
    return frozenset(found)
