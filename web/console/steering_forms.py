"""The forms of instructions to many goals: their fields, and what somebody typed as an instruction."""

import re
from typing import Any, NamedTuple

from domain.instructions import instructions as kinds
from domain.instructions.instructions import AnyInstruction
from domain.lifecycles import ENDED, CycleState
from domain.messages import Message
from domain.refusals import Code, Refusal
from service.answers import compose
from web.console.forms import Typed, errors_of

EVERYBODY, SOME = "everybody", "some"
_SEPARATORS = re.compile(r"[\s,、,]+")
_ID = re.compile(r"selection\.(people|departments)\b")


class Field(NamedTuple):
    """A field of a form. `kind`: day, task, person."""

    name: str
    kind: str
    required: bool = False


class Kind(NamedTuple):
    """An instruction that a form gives. `chooses`: it says for whom; `everybody`: that may be everybody; `ends`: goals end."""

    name: str
    model: type[Any]
    fields: tuple[Field, ...] = ()
    chooses: bool = True
    everybody: bool = True
    ends: bool = False


_CLOSES = Field("closes", "day")
KINDS: dict[str, Kind] = {
    one.name: one
    for one in (
        Kind("extend", kinds.Extend, (Field("task", "task"), Field("due", "day"), _CLOSES)),
        Kind("pause", kinds.Pause),
        Kind("resume", kinds.Resume),
        Kind(
            "reassign",
            kinds.Reassign,
            (Field("person", "person", required=True), Field("to", "person", required=True)),
            chooses=False,
        ),
        Kind("add", kinds.Add, everybody=False),
        Kind("remove", kinds.Remove, ends=True),
        Kind("close", kinds.Close, ends=True),
        Kind("cancel", kinds.Cancel, ends=True),
        Kind("reopen", kinds.Reopen, (_CLOSES,)),
    )
}


def kinds_for(state: CycleState) -> list[Kind]:
    """What may be asked of a cycle in this state."""
    if state is CycleState.LAUNCHING:
        return []
    return [one for one in KINDS.values() if state not in ENDED or one.name == "reopen"]


def instruction_of(kind: Kind, typed: Typed) -> AnyInstruction:
    """The instruction. Raises a `Refusal` that names the fields that are wrong; also where some people are meant and nobody is
    named: an empty selection would mean everybody.
    """
    selection = _selection(kind, typed)
    found: AnyInstruction = compose(
        kind.model,
        {
            "selection": selection,
            "reason": typed.filled("reason"),
            **{one.name: typed.filled(one.name) for one in kind.fields},
        },
    )
    if kind.chooses and found.selection.is_everybody and not _means_everybody(kind, typed):
        raise Refusal(Code.SELECTION_EMPTY)
    return found


def _means_everybody(kind: Kind, typed: Typed) -> bool:
    return kind.everybody and typed.get("whom") == EVERYBODY


def _selection(kind: Kind, typed: Typed) -> dict[str, Any]:
    if not kind.chooses or _means_everybody(kind, typed):
        return {}
    return {"people": tuple(people_in(typed.get("people", ""))), "departments": tuple(typed.all("departments"))}


def people_in(written: str) -> list[str]:
    """Employee ids, with spaces, commas or line ends between them; each once."""
    return list(dict.fromkeys(one for one in _SEPARATORS.split(written) if one))


# The field on the page that a refusal is about.
_FIELD_OF = {
    Code.SELECTION_EMPTY: "people",
    Code.UNKNOWN_EMPLOYEE: "people",
    Code.DATE_OUTSIDE: "closes",
    Code.CYCLE_OVER: "closes",
}


def fields_of(refusal: Refusal) -> dict[str, Message]:
    """What is wrong at which field."""
    if refusal.code is Code.NOT_IN_CYCLE:
        return {"departments": refusal.message}
    if field := _FIELD_OF.get(Code(refusal.code)):
        return {field: refusal.message}
    return at_fields(errors_of(refusal))


def at_fields(errors: dict[str, Message]) -> dict[str, Message]:
    """The errors by the names of fields on the page."""
    found: dict[str, Message] = {}
    for where, error in errors.items():
        inside = _ID.match(where)
        found.setdefault(inside[1] if inside else where, error)
    return found
