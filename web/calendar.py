"""A person's dates for their calendar program, which cannot sign in: the secret in the address lets it in."""

import re
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from starlette.exceptions import HTTPException

from channels.compose import Links
from web.callers import address_of
from web.opened import opened_of

router = APIRouter(include_in_schema=False)
_MEDIA_TYPE = "text/calendar; charset=utf-8"
_TAGS = re.compile(r'(?:W/)?"([^"]*)"')


@router.api_route("/calendar/{secret}.ics", methods=["GET", "HEAD"])
async def read_calendar(
    request: Request, secret: str, if_none_match: Annotated[str | None, Header()] = None
) -> Response:
    """The calendar; 304 where the program has it already. Whatever is wrong with the link, it is the page that does not exist."""
    opened = opened_of(request)
    links = Links(opened.settings.public_url)
    feed = await opened.calendar_links.read(secret, address_of(request), datetime.now(UTC), links)
    if feed is None:
        raise HTTPException(404)
    headers = {"ETag": f'W/"{feed.tag}"', "Cache-Control": "private, no-cache"}  # kept, and asked for each time
    if feed.tag in _TAGS.findall(if_none_match or ""):
        return Response(status_code=304, headers=headers)
    return Response(feed.text, media_type=_MEDIA_TYPE, headers=headers)
