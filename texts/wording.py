"""The words of screens and pages: what states, tasks, outcomes and events are called, and how moments and people are written."""

import json
import unicodedata
from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from domain.values import Locale, percent
from texts.dates import moment_text, short_day, short_moment
from texts.translations import template
from texts.words import actor_word, reason_text, word

_EMPTY: tuple[Any, ...] = (None, [], {}, "")
_FACT = 60  # characters of one fact

# Left out of the facts: too long for a line, printed elsewhere on the screen, or of use to the program only (`slot`, `climbed`).
OMITTED = frozenset({
    "kind", "content", "policy", "line", "stages", "reviewers", "joint", "cycle", "owner", "department", "slot", "climbed",
})  # fmt: skip
_OF_A_NEW_LINE = frozenset({"line", "stages", "reviewers", "joint", "department"})
# The order of facts within a fact; PostgreSQL's JSON keeps none.
_ORDER = {
    name: place for place, name in enumerate(("delegator", "to", "first", "last", "own_goals"))
}  # of a delegation
# Facts that are indexes from 0; people count from 1.
_INDEXES = frozenset({"step", "met", "stage", "rung"})
_CHAINS = frozenset({"stages", "reviewers"})
_DATES = frozenset({"due", "expires_at"})  # days; the deadline of a reminder is a moment
_SHARES = frozenset({"attained"})
_NOT_IN_JOURNAL = frozenset({"command"})
# What an entry of the journal says first.
_JOURNAL_FIRST = (
    "entries", "cycle", "asked_kind", "departments", "people", "employee", "person", "delegator", "to", "first", "last",
    "department", "text", "task", "due", "closes", "reason",
)  # fmt: skip
# How facts are read whose values are words.
_READ_AS = {
    "verdict": "verdict", "proposed": "verdict", "outcome": "outcome", "state": "state", "cause_kinds": "cause", "fields": "field",
    "asked_kind": "instruction", "heard_as": "heard_as", "task": "task", "channel": "channel", "has_chat_url": "answer", "chat_url_changed": "answer",
    "late": "answer", "to_hr": "answer", "removed": "answer", "gone": "answer", "additional": "answer", "own_goals": "answer", "begun": "answer", "how": "screen.repair.step",
    "role": "company_role", "scopes": "scope",
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
    return _in_one_line(body, _omitted(body), locale, zone)


def fact_list(
    body: Mapping[str, Any], locale: Locale, zone: str, names: Mapping[str, str]
) -> list[tuple[str, str, str]]:
    """The same for a page, each fact whole: its name in the body, what it is called, and its value. `names` are of people, by id."""
    return _facts_of_page(body, _omitted(body), locale, zone, names)


def _omitted(body: Mapping[str, Any]) -> frozenset[str]:
    return OMITTED if body.get("kind") != "line_changed" else OMITTED - _OF_A_NEW_LINE


def journal_facts(body: Mapping[str, Any], locale: Locale, zone: str) -> str:
    """What an entry of the journal says beside its kind, in one line."""
    return _in_one_line(_of_journal(body), _NOT_IN_JOURNAL, locale, zone)


def journal_fact_list(
    body: Mapping[str, Any], locale: Locale, zone: str, names: Mapping[str, str]
) -> list[tuple[str, str, str]]:
    """The same for a page, as `fact_list`."""
    return _facts_of_page(_of_journal(body), _NOT_IN_JOURNAL, locale, zone, names)


def _of_journal(body: Mapping[str, Any]) -> dict[str, Any]:
    said = dict(body)
    if (asked := _json_object(body.get("asked"))) is not None:  # an instruction's content is one text
        del said["asked"]
        said |= _asked_facts(asked)
    if "delegations" in said:  # their ids
        said["delegation"] = said.pop("delegations")
    return {name: said[name] for name in (*_JOURNAL_FIRST, *said) if name in said}  # the database keeps no order


def _asked_facts(asked: dict[str, Any]) -> dict[str, Any]:
    """What an instruction asks for, as facts of one level; of changed rules their names."""
    facts = dict(asked)
    kind = facts.pop("kind", None)
    for part in ("selection", "delegation"):
        if isinstance(inner := facts.get(part), dict):
            del facts[part]
            facts |= {name: one for name, one in inner.items() if name != "id"}
    before, after = facts.pop("before", None), facts.pop("after", None)
    if isinstance(before, dict) and isinstance(after, dict):
        facts["fields"] = sorted(name for name in before | after if before.get(name) != after.get(name))
    if kind == "reassign" and "to" in facts:
        facts["assignees"] = facts.pop("to")
    return facts


def _json_object(text: object) -> dict[str, Any] | None:
    try:
        found = json.loads(text) if isinstance(text, str) else None
    except ValueError:  # an erased text
        return None
    return found if isinstance(found, dict) else None


def _in_one_line(body: Mapping[str, Any], omitted: Collection[str], locale: Locale, zone: str) -> str:
    shown = {name: value for name, value in body.items() if name not in omitted and value not in _EMPTY}
    values = {name: visible(_fact(name, value, locale, zone), _FACT) for name, value in shown.items()}
    return "; ".join(f"{_fact_name(name, locale)} {value}" for name, value in values.items())


def _facts_of_page(
    body: Mapping[str, Any], omitted: Collection[str], locale: Locale, zone: str, names: Mapping[str, str]
) -> list[tuple[str, str, str]]:
    shown = {name: value for name, value in body.items() if name not in omitted and value not in _EMPTY}
    return [
        (name, _fact_name(name, locale), _on_page(name, value, locale, zone, names)) for name, value in shown.items()
    ]


def _on_page(name: str, value: Any, locale: Locale, zone: str, names: Mapping[str, str]) -> str:
    """The value of a fact as pages write it: moments and days in their short form, people with their names, shares in percent."""
    if isinstance(value, list) and name not in _CHAINS and name != "joint":
        parts = (_on_page(name, one, locale, zone, names) for one in value)
        return template("join.list", locale).join(parts)
    if isinstance(value, str) and value in names:
        return f"{names[value]} {value}"
    if name in _DATES:
        return (
            short_moment(datetime.fromisoformat(value), zone, locale)
            if "T" in value
            else short_day(date.fromisoformat(value), locale)
        )
    if name in _SHARES:
        return percent(Decimal(str(value)))
    return _fact(name, value, locale, zone)


def _fact_name(name: str, locale: Locale) -> str:
    return word("screen.fact", name, locale)


def _fact(name: str, value: Any, locale: Locale, zone: str) -> str:
    """The value of a fact in words; lists and the facts within a fact one after the other."""
    if isinstance(value, dict):
        ordered = sorted(value.items(), key=lambda one: _ORDER.get(one[0], len(_ORDER)))
        return " ".join(f"{_fact_name(key, locale)} {_fact(key, one, locale, zone)}" for key, one in ordered)
    if name in _CHAINS and isinstance(value, list):  # who is asked first; who is above them follows from the directory
        value = [next(iter(chain), "-") for chain in (value if name == "stages" else [value])]
    if name == "joint" and isinstance(value, list):
        value = [next(iter(chain), "-") for chains in value for chain in chains]
    if isinstance(value, list):
        return template("join.list", locale).join(_fact(name, one, locale, zone) for one in value)
    if name in _INDEXES:
        return str(int(value) + 1)
    if name in _DATES and "T" in str(value):
        return moment_text(datetime.fromisoformat(str(value)), zone)
    written = str(value).lower() if isinstance(value, bool) else str(value)
    return word(_READ_AS[name], written, locale) if name in _READ_AS else reason_text(written, locale)


def actor_name(actor: str, at: datetime, names: Mapping[tuple[str, datetime | None], str], locale: Locale) -> str:
    """Who made an entry of the journal: a person, by the name of that time, or what acts in the name of no person."""
    return actor_word(actor, locale) if actor.startswith("@") else visible(person_then(actor, at, names))


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
