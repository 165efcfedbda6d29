"""`/api/v1`: the routes of programs, by noun. Each calls one method of `service/` and returns its document."""

from fastapi import APIRouter

from web.api import cycles, directory, goals, inbox, instructions, lessons, library, people, results, tree, writing
from web.problems import responses

router = APIRouter(prefix="/api/v1", responses=responses(401, 403, 422, 429, 503))
for noun in (inbox, goals, writing, cycles, tree, instructions, people, directory, library, lessons, results):
    router.include_router(noun.router)
