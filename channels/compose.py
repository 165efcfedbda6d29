"""Composes one message from a person's notices: an immediate message, or the digest of a day.

Plain text and HTML are made from the same sections. No clock is read: the same arguments always give the same message.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from channels.due_dates import CalendarFiles, Deadline, Planned, calendar_files, planned, unmentioned
from channels.layout import Line, Section, html, plain
from channels.lines import (
    Notice,
    Reader,
    day_in,
    deadline_in,
    deadline_of,
    goal_name,
    group_of,
    headline,
    line,
    name_of_goal,
    one_line,
    seq_of,
    starts_with_goal,
    task_of,
)
from channels.message import Message
from channels.texts import ASKS, TASK_TEXTS, UNKNOWN_TASK, Group
from domain.notices.calendar_changes import task_of_entry
from domain.notices.calendar_entries import KnownEntry
from domain.notices.notices import NoticeKind
from domain.values import Locale
from texts.say import say

_MAX_LINES = 50  # of a section; the rest is in the inbox
_LONGEST_SUBJECT = 90
_LONGEST_SUBJECT_LINE = 60  # of the first notice of several, after the counts
_LONGEST_SUBJECT_THEME = 24
_LONGEST_THEME = 120
_THREAD_LENGTH = 24  # hex digits of a goal's hash

_TO_DO = (Group.WAITS, Group.OVERDUE)
_DIGEST_ORDER = (Group.OVERDUE, Group.WAITS, Group.DECIDED, Group.TO_KNOW)


class ListedTask(NamedTuple):
    """An open task of the reader. `zone`: the time zone of its due date; `seq`: the number of the goal's last ledger entry.

    `gone`: the owner of the goal has left.
    """

    goal_id: str
    owner: str
    theme: str
    kind: str
    due_at: datetime
    zone: str
    seq: int
    gone: bool = False


class Links(NamedTuple):
    """Addresses of pages below `base`; all None without `base`: then messages show commands."""

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


class _GoalText(NamedTuple):
    """The text of a line, and the goal that it is about (empty: none)."""

    text: str
    goal_id: str


_Grouped = Mapping[Group, Sequence[_GoalText]]


class _Content(NamedTuple):
    """The content of a message before its layout; `deadlines` are those of the tasks that it asks the reader to do."""

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
    tasks: Sequence[ListedTask] = (),
    now: datetime | None = None,
    zone: str = "",
    known: Sequence[KnownEntry] = (),
    organizer: str = "",
) -> Message:
    """The message for `recipient` (an employee id).

    A digest lists the open `tasks` at the time `now` (its date is shown in the time zone `zone`), overdue tasks first, then
    news. Notices that only ask for a task are left out of a digest. An immediate message has a line for each of its notices,
    of which there is at least one. `names`: names of people by id. `known` are the entries that are in the reader's calendar: the
    message takes back and updates those that are wrong. `organizer` is the mail address that entries come from. Raises `ValueError` for a digest without `now`.
    """
    reader = Reader(recipient, locale, names)
    if digest:
        if now is None:
            raise ValueError("a digest lists tasks as of a time: give `now`")
        content = _digest_content(notices, tasks, reader, links=links, now=now, zone=zone)
    else:
        content, now = _immediate_content(notices, reader), now or max(one.due_at for one in notices)
    sections = [_section(group, texts, reader, links) for group, texts in content.grouped.items()]
    files = _calendar(content.deadlines, known, reader, now, organizer)
    return Message(
        message_id=message_id,
        to=to,
        subject=content.subject,
        body=plain(content.greeting, sections, content.closing, locale),
        html=html(content.subject, content.greeting, sections, content.closing, locale),
        locale=locale,
        thread=None if digest else _thread(notices, message_id),
        digest=digest,
        preferences=links.preferences,
        calendar=files.published,
        cancelled=files.cancelled,
        entries=files.entries,
    )


def is_empty_digest(notices: Sequence[Notice], tasks: Sequence[ListedTask]) -> bool:
    """Whether a digest would have no line: there is no open task, and all notices only ask for tasks."""
    return not tasks and all(one.kind in ASKS for one in notices)


def _own_name(reader: Reader) -> str:
    return one_line(reader.names.get(reader.id, reader.id))


def _thread(notices: Sequence[Notice], message_id: str) -> str | None:
    """The id of the thread's root: all messages about one goal answer the same root, which is never sent; else None."""
    goals = {one.goal_id for one in notices}
    if len(goals) != 1:
        return None
    digest = hashlib.sha256(goals.pop().encode()).hexdigest()[:_THREAD_LENGTH]
    return f"goal-{digest}@{message_id.rpartition('@')[2]}"


