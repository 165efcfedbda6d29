"""One message out of everything that one person must hear: at once, or in the digest of their day.

Plain text and HTML are made from the same sections. Same notices, tasks and names, same text: no clock is read here.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from channels.due_dates import Deadline, due_dates
from channels.layout import Line, Section, html, plain
from channels.lines import (
    Notice,
    Reader,
    day_in,
    deadline_of,
    goal_called,
    goal_name,
    group_of,
    headline,
    line,
    one_line,
    seq_of,
    starts_with_goal,
    task_of,
)
from channels.message import Message
from channels.texts import ASKS, TASK_TEXTS, UNKNOWN_TASK, Group
from domain.notices.notices import NoticeKind
from domain.values import Locale
from texts.say import say

_MOST_LINES = 50  # in a section; whoever has more sees the rest in the inbox
_LONGEST_SUBJECT = 90
_LONGEST_SUBJECT_LINE = 60  # of the first of several, behind the counts
_LONGEST_SUBJECT_THEME = 24
_LONGEST_THEME = 120
_THREAD_LENGTH = 24  # hex digits of a goal's hash

_TO_DO = (Group.WAITS, Group.OVERDUE)
_DIGEST_ORDER = (Group.OVERDUE, Group.WAITS, Group.DECIDED, Group.TO_KNOW)


class Waiting(NamedTuple):
    """An open task of the reader; `zone` is where its due date is told, `seq` how far the goal's ledger is."""

    goal_id: str
    owner: str
    theme: str
    kind: str
    due_at: datetime
    zone: str
    seq: int


class Links(NamedTuple):
    """Where the reader can go: pages below `base`, or commands where there are none."""

    base: str | None = None

    def goal(self, goal: str) -> str | None:
        return self._page(f"goals/{goal}")

    @property
    def inbox(self) -> str | None:
        return self._page("inbox")

    @property
    def preferences(self) -> str | None:
        return self._page("preferences")

    def _page(self, path: str) -> str | None:
        return f"{self.base.rstrip('/')}/{path}" if self.base else None


class _Said(NamedTuple):
    """A line before it is laid out, and the goal that it is about."""

    text: str
    goal_id: str


_Grouped = Mapping[Group, Sequence[_Said]]


class _Written(NamedTuple):
    """The words of a message; `deadlines` are those of the tasks that it puts before its reader."""

    subject: str
    greeting: str
    grouped: _Grouped
    closing: str
    deadlines: Sequence[Deadline]


def compose(
    recipient: str,
    notices: Sequence[Notice],
    names: Mapping[str, str],
    locale: Locale,
    *,
    to: str | None,
    message_id: str,
    links: Links = Links(),  # noqa: B008 - a tuple
    digest: bool = False,
    waiting: Sequence[Waiting] = (),
    now: datetime | None = None,
    zone: str = "",
) -> Message:
    """The message for `recipient` (an employee id).

    A digest lists the tasks in `waiting` as they stand at `now` (told in `zone`), the late ones first, then what was
    decided; what merely asks for one of these tasks is not said again. Any other message says what each notice says, and
    has at least one. Raises `ValueError` for a digest without `now`.
    """
    reader = Reader(recipient, locale, names)
    if digest:
        if now is None:
            raise ValueError("a digest tells how things stand at a moment: give `now`")
        written = _digest(notices, waiting, reader, links=links, now=now, zone=zone)
    else:
        written, now = _at_once(notices, reader), now or max(one.due_at for one in notices)
    sections = [_section(group, said, reader, links) for group, said in written.grouped.items()]
    return Message(
        message_id=message_id,
        to=to,
        subject=written.subject,
        body=plain(written.greeting, sections, written.closing, locale),
        html=html(written.subject, written.greeting, sections, written.closing, locale),
        locale=locale,
        thread=None if digest else _thread(notices, message_id),
        digest=digest,
        preferences=links.preferences,
        calendar=due_dates(written.deadlines, now),
    )


