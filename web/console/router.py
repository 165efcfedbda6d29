"""The routes of all pages."""

from fastapi import APIRouter

from web.console import (
    delegations,
    departments,
    goal,
    goals,
    hearing,
    language,
    lessons,
    library,
    people,
    team,
    today,
    tree,
)

router = APIRouter(include_in_schema=False)
for noun in (today, goals, goal, team, delegations, people, departments, tree, hearing, library, lessons, language):
    router.include_router(noun.router)
