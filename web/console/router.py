"""The routes of all pages."""

from fastapi import APIRouter

from web.console import begin, goal, goals, language, today, write

router = APIRouter(include_in_schema=False)
for noun in (today, begin, goals, write, goal, language):
    router.include_router(noun.router)
