"""`meguri prefer`: how a person's notices come, and at what hour."""

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from cli.session.options import Actor, AsJson
from cli.session.output import print_json, spoken

if TYPE_CHECKING:
    from cli.session.session import Reading, Terminal
    from storage.preferences import Preference


class Way(StrEnum):
    MAIL = "mail"
    CHAT = "chat"
    CONSOLE = "console"


def prefer(
    employee: Annotated[str, typer.Argument(metavar="EMPLOYEE", help="whose notices")],
    *,
    actor: Actor,
    channel: Annotated[Way | None, typer.Option("--channel", help="how they come")] = None,
    chat_url: Annotated[
        str | None,
        typer.Option("--chat-url", metavar="URL", help="a chat webhook of their own, a secret; - reads it from stdin"),
    ] = None,
    digest_at: Annotated[
        str | None, typer.Option("--digest-at", metavar="HH:MM", help="when the day's message comes, by their clock")
    ] = None,
    reset: Annotated[bool, typer.Option("--reset", help="forget what was chosen before")] = False,
    as_json: AsJson = False,
) -> None:
    """Choose how your notices come, and when; without an option, show it. HR may, for anybody."""
    from cli.session.session import reading, run, terminal

    url = sys.stdin.readline().strip() if chat_url == "-" else chat_url
    shows = not reset and channel is None and url is None and digest_at is None

    async def work(session: "Reading") -> None:
        from domain.values import EmployeeId
        from service.preferences import Preferences, WrongPreference

        to = session.terminal
        await session.require_employee(employee)
        person, by = EmployeeId(employee), EmployeeId(actor)
        chosen = Preferences(session.engine, company_chat=to.settings.channel == "chat")
        try:
            kept = (
                await chosen.find(person, by)
                if shows
                else await chosen.choose(
                    person, by, channel=channel and channel.value, chat_url=url, digest_at=digest_at, reset=reset
                )
            )
        except WrongPreference as wrong:
            raise to.refuse(spoken(wrong.message, to.locale), kind=wrong.code) from wrong
        _show(kept, employee, to)

    run(terminal(as_json), reading, work)


def _show(kept: "Preference", employee: str, to: "Terminal") -> None:
    from service.preferences import masked

    chat = masked(kept.chat_url)
    hour = kept.digest_at.strftime("%H:%M") if kept.digest_at else None
    if to.as_json:
        print_json({"employee": employee, "channel": kept.channel, "chat_url": chat, "digest_at": hour})
        return
    by = kept.channel or to.words("会社の既定", "the company's way")
    at = hour or to.words("始業時刻", "the opening hour")
    own = chat or to.words("なし", "none")
    to.say(
        f"{employee}: 届け方 {by}、まとめ {at}、自分のチャット {own}",
        f"{employee}: by {by}, digest at {at}, own chat {own}",
    )
