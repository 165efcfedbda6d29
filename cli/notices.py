"""`meguri prefer` and `meguri notices`: how a person hears of things, and what did not get through."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import Actor, AsJson
from cli.output import Exit, print_json, print_table

if TYPE_CHECKING:
    from cli.session import Reading, Terminal
    from storage.preferences import Preference

notices = typer.Typer(no_args_is_help=True, help="Notices: what was sent, what waits, what did not get through.")

_MOST = 100


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
        str | None, typer.Option("--chat-url", metavar="URL", help="a chat webhook of their own; https")
    ] = None,
    digest_at: Annotated[
        datetime | None,
        typer.Option("--digest-at", formats=["%H:%M"], metavar="HH:MM", help="when the day's message comes"),
    ] = None,
    reset: Annotated[bool, typer.Option("--reset", help="as if nothing had been chosen")] = False,
    as_json: AsJson = False,
) -> None:
    """Choose how your notices come, and at what hour; without an option, show it. HR may, for anybody."""
    from cli.session import reading, run, terminal

    to = terminal(as_json)
    if chat_url is not None and not chat_url.startswith("https://"):
        message = to.words(
            "--chat-url は https:// で始まる URL にしてください。", "--chat-url must begin with https://"
        )
        raise to.refuse(message, kind="usage", code=Exit.USAGE)
    chosen: dict[str, Any] = {
        "channel": channel and channel.value,
        "chat_url": chat_url,
        "digest_at": digest_at and digest_at.time(),
    }

    async def work(session: "Reading") -> None:
        from client.notices import Notices
        from domain.values import EmployeeId

        given = {name: value for name, value in chosen.items() if value is not None}
        kept = await Notices(session.engine).prefer(EmployeeId(employee), EmployeeId(actor), given, reset=reset)
        _show(kept, employee, to)

    run(to, reading, work)


def _show(kept: "Preference", employee: str, to: "Terminal") -> None:
    own = bool(kept.chat_url)
    if to.as_json:
        print_json({"employee": employee, "channel": kept.channel, "own_chat": own, "digest_at": kept.digest_at})
        return
    default = to.words("会社の既定", "the company's")
    at = kept.digest_at.strftime("%H:%M") if kept.digest_at else to.words("始業時", "at the opening hour")
    chat = to.words("あり", "set") if own else to.words("なし", "none")
    to.say(
        f"{employee}: 届け方 {kept.channel or default}、まとめ {at}、自分のチャット {chat}",
        f"{employee}: by {kept.channel or default}, digest {at}, own chat {chat}",
    )


@notices.command("show")
def show(
    cycle_id: Annotated[str | None, typer.Argument(metavar="CYCLE", help="of one cycle")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="what was given up, or went another way")] = False,
    as_json: AsJson = False,
) -> None:
    """Count the notices; with --failed, list those that did not get through as they should."""
    from cli.session import reading, run, terminal

    async def work(session: "Reading") -> None:
        from client.notices import Notices

        to, reads = session.terminal, Notices(session.engine)
        summary = await reads.summary(cycle_id)
        listed = await reads.failed(cycle_id, _MOST) if failed else []
        if to.as_json:
            print_json({**summary._asdict(), "failed": [one._asdict() for one in listed]})
            return
        to.say(
            f"送信済み {summary.sent}、待ち {summary.waiting}、断念 {summary.given_up}、別経路 {summary.fell_back}、取り下げ {summary.withdrawn}",
            f"{summary.sent} sent, {summary.waiting} waiting, {summary.given_up} given up, {summary.fell_back} another way, "
            f"{summary.withdrawn} withdrawn",
        )
        if listed:
            headers = (
                ("宛先", "件数", "理由", "失敗した経路", "届いた経路", "断念 (UTC)")
                if to.japanese
                else ("recipient", "notices", "code", "failed", "went by", "given up (UTC)")
            )
            rows = [
                (
                    one.recipient_id, one.notices, one.code or "-", one.fell_back or "-", one.channel or "-",
                    f"{one.gave_up_at:%Y-%m-%d %H:%M}" if one.gave_up_at else "-",
                )
                for one in listed
            ]  # fmt: skip
            print_table(headers, rows)

    run(terminal(as_json), reading, work)


@notices.command("retry")
def retry(
    cycle_id: Annotated[str | None, typer.Argument(metavar="CYCLE", help="of one cycle")] = None,
    *,
    actor: Actor,
    as_json: AsJson = False,
) -> None:
    """HR: put what was given up back in line, once its cause is mended."""
    from cli.session import reading, run, terminal

    async def work(session: "Reading") -> None:
        from client.notices import Notices
        from domain.values import EmployeeId

        again = await Notices(session.engine).retry(cycle_id, EmployeeId(actor))
        if session.terminal.as_json:
            print_json({"notices": again})
        else:
            session.terminal.say(f"{again} 件をもう一度送ります。", f"{again} notices will be tried again")

    run(terminal(as_json), reading, work)