def says_nothing(notices: Sequence[Notice], waiting: Sequence[Waiting]) -> bool:
    """Whether a digest of these would be empty: all that was asked has been answered."""
    return not waiting and all(one.kind in ASKS for one in notices)


def _own_name(reader: Reader) -> str:
    return one_line(reader.names.get(reader.id, reader.id))


def _thread(notices: Sequence[Notice], message_id: str) -> str | None:
    """All messages about one goal hang on one root, which itself was never sent; one about several hangs on none."""
    goals = {one.goal_id for one in notices}
    if len(goals) != 1:
        return None
    digest = hashlib.sha256(goals.pop().encode()).hexdigest()[:_THREAD_LENGTH]
    return f"goal-{digest}@{message_id.rpartition('@')[2]}"


def _at_once(notices: Sequence[Notice], reader: Reader) -> _Written:
    grouped = _grouped(
        ((group_of(one, reader), _Said(line(one, reader), _goal_of_notice(one))) for one in notices), tuple(Group)
    )
    first = min(notices, key=lambda one: tuple(Group).index(group_of(one, reader)))
    same_goal = all(one.goal_id == first.goal_id for one in notices)
    return _Written(
        subject=_subject_of_goal(first, reader) if same_goal else _subject(grouped, first, reader),
        greeting=say("mail.greeting", reader.locale, name=_own_name(reader)),
        grouped=grouped,
        closing=say("mail.closing", reader.locale),
        deadlines=list(_asked_by(notices, reader)),
    )


def _digest(
    notices: Sequence[Notice], waiting: Sequence[Waiting], reader: Reader, *, links: Links, now: datetime, zone: str
) -> _Written:
    locale, day = reader.locale, day_in(now, zone, reader.locale)
    late = sum(one.due_at < now for one in waiting)
    said = [*_tasks_said(waiting, reader, now), *_news(notices, waiting, reader)]
    settings = links.preferences or say("mail.command.prefer", locale)
    return _Written(
        subject=say(
            "mail.subject.digest",
            locale,
            tag=say("mail.subject.tag", locale),
            day=day,
            overdue=late,
            waiting=len(waiting) - late,
        ),
        greeting=say("mail.greeting.digest", locale, name=_own_name(reader), day=day),
        grouped=_grouped(said, _DIGEST_ORDER),
        closing=f"{say('mail.closing', locale)}\n{say('mail.closing.digest', locale, where=settings)}",
        deadlines=[
            Deadline(one.goal_id, one.kind, _in_calendar(one.kind, _goal_of(one, reader), locale), one.due_at, one.seq)
            for one in waiting
        ],
    )


def _tasks_said(waiting: Sequence[Waiting], reader: Reader, now: datetime) -> Iterator[tuple[Group, _Said]]:
    for one in sorted(waiting, key=lambda task: (task.due_at, task.goal_id)):
        yield Group.OVERDUE if one.due_at < now else Group.WAITS, _Said(_task_line(one, reader), one.goal_id)


def _news(notices: Sequence[Notice], waiting: Sequence[Waiting], reader: Reader) -> Iterator[tuple[Group, _Said]]:
    """What the tasks themselves do not say; where a task stands above, what led to it is news.

    A request whose task is not among those that wait was answered meanwhile.
    """
    listed = {one.goal_id for one in waiting}
    for one in notices:
        above = one.goal_id in listed
        if one.kind not in ASKS:
            group = group_of(one, reader)
            yield Group.DECIDED if above and group in _TO_DO else group, _Said(line(one, reader), _goal_of_notice(one))


def _goal_of_notice(notice: Notice) -> str:
    """What tells HR of trouble is about no goal."""
    return "" if notice.kind == NoticeKind.DELIVERY_TROUBLE else notice.goal_id


