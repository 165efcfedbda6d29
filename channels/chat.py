"""Chat by incoming webhook, of Slack or Teams. The webhook's address is a secret: whoever has it can post."""

from typing import Literal

from channels.cards import as_json, for_slack, for_teams
from channels.message import Message, NotDeliverable, NotNow, NotSent, ServerUnavailable
from channels.web import Answer, Trouble, is_done, may_be_posted_to, may_work_later, post
from domain import messages
from domain.errors import MeguriError

_PATIENCE = 20.0  # seconds; well within the delivery's heartbeat


class WrongChatAddress(MeguriError):
    """`MEGURI_CHAT_URL` cannot be posted to. The message never repeats it."""


class ChatChannel:
    """Posts to a person's own webhook, else to the company's; raises `WrongChatAddress` where that is none."""

    name = "chat"

    def __init__(self, url: str | None, form: Literal["slack", "teams"] = "slack") -> None:
        if url and not may_be_posted_to(url):
            raise WrongChatAddress("wrong_webhook", messages.message("error.wrong_webhook", setting="MEGURI_CHAT_URL"))
        self._url = url
        self._form = form

    def __repr__(self) -> str:
        return f"ChatChannel({self._form})"

    async def send(self, message: Message) -> None:
        """Returns once the chat has taken the message; a repeat carries the same `Meguri-Message-ID`."""
        url = message.to or self._url
        if not url:
            raise NotDeliverable("no_address")
        if not may_be_posted_to(url):
            raise NotDeliverable("bad_address")
        card = for_slack(message) if self._form == "slack" else for_teams(message)
        answer = await post(url, as_json(card), {"Meguri-Message-ID": message.message_id}, _PATIENCE)
        if failure := _failure(answer, own=url != self._url):
            raise failure


def _failure(answer: Answer, *, own: bool) -> NotSent | None:
    """What the answer means; `own`: a person's webhook, whose trouble is nobody else's."""
    match answer:
        case Trouble.BAD_ADDRESS:
            return NotDeliverable("bad_address")
        case Trouble.UNREACHABLE if not own:
            return ServerUnavailable("chat_unreachable")
        case Trouble():
            return NotNow(f"chat_{answer}")
        case status if is_done(status):
            return None
        case status if may_work_later(status):
            return NotNow(f"chat_{status}")
        case status:  # the webhook is gone or not ours, or takes no such message
            return NotDeliverable(f"chat_{status}")
