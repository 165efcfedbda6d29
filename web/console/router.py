"""The routes of all pages."""

from fastapi import APIRouter

from web.console import amending, board, calibration, goal, goals, instructions, language, sheets, steering, today

router = APIRouter(include_in_schema=False)
for noun in (today, goals, goal, board, steering, amending, calibration, sheets, instructions, language):
    router.include_router(noun.router)
