"""Chat messages to incoming webhooks of Slack or Teams. A webhook's address is a secret: everybody who knows it can post."""

from typing import Literal

from channels.cards import as_json, escaped_json, for_slack, for_teams
from channels.message import Message, NotDeliverable, NotSent, ServerUnavailable, TemporaryFailure
from channels.web import PostFailure, PostResult, is_retryable, is_safe_to_post_to, is_success, post
from domain import messages
from domain.errors import MeguriError

_TIMEOUT = 20.0  # seconds; well below the heartbeat time-out of the delivery activity


class WrongChatAddress(MeguriError):
    """`MEGURI_CHAT_URL` is malformed or not encrypted. The error's message does not contain it."""


class ChatChannel:
    """Posts to a person's own webhook, else to the company's. Raises `WrongChatAddress` if the company's cannot be used."""

    name = "chat"

    def __init__(
        self, url: str | None, form: Literal["slack", "teams"] = "slack", *, private_hosts: bool = False
    ) -> None:
        """`private_hosts`: people's own webhooks may be on the company's network. The company's own webhook may anyway."""
        if url and not is_safe_to_post_to(url):
            raise WrongChatAddress("wrong_webhook", messages.message("error.wrong_webhook", setting="MEGURI_CHAT_URL"))
        self._url = url
        self._form = form
        self._private_hosts = private_hosts

    def __repr__(self) -> str:
        return f"ChatChannel({self._form})"

    async def send(self, message: Message) -> None:
        """Returns when the chat has accepted the message; a repeat has the same header `Meguri-Message-ID`."""
        url = message.to or self._url
        if not url:
            raise NotDeliverable("no_address")
        if not is_safe_to_post_to(url):
            raise NotDeliverable("bad_address")
        card = as_json(for_slack(message)) if self._form == "slack" else escaped_json(for_teams(message))
        is_personal = url != self._url
        only_public = is_personal and not self._private_hosts
        result = await post(url, card, {"Meguri-Message-ID": message.message_id}, _TIMEOUT, only_public=only_public)
        if failure := _failure(result, is_personal=is_personal):
            raise failure


def _failure(result: PostResult, *, is_personal: bool) -> NotSent | None:  # noqa: PLR0911 - one line per result
    """The error for this result, or None. A personal webhook that fails says nothing about other messages."""
    match result:
        case PostFailure.BAD_ADDRESS:
            return NotDeliverable("bad_address")
        case PostFailure.NOT_PUBLIC:  # a name server that is away looks the same, so it is tried again
            return TemporaryFailure("chat_host_not_public")
        case PostFailure.UNREACHABLE if not is_personal:
            return ServerUnavailable("chat_unreachable")
        case PostFailure():
            return TemporaryFailure(f"chat_{result}")
        case status if is_success(status):
            return None
        case status if is_retryable(status):
            return TemporaryFailure(f"chat_{status}")
        case status:  # the webhook does not exist any more, or rejects the message
            return NotDeliverable(f"chat_{status}")
