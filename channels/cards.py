"""A message for chat programs: Slack's Block Kit, or an Adaptive Card for Teams.

Text that people wrote is never interpreted as markup. A line is never split over two blocks. If a message is too long, its last
line says that lines are missing.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from channels.message import Message
from texts.say import say

_SLACK_SECTION = 3_000  # characters of one section's text
_SLACK_BLOCKS = 50
_SLACK_HEADER = 150  # characters
_TEAMS_BYTES = 20_000  # as posted; a flow wraps the card, and refuses more than 28 kB after it has accepted it
_TEAMS_LINE = 1_000  # characters; our own lines are shorter
# A URL at the end of a line is always our own link: text that people wrote is followed by a bracket or the goal's id.
_LINK = re.compile(r"(?P<text>.*) (?P<url>https?://\S+)")

Card = dict[str, Any]


def for_slack(message: Message) -> Card:
    """A header and sections of whole lines; `text` is what a notification shows."""
    header = {"type": "header", "text": {"type": "plain_text", "text": message.subject[:_SLACK_HEADER], "emoji": False}}
    sections = list(_packed(_for_slack_line(line) for line in message.body.splitlines()))
    if len(sections) >= _SLACK_BLOCKS:
        sections = [*sections[: _SLACK_BLOCKS - 2], say("mail.cut", message.locale)]
    return {"text": _escaped(message.subject), "blocks": [header, *map(_section, sections)]}


def _section(text: str) -> Card:
    # verbatim: Slack turns no channel name, user name or URL into a link; our own links are marked as links
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _for_slack_line(line: str) -> str:
    if link := _LINK.fullmatch(line):
        return f"{_shortened(link['text'], _SLACK_SECTION - len(link['url']) - 10)} <{_escaped(link['url'])}>"
    return _shortened(line, _SLACK_SECTION)


def _shortened(line: str, room: int) -> str:
    """The line, escaped, in at most `room` characters."""
    safe = _escaped(line)
    # A line that is too long is cut as if every character had to be escaped.
    return safe if len(safe) <= room else _escaped(line[: room // len("&amp;") - 1]) + "…"


def _packed(lines: Iterable[str]) -> Iterator[str]:
    """Joins lines to sections of at most 3,000 characters; leaves out a section without text."""
    section = ""
    for line in lines:
        if section and len(section) + 1 + len(line) > _SLACK_SECTION:
            yield section
            section = line
        else:
            section = f"{section}\n{line}" if section else line
    if section.strip():
        yield section


def for_teams(message: Message) -> Card:
    """One block per line. A `TextRun` does not interpret Markdown, so a theme in brackets does not become a link."""
    blocks = [_teams_line(message.subject, weight="Bolder")]
    room = _TEAMS_BYTES - len(escaped_json(_teams_message(blocks)))
    room -= len(escaped_json(_teams_line(say("mail.cut", message.locale)))) + 1
    for block in _teams_blocks(message.body):
        room -= len(escaped_json(block)) + 1
        if room < 0:
            blocks.append(_teams_line(say("mail.cut", message.locale)))
            break
        blocks.append(block)
    return _teams_message(blocks)


def _teams_blocks(body: str) -> Iterator[Card]:
    """A block per line that is not empty; an empty line becomes space above the next block."""
    spacing = "Medium"
    for line in body.splitlines():
        if not line.strip():
            spacing = "Medium"
            continue
        link = _LINK.fullmatch(line)
        action = {"selectAction": {"type": "Action.OpenUrl", "url": link["url"]}} if link else {}
        text = (link["text"].strip(" →") or link["url"]) if link else line.strip()
        yield _teams_line(text, spacing=spacing, **action)
        spacing = "Small"


def _teams_line(text: str, *, spacing: str = "Default", **run: Any) -> Card:
    shown = text if len(text) <= _TEAMS_LINE else text[: _TEAMS_LINE - 1] + "…"
    return {
        "type": "RichTextBlock",
        "spacing": spacing,
        "inlines": [{"type": "TextRun", "text": shown, **run}],
    }


def _teams_message(blocks: list[Card]) -> Card:
    card = {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": blocks,
    }
    return {
        "type": "message",
        "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}],
    }


def as_json(card: Card) -> bytes:
    """The card as it is sent to Slack. Not ASCII only: a Japanese character takes three bytes instead of six."""
    return json.dumps(card, ensure_ascii=False, separators=(",", ":")).encode()


def escaped_json(card: Card) -> bytes:
    """The card as it is sent to Teams. ASCII only: so its size stays the same when a flow writes it again."""
    return json.dumps(card, separators=(",", ":")).encode()
