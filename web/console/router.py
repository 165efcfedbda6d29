"""The routes of all pages."""

from web.console import (
    accounts,
    amending,
    approvals,
    audit,
    begin,
    board,
    calibration,
    compare,
    cycle_wizard,
    cycles,
    delegations,
    departments,
    goal,
    goals,
    hearing,
    hooks,
    instructions,
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
    sheets,
    steering,
    sync,
    team,
    today,
    tree,
    write,
)

_GOALS = (today, approvals, begin, goals, write, compare, goal, language)
_PEOPLE = (team, delegations, people, departments)
_MATERIAL = (tree, hearing, library, lessons)
_HR = (cycle_wizard, cycles, board, steering, amending, calibration, sheets, instructions, sync)
_PREFERENCES = (preferences, own_access)
_OPERATIONS = (operations, notices, hooks, roles, accounts, person_access)
_AUDIT = (audit, journal)

# One list, and no router with routers in it: FastAPI looks through such a router twice for each request.
ROUTES = [
    route
    for noun in (*_GOALS, *_PEOPLE, *_MATERIAL, *_HR, *_PREFERENCES, *_OPERATIONS, *_AUDIT)
    for route in noun.router.routes
]
