"""A notice as one line for its reader: the sentence, then what is known of dates, results and comments.

Facts come from the ledger and names from the directory, and either may be missing or odd: a line is written all the
same, and always is one line.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ValidationError

from channels.texts import REMOVED, TASK_IN, UNDATED, UNKNOWN, WITH_RESULT, WORDINGS, Group, Wording
from domain.goal.commands import SYSTEM
from domain.goal.goal import Outcome
from domain.lifecycle import State
from domain.messages import Message
from domain.notices.notices import NoticeKind
from domain.policy.policy import TaskKind
from domain.values import Locale
from texts.dates import day_text
from texts.say import say
from texts.words import reason_text, word

_OFFICE = "Asia/Tokyo"  # where the facts do not say in which zone their dates are told
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


def headline(notice: Notice, reader: Reader, longest_theme: int = _LONGEST_WORD) -> str:
    """The notice's sentence in the reader's language; a subject leaves a theme less room than a line does."""
    facts, locale = notice.facts, reader.locale
    sentence = say(
        _wording(notice).key,
        locale,
        goal=goal_called(notice, reader, longest_theme),
        actor=_person(facts, "actor", reader),
        to=_person(facts, "to", reader),
        step=_step(facts, locale),
        verdict=_word("verdict", facts, locale),
        revision=_revision(facts, locale),
    )
    return _as_start(sentence)


def line(notice: Notice, reader: Reader) -> str:
    """The sentence and its known details."""
    said, details = headline(notice, reader), say("mail.join.details", reader.locale).join(_details(notice, reader))
    return say("mail.line.with_details", reader.locale, line=said, details=details) if details else said


def starts_with_goal(notice: Notice, reader: Reader, longest_theme: int = _LONGEST_WORD) -> bool:
    """Whether the notice's sentence begins with the goal's name."""
    name = _as_start(goal_called(notice, reader, longest_theme))
    return headline(notice, reader, longest_theme).startswith(name)


def _as_start(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _wording(notice: Notice) -> Wording:
    """The kind's wording; a reminder that comes before the step's date says so."""
    if notice.kind == NoticeKind.STEP_OVERDUE and deadline_of(notice) and not _is_late(notice):
        return WORDINGS[NoticeKind.STEP_DUE]
    if notice.kind == NoticeKind.GOAL_CLOSED and _was_removed(notice.facts):
        return REMOVED
    try:
        return WORDINGS[NoticeKind(notice.kind)]
    except ValueError:
        return UNKNOWN


def _was_removed(facts: Mapping[str, Any]) -> bool:
    """Whether the goal ended because its owner takes no part any more, or the cycle was called off."""
    return bool(_said(facts, "removed")) or facts.get("outcome") == Outcome.CANCELLED


def _details(notice: Notice, reader: Reader) -> Iterator[str]:
    """What is known and belongs to the kind, in the order in which it matters."""
    facts, locale = notice.facts, reader.locale
    yield from _dates(notice, locale)
    if (principal := _said(facts, "acting_for")) and principal != _said(facts, "actor"):
        yield say("mail.detail.acting_for", locale, person=_person(facts, "acting_for", reader))
    if _said(facts, "to") and notice.kind != NoticeKind.REMINDER_COPIED:
        yield say("mail.detail.to", locale, person=_person(facts, "to", reader))
    if _said(facts, "from"):
        yield say("mail.detail.from", locale, person=_person(facts, "from", reader))
    if weight := _said(facts, "weight"):
        yield say("mail.detail.weight", locale, weight=weight)
    if notice.kind in WITH_RESULT:
        yield from _result(facts, locale)
    if refusal := _refusal(facts, reader):
        yield say("mail.detail.refusal", locale, refusal=refusal)
    if reason := _said(facts, "reason", _LONGEST_COMMENT):
        yield say("mail.detail.reason", locale, reason=reason_text(reason, locale))


def _dates(notice: Notice, locale: Locale) -> Iterator[str]:
    facts = notice.facts
    if (due := _said(facts, "due")) and notice.kind not in UNDATED:
        yield say("mail.detail.due", locale, day=_day(due, facts, locale))
    if (late := _days_late(notice)) > 0:
        yield say("mail.detail.days_late", locale, n=late)
    if _said(facts, "late") and (rung_due := _said(facts, "rung_due")):
        yield say("mail.detail.rung_late", locale, day=_day(rung_due, facts, locale))


def _refusal(facts: Mapping[str, Any], reader: Reader) -> str:
    """Why another system's sign-off was not applied; empty where the facts do not say."""
    try:
        return one_line(
            say(Message.model_validate(facts.get("refusal")), reader.locale, reader.names), _LONGEST_COMMENT
        )
    except (ValidationError, KeyError, ValueError):  # facts may be odd, and the notice is told all the same
        return ""


