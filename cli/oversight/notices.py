"""`meguri notices [CYCLE]` and `meguri notices retry`: what was sent, what did not get through, and trying that again."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from cli.session.options import Actor, AsJson
from cli.session.output import print_json, print_table

if TYPE_CHECKING:
    from cli.session.session import Reading, Terminal
    from service.notices import FailedDeliveries
    from storage.hooks import FailedEvent
    from storage.undelivered import FailedMessage, Summary

_SHOW = "show"


class _ShowUnlessTold(TyperGroup):
    """`meguri notices 2026-q4 --failed` is `meguri notices show 2026-q4 --failed`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or args[0] not in {*self.commands, "--help"}:
            args = [_SHOW, *args]
        return super().parse_args(ctx, args)


notices = typer.Typer(cls=_ShowUnlessTold, help="Notices: what was sent, what waits, what did not get through.")


@notices.command(_SHOW)
def show(
    cycle_id: Annotated[str | None, typer.Argument(metavar="CYCLE", help="of one cycle")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="what was given up, or went another way")] = False,
    as_json: AsJson = False,
) -> None:
    """Count the notices; with --failed, list what did not get through as it should. The word `show` may be left out."""
    from cli.session.session import reading, run, terminal

    async def work(session: "Reading") -> None:
        from cli.session.callers import caller_for
        from service.notices import Notices

        to, reads = session.terminal, Notices(session.engine)
        summary = await reads.summary(caller_for(None), cycle_id)
        failures = await reads.failures(caller_for(None), cycle_id) if failed else None
        if to.as_json:
            print_json(summary._asdict() | (_lists(failures) if failures else {}))
            return
        _say(summary, to)
        if failures and failures.failed:
            _print_failed(failures.failed, to)
        if failures and failures.events:
            _print_events(failures.events, to)

    run(terminal(as_json), reading, work)


@notices.command("retry")
def retry(
    cycle_id: Annotated[
        str | None, typer.Argument(metavar="CYCLE", help="of one cycle; unset: of all of which you are HR")
    ] = None,
    *,
    actor: Actor,
    as_json: AsJson = False,
) -> None:
    """HR: put what was given up back in line, once its cause is mended; the urgent goes out next, the rest in digests."""
    from cli.session.session import reading, run, terminal

    async def work(session: "Reading") -> None:
        from cli.session.callers import caller_for
        from service.notices import Notices

        to, again = session.terminal, await Notices(session.engine).retry(caller_for(actor), cycle_id)
        if to.as_json:
            print_json(again)
            return
        to.tell("screen.notices.again", notices=again.notices, events=again.entries)

    run(terminal(as_json), reading, work)


def _lists(failures: "FailedDeliveries") -> dict[str, Any]:
    return {
        "failed": [one._asdict() for one in failures.failed], "events": [one._asdict() for one in failures.events],
    }  # fmt: skip


def _say(summary: "Summary", to: "Terminal") -> None:
    to.tell("screen.notices.counts", **summary._asdict())


def _print_failed(listed: "Sequence[FailedMessage]", to: "Terminal") -> None:
    from texts.words import word

    rows = [
        (
            one.recipient_id, one.cycle_id, one.notices, one.code or "-", one.fell_back or "-",
            word("channel", one.channel, to.locale) if one.channel else "-",
            _minute(one.gave_up_at),
        )
        for one in listed
    ]  # fmt: skip
    print_table(to.heads("screen.notices.failed.heads"), rows)


def _print_events(events: "Sequence[FailedEvent]", to: "Terminal") -> None:
    from cli.session.wording import event_name

    rows = [
        (
            one.goal_id, one.seq, event_name(one.kind, to.locale), one.code or "-", one.attempts,
            _minute(one.gave_up_at),
        )
        for one in events
    ]  # fmt: skip
    print_table(to.heads("screen.notices.events.heads"), rows)


def _minute(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else "-"
