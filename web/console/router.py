"""The routes of all pages."""

from fastapi import APIRouter

from web.console import board, goal, goals, instructions, language, steering, today

router = APIRouter(include_in_schema=False)
for noun in (today, goals, goal, board, steering, instructions, language):
    router.include_router(noun.router)
