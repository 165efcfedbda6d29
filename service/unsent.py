"""Use cases of forms that a person has filled in and not sent: keep one, read it, list them, forget it.

Only for oneself. What is typed is never lost by this: no other text is written over, and nothing is dropped to make room.
"""

from collections.abc import Mapping
from datetime import datetime

from pydantic import Field, JsonValue
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain import access
from domain.access import Action, Caller, Relation, person_of
from domain.errors import MeguriError
from domain.messages import message
from domain.refusals import Code, Refusal
from domain.unsent import MAX_BYTES, MAX_FORMS, AsTyped, Placed, PlacedWish, size_of
from domain.values import EmployeeId, Frozen, Moment
from service.answers import compose
from service.relations import relations_to_company
from storage import unsent_forms
from storage.database import read_transaction
from storage.unsent_forms import KeptForm


class UnsentPlace(Frozen):
    """A form that is kept. `seen`: the number of the goal's last ledger entry that the person saw, if it is about a goal."""

    place: str
    seen: int | None
    version: int
    saved_at: Moment


class UnsentForm(UnsentPlace):
    """The same with what was typed: a text for each field, or a list of texts."""

    fields: dict[str, AsTyped] = Field(repr=False)  # so that a log never has it


class UnsentList(Frozen):
    """The caller's forms, the one that was changed last first."""

    forms: tuple[UnsentPlace, ...]


class UnsentChanged(MeguriError):
    """Another tab or device kept something else meanwhile (`kept`), or sent or discarded the form (`kept` is None). Nothing changed.

    The texts are in `kept` and `fields`, never in the sentence, which may come into a log.
    """

    def __init__(self, kept: UnsentForm | None) -> None:
        self.kept = kept
        super().__init__("unsent_changed", message("error.unsent_changed" if kept else "error.unsent_gone"))

    @property
    def fields(self) -> dict[str, JsonValue]:
        """What is kept, as a program gets it."""
        return {"kept": self.kept.model_dump(mode="json") if self.kept else None}


class Unsent:
    """Every method raises a `Refusal` for a caller without permission."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def read(self, caller: Caller, place: str) -> UnsentForm | None:
        """What is kept of this form; None if nothing is."""
        person = person_of(caller)
        async with read_transaction(self._engine) as connection:
            await _require(connection, caller)
            found = await unsent_forms.find(connection, person, _checked(place))
        return _form(found) if found else None

    async def list_forms(self, caller: Caller) -> UnsentList:
        person = person_of(caller)
        async with read_transaction(self._engine) as connection:
            await _require(connection, caller)
            found = await unsent_forms.list_places(connection, person, MAX_FORMS)
        return UnsentList(forms=tuple(UnsentPlace(**one._asdict()) for one in found))

    async def keep(
        self,
        caller: Caller,
        place: str,
        fields: Mapping[str, object],
        *,
        seen: int | None,
        version: int | None,
        now: datetime,
    ) -> UnsentForm:
        """Keeps what was typed. `version`: which one the person went on from; None: nothing was kept.

        A repeat changes nothing: fields that are kept already are answered with their version. Raises `UnsentChanged` where
        something else is kept than the person went on from, and a `Refusal` for what is too large, or one form too many.
        """
        person = person_of(caller)
        async with self._engine.begin() as connection:
            await _require(connection, caller)
            wish = compose(PlacedWish, {"place": place, "fields": fields, "seen": seen, "version": version})
            _require_size(wish)
            await unsent_forms.lock(connection, person)
            found = await unsent_forms.find(connection, person, wish.place)
            kept = _form(found) if found else None
            if kept and _is_repeat(wish, kept):
                return kept
            _require_version(kept, wish.version)
            if kept is None:
                await _require_room(connection, person)
            return _form(await unsent_forms.save(connection, person, wish.place, wish.fields, seen=wish.seen, now=now))

    async def forget(self, caller: Caller, place: str, version: int | None) -> None:
        """Deletes this version of the form: it was sent, or the person discards it. A repeat changes nothing.

        Raises `UnsentChanged` where another version is kept: that text was not sent.
        """
        person = person_of(caller)
        async with self._engine.begin() as connection:
            await _require(connection, caller)
            await unsent_forms.lock(connection, person)
            found = await unsent_forms.find(connection, person, _checked(place))
            if found is None:
                return
            _require_version(_form(found), version)
            await unsent_forms.forget(connection, person, found.place)


def _checked(place: str) -> str:
    """Raises a `Refusal` for what is the key of no form."""
    return compose(Placed, {"place": place}).place


def _is_repeat(wish: PlacedWish, kept: UnsentForm) -> bool:
    """Whether the same texts are kept. A new `seen` is a change, if it comes from whoever saw this version."""
    return kept.fields == wish.fields and (kept.seen == wish.seen or kept.version != wish.version)


def _require_version(kept: UnsentForm | None, version: int | None) -> None:
    if (kept.version if kept else None) != version:
        raise UnsentChanged(kept)


def _require_size(wish: PlacedWish) -> None:
    if (size := size_of(wish.fields)) > MAX_BYTES:
        raise Refusal(Code.TOO_LARGE, size=size, most=MAX_BYTES)


async def _require_room(connection: AsyncConnection, person: EmployeeId) -> None:
    if await unsent_forms.count(connection, person) >= MAX_FORMS:
        raise Refusal(Code.TOO_MANY_UNSENT, most=MAX_FORMS)


async def _require(connection: AsyncConnection, caller: Caller) -> None:
    held = await relations_to_company(connection, caller)
    own = held | {Relation.OWNER} if Relation.COLLEAGUE in held else held
    access.require(caller, Action.KEEP_UNSENT, own)


def _form(kept: KeptForm) -> UnsentForm:
    return UnsentForm(**kept._asdict())
