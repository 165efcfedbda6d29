"""The caller's own link to their calendar. Only a person who is signed in makes or ends it: it must not outlive a token that fell into wrong hands."""

from datetime import UTC, datetime

from fastapi import APIRouter, Request

from service.calendar_links import CalendarLink, NewCalendarLink
from web.callers import Reader, SignedIn
from web.opened import opened_of

router = APIRouter(tags=["people"])


@router.get("/calendar-link")
async def read_calendar_link(request: Request, caller: Reader) -> CalendarLink:
    """Whether the caller has a link for their calendar program, and since when. Its address is not shown again."""
    return await opened_of(request).calendar_links.show(caller)


@router.post("/calendar-link", status_code=201)
async def make_calendar_link(request: Request, caller: SignedIn) -> NewCalendarLink:
    """Makes, by a session, the link by which a calendar program reads the caller's open tasks and the dates of their goals. An earlier link ends.

    Whoever knows the address can read it, and it is shown this once.
    """
    return await opened_of(request).calendar_links.make(caller, datetime.now(UTC))


@router.delete("/calendar-link")
async def end_calendar_link(request: Request, caller: SignedIn) -> CalendarLink:
    """Ends the link, by a session. A repeat changes nothing."""
    return await opened_of(request).calendar_links.end(caller)
