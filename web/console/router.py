"""The routes of all pages."""

from fastapi import APIRouter

from web.console import departments, goal, goals, language, people, today

router = APIRouter(include_in_schema=False)
for noun in (today, goals, goal, people, departments, language):
    router.include_router(noun.router)
