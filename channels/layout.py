"""The layout of a message: the same sections as plain text and as HTML."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from domain.values import Locale
from texts.say import say


class Line(NamedTuple):
    """A line of a section. `link` is the goal's page; without pages, the line shows the goal's id, for commands.

    `goal_id` is empty if the line is about no goal.
    """

    text: str
    goal_id: str
    link: str | None


class Section(NamedTuple):
    """A heading, lines, and where to read on: a page (`link`), or a command if there are no pages.

    `button` is the label of the link to that page; empty if the links of the lines are enough.
    """

    heading: str
    lines: Sequence[Line]
    more: str  # a sentence with the number of lines that are left out; empty if none is
    command: str
    link: str | None
    button: str
    late: bool


def plain(greeting: str, sections: Sequence[Section], closing: str, locale: Locale) -> str:
    """The message as plain text. `-- ` marks the start of a signature for mail programs."""
    return "\n\n".join([greeting, *(_plain_section(one, locale) for one in sections), f"-- \n{closing}"]) + "\n"


def _plain_section(section: Section, locale: Locale) -> str:
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
    """The message as an HTML page. It loads nothing from elsewhere; text that people wrote is escaped."""
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
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("message.html")
