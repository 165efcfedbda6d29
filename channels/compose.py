"""One message out of everything that one person must hear: at once, or in the digest of their day.

Plain text and HTML are made from the same sections. Same notices, tasks and names, same text: no clock is read here.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, Template

from channels.catalog import say
from channels.due_dates import Deadline, due_dates
from channels.lines import Notice, Reader, day_in, goal_name, group_of, headline, line, one_line
from channels.message import Message
from channels.texts import ASKS, HEADINGS, Group
from domain.values import Locale

_MOST_LINES = 50  # in a group; whoever has more sees the rest in the inbox
_LONGEST_SUBJECT_LINE = 60
_LONGEST_THEME = 120
_THREAD_LENGTH = 24  # hex digits of a goal's hash

_TO_DO = (Group.WAITS, Group.OVERDUE)


class Waiting(NamedTuple):
    """An open task of the reader; `zone` is where its due date is told."""

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
        return f"{self.base.rstrip('/')}/goals/{goal}" if self.base else None

    @property
    def inbox(self) -> str | None:
        return f"{self.base.rstrip('/')}/inbox" if self.base else None

    @property
    def preferences(self) -> str | None:
        return f"{self.base.rstrip('/')}/preferences" if self.base else None


class _Line(NamedTuple):
    text: str
    link: str | None


class _Section(NamedTuple):
    """A heading with its count, its lines, and where to go from there."""

    heading: str
    lines: list[_Line]
    more: str
    command: str
    link: str | None
    urgent: bool


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

    A digest lists the tasks in `waiting` as they stand at `now` (told in `zone`), the late ones first, then what was decided;
    what merely asks for one of these tasks is not said again. Any other message says what each notice says.
    """
    reader = Reader(recipient, locale, names)
    if digest and now:
        day = day_in(now, zone, locale)
        late = [one for one in waiting if one.due_at < now]
        open_ = [one for one in waiting if one.due_at >= now]
        sections = _digest(notices, {Group.OVERDUE: late, Group.WAITS: open_}, reader, links)
        counts = {"overdue": len(late), "waiting": len(open_)}
        subject = say(locale, "subject.digest", tag=say(locale, "subject.tag"), day=day, **counts)
        greeting = say(locale, "greeting.digest", name=_own_name(reader), day=day)
        closing = f"{say(locale, 'closing')}\n{say(locale, 'closing.digest')}"
    else:
        sections, subject = _at_once(notices, reader, links)
        greeting = say(locale, "greeting", name=_own_name(reader))
        closing = say(locale, "closing")
    return Message(
        message_id=message_id,
        to=to,
        subject=subject,
        body="\n\n".join([greeting, *(_plain(one, locale) for one in sections), f"-- \n{closing}"]) + "\n",
        html=_html(subject, greeting, sections, closing, locale),
        locale=locale,
        thread=None if digest else _thread(notices, message_id),
        digest=digest,
        preferences=links.preferences,
        calendar=due_dates(_deadlines(notices, waiting, reader), now or max(one.due_at for one in notices)),
    )


def _own_name(reader: Reader) -> str:
    return one_line(reader.names.get(reader.id, reader.id))


def _thread(notices: Sequence[Notice], message_id: str) -> str | None:
    """All messages about one goal hang on one root, which itself was never sent; one about several hangs on none."""
    goals = {one.goal_id for one in notices}
    if len(goals) != 1:
        return None
    digest = hashlib.sha256(goals.pop().encode()).hexdigest()[:_THREAD_LENGTH]
    return f"goal-{digest}@{message_id.rpartition('@')[2]}"


def _at_once(notices: Sequence[Notice], reader: Reader, links: Links) -> tuple[list[_Section], str]:
    grouped = _grouped(notices, reader)
    return [_of_group(group, members, reader, links) for group, members in grouped.items()], _subject(grouped, reader)


def _digest(
    notices: Sequence[Notice], tasks: Mapping[Group, Sequence[Waiting]], reader: Reader, links: Links
) -> list[_Section]:
    listed = {one.goal_id for members in tasks.values() for one in members}
    news = [one for one in notices if not (one.kind in ASKS and one.goal_id in listed)]
    sections = [_of_tasks(group, members, reader, links) for group, members in tasks.items() if members]
    return sections + [_of_group(group, members, reader, links) for group, members in _grouped(news, reader).items()]


def _grouped(notices: Sequence[Notice], reader: Reader) -> dict[Group, list[Notice]]:
    """The notices by group, in the groups' order; a group without any does not appear."""
    by_group: dict[Group, list[Notice]] = {group: [] for group in Group}
    for notice in notices:
        by_group[group_of(notice, reader)].append(notice)
    return {group: members for group, members in by_group.items() if members}


