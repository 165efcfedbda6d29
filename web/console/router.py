"""The routes of all pages."""

from fastapi import APIRouter

from web.console import board, goal, goals, language, today

router = APIRouter(include_in_schema=False)
for noun in (today, goals, goal, board, language):
    router.include_router(noun.router)
