"""`/api/v1`: the routes of programs, by noun. Each calls one method of `service/` and returns its document."""

from fastapi import APIRouter

from web.api import cycles, goals, inbox, instructions
from web.problems import responses

router = APIRouter(prefix="/api/v1", responses=responses(401, 403, 422, 503))
for one in (inbox.router, goals.router, cycles.router, instructions.router):
    router.include_router(one)
