"""The forms of instructions to many goals: their fields, and what somebody typed as an instruction."""

import re
from typing import Any, NamedTuple

from domain.instructions import instructions as kinds
from domain.instructions.instructions import AnyInstruction
from domain.lifecycles import ENDED, CycleState
from domain.messages import Message
from domain.refusals import Code, Refusal
from service.answers import compose
from web.console.forms import Typed

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
        Kind("extend", kinds.Extend, (Field("due", "day"), Field("task", "task"), _CLOSES)),
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
    """The instruction. Raises a `Refusal` that names the fields that are wrong."""
    found: AnyInstruction = compose(
        kind.model,
        {
            "selection": _selection(kind, typed),
            "reason": typed.filled("reason"),
            **{one.name: typed.filled(one.name) for one in kind.fields},
        },
    )
    return found


def _selection(kind: Kind, typed: Typed) -> dict[str, Any]:
    """Raises a `Refusal` where some are meant and nobody is named: an empty selection would mean everybody."""
    if not kind.chooses or (kind.everybody and typed.get("whom") == EVERYBODY):
        return {}
    people, departments = people_in(typed.get("people", "")), typed.all("departments")
    if not people and not departments:
        raise Refusal(Code.SELECTION_EMPTY)
    return {"people": tuple(people), "departments": tuple(departments)}


def people_in(written: str) -> list[str]:
    """Employee ids, with spaces, commas or line ends between them; each once."""
    return list(dict.fromkeys(one for one in _SEPARATORS.split(written) if one))


def at_fields(errors: dict[str, Message]) -> dict[str, Message]:
    """The errors by the names of fields on the page."""
    found: dict[str, Message] = {}
    for where, error in errors.items():
        inside = _ID.match(where)
        found.setdefault(inside[1] if inside else where, error)
    return found
