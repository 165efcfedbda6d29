"""The routes of all pages."""

from fastapi import APIRouter

from web.console import (
    accounts,
    audit,
    begin,
    cycle_wizard,
    cycles,
    delegations,
    departments,
    goal,
    goals,
    hearing,
    hooks,
    journal,
    language,
    lessons,
    library,
    notices,
    operations,
    own_access,
    people,
    person_access,
    preferences,
    roles,
    sync,
    team,
    today,
    tree,
    write,
)

_GOALS = (today, begin, goals, write, goal, language)
_PEOPLE = (team, delegations, people, departments)
_MATERIAL = (tree, hearing, library, lessons)
_HR = (cycle_wizard, cycles, sync)
_PREFERENCES = (preferences, own_access)
_OPERATIONS = (operations, notices, hooks, roles, accounts, person_access)
_AUDIT = (audit, journal)

router = APIRouter(include_in_schema=False)
for noun in (*_GOALS, *_PEOPLE, *_MATERIAL, *_HR, *_PREFERENCES, *_OPERATIONS, *_AUDIT):
    router.include_router(noun.router)
