"""Chat by incoming webhook: Slack's Block Kit, or an Adaptive Card for Teams. The webhook's address is a secret."""

from typing import Any, Literal
from urllib.parse import urlsplit

import httpx

from channels.message import Message, NotDeliverable, NotNow, NotSent, ServerUnavailable

_PATIENCE = 20.0  # seconds
_SLACK_SECTION = 2_900  # characters; Slack takes 3,000
_SLACK_BLOCKS = 45  # of 50
_TEAMS_TEXT = 18_000  # characters; the whole card may have 28 kB
_GONE = frozenset({400, 401, 403, 404, 410})  # the webhook is not there, or not ours
_BUSY = 429
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class ChatChannel:
    """Posts to a person's own webhook, else to the company's."""

    name = "chat"

    def __init__(self, url: str | None, form: Literal["slack", "teams"] = "slack") -> None:
        self._url = url
        self._form = form

    def __repr__(self) -> str:
        return f"ChatChannel({self._form})"

    async def send(self, message: Message) -> None:
        """Returns once the chat has taken the message; a repeat carries the same `Meguri-Message-ID`."""
        own = bool(message.to)
        url = message.to or self._url
        if not url:
            raise NotDeliverable("no_address")
        if not _may_be_posted_to(url):
            raise NotDeliverable("bad_address")
        card = _for_slack(message) if self._form == "slack" else _for_teams(message)
        try:
            async with httpx.AsyncClient(timeout=_PATIENCE, follow_redirects=False) as client:
                answer = await client.post(url, json=card, headers={"Meguri-Message-ID": message.message_id})
        except (httpx.InvalidURL, httpx.UnsupportedProtocol):
            raise NotDeliverable("bad_address") from None
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise (NotNow if own else ServerUnavailable)("chat_unreachable") from None
        except httpx.HTTPError:
            raise NotNow("chat_interrupted") from None
        if failure := _meaning(answer.status_code):
            raise failure


def _may_be_posted_to(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)


def _meaning(status: int) -> NotSent | None:
    if 200 <= status < 300:  # noqa: PLR2004 - HTTP's word for done
        return None
    return NotDeliverable(f"chat_{status}") if status in _GONE else NotNow(f"chat_{status}")


def _for_slack(message: Message) -> dict[str, Any]:
    """Text that Slack could take for markup is escaped; what is longer than a section goes on in the next."""
    safe = message.body.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    parts = [safe[at : at + _SLACK_SECTION] for at in range(0, len(safe), _SLACK_SECTION)][:_SLACK_BLOCKS]
    header = {"type": "header", "text": {"type": "plain_text", "text": message.subject[:150], "emoji": False}}
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": part, "verbatim": True}} for part in parts]
    return {"text": message.subject, "blocks": [header, *blocks]}


def _for_teams(message: Message) -> dict[str, Any]:
    body = [
        {"type": "TextBlock", "text": message.subject, "weight": "Bolder", "wrap": True},
        {"type": "TextBlock", "text": message.body[:_TEAMS_TEXT].replace("\n", "\n\n"), "wrap": True},
    ]
    card = {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.4",
        "body": body,
    }
    return {
        "type": "message",
        "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}],
    }
