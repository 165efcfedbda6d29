"""The routes of all pages."""

from fastapi import APIRouter

from web.console import (
    accounts,
    audit,
    begin,
    goal,
    goals,
    hooks,
    journal,
    language,
    notices,
    operations,
    own_access,
    person_access,
    preferences,
    roles,
    today,
    write,
)

_GOALS = (today, begin, goals, write, goal, language)
_PREFERENCES = (preferences, own_access)
_OPERATIONS = (operations, notices, hooks, roles, accounts, person_access)
_AUDIT = (audit, journal)

router = APIRouter(include_in_schema=False)
for noun in (*_GOALS, *_PREFERENCES, *_OPERATIONS, *_AUDIT):
    router.include_router(noun.router)