def _immediate_content(notices: Sequence[Notice], reader: Reader) -> _Content:
    grouped = _grouped(
        ((group_of(one, reader), _GoalText(line(one, reader), _goal_of_notice(one))) for one in notices), tuple(Group)
    )
    first = min(notices, key=lambda one: tuple(Group).index(group_of(one, reader)))
    same_goal = all(one.goal_id == first.goal_id for one in notices)
    return _Content(
        subject=_subject_of_goal(first, reader) if same_goal else _subject(grouped, first, reader),
        greeting=say("mail.greeting", reader.locale, name=_own_name(reader)),
        grouped=grouped,
        closing=say("mail.closing", reader.locale),
        deadlines=list(_deadlines(notices, reader)),
    )


def _digest_content(
    notices: Sequence[Notice], tasks: Sequence[ListedTask], reader: Reader, *, links: Links, now: datetime, zone: str
) -> _Content:
    locale, day = reader.locale, day_in(now, zone, reader.locale)
    overdue = sum(one.due_at < now for one in tasks)
    texts = [*_task_texts(tasks, reader, now), *_news(notices, tasks, reader)]
    settings = links.preferences or say("mail.command.prefer", locale)
    return _Content(
        subject=say(
            "mail.subject.digest",
            locale,
            tag=say("mail.subject.tag", locale),
            day=day,
            overdue=overdue,
            waiting=len(tasks) - overdue,
        ),
        greeting=say("mail.greeting.digest", locale, name=_own_name(reader), day=day),
        grouped=_grouped(texts, _DIGEST_ORDER),
        closing=f"{say('mail.closing', locale)}\n{say('mail.closing.digest', locale, where=settings)}",
        deadlines=[deadline_of_task(one, reader) for one in tasks],
    )


def _task_texts(tasks: Sequence[ListedTask], reader: Reader, now: datetime) -> Iterator[tuple[Group, _GoalText]]:
    for one in sorted(tasks, key=lambda task: (task.due_at, task.goal_id)):
        yield Group.OVERDUE if one.due_at < now else Group.WAITS, _GoalText(_task_line(one, reader), one.goal_id)


def _news(notices: Sequence[Notice], tasks: Sequence[ListedTask], reader: Reader) -> Iterator[tuple[Group, _GoalText]]:
    """The lines of a digest that are not tasks. Notices that only ask for a task are left out.

    If a task of the goal is listed, the notice about it moves from the tasks to the decisions.
    """
    listed = {one.goal_id for one in tasks}
    for one in notices:
        is_listed = one.goal_id in listed
        if one.kind not in ASKS:
            group = group_of(one, reader)
            yield (
                Group.DECIDED if is_listed and group in _TO_DO else group,
                _GoalText(line(one, reader), _goal_of_notice(one)),
            )


def _goal_of_notice(notice: Notice) -> str:
    """The goal that the notice is about; empty for what concerns no single goal."""
    return "" if notice.kind in (NoticeKind.DELIVERY_TROUBLE, NoticeKind.DIRECTORY_CHANGED) else notice.goal_id


def _grouped(
    texts: Iterator[tuple[Group, _GoalText]] | Sequence[tuple[Group, _GoalText]], order: Sequence[Group]
) -> _Grouped:
    """The lines by group, in this order, without repeated lines and without empty groups."""
    by_group: dict[Group, dict[_GoalText, None]] = {group: {} for group in order}
    for group, one in texts:
        by_group[group][one] = None
    return {group: list(members) for group, members in by_group.items() if members}


