"""The routes of all pages."""

from fastapi import APIRouter

from web.console import delegations, departments, goal, goals, language, people, team, today, tree

router = APIRouter(include_in_schema=False)
for noun in (today, goals, goal, team, delegations, people, departments, tree, language):
    router.include_router(noun.router)