def _subject(grouped: Mapping[Group, list[Notice]], reader: Reader) -> str:
    """How many there are, and the first of them."""
    locale = reader.locale
    to_do = sum(len(members) for group, members in grouped.items() if group in _TO_DO)
    to_know = sum(len(members) for group, members in grouped.items() if group not in _TO_DO)
    first = next(iter(grouped.values()))[0]
    counts = [say(locale, "subject.to_do", n=to_do)] * bool(to_do)
    counts += [say(locale, "subject.to_know", n=to_know)] * bool(to_know)
    return say(
        locale,
        "subject.first",
        tag=say(locale, "subject.tag"),
        counts=say(locale, "subject.join").join(counts),
        first=one_line(headline(first, reader), _LONGEST_SUBJECT_LINE),
    )


def _section(group: Group, lines: Sequence[_Line], reader: Reader, links: Links, first_goal: str) -> _Section:
    """Identical lines are said once."""
    locale, told = reader.locale, list(dict.fromkeys(lines))
    to_do = group in _TO_DO
    more = len(told) - _MOST_LINES
    return _Section(
        heading=say(locale, "section", heading=HEADINGS[group].in_(locale), n=len(told)),
        lines=told[:_MOST_LINES],
        more=say(locale, "more", n=more) if more > 0 else "",
        command=f"meguri inbox {one_line(reader.id)}" if to_do else f"meguri goal show {one_line(first_goal)}",
        link=links.inbox if to_do else links.goal(one_line(first_goal)),
        urgent=group is Group.OVERDUE,
    )


def _of_group(group: Group, members: Sequence[Notice], reader: Reader, links: Links) -> _Section:
    lines = [_Line(line(one, reader), links.goal(one_line(one.goal_id))) for one in members]
    return _section(group, lines, reader, links, members[0].goal_id)


def _of_tasks(group: Group, tasks: Sequence[Waiting], reader: Reader, links: Links) -> _Section:
    lines = [_Line(_task_line(one, reader), links.goal(one_line(one.goal_id))) for one in tasks]
    return _section(group, lines, reader, links, tasks[0].goal_id)


def _task_line(task: Waiting, reader: Reader) -> str:
    return say(
        reader.locale,
        "waiting.line",
        task=say(reader.locale, f"task.{task.kind}"),
        goal=_goal_of(task, reader),
        day=day_in(task.due_at, task.zone, reader.locale),
        id=one_line(task.goal_id),
    )


def _goal_of(task: Waiting, reader: Reader) -> str:
    return goal_name(one_line(task.owner), one_line(task.theme, _LONGEST_THEME), reader)


def _deadlines(notices: Sequence[Notice], waiting: Sequence[Waiting], reader: Reader) -> list[Deadline]:
    """The due dates of tasks that this message puts before its reader."""
    if not waiting:
        return [found for one in notices if one.kind in ASKS and (found := _asked_by(one, reader))][:_MOST_LINES]
    return [
        Deadline(
            f"{one.goal_id}#{one.kind}",
            say(
                reader.locale,
                "calendar.summary",
                task=say(reader.locale, f"task.{one.kind}"),
                goal=_goal_of(one, reader),
            ),
            one.due_at,
            one.seq,
        )
        for one in waiting[:_MOST_LINES]
    ]


def _asked_by(notice: Notice, reader: Reader) -> Deadline | None:
    try:
        due = datetime.fromisoformat(str(notice.facts.get("due")))
        number = int(notice.facts.get("seq") or 0)
    except (TypeError, ValueError, OverflowError):  # a fact may be odd, and the notice is told all the same
        return None
    kind = str(notice.facts.get("task") or notice.kind)
    return Deadline(f"{notice.goal_id}#{kind}", headline(notice, reader), due, number) if due.tzinfo else None


def _plain(section: _Section, locale: Locale) -> str:
    lines = [section.heading]
    lines += [say(locale, "bullet", line=one.text) for one in section.lines]
    lines += [section.more] if section.more else []
    lines.append(say(locale, "next", command=section.link or section.command))
    return "\n".join(lines)


@cache
def _template() -> Template:
    folder = Path(__file__).parent / "templates"
    return Environment(loader=FileSystemLoader(folder), autoescape=True).get_template("message.html")


def _html(subject: str, greeting: str, sections: Sequence[_Section], closing: str, locale: Locale) -> str:
    return _template().render(
        lang=locale.value,
        subject=subject,
        greeting=[one for one in greeting.split("\n") if one],
        sections=sections,
        closing=closing.split("\n"),
        open=say(locale, "open"),
    )
