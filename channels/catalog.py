"""The texts of notices, from gettext catalogues: `locales/<language>/LC_MESSAGES/notices.po`.

Read as they stand, without compiling: a translator's change needs no build.
"""

from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

from domain.values import Locale, Text

_FOLDER = Path(__file__).parent / "locales"


@cache
def catalogue(locale: Locale) -> dict[str, str]:
    """Every text of that language by its key."""
    with (_FOLDER / locale / "LC_MESSAGES" / "notices.po").open("rb") as opened:
        return {str(one.id): str(one.string) for one in read_po(opened, locale) if one.id}


def text(key: str) -> Text:
    """The text in both languages; raises `KeyError` for a key that a catalogue has not."""
    return Text(ja=catalogue(Locale.JA)[key], en=catalogue(Locale.EN)[key])


def say(locale: Locale, key: str, **fields: object) -> str:
    """The text with its fields filled in."""
    return catalogue(locale)[key].format(**fields)
