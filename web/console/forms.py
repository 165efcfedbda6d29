"""What somebody typed into a form, as it came: so that it can be shown again when it is refused."""

import secrets
from collections.abc import Iterator, Mapping
from typing import Annotated

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import TypeAdapter, ValidationError
from starlette.datastructures import UploadFile

from domain.characters import NOT_STORABLE
from domain.goal.commands import CommandIdText
from domain.messages import Message
from domain.refusals import Refusal
from domain.values import SILENT
from service.giving import NotReady

_COMMAND_ID: TypeAdapter[str] = TypeAdapter(CommandIdText, config=SILENT)
_MOST_FIELDS = 2_000
MECHANICAL = frozenset({"command_id", "seen"})  # fields of a form that nobody types


class Typed(Mapping[str, str]):
    """The texts of a form by the names of its fields, with the line ends of this system."""

    def __init__(self, fields: Mapping[str, list[str]]) -> None:
        self._fields = fields

    def __getitem__(self, name: str) -> str:
        return self._fields[name][0]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def all(self, name: str) -> list[str]:
        """Of fields that may come several times, as check boxes."""
        return self._fields.get(name, [])

    def filled(self, name: str) -> str | None:
        """The text; None where nothing was typed."""
        return self.get(name, "").strip() or None

    @property
    def seen(self) -> int | None:
        """The version of the goal that the page showed."""
        written = self.get("seen", "")
        return int(written) if written.isascii() and written.isdigit() and len(written) < 10 else None  # noqa: PLR2004 - digits of a version

    @property
    def command_id(self) -> str:
        """The id that the page gave to the command, so that sending the form twice carries it out once."""
        try:
            return _COMMAND_ID.validate_python(self.get("command_id", ""))
        except ValidationError:
            return fresh_id()

    @property
    def kept(self) -> list[tuple[str, str]]:
        """Everything, in order, to be sent again."""
        return [(name, value) for name, values in self._fields.items() for value in values]

    @property
    def written(self) -> list[str]:
        """What was typed, without what the page itself added."""
        return [value for name, value in self.kept if name not in MECHANICAL and value.strip()]


def fresh_id() -> str:
    return secrets.token_hex(8)


async def read_typed(request: Request) -> Typed:
    """The form of a request. Raises `RequestValidationError` for a text with a character that is not stored. Files are left out."""
    form = await request.form(max_fields=_MOST_FIELDS, max_files=20)
    fields: dict[str, list[str]] = {}
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            continue
        if found := NOT_STORABLE.search(value):
            where = {"at": found.start() + 1, "character": f"U+{ord(found[0]):04X}"}
            raise RequestValidationError([{"type": "not_storable", "loc": ("body", name), "ctx": where}])
        fields.setdefault(name, []).append(value.replace("\r\n", "\n"))
    return Typed(fields)


TypedForm = Annotated[Typed, Depends(read_typed)]


def errors_of(refusal: Refusal) -> dict[str, Message]:
    """What is wrong at which field: the places of a refused goal or of an invalid command."""
    if isinstance(refusal, NotReady):
        return {one.where: one.message for one in reversed(refusal.refusing)}
    found = refusal.message.fields.get("problems", ())
    parts = found if isinstance(found, tuple) else (found,)
    messages = [one for one in parts if isinstance(one, Message) and one.key == "part.finding"]
    return {
        str(one.fields["where"]): one.fields["finding"]
        for one in messages
        if isinstance(one.fields["finding"], Message)
    }


async def read_file(request: Request, name: str) -> bytes | None:
    """The bytes of the file that was chosen in this field; None where none was. The form may have been read before."""
    found = (await request.form(max_fields=_MOST_FIELDS, max_files=20)).get(name)
    if not isinstance(found, UploadFile):
        return None
    data = await found.read()
    await found.close()
    return data or None
