"""The gettext catalogues, read with Babel as translators wrote them: no build step, and no compiled file in the tree.

A key's first word names its catalogue (`FILES`); keys of all other first words are in words.po. Each is read when it is first
used, so `--help` reads help.po alone.
"""

from collections.abc import Mapping
from functools import cache, lru_cache
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path
from types import MappingProxyType

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from domain.locale import Locale

_REMEMBERED = 20_000  # keys; more than there are, and a bound for what is asked for
FOLDER = Path(__file__).parent / "locales"
WORDS = "words"
FILES: Mapping[str, str] = MappingProxyType(
    {
        "refusal": "refusals",
        "part": "refusals",  # of a refusal's sentence
        "finding": "findings",
        "suggestion": "findings",
        "problem": "problems",  # of one value: what pydantic and our validators find
        "notice": "notices",
        "mail": "notices",  # what is around the notices of a message
        "sheet": "sheets",
        "error": "errors",
        "screen": "screens",
        "hint": "screens",  # what the command line adds to a refusal
        "help": "help",
        "console": "console",  # pages
    }
)


def file_of(key: str) -> str:
    """The name of the catalogue that holds the key."""
    return FILES.get(key.partition(".")[0], WORDS)


@cache
def catalog(name: str, locale: Locale) -> Catalog:
    """What the translators wrote; empty where they have not begun."""
    path = FOLDER / locale / "LC_MESSAGES" / f"{name}.po"
    if not path.exists():
        return Catalog(locale=locale.value)
    with path.open("rb") as opened:
        return read_po(opened, locale.value)


@cache
def _translations(name: str, locale: Locale) -> GNUTranslations:
    compiled = BytesIO()
    write_mo(compiled, catalog(name, locale))
    compiled.seek(0)
    return GNUTranslations(compiled)


@lru_cache(_REMEMBERED)
def has(key: str, locale: Locale = Locale.EN) -> bool:
    """Whether there is a text of that key."""
    entry = catalog(file_of(key), locale).get(key)
    return entry is not None and bool(entry.string)


@lru_cache(_REMEMBERED)
def template(key: str, locale: Locale, n: int | None = None) -> str:
    """The text with its fields still to be filled in, in the form for `n` things where it has forms.

    Raises `KeyError` for a key that the catalogue does not have.
    """
    if not has(key, locale):
        raise KeyError(key)
    translations = _translations(file_of(key), locale)
    return translations.gettext(key) if n is None else translations.ngettext(key, key, n)


def is_counted(key: str, locale: Locale) -> bool:
    """Whether the text has a form for one thing and a form for several; the field `n` chooses."""
    entry = catalog(file_of(key), locale).get(key)
    return entry is not None and bool(entry.pluralizable)
