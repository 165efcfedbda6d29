"""`/api/v1`: the routes of programs, by noun. Each calls one method of `service/` and returns its document."""

from fastapi import APIRouter

from web.api import (
    accounts,
    calendar_link,
    cycles,
    directory,
    goals,
    hooks,
    inbox,
    instructions,
    library,
    passkeys,
    people,
    results,
    tokens,
)
from web.problems import responses

router = APIRouter(prefix="/api/v1", responses=responses(401, 403, 422, 429, 503))
for noun in (
    inbox, goals, cycles, instructions, people, passkeys, calendar_link, directory, library, results, tokens, accounts, hooks,
):  # fmt: skip
    router.include_router(noun.router)
