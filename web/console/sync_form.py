"""What HR says about a file of people in the form: the columns, the encoding, and what the comparison cannot know by itself."""

import unicodedata
from typing import NamedTuple

from domain.csv_text import ENCODINGS
from domain.people.numbers import Said
from domain.people.people_columns import PEOPLE
from domain.values import EmployeeId
from web.bodies import changed_names
from web.console.forms import Typed

COLUMN = "column."  # fields `column.N` of the form: the field of the directory that the column N holds
FREE = ("renamed", "same", "new", "tops", "orphans_to")  # fields in which somebody writes


class SyncForm(NamedTuple):
    """What the form says beside the file. `mapping`: the header of a field where it is not recognised."""

    mapping: dict[str, str]
    encoding: str | None
    absent_left: bool
    renamed: dict[str, str]
    said: Said
    tops: tuple[EmployeeId, ...]
    orphans_to: EmployeeId | None

    @property
    def for_tag(self) -> tuple[object, ...]:
        """For the digest of the comparison."""
        said = (sorted(self.said.same.items()), sorted(self.said.new))
        mapping, renamed = sorted(self.mapping.items()), sorted(self.renamed.items())
        return (mapping, self.encoding, self.absent_left, renamed, said, self.tops, self.orphans_to)


def read_sync_form(typed: Typed, header: tuple[str, ...]) -> SyncForm:
    """Raises a `Refusal` for lines that are no `OLD=NEW`. Columns are taken only where the file's header is `header`."""
    encoding, orphans_to = typed.filled("encoding"), typed.filled("orphans_to")
    same = changed_names("same", _lines(typed, "same"))
    return SyncForm(
        mapping=_mapping(typed, header),
        encoding=encoding if encoding in ENCODINGS else None,
        absent_left="absent_left" in typed,
        renamed=changed_names("renamed", _lines(typed, "renamed")),
        said=Said({number: person for person, number in same.items()}, frozenset(_words(typed, "new"))),
        tops=tuple(EmployeeId(one) for one in _words(typed, "tops")),
        orphans_to=EmployeeId(orphans_to) if orphans_to else None,
    )


class Column(NamedTuple):
    """A column of the file. `field`: which it is recognised or chosen as; `is_chosen`: by the form."""

    number: int
    header: str
    field: str | None
    is_chosen: bool


def columns_of(header: tuple[str, ...], mapping: dict[str, str]) -> list[Column]:
    chosen = {title: field for field, title in mapping.items()}
    return [
        Column(number, title, chosen.get(title) or PEOPLE.field_of(title), title in chosen)
        for number, title in enumerate(header)
        if title.strip()
    ]


def _mapping(typed: Typed, header: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, title in enumerate(header):
        field = typed.get(f"{COLUMN}{number}", "")
        if field in PEOPLE.headers and typed.get(f"{COLUMN}{number}.header") == title:
            found[field] = title
    return found


def _lines(typed: Typed, name: str) -> list[str]:
    written = unicodedata.normalize("NFKC", typed.get(name, "")) if name == "same" else typed.get(name, "")
    return [line.replace("\uff1d", "=") for line in written.split("\n") if line.strip()]


def _words(typed: Typed, name: str) -> list[str]:
    return unicodedata.normalize("NFKC", typed.get(name, "")).replace("、", " ").replace(",", " ").split()
