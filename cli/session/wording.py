"""The words of the screens: what states, tasks, outcomes and events are called, and how moments and people are written."""

import unicodedata
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from domain.lifecycle import EventKind
from domain.values import Locale
from texts.dates import moment_text
from texts.translations import template
from texts.words import reason_text, word

_FACT = 60  # characters of one fact

# Left out of the facts: too long for a line, printed elsewhere on the screen, or of use to the program only (`slot`, `climbed`).
OMITTED = frozenset({"kind", "content", "policy", "line", "cycle", "owner", "department", "slot", "climbed"})
# Facts that are indexes from 0; people count from 1.
_INDEXES = frozenset({"step", "met", "stage", "rung"})
_DATES = frozenset({"due"})  # days; the deadline of a reminder is a moment
# How facts are read whose values are words.
_READ_AS = {
    "verdict": "verdict", "proposed": "verdict", "outcome": "outcome", "state": "state", "cause_kinds": "cause", "fields": "field",
    "late": "answer", "to_hr": "answer", "removed": "answer", "own_goals": "answer", "how": "screen.repair.step",
}  # fmt: skip


def state_name(state: str, locale: Locale) -> str:
    """In English the word that `--state` takes."""
    return word("state", state, locale) if locale is Locale.JA else state


def task_name(task: str, locale: Locale) -> str:
    return word("task", task, locale)


def outcome_name(outcome: str, locale: Locale) -> str:
    return word("outcome", outcome, locale)


def event_name(kind: str, locale: Locale) -> str:
    return word("event", kind, locale)


def cycle_state(state: str, locale: Locale) -> str:
    return word("cycle_state", state, locale)


def result_name(result: str, locale: Locale) -> str:
    return word("result", result, locale)


def instruction_name(kind: str, locale: Locale) -> str:
    return word("instruction", kind, locale)


def facts(body: Mapping[str, Any], locale: Locale, zone: str) -> str:
    """What an event says beside its kind, in one line, each fact shortened; moments as the clocks of `zone` show them."""
    omitted = OMITTED if body.get("kind") != EventKind.LINE_CHANGED else OMITTED - {"line", "department"}
    shown = {name: value for name, value in body.items() if name not in omitted and value not in (None, [], {}, "")}
    values = {name: visible(_fact(name, value, locale, zone), _FACT) for name, value in shown.items()}
    return "; ".join(f"{_fact_name(name, locale)} {value}" for name, value in values.items())


def _fact_name(name: str, locale: Locale) -> str:
    return word("screen.fact", name, locale)


def _fact(name: str, value: Any, locale: Locale, zone: str) -> str:
    """The value of a fact in words; lists and the facts within a fact one after the other."""
    if isinstance(value, dict):
        return " ".join(f"{_fact_name(key, locale)} {_fact(key, one, locale, zone)}" for key, one in value.items())
    if isinstance(value, list):
        return template("join.list", locale).join(_fact(name, one, locale, zone) for one in value)
    if name in _INDEXES:
        return str(int(value) + 1)
    if name in _DATES and "T" in str(value):
        return moment_text(datetime.fromisoformat(str(value)), zone)
    written = str(value).lower() if isinstance(value, bool) else str(value)
    return word(_READ_AS[name], written, locale) if name in _READ_AS else reason_text(written, locale)


def percent(share: Decimal) -> str:
    return f"{(share * 100).normalize():f} %"


def person(employee: str, names: Mapping[str, str]) -> str:
    """The id, which commands take, behind the name."""
    name = names.get(employee)
    return f"{visible(name)} ({employee})" if name else employee


def person_then(employee: str, at: datetime | None, names: Mapping[tuple[str, datetime | None], str]) -> str:
    """The id behind the name that the person had at that time; None: has now."""
    name = names.get((employee, at))
    return person(employee, {employee: name} if name else {})


def visible(text: str, longest: int | None = None) -> str:
    """What a person wrote, as one line that cannot steer the terminal: control and direction signs become spaces."""
    shown = " ".join("".join(" " if unicodedata.category(c) in ("Cc", "Cf") else c for c in text).split())
    return shown if longest is None or len(shown) <= longest else shown[: longest - 1] + "…"
