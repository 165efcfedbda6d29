"""A notice as one line for its reader: the sentence, then what is known of dates, results and comments.

Facts come from the ledger and names from the directory, and either may be missing or odd: a line is written all the
same, and always is one line.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from channels.texts import MISSING, UNDATED, UNKNOWN, WITH_RESULT, WORDINGS, WORDS, Group, Wording
from domain.calendar import describe_day
from domain.commands import SYSTEM
from domain.notices import NoticeKind
from domain.values import Locale, Text

_OFFICE = ZoneInfo("Asia/Tokyo")  # deadlines are told as the office's calendar shows them
_LONGEST_COMMENT = 200
_LONGEST_WORD = 120


class Notice(Protocol):
    """What a line is made from; the outbox's rows have this shape."""

    @property
    def kind(self) -> str: ...
    @property
    def goal_id(self) -> str: ...
    @property
    def facts(self) -> Mapping[str, Any]: ...
    @property
    def due_at(self) -> datetime:
        """When the notice itself was due to be sent; not the task's deadline, which is the fact `due`."""


class Reader(NamedTuple):
    """Who reads the line: their id, their language, and the names that they may see."""

    id: str
    locale: Locale
    names: Mapping[str, str]


def one_line(value: object, longest: int = _LONGEST_WORD) -> str:
    """`value` without line breaks and control characters, so that it can stand in a header; shortened with an ellipsis."""
    text = "".join(" " if unicodedata.category(c)[0] in "ZC" else c for c in str(value))
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _said(facts: Mapping[str, Any], name: str, longest: int = _LONGEST_WORD) -> str:
    """The fact in one line; empty where it is not there, or says nothing."""
    value = facts.get(name)
    return "" if value is None else one_line(value, longest)


def group_of(notice: Notice, reader: Reader) -> Group:
    """Where the notice stands in the reader's message; a waiting task that is late stands with the late ones."""
    group = _wording(notice).group
    if notice.kind == NoticeKind.REASSIGNED and notice.facts.get("to") == reader.id:
        return Group.WAITS
    return Group.OVERDUE if group is Group.WAITS and _is_late(notice) else group


def headline(notice: Notice, reader: Reader) -> str:
    """The notice's sentence in the reader's language."""
    facts, locale = notice.facts, reader.locale
    sentence = (
        _wording(notice)
        .text.in_(locale)
        .format(
            goal=_goal(notice, reader),
            actor=_person(facts, "actor", reader),
            step=_step(facts, locale),
            verdict=_word(facts, "verdict", locale),
            revision=_revision(facts, locale),
        )
    )
    return sentence[:1].upper() + sentence[1:]


def line(notice: Notice, reader: Reader) -> str:
    """The sentence, its known details, and the goal's id."""
    details = "、".join if reader.locale is Locale.JA else "; ".join
    found = details(detail.in_(reader.locale) for detail in _details(notice, reader))
    around = ("（", "）") if reader.locale is Locale.JA else (" (", ")")
    return headline(notice, reader) + (found.join(around) if found else "") + f" [{one_line(notice.goal_id)}]"


def _wording(notice: Notice) -> Wording:
    """The kind's wording; a reminder that comes before the step's date says so."""
    if notice.kind == NoticeKind.STEP_OVERDUE and _deadline(notice) and not _is_late(notice):
        return WORDINGS[NoticeKind.STEP_DUE]
    try:
        return WORDINGS[NoticeKind(notice.kind)]
    except ValueError:
        return UNKNOWN


