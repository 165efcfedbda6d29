"""Exemplary goals (見倣うべき事例): what others may read of a goal that is shown, with everybody's name left out."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from domain.goal.goal import Goal
from domain.goal.scoring import confirmed
from domain.lifecycle import EventKind
from domain.values import Frozen
from domain.writing.content import Content

SOMEBODY = "担当者"
ID_LENGTH = 10
_MAIL = re.compile(r"(?<![\w.+-])[\w.+-]++@[\w-]+(?:\.[\w-]+)+")  # begins only where a word begins: linear


class Exemplar(Frozen):
    """An example to follow; its id tells nothing of the owner, as a goal's id would."""

    id: str
    department: str
    content: Content
    attained: Decimal
    reason: str  # why it was chosen
    learnt: str | None  # what went well, as the last self-review says


class KnownNames:
    """The names of a whole company, indexed by their parts: which of them a text may contain is quick to say."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names_of: defaultdict[str, list[str]] = defaultdict(list)
        for name in names:
            for part in name.split():
                self._names_of[part].append(name)
        self._lengths = sorted({len(part) for part in self._names_of})

    def within(self, text: str) -> set[str]:
        """The names of which at least one part occurs in the text; takes time by the text, not by the names."""
        candidates = {text[at : at + length] for at in range(len(text)) for length in self._lengths}
        return {name for part in candidates for name in self._names_of.get(part, ())}


def exemplar_of(goal: Goal, mark: str, ledger: Iterable[dict[str, Any]], names: KnownNames) -> Exemplar:
    """The goal as others may read it. `ledger` are its events as JSON, `names` everybody's in the directory.

    `mark` is the hash of the entry that made it an example. Its first digits are the example's id: the entry holds salted
    commitments, so nobody can compute the id from what a goal's id tells.
    """
    bodies = {event["body"]["kind"]: event["body"] for event in ledger}
    content = goal.content.without(goal.contributors).model_copy(update={"parent": None, "answers": None})
    shown = Exemplar(
        id=mark[:ID_LENGTH],
        department=goal.department,
        content=content,
        attained=confirmed(goal),
        reason=bodies[EventKind.EXEMPLAR_MARKED]["reason"],
        learnt=bodies.get(EventKind.SELF_REVIEWED, {}).get("went_well"),
    )
    form = shown.model_dump(mode="json")
    return Exemplar.model_validate(_cleared(form, _pattern(names.within("\n".join(_texts(form))))))


def without_names(text: str, names: KnownNames) -> str:
    """The text with `SOMEBODY` instead of the names and mail addresses in it."""
    return str(_cleared(text, _pattern(names.within(text))))


def draft_from(exemplar: Exemplar, starts: date, ends: date) -> Content:
    """A goal's content made from the example, with its steps spread evenly from `starts` to `ends`."""
    days = (ends - starts) / max(len(exemplar.content.steps), 1)
    steps = tuple(
        step.model_copy(update={"due": starts + days * (n + 1)}) for n, step in enumerate(exemplar.content.steps)
    )
    return exemplar.content.model_copy(update={"steps": steps})


def _texts(value: Any) -> Iterator[str]:
    """All texts in a JSON value."""
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)
    elif isinstance(value, str):
        yield value


def _pattern(names: Iterable[str]) -> re.Pattern[str]:
    """Whole names with and without the space between their parts; of Western ones each part as a word."""
    forms = set[str]()
    for name in names:
        parts = name.split()
        forms |= {re.escape(name), re.escape("".join(parts))} | {_part(part) for part in parts if _is_a_name(part)}
    return re.compile("|".join(sorted(forms, key=len, reverse=True)) or r"(?!)")


def _is_a_name(part: str) -> bool:
    """`de`, `van` and initials are parts of names and of any sentence."""
    return not part.isascii() or (len(part) > 1 and part[0].isupper())


def _part(part: str) -> str:
    """A family name in kanji comes before さん, 様, 部長 …; one in letters between word boundaries, capitalised."""
    if part.isascii():
        return rf"\b{re.escape(part)}\b"
    return rf"{re.escape(part)}(?=\s?(?:さん|様|氏|君|部長|課長|係長|主任|社長))"


def _cleared(value: Any, names: re.Pattern[str]) -> Any:
    if isinstance(value, dict):
        return {key: _cleared(one, names) if key not in _CODES else one for key, one in value.items()}
    if isinstance(value, list):
        return [_cleared(one, names) for one in value]
    return names.sub(SOMEBODY, _MAIL.sub(SOMEBODY, value)) if isinstance(value, str) else value


_CODES = frozenset({"id", "kind", "direction", "due", "department", "baseline", "target"})
