"""One message out of everything that one person must hear now."""

from collections.abc import Mapping, Sequence

from channels.lines import Notice, Reader, group_of, headline, line, one_line
from channels.message import Message
from channels.texts import HEADINGS, Group
from domain.values import Locale

_MOST_LINES = 50  # in a group; whoever has more sees the rest in the inbox
_LONGEST_SUBJECT_LINE = 60

_TO_DO = (Group.WAITS, Group.OVERDUE)

Grouped = dict[Group, list[Notice]]


def compose(
    recipient: str,
    notices: Sequence[Notice],
    names: Mapping[str, str],
    locale: Locale,
    *,
    to: str | None,
    message_id: str,
) -> Message:
    """The message for `recipient` (an employee id); same notices and names, same text: no clock is read here."""
    reader = Reader(recipient, locale, names)
    grouped = _grouped(notices, reader)
    sections = [_section(group, members, reader) for group, members in grouped.items()]
    return Message(
        message_id=message_id,
        to=to,
        subject=_subject(grouped, reader),
        body="\n\n".join([_greeting(reader), *sections, _closing(locale)]) + "\n",
    )


def _grouped(notices: Sequence[Notice], reader: Reader) -> Grouped:
    """The notices by group, in the groups' order; a group without any does not appear."""
    by_group: Grouped = {group: [] for group in Group}
    for notice in notices:
        by_group[group_of(notice, reader)].append(notice)
    return {group: members for group, members in by_group.items() if members}


def _subject(grouped: Grouped, reader: Reader) -> str:
    """How many there are, and the first of them."""
    to_do = sum(len(members) for group, members in grouped.items() if group in _TO_DO)
    to_know = sum(len(members) for group, members in grouped.items() if group not in _TO_DO)
    first = next(iter(grouped.values()))[0]
    start = one_line(headline(first, reader), _LONGEST_SUBJECT_LINE)
    if reader.locale is Locale.JA:
        counts = [f"対応のお願い{to_do}件"] * bool(to_do) + [f"お知らせ{to_know}件"] * bool(to_know)
        return f"【Meguri】{'・'.join(counts)}: {start}"
    counts = [f"{to_do} to do"] * bool(to_do) + [f"{to_know} to know"] * bool(to_know)
    return f"[Meguri] {', '.join(counts)}: {start}"


def _greeting(reader: Reader) -> str:
    name = one_line(reader.names.get(reader.id, reader.id))
    if reader.locale is Locale.JA:
        return f"{name}さん\n\nMeguri からのお知らせです。"
    return f"Dear {name},\n\nhere is your news from Meguri."


def _section(group: Group, members: Sequence[Notice], reader: Reader) -> str:
    """A heading with its count, a line per notice, and the command to run next."""
    ja = reader.locale is Locale.JA
    heading = HEADINGS[group].in_(reader.locale)
    lines = [f"■ {heading}（{len(members)}件）" if ja else f"{heading} ({len(members)})"]
    lines += [f"{'・' if ja else '- '}{line(notice, reader)}" for notice in members[:_MOST_LINES]]
    if (rest := len(members) - _MOST_LINES) > 0:
        lines.append(f"・ほか{rest}件" if ja else f"- and {rest} more")
    lines.append(f"  → {_command(group, members[0], reader)}")
    return "\n".join(lines)


def _command(group: Group, first: Notice, reader: Reader) -> str:
    if group in _TO_DO:
        return f"meguri inbox {one_line(reader.id)}"
    return f"meguri goal show {one_line(first.goal_id)}"


def _closing(locale: Locale) -> str:
    if locale is Locale.JA:
        return "--\n目標管理 Meguri から自動でお送りしています。"
    return "--\nSent automatically by Meguri, your company's goals."
