"""`meguri notices [CYCLE]` and `meguri notices retry`: what was sent, what did not get through, and trying that again."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.session.help import Commands, Group
from cli.session.options import Actor, AsJson
from cli.session.output import print_json, print_table

if TYPE_CHECKING:
    from cli.session.session import Reading, Terminal
    from service.notices import FailedDeliveries
    from storage.hooks import FailedEvent
    from storage.undelivered import FailedMessage, Summary

_SHOW = "show"


class _ShowByDefault(Group):
    """`meguri notices 2026-q4 --failed` is `meguri notices show 2026-q4 --failed`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or args[0] not in {*self.commands, "--help"}:
            args = [_SHOW, *args]
        return super().parse_args(ctx, args)


notices = Commands(cls=_ShowByDefault)


@notices.command(_SHOW)
def show(
    cycle_id: Annotated[str | None, typer.Argument(metavar="CYCLE", help="help.option.of_cycle")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="help.option.failed")] = False,
    as_json: AsJson = False,
) -> None:
    """Count the notices; with --failed, list the failed ones. The word `show` may be left out."""
    from cli.session.session import reading, run, terminal
    from cli.session.zones import zones_by_cycle

    async def work(session: "Reading") -> None:
        from cli.session.callers import caller_for
        from service.notices import Notices

        to, reads = session.terminal, Notices(session.engine)
        summary = await reads.summary(caller_for(None), cycle_id)
        failures = await reads.failures(caller_for(None), cycle_id) if failed else None
        zones = await zones_by_cycle(session.engine) if failures else {}
        if to.as_json:
            print_json({"counts": summary._asdict(), **(_lists(failures) if failures else {})})
            return
        _say(summary, to)
        if failures and failures.failed:
            _print_failed(failures.failed, zones, to)
        if failures and failures.events:
            _print_events(failures.events, zones, to)

    run(terminal(as_json), reading, work)


@notices.command("retry")
def retry(
    cycle_id: Annotated[str | None, typer.Argument(metavar="CYCLE", help="help.option.retry_cycle")] = None,
    *,
    actor: Actor,
    as_json: AsJson = False,
) -> None:
    """HR: send again what was given up, after its cause is fixed.

    Urgent notices go out next, the rest in digests.
    """
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


def _print_failed(listed: "Sequence[FailedMessage]", zones: dict[str, str], to: "Terminal") -> None:
    from texts.words import word

    rows = [
        (
            one.recipient_id, one.cycle_id, one.notices, one.code or "-", one.fell_back or "-",
            word("channel", one.channel, to.locale) if one.channel else "-",
            _when(one.gave_up_at, one.cycle_id, zones),
        )
        for one in listed
    ]  # fmt: skip
    print_table(to.heads("screen.notices.failed.heads"), rows)


def _print_events(events: "Sequence[FailedEvent]", zones: dict[str, str], to: "Terminal") -> None:
    from texts.wording import event_name

    rows = [
        (
            one.goal_id, one.seq, event_name(one.kind, to.locale), one.code or "-", one.attempts,
            _when(one.gave_up_at, one.goal_id.partition("/")[0], zones),
        )
        for one in events
    ]  # fmt: skip
    print_table(to.heads("screen.notices.events.heads"), rows)


def _when(moment: datetime | None, cycle: str | None, zones: dict[str, str]) -> str:
    from cli.session.zones import zone_for
    from texts.dates import moment_text

    return moment_text(moment, zone_for(cycle, zones)) if moment else "-"
