"""A message's sections as plain text and as HTML; both say the same."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from domain.values import Locale
from texts.say import say


class Line(NamedTuple):
    """What is said, of which goal, and its page; where there is none, the goal is told by its id, for commands.

    Without a goal it is about the whole: the text says where to look.
    """

    text: str
    goal_id: str
    link: str | None


class Section(NamedTuple):
    """A heading with its count, its lines, and where to go from there: a page, or a command where there are no pages.

    `button` is what the way to that page says; empty where the lines' own pages are way enough.
    """

    heading: str
    lines: Sequence[Line]
    more: str  # how many lines are left out; empty where none is
    command: str
    link: str | None
    button: str
    late: bool


def plain(greeting: str, sections: Sequence[Section], closing: str, locale: Locale) -> str:
    """The parts with an empty line between; `-- ` is what mail programs take for the start of a signature."""
    return "\n\n".join([greeting, *(_plain(one, locale) for one in sections), f"-- \n{closing}"]) + "\n"


def _plain(section: Section, locale: Locale) -> str:
    lines = [
        say("mail.section.plain", locale, heading=section.heading),
        *(say("mail.bullet", locale, line=_with_goal(one, locale)) for one in section.lines),
    ]
    if section.more:
        lines.append(say("mail.bullet", locale, line=section.more))
    if section.button or not section.link:
        lines.append(say("mail.next", locale, command=section.link or section.command))
    return "\n".join(lines)


def _with_goal(line: Line, locale: Locale) -> str:
    if line.link:
        return say("mail.line.with_page", locale, line=line.text, page=line.link)
    if not line.goal_id:
        return line.text
    return say("mail.line.with_goal", locale, line=line.text, goal=line.goal_id)


def html(subject: str, greeting: str, sections: Sequence[Section], closing: str, locale: Locale) -> str:
    """One page without images or anything from elsewhere; whatever people wrote is escaped."""
    return _template().render(
        lang=locale.value,
        subject=subject,
        greeting=[one for one in greeting.split("\n") if one],
        sections=sections,
        closing=closing.split("\n"),
        open=say("mail.open", locale),
    )


@cache
def _template() -> Template:
    folder = Path(__file__).parent / "templates"
    surroundings = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return surroundings.get_template("message.html")