def _grouped(said: Iterator[tuple[Group, _Said]] | Sequence[tuple[Group, _Said]], order: Sequence[Group]) -> _Grouped:
    """The lines by group; the same line is said once, and a group without any does not appear."""
    by_group: dict[Group, dict[_Said, None]] = {group: {} for group in order}
    for group, one in said:
        by_group[group][one] = None
    return {group: list(members) for group, members in by_group.items() if members}


def _subject_of_goal(first: Notice, reader: Reader) -> str:
    """Begins with the goal as it is called in every message about it, for the mail programs that thread by subject."""
    locale = reader.locale
    tag = say("mail.subject.tag", locale)
    said = one_line(headline(first, reader, _LONGEST_SUBJECT_THEME), _LONGEST_SUBJECT)
    if starts_with_goal(first, reader, _LONGEST_SUBJECT_THEME):
        return say("mail.subject.goal", locale, tag=tag, said=said)
    return say(
        "mail.subject.goal_and", locale, tag=tag, goal=goal_called(first, reader, _LONGEST_SUBJECT_THEME), said=said
    )


def _subject(grouped: _Grouped, first: Notice, reader: Reader) -> str:
    """How many there are, and the first of them."""
    locale = reader.locale
    to_do = sum(len(members) for group, members in grouped.items() if group in _TO_DO)
    to_know = sum(len(members) for group, members in grouped.items() if group not in _TO_DO)
    counts = [say("mail.subject.to_do", locale, n=to_do)] * bool(to_do)
    counts += [say("mail.subject.to_know", locale, n=to_know)] * bool(to_know)
    return say(
        "mail.subject.first",
        locale,
        tag=say("mail.subject.tag", locale),
        counts=say("mail.subject.join", locale).join(counts),
        first=one_line(headline(first, reader), _LONGEST_SUBJECT_LINE),
    )


def _section(group: Group, said: Sequence[_Said], reader: Reader, links: Links) -> Section:
    locale, to_do, first = reader.locale, group in _TO_DO, one_line(said[0].goal_id)
    more = len(said) - _MOST_LINES
    return Section(
        heading=say("mail.section", locale, heading=say(f"mail.heading.{group}", locale), n=len(said)),
        lines=[_laid_out(one, links) for one in said[:_MOST_LINES]],
        more=say("mail.more", locale, n=more) if more > 0 else "",
        command=say("mail.command.inbox", locale, person=one_line(reader.id))
        if to_do or not first
        else say("mail.command.show", locale, goal=first),
        link=links.inbox if to_do or not first else links.goal(first),
        button=say("mail.open.inbox", locale) if to_do else "",
        late=group is Group.OVERDUE,
    )


def _laid_out(said: _Said, links: Links) -> Line:
    goal = one_line(said.goal_id)
    return Line(said.text, goal, links.goal(goal) if goal else None)


def _task_line(task: Waiting, reader: Reader) -> str:
    return say(
        "mail.waiting.line",
        reader.locale,
        task=_task_word(task.kind, reader.locale),
        goal=_goal_of(task, reader),
        day=day_in(task.due_at, task.zone, reader.locale),
    )


def _task_word(kind: str, locale: Locale) -> str:
    return say(TASK_TEXTS.get(kind, UNKNOWN_TASK), locale)


def _goal_of(task: Waiting, reader: Reader) -> str:
    return goal_name(one_line(task.owner), one_line(task.theme, _LONGEST_THEME), reader)


def _in_calendar(kind: str, goal: str, locale: Locale) -> str:
    return say("mail.calendar.summary", locale, task=_task_word(kind, locale), goal=goal)


def _asked_by(notices: Sequence[Notice], reader: Reader) -> Iterator[Deadline]:
    """The due dates of what the notices ask of their reader; where one's facts are odd, it is told without."""
    for one in notices:
        due, kind = deadline_of(one), task_of(one, reader)
        if group_of(one, reader) in _TO_DO and due and kind:
            goal = goal_called(one, reader)
            yield Deadline(one.goal_id, kind, _in_calendar(kind, goal, reader.locale), due, seq_of(one))
