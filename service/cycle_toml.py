"""A cycle's file as the TOML text that HR edits: from a stored cycle, with the dates of another period."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import tomli_w

from domain.access import Action, Caller
from domain.cycle.file import CycleFile
from domain.values import CycleId
from service.cycle_lookup import require_cycle
from service.relations import require_hr
from storage.database import read_transaction

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine


class CycleFiles:
    """The files of cycles that were launched."""

    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def begin_from(self, caller: Caller, cycle: CycleId, starts: date | None = None) -> str:
        """HR of the cycle: its file as it was launched, with all dates moved so that it starts on `starts`. Writes nothing.

        The id stays, so a check says that it is taken. A name that was given stays too; one of the fiscal year follows the dates.
        """
        async with read_transaction(self._engine) as connection:
            await require_hr(connection, caller, Action.START_CYCLE, cycle)
            file = (await require_cycle(connection, cycle)).file
        return as_toml(file.moved_to(starts) if starts else file)


def as_toml(file: CycleFile) -> str:
    """The file as TOML, without what it leaves to the defaults. Reading it gives an equal file."""
    tree = file.model_dump(exclude={"drafts"}, exclude_none=True, exclude_defaults=True)
    drafts = [_without_empty(one.model_dump(exclude_none=True)) for one in file.drafts]  # with the kinds of measures
    return tomli_w.dumps(_toml_value(tree | ({"drafts": drafts} if drafts else {})))


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_empty(one) for key, one in value.items() if one not in ((), "")}
    return [_without_empty(one) for one in value] if isinstance(value, tuple) else value


def _toml_value(value: Any) -> Any:
    match value:
        case dict():
            return {_key(key): _toml_value(one) for key, one in value.items()}
        case tuple() | list():
            return [_toml_value(one) for one in value]
        case StrEnum():
            return value.value
        case Decimal():
            return int(value) if value == value.to_integral_value() else f"{value:f}"
    return value


def _key(key: object) -> str:
    return key.isoformat() if isinstance(key, date) else str(key)
