"""What waits on the caller, and who the caller is."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request

from domain.access import person_of
from service.inbox import InboxDocument, InboxItem
from web.callers import Reader
from web.opened import opened_of
from web.problems import responses

router = APIRouter(tags=["inbox"])

# The command that answers a task, by what it asks for.
_COMMANDS = {
    "submit": "submit",
    "approve": "approve",
    "complete_step": "complete_step",
    "self_review": "submit_self_review",
    "decide": "decide_review",
    "comment": "comment",
}


@router.get("/inbox", responses=responses(404))
async def read_inbox(
    request: Request,
    caller: Reader,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    after: Annotated[str, Query(max_length=300, description="`next` of the page before")] = "",
) -> InboxDocument:
    """The caller's open tasks, the earliest due date first. `command` is the path of the command that answers the task."""
    person, now = person_of(caller), datetime.now(UTC)
    page = await opened_of(request).inbox.read(caller, person, now, after=after, limit=limit)
    return page.document([_command(one) for one in page.items])


def _command(item: InboxItem) -> str | None:
    """None: nothing can be done while the goal is paused."""
    return None if item.goal.paused else f"/api/v1/goals/{item.goal.goal}/{_COMMANDS[item.action]}"
