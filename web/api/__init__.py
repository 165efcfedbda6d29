"""`/api/v1`: the routes of programs, by noun. Each calls one method of `service/` and returns its document."""

from fastapi import APIRouter, Depends, Request
from starlette.exceptions import HTTPException

from web.api import (
    accounts,
    amendments,
    beginning,
    bulk,
    calendar_link,
    cycles,
    delegations,
    directory,
    erasure,
    goals,
    hooks,
    inbox,
    instructions,
    lessons,
    library,
    notices,
    passkeys,
    people,
    preferences,
    results,
    roles,
    sessions,
    sheets,
    steering,
    tokens,
    tree,
    unsent,
    writing,
)
from web.problems import responses


async def _require_own_path(request: Request) -> None:
    """As OpenAPI has it, a path comes before a pattern that it fits: `/cycles/check` is no cycle, with whatever method."""
    if request.path_params and request.url.path in request.app.openapi()["paths"]:
        raise HTTPException(405)


router = APIRouter(
    prefix="/api/v1", dependencies=[Depends(_require_own_path)], responses=responses(401, 403, 422, 429, 503)
)
_NOUNS = (
    inbox, goals, bulk, beginning, writing, sheets, cycles, amendments, instructions, steering, tree, results, erasure, library,
    lessons, people, passkeys, calendar_link, directory, roles, delegations, preferences, notices, sessions, tokens, accounts, hooks, unsent,
)  # fmt: skip
for noun in _NOUNS:
    router.include_router(noun.router)
