"""A notice as one line of text for its reader: a sentence, then details such as dates, results and comments.

Facts come from the ledger and names from the directory; both may be missing or malformed. The result is always a line of text.
"""

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ValidationError

from channels.texts import (
    ABOUT_LEAVERS,
    ABOUT_SIGNATURES,
    AWAITING_OTHERS,
    REMOVED,
    TASK_IN,
    UNDATED,
    UNKNOWN,
    WITH_RESULT,
    WORDINGS,
    Group,
    Wording,
)
from domain.goal.commands import ORGANISATION, SYSTEM
from domain.goal.goal import Outcome
from domain.lifecycle import State
from domain.messages import Message
from domain.notices.notices import NoticeKind
from domain.policy.policy import TaskKind
from domain.programs import is_program
from domain.values import Locale
from texts.dates import day_text, deadline_text
from texts.say import say
from texts.words import actor_word, reason_text, word

_DEFAULT_ZONE = "Asia/Tokyo"  # the time zone of dates, if the facts name none
_LONGEST_COMMENT = 200
_LONGEST_WORD = 120


class Notice(Protocol):
    """The data of a line; the rows of the outbox have this shape."""

    @property
    def kind(self) -> str: ...
    @property
    def goal_id(self) -> str: ...
    @property
    def facts(self) -> Mapping[str, Any]: ...
    @property
    def due_at(self) -> datetime:
        """When the notice was due to be sent. The due date of the task is the fact `due`."""


class Reader(NamedTuple):
    """Who reads the line: their id, their language, and the names that they may see."""

    id: str
    locale: Locale
    names: Mapping[str, str]


def one_line(value: object, longest: int = _LONGEST_WORD) -> str:
    """`value` without line breaks and control characters, safe for a mail header; shortened with an ellipsis."""
    text = "".join(" " if unicodedata.category(c)[0] in "ZC" else c for c in str(value))
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _fact(facts: Mapping[str, Any], name: str, longest: int = _LONGEST_WORD) -> str:
    """The fact as one line of text; empty if it is missing."""
    value = facts.get(name)
    return "" if value is None else one_line(value, longest)


def group_of(notice: Notice, reader: Reader) -> Group:
    """The group of the notice in the reader's message; a task that is late is in the group of overdue tasks."""
    group = _wording(notice).group
    if notice.kind == NoticeKind.REASSIGNED and notice.facts.get("to") == reader.id:
        return Group.WAITS
    return Group.OVERDUE if group is Group.WAITS and _is_late(notice) else group


def headline(notice: Notice, reader: Reader, longest_theme: int = _LONGEST_WORD) -> str:
    """The sentence of the notice in the reader's language; the goal's theme has at most `longest_theme` characters."""
    facts, locale = notice.facts, reader.locale
    sentence = say(
        _wording(notice).key,
        locale,
        goal=name_of_goal(notice, reader, longest_theme),
        actor=_person(facts, "actor", reader),
        to=_person(facts, "to", reader),
        step=_step(facts, locale),
        verdict=_word("verdict", facts, locale),
        revision=_revision(facts, locale),
    )
    return _as_start(sentence)


def line(notice: Notice, reader: Reader) -> str:
    """The sentence of the notice with its details."""
    sentence, details = headline(notice, reader), say("mail.join.details", reader.locale).join(_details(notice, reader))
    return say("mail.line.with_details", reader.locale, line=sentence, details=details) if details else sentence


def starts_with_goal(notice: Notice, reader: Reader, longest_theme: int = _LONGEST_WORD) -> bool:
    """Whether the notice's sentence begins with the goal's name."""
    name = _as_start(name_of_goal(notice, reader, longest_theme))
    return headline(notice, reader, longest_theme).startswith(name)


