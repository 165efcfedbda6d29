"""`/api/v1`: the routes of programs, by noun. Each calls one method of `service/` and returns its document."""

from fastapi import APIRouter

from web.api import (
    amendments,
    beginning,
    bulk,
    cycles,
    delegations,
    directory,
    erasure,
    goals,
    inbox,
    instructions,
    lessons,
    library,
    notices,
    people,
    preferences,
    results,
    roles,
    sheets,
    steering,
    tree,
    writing,
)
from web.problems import responses

router = APIRouter(prefix="/api/v1", responses=responses(401, 403, 422, 429, 503))
_NOUNS = (
    inbox, goals, bulk, beginning, writing, sheets, cycles, amendments, instructions, steering, tree, results, erasure, library,
    lessons, people, directory, roles, delegations, preferences, notices,
)  # fmt: skip
for noun in _NOUNS:
    router.include_router(noun.router)
