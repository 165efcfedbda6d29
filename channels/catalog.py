"""The texts of notices, from gettext catalogues: `locales/<language>/LC_MESSAGES/notices.po`.

Read as they stand and compiled in memory: a translator's change needs no build, and the tree holds no compiled file.
"""

from functools import cache
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from domain.values import Locale, Text

_FOLDER = Path(__file__).parent / "locales"


@cache
def catalogue(locale: Locale) -> Catalog:
    """What the translators of that language wrote."""
    with (_FOLDER / locale / "LC_MESSAGES" / "notices.po").open("rb") as opened:
        return read_po(opened, locale)


@cache
def _translations(locale: Locale) -> GNUTranslations:
    compiled = BytesIO()
    write_mo(compiled, catalogue(locale))
    compiled.seek(0)
    return GNUTranslations(compiled)


def _found(locale: Locale, key: str) -> str:
    said = _translations(locale).gettext(key)
    if said == key:  # gettext's answer for what it does not know
        raise KeyError(key)
    return said


def text(key: str) -> Text:
    """The text in both languages; raises `KeyError` for a key that a catalogue has not."""
    return Text(ja=_found(Locale.JA, key), en=_found(Locale.EN, key))


def say(locale: Locale, key: str, **fields: object) -> str:
    """The text with its fields filled in; raises `KeyError` for a key that the catalogue has not."""
    return _found(locale, key).format(**fields)


def say_counted(locale: Locale, one: str, many: str, n: int) -> str:
    """The text in the form that the language has for `n` things, which stands in it as `{n}`."""
    return _translations(locale).ngettext(one, many, n).format(n=n)