def _as_start(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _wording(notice: Notice) -> Wording:
    """The wording of the notice's kind. A reminder before a step's due date does not say that the step is overdue."""
    if notice.kind == NoticeKind.STEP_OVERDUE and deadline_of(notice) and not _is_late(notice):
        return WORDINGS[NoticeKind.STEP_DUE]
    if notice.kind == NoticeKind.GOAL_CLOSED and _was_removed(notice.facts):
        return REMOVED
    if notice.kind == NoticeKind.STAGE_APPROVED and _fact(notice.facts, "awaited"):
        return AWAITING_OTHERS
    try:
        return WORDINGS[NoticeKind(notice.kind)]
    except ValueError:
        return UNKNOWN


def _was_removed(facts: Mapping[str, Any]) -> bool:
    """Whether the goal ended because its owner left the cycle, or because the cycle was cancelled."""
    return bool(_fact(facts, "removed")) or facts.get("outcome") == Outcome.CANCELLED


def _details(notice: Notice, reader: Reader) -> Iterator[str]:
    """The details that are known and fit the notice's kind, the most important first."""
    facts, locale = notice.facts, reader.locale
    yield from _dates(notice, locale)
    if (principal := _fact(facts, "acting_for")) and principal != _fact(facts, "actor"):
        yield say("mail.detail.acting_for", locale, person=_person(facts, "acting_for", reader))
    if _fact(facts, "to") and notice.kind != NoticeKind.REMINDER_COPIED:
        yield say("mail.detail.to", locale, person=_person(facts, "to", reader))
    if _fact(facts, "from"):
        yield say("mail.detail.from", locale, person=_person(facts, "from", reader))
    if notice.kind in ABOUT_SIGNATURES and (signatures := _fact(facts, "signatures")):
        yield say("mail.detail.signatures", locale, count=signatures)
    if notice.kind in ABOUT_LEAVERS:
        yield from _leaving(facts, locale)
    if weight := _fact(facts, "weight"):
        yield say("mail.detail.weight", locale, weight=weight)
    if notice.kind in WITH_RESULT:
        yield from _result(facts, locale)
    if refusal := _refusal(facts, reader):
        yield say("mail.detail.refusal", locale, refusal=refusal)
    if reason := _fact(facts, "reason", _LONGEST_COMMENT):
        yield say("mail.detail.reason", locale, reason=reason_text(reason, locale))


def _leaving(facts: Mapping[str, Any], locale: Locale) -> Iterator[str]:
    """That the owner has left, or leaves, so that the verdict cannot wait."""
    if _fact(facts, "gone"):
        yield say("mail.detail.gone", locale)
    elif leaves := _fact(facts, "leaves"):
        yield say("mail.detail.leaves", locale, day=_day(leaves, facts, locale, day_in))


def _dates(notice: Notice, locale: Locale) -> Iterator[str]:
    facts = notice.facts
    if (due := _fact(facts, "due")) and notice.kind not in UNDATED:
        yield say("mail.detail.due", locale, day=_day(due, facts, locale, deadline_in))
    if _fact(facts, "late") and (rung_due := _fact(facts, "rung_due")):
        yield say("mail.detail.rung_late", locale, day=_day(rung_due, facts, locale, day_in))


def _refusal(facts: Mapping[str, Any], reader: Reader) -> str:
    """Why the sign-off of another system was refused; empty if the facts do not say."""
    try:
        return one_line(
            say(Message.model_validate(facts.get("refusal")), reader.locale, reader.names), _LONGEST_COMMENT
        )
    except (ValidationError, KeyError, ValueError):  # malformed facts: the line has no reason
        return ""


def _result(facts: Mapping[str, Any], locale: Locale) -> Iterator[str]:
    if _fact(facts, "outcome"):
        yield say("mail.detail.outcome", locale, outcome=_word("outcome", facts, locale))
    if score := _fact(facts, "score"):
        yield say("mail.detail.score", locale, score=score)
    if points := _fact(facts, "unreviewed"):
        yield say("mail.detail.unreviewed", locale, points=points)


def task_of(notice: Notice, reader: Reader) -> TaskKind | None:
    """The open task of the goal, by the facts of the notice; in a review, the task of the owner is the self-review."""
    state = notice.facts.get("state")
    if state == State.IN_REVIEW and notice.facts.get("owner") == reader.id:
        return TaskKind.SELF_REVIEW
    return TASK_IN.get(str(state))


def seq_of(notice: Notice) -> int:
    """The number of the goal's last ledger entry; 0 if the facts do not say."""
    seq = notice.facts.get("seq")
    return seq if isinstance(seq, int) else 0


def deadline_of(notice: Notice) -> datetime | None:
    """The due date of the task, if the facts hold it with a time zone."""
    try:
        moment = datetime.fromisoformat(str(notice.facts.get("due")))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _is_late(notice: Notice) -> bool:
    """Whether the task was late when the notice was made. The current time is not used, so that a repeat says the same."""
    deadline = deadline_of(notice)
    return deadline is not None and deadline < notice.due_at


def _day(due: str, facts: Mapping[str, Any], locale: Locale, told: Callable[[datetime, str, Locale], str]) -> str:
    """An ISO date, or a date-time as `told` says it in the zone that the facts name; other text unchanged."""
    try:
        moment = datetime.fromisoformat(due)
    except ValueError:
        return due
    return told(moment, _fact(facts, "zone"), locale) if moment.tzinfo else day_text(moment.date(), locale)


def day_in(moment: datetime, zone: str, locale: Locale) -> str:
    """The day of a time in that time zone, as people write it; the default zone for an unknown one."""
    try:
        day = moment.astimezone(ZoneInfo(known_zone(zone))).date()
    except OverflowError:  # the first or the last day of the calendar
        day = moment.date()
    return day_text(day, locale)


def deadline_in(moment: datetime, zone: str, locale: Locale) -> str:
    """A deadline as the clocks of that time zone show it, with the zone; those of the default zone for an unknown one."""
    try:
        return deadline_text(moment, known_zone(zone), locale)
    except OverflowError:  # the first or the last day of the calendar
        return day_text(moment.date(), locale)


def known_zone(zone: str) -> str:
    """The name of the time zone; of the default one for a text that names none."""
    try:
        ZoneInfo(zone or _DEFAULT_ZONE)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # malformed facts
        return _DEFAULT_ZONE
    return zone or _DEFAULT_ZONE


def goal_name(owner: str, theme: str, reader: Reader) -> str:
    """The goal's name for the reader: "your goal" or the goal of a person, with its theme if it has one."""
    locale = reader.locale
    if owner == reader.id:
        whose = say("mail.goal.own", locale)
    elif owner:
        whose = say("mail.goal.of", locale, person=_person_name(owner, reader))
    else:
        whose = say("mail.goal.somebodys", locale)
    return say("mail.goal.themed", locale, whose=whose, theme=theme) if theme else whose


def name_of_goal(notice: Notice, reader: Reader, longest_theme: int = _LONGEST_WORD) -> str:
    """The name of the notice's goal for the reader."""
    return goal_name(_fact(notice.facts, "owner"), _fact(notice.facts, "theme", longest_theme), reader)


def _person_name(person: str, reader: Reader) -> str:
    if person == reader.id:
        return say("mail.person.you", reader.locale)
    return say("mail.person.named", reader.locale, name=one_line(reader.names.get(person, person)))


def _person(facts: Mapping[str, Any], role: str, reader: Reader) -> str:
    """A person by name; by id if the directory has no name; a general word if the facts name nobody."""
    person = _fact(facts, role)
    if is_program(person):
        return actor_word(person, reader.locale)
    return (
        say("mail.missing.actor", reader.locale)
        if person in ("", SYSTEM, ORGANISATION)
        else _person_name(person, reader)
    )


def _step(facts: Mapping[str, Any], locale: Locale) -> str:
    """The step with its number. Facts count steps from 0, texts from 1."""
    step = facts.get("step")
    number = str(step + 1) if isinstance(step, int) else _fact(facts, "step")
    return say("mail.step.numbered", locale, step=number) if number else say("mail.missing.step", locale)


def _revision(facts: Mapping[str, Any], locale: Locale) -> str:
    revision = _fact(facts, "revision")
    return (
        say("mail.revision.numbered", locale, revision=revision) if revision else say("mail.missing.revision", locale)
    )


def _word(kind: str, facts: Mapping[str, Any], locale: Locale) -> str:
    """A verdict or an outcome in the reader's language; an unknown one unchanged."""
    value = _fact(facts, kind)
    return word(kind, value, locale) if value else say("mail.missing.verdict", locale)