def _result(facts: Mapping[str, Any], locale: Locale) -> Iterator[str]:
    if _said(facts, "outcome"):
        yield say("mail.detail.outcome", locale, outcome=_word("outcome", facts, locale))
    if score := _said(facts, "score"):
        yield say("mail.detail.score", locale, score=score)


def task_of(notice: Notice, reader: Reader) -> TaskKind | None:
    """The task that the goal waits for, as the notice's facts let it be seen; in a review the owner looks back."""
    state = notice.facts.get("state")
    if state == State.IN_REVIEW and notice.facts.get("owner") == reader.id:
        return TaskKind.SELF_REVIEW
    return TASK_IN.get(str(state))


def seq_of(notice: Notice) -> int:
    """How far the goal's ledger was; 0 where the facts do not say."""
    seq = notice.facts.get("seq")
    return seq if isinstance(seq, int) else 0


def deadline_of(notice: Notice) -> datetime | None:
    """The task's deadline, where the facts hold it as an instant."""
    try:
        moment = datetime.fromisoformat(str(notice.facts.get("due")))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _is_late(notice: Notice) -> bool:
    """Whether the task was late when the notice arose: by that, and not by now, a repeat says the same."""
    deadline = deadline_of(notice)
    return _days_late(notice) > 0 or (deadline is not None and deadline < notice.due_at)


def _days_late(notice: Notice) -> int:
    try:
        return int(notice.facts.get("overdue_days") or 0)
    except (TypeError, ValueError, OverflowError):
        return 0


def _day(due: str, facts: Mapping[str, Any], locale: Locale) -> str:
    """The day of an ISO date or date-time, by the calendar of the office that the facts name; anything else as it stands."""
    try:
        moment = datetime.fromisoformat(due)
    except ValueError:
        return due
    return day_in(moment, _said(facts, "zone"), locale) if moment.tzinfo else day_text(moment.date(), locale)


def day_in(moment: datetime, zone: str, locale: Locale) -> str:
    """The day of an instant in that time zone, as people write it."""
    try:
        place = ZoneInfo(zone or _OFFICE)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a fact may be odd, and the day is told all the same
        place = ZoneInfo(_OFFICE)
    try:
        day = moment.astimezone(place).date()
    except OverflowError:  # the first and the last day that there is
        day = moment.date()
    return day_text(day, locale)


def goal_name(owner: str, theme: str, reader: Reader) -> str:
    """The goal as its reader calls it: their own, or somebody's; by its theme where it has one."""
    locale = reader.locale
    if owner == reader.id:
        whose = say("mail.goal.own", locale)
    elif owner:
        whose = say("mail.goal.of", locale, person=_named(owner, reader))
    else:
        whose = say("mail.goal.somebodys", locale)
    return say("mail.goal.themed", locale, whose=whose, theme=theme) if theme else whose


def goal_called(notice: Notice, reader: Reader, longest_theme: int = _LONGEST_WORD) -> str:
    """The goal of a notice, as its reader calls it."""
    return goal_name(_said(notice.facts, "owner"), _said(notice.facts, "theme", longest_theme), reader)


def _named(person: str, reader: Reader) -> str:
    if person == reader.id:
        return say("mail.person.you", reader.locale)
    return say("mail.person.named", reader.locale, name=one_line(reader.names.get(person, person)))


def _person(facts: Mapping[str, Any], role: str, reader: Reader) -> str:
    """A person by name; by id where the directory does not know them; in general words where the facts name nobody."""
    person = _said(facts, role)
    return say("mail.missing.actor", reader.locale) if person in ("", SYSTEM) else _named(person, reader)


def _step(facts: Mapping[str, Any], locale: Locale) -> str:
    """Steps are counted from 0 in the facts and from 1 by people."""
    step = facts.get("step")
    number = str(step + 1) if isinstance(step, int) else _said(facts, "step")
    return say("mail.step.numbered", locale, step=number) if number else say("mail.missing.step", locale)


def _revision(facts: Mapping[str, Any], locale: Locale) -> str:
    revision = _said(facts, "revision")
    return (
        say("mail.revision.numbered", locale, revision=revision) if revision else say("mail.missing.revision", locale)
    )


def _word(kind: str, facts: Mapping[str, Any], locale: Locale) -> str:
    """A verdict or an outcome in the reader's language; an unknown one as it is."""
    value = _said(facts, kind)
    return word(kind, value, locale) if value else say("mail.missing.verdict", locale)