def _details(notice: Notice, reader: Reader) -> Iterator[Text]:
    """What is known and belongs to the kind, in the order in which it matters."""
    facts, locale = notice.facts, reader.locale
    if (due := _said(facts, "due")) and notice.kind not in UNDATED:
        day = _day(due, locale)
        yield Text(ja=f"期限: {day}", en=f"due {day}")
    if (late := _days_late(notice)) > 0:
        yield Text(ja=f"期限から{late}営業日", en=f"{late} business day{'s' * (late > 1)} past due")
    if _said(facts, "to"):
        yield Text(ja=f"担当: {_person(facts, 'to', reader)}", en=f"now with {_person(facts, 'to', reader)}")
    if _said(facts, "from"):
        yield Text(ja=f"これまで: {_person(facts, 'from', reader)}", en=f"before: {_person(facts, 'from', reader)}")
    if notice.kind in WITH_RESULT:
        yield from _result(facts, locale)
    if reason := _said(facts, "reason", _LONGEST_COMMENT):
        yield Text(ja=f"コメント: 「{reason}」", en=f"comment: “{reason}”")


def _result(facts: Mapping[str, Any], locale: Locale) -> Iterator[Text]:
    if _said(facts, "outcome"):
        outcome = _word(facts, "outcome", locale)
        yield Text(ja=f"結果: {outcome}", en=f"outcome: {outcome}")
    if score := _said(facts, "score"):
        yield Text(ja=f"得点: {score}", en=f"score: {score}")


def _deadline(notice: Notice) -> datetime | None:
    """The task's deadline, where the facts hold it as an instant."""
    try:
        moment = datetime.fromisoformat(str(notice.facts.get("due")))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _is_late(notice: Notice) -> bool:
    """Whether the task was late when the notice arose: by that, and not by now, a repeat says the same."""
    deadline = _deadline(notice)
    return _days_late(notice) > 0 or (deadline is not None and deadline < notice.due_at)


def _days_late(notice: Notice) -> int:
    try:
        return int(notice.facts.get("overdue_days") or 0)
    except (TypeError, ValueError, OverflowError):
        return 0


def _day(due: str, locale: Locale) -> str:
    """The office's day of an ISO date or date-time; anything else as it stands."""
    try:
        moment = datetime.fromisoformat(due)
    except ValueError:
        return due
    day = moment.astimezone(_OFFICE).date() if moment.tzinfo else moment.date()
    return describe_day(day).in_(locale)


def _goal(notice: Notice, reader: Reader) -> str:
    """The goal as its reader calls it: their own, or somebody's; by its theme where it has one."""
    owner, theme = _said(notice.facts, "owner"), _said(notice.facts, "theme")
    if reader.locale is Locale.JA:
        whose = "" if owner in ("", reader.id) else f"{_person(notice.facts, 'owner', reader)}の"
        return f"{whose}目標" + (f"「{theme}」" if theme else "")
    if owner == reader.id:
        whose = "your goal"
    else:
        whose = f"{_person(notice.facts, 'owner', reader)}’s goal" if owner else "the goal"
    return whose + (f" “{theme}”" if theme else "")


def _person(facts: Mapping[str, Any], role: str, reader: Reader) -> str:
    """A person by name; by id where the directory does not know them; in general words where the facts name nobody."""
    person = _said(facts, role)
    if person in ("", SYSTEM):
        return MISSING["actor"].in_(reader.locale)
    if person == reader.id:
        return "あなた" if reader.locale is Locale.JA else "you"
    name = one_line(reader.names.get(person, person))
    return f"{name}さん" if reader.locale is Locale.JA else name


def _step(facts: Mapping[str, Any], locale: Locale) -> str:
    """Steps are counted from 0 in the facts and from 1 by people."""
    step = facts.get("step")
    word = str(step + 1) if isinstance(step, int) else _said(facts, "step")
    if not word:
        return MISSING["step"].in_(locale)
    return f"ステップ{word}" if locale is Locale.JA else f"step {word}"


def _revision(facts: Mapping[str, Any], locale: Locale) -> str:
    revision = _said(facts, "revision")
    if not revision:
        return MISSING["revision"].in_(locale)
    return f"第{revision}版" if locale is Locale.JA else f"revision {revision}"


def _word(facts: Mapping[str, Any], key: str, locale: Locale) -> str:
    """A verdict or an outcome in the reader's language; a word that is not in the list as it stands."""
    word = _said(facts, key)
    if not word:
        return MISSING[key].in_(locale)
    known = WORDS.get(word)
    return known.in_(locale) if known else word