def _subject_of_goal(first: Notice, reader: Reader) -> str:
    """The subject of a message about one goal. It begins with the goal's name: some mail programs thread by subject."""
    locale = reader.locale
    tag = say("mail.subject.tag", locale)
    sentence = one_line(headline(first, reader, _LONGEST_SUBJECT_THEME), _LONGEST_SUBJECT)
    if starts_with_goal(first, reader, _LONGEST_SUBJECT_THEME):
        return say("mail.subject.goal", locale, tag=tag, sentence=sentence)
    goal = name_of_goal(first, reader, _LONGEST_SUBJECT_THEME)
    return say("mail.subject.goal_and", locale, tag=tag, goal=goal, sentence=sentence)


def _subject(grouped: _Grouped, first: Notice, reader: Reader) -> str:
    """The subject of a message about several goals: the numbers of lines, and the first one."""
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


def _section(group: Group, texts: Sequence[_GoalText], reader: Reader, links: Links) -> Section:
    locale, to_do, first = reader.locale, group in _TO_DO, one_line(texts[0].goal_id)
    more = len(texts) - _MAX_LINES
    return Section(
        heading=say("mail.section", locale, heading=say(f"mail.heading.{group}", locale), n=len(texts)),
        lines=[_line_of(one, links) for one in texts[:_MAX_LINES]],
        more=say("mail.more", locale, n=more) if more > 0 else "",
        command=say("mail.command.inbox", locale, person=one_line(reader.id))
        if to_do or not first
        else say("mail.command.show", locale, goal=first),
        link=links.inbox if to_do or not first else links.goal(first),
        button=say("mail.open.inbox", locale) if to_do else "",
        late=group is Group.OVERDUE,
    )


def _line_of(text: _GoalText, links: Links) -> Line:
    goal = one_line(text.goal_id)
    return Line(text.text, goal, links.goal(goal) if goal else None)


def _task_line(task: ListedTask, reader: Reader) -> str:
    return say(
        "mail.waiting.gone" if task.gone else "mail.waiting.line",
        reader.locale,
        task=_task_word(task.kind, reader.locale),
        goal=_goal_of(task, reader),
        day=deadline_in(task.due_at, task.zone, reader.locale),
    )


def _task_word(kind: str, locale: Locale) -> str:
    return say(TASK_TEXTS.get(kind, UNKNOWN_TASK), locale)


def _goal_of(task: ListedTask, reader: Reader) -> str:
    return goal_name(one_line(task.owner), one_line(task.theme, _LONGEST_THEME), reader)


def deadline_of_task(task: ListedTask, reader: Reader) -> Deadline:
    """The task as an entry of the reader's calendar."""
    name = _in_calendar(task.kind, _goal_of(task, reader), reader.locale)
    return Deadline(task.goal_id, task.kind, name, task.due_at, task.seq)


def _in_calendar(kind: str, goal: str, locale: Locale) -> str:
    return say("mail.calendar.summary", locale, task=_task_word(kind, locale), goal=goal)


def _deadlines(notices: Sequence[Notice], reader: Reader) -> Iterator[Deadline]:
    """The due dates of the tasks that the notices ask the reader to do; notices with odd facts are left out."""
    for one in notices:
        due, kind = deadline_of(one), task_of(one, reader)
        if group_of(one, reader) in _TO_DO and due and kind:
            goal = name_of_goal(one, reader)
            yield Deadline(one.goal_id, kind, _in_calendar(kind, goal, reader.locale), due, seq_of(one))


def _calendar(
    deadlines: Sequence[Deadline], known: Sequence[KnownEntry], reader: Reader, now: datetime, organizer: str
) -> CalendarFiles:
    """The due dates of the message, and the changes of earlier entries of which it does not tell."""
    told = planned(deadlines, known)
    changes = [Planned(entry, _known_summary(one, reader)) for one, entry in unmentioned(told, known)]
    return calendar_files([*told, *changes], now, organizer)


def _known_summary(known: KnownEntry, reader: Reader) -> str:
    goal = goal_name(one_line(known.owner), one_line(known.theme, _LONGEST_THEME), reader)
    return _in_calendar(task_of_entry(known, reader.id), goal, reader.locale)
