"""`meguri prefer`: how a person's notices come, and at what hour."""

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from cli.session.callers import caller_for
from cli.session.choices import Choice
from cli.session.options import Actor, AsJson
from cli.session.output import print_json

if TYPE_CHECKING:
    from cli.session.session import Reading, Terminal
    from service.preferences import PreferenceDocument


class Channel(StrEnum):
    MAIL = "mail"
    CHAT = "chat"
    CONSOLE = "console"


def prefer(
    employee: Annotated[str, typer.Argument(metavar="EMPLOYEE", help="help.option.prefer_employee")],
    *,
    actor: Actor,
    channel: Annotated[
        Channel | None,
        typer.Option("--channel", parser=Choice("channel", Channel), metavar="CHANNEL", help="help.option.channel"),
    ] = None,
    chat_url: Annotated[
        str | None,
        typer.Option("--chat-url", metavar="URL", help="help.option.chat_url"),
    ] = None,
    digest_at: Annotated[str | None, typer.Option("--digest-at", metavar="HH:MM", help="help.option.digest_at")] = None,
    reset: Annotated[bool, typer.Option("--reset", help="help.option.reset")] = False,
    as_json: AsJson = False,
) -> None:
    """Choose how and when your notices come.

    Without an option, show the present choice. HR may do so for anybody.
    """
    from cli.session.session import reading, run, terminal

    url = sys.stdin.readline().strip() if chat_url == "-" else chat_url

    async def work(session: "Reading") -> None:
        from domain.values import EmployeeId
        from service.preferences import Choice, Preferences, document_of

        to = session.terminal
        person, caller = EmployeeId(employee), caller_for(actor)
        preferences = Preferences(
            session.engine, company_chat=to.settings.channel == "chat", private_hosts=to.settings.chat_private_hosts
        )
        choice = Choice(channel and channel.value, url, digest_at, reset)
        if choice == Choice():
            kept = await preferences.show(caller, person)
        else:
            kept = await preferences.choose(caller, person, choice)
        _show(document_of(person, kept), to)

    run(terminal(as_json), reading, work)


def _show(kept: "PreferenceDocument", to: "Terminal") -> None:
    from texts.words import word

    if to.as_json:
        print_json(kept)
        return
    default = to.text("screen.preferences.company_default")
    channel = word("channel", kept.channel, to.locale) if kept.channel else default
    at = kept.digest_at or to.text("screen.preferences.opening_hour")
    own = kept.chat_url or to.text("screen.preferences.no_chat")
    to.tell("screen.preferences.kept", employee=kept.employee, channel=channel, at=at, own=own)
