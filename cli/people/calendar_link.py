"""`meguri calendar`: the link by which one's calendar program reads one's own tasks and dates."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from cli.session.help import Commands
from cli.session.options import Actor, AsJson
from cli.session.output import print_line

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from cli.session.session import Terminal
    from service.calendar_links import CalendarLink, CalendarLinks, NewCalendarLink
    from settings import Settings

calendar = Commands()
Answer = TypeVar("Answer")


@calendar.command("link")
def make_link(*, actor: Actor, as_json: AsJson = False) -> None:
    """Make the link for one's own calendar program. An earlier one ends. It is shown once."""
    from cli.session.callers import caller_for

    def show(made: "NewCalendarLink", to: "Terminal") -> None:
        print_line(made.url)
        to.complain(to.text("screen.calendar.shown_once"))

    _run(lambda found, now: found.make(caller_for(actor), now), show, as_json=as_json)


@calendar.command("revoke")
def revoke_link(*, actor: Actor, as_json: AsJson = False) -> None:
    """End the link. The calendar program reads nothing any more."""
    from cli.session.callers import caller_for

    def show(_ended: "CalendarLink", to: "Terminal") -> None:
        to.tell("screen.calendar.ended")

    _run(lambda found, _: found.end(caller_for(actor)), show, as_json=as_json)


def _run(
    asked: "Callable[[CalendarLinks, datetime], Awaitable[Answer]]",
    show: "Callable[[Answer, Terminal], None]",
    *,
    as_json: bool,
) -> None:
    from cli.session.session import answer

    async def work(engine: "AsyncEngine", settings: "Settings", now: datetime) -> Answer:
        from service.calendar_links import CalendarLinks

        base = settings.public_url or f"http://{settings.web_address}"
        return await asked(CalendarLinks(engine, base), now)

    answer(work, show, as_json=as_json)
