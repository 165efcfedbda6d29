"""The forms of commands to a goal: their fields, and what somebody typed as the fields of the command."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from domain.goal import commands
from domain.goal.goal import Goal
from domain.goal.possible import Possible
from domain.values import Locale
from domain.writing.causes import known
from domain.writing.content import NumericMeasure, QualitativeMeasure
from texts.words import word
from web.console.forms import Typed


class Field(NamedTuple):
    """A field of a form. `kind` is a macro of the template: text, prose, number, day, choice, choices, person."""

    name: str
    kind: str
    required: bool = False


# The fields of each form, in the order in which a person thinks of them.
_FIELDS: dict[str, tuple[Field, ...]] = {
    "submit": (),
    "recall": (),
    "approve": (Field("comment", "prose"),),
    "return_for_changes": (Field("comment", "prose", required=True),),
    "report_progress": (Field("value", "number", required=True), Field("met", "criteria"), Field("evidence", "prose")),
    "complete_step": (Field("evidence", "prose"),),
    "undo_report": (Field("reason", "text", required=True),),
    "call_review": (Field("reason", "prose", required=True),),
    "submit_self_review": (
        Field("progress", "prose"), Field("went_well", "prose", required=True), Field("cause_kinds", "causes"),
        Field("causes", "prose"), Field("to_improve", "prose"), Field("proposed", "verdict"),
    ),
    "decide_review": (
        Field("verdict", "verdict", required=True), Field("praise", "prose"), Field("comment", "prose"), Field("bonus", "number"),
        Field("new_target", "number"), Field("new_weight", "number"),
    ),
    "withdraw": (Field("reason", "prose", required=True),),
    "comment": (Field("text", "prose", required=True),),
    "reassign": (Field("assignees", "people", required=True), Field("reason", "text", required=True)),
    "extend": (Field("due", "day"), Field("closes", "day"), Field("reason", "text", required=True)),
    "pause": (Field("reason", "text", required=True),),
    "resume": (Field("reason", "text"),),
    "reopen": (Field("closes", "day"), Field("reason", "text", required=True)),
    "close": (Field("ending", "ending", required=True), Field("reason", "text", required=True)),
    "adjust": (Field("points", "number", required=True), Field("reason", "prose", required=True)),
    "mark_exemplar": (Field("reason", "text", required=True),),
}  # fmt: skip
OFFERED = frozenset(_FIELDS)

# What answers the open task comes first and is open; the rest is folded, what ends or steers a goal last.
_ANSWERS = (
    "approve",
    "return_for_changes",
    "submit",
    "submit_self_review",
    "decide_review",
    "report_progress",
    "comment",
)
_STEERS = ("extend", "reassign", "pause", "resume", "close", "reopen", "adjust", "mark_exemplar")
_BY_STEP = frozenset({"complete_step"})  # beside its step
_ENDINGS = {"achieved", "cancelled"}  # "settled" is neither


class Form(NamedTuple):
    """A form that the page offers."""

    name: str
    acting_for: str | None
    fields: tuple[Field, ...]
    step: int | None = None

    @property
    def key(self) -> str:
        """Apart from other forms on the page."""
        return self.name if self.step is None else f"{self.name}-{self.step}"

    @property
    def is_of_step(self) -> bool:
        return self.step is not None

    @property
    def steers(self) -> bool:
        return self.name in _STEERS


def forms_for(goal: Goal, possible: Iterable[Possible]) -> list[Form]:
    """The forms for what the person may do, in the order of the page."""
    found = [
        Form(one.name, one.acting_for, _fields_for(goal, one.name), one.step) for one in possible if one.name in OFFERED
    ]
    order = {
        name: place
        for place, name in enumerate((*_ANSWERS, "call_review", "undo_report", "recall", "withdraw", *_STEERS))
    }
    return sorted(found, key=lambda one: order.get(one.name, len(order)))


def _fields_for(goal: Goal, name: str) -> tuple[Field, ...]:
    is_numeric = isinstance(goal.content.measure, NumericMeasure)
    left_out = {
        "report_progress": "met" if is_numeric else "value",
        "decide_review": "" if is_numeric else "new_target",
    }
    return tuple(one for one in _FIELDS[name] if one.name != left_out.get(name))


class Choices(NamedTuple):
    """What the fields of the goal's forms let somebody choose from, each as value and text; `met`: the criteria that are met now."""

    causes: tuple[tuple[str, str], ...]
    criteria: tuple[tuple[str, str], ...]
    met: tuple[str, ...]


def choices_of(goal: Goal, locale: Locale) -> Choices:
    measure = goal.content.measure
    criteria = measure.criteria if isinstance(measure, QualitativeMeasure) else ()
    return Choices(
        tuple((one, word("cause", one, locale)) for one in known(goal.policy)),
        tuple((str(number), one) for number, one in enumerate(criteria)),
        tuple(str(one) for one in goal.met),
    )


def command_fields(name: str, goal: Goal, typed: Typed) -> dict[str, Any]:
    """The command's own fields as they were typed; the model of the command reads and refuses them."""
    found: dict[str, Any] = {}
    for field in _fields_for(goal, name):
        if field.kind in ("causes", "criteria"):
            found[field.name] = tuple(typed.all(field.name))
        elif field.kind == "people":
            found[field.name] = tuple((typed.filled(field.name) or "").replace("、", " ").replace(",", " ").split())
        elif field.kind == "ending":
            found |= {one: True for one in _ENDINGS if typed.get(field.name) == one}
        else:
            found[field.name] = typed.filled(field.name)
    if "step" in commands.COMMANDS[name].model_fields:
        found["step"] = typed.filled("step")
    if name == "submit_self_review":
        found["cause_kinds"] = found["cause_kinds"] or None
    return {key: value for key, value in found.items() if value is not None}
