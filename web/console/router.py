"""The routes of all pages."""

from fastapi import APIRouter

from web.console import cycle_wizard, cycles, goal, goals, language, sync, today

router = APIRouter(include_in_schema=False)
for noun in (today, goals, goal, cycle_wizard, cycles, sync, language):
    router.include_router(noun.router)
