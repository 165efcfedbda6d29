"""Every route as every role, near and far: the answer is what the table of `domain/access.py` says, and no list holds more than a page.

A route that this file does not know fails the test.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio

from domain.access import Action, Relation, may
from domain.roles import CompanyRole
from domain.values import CycleId
from service.roles import Roles
from settings import Settings
from tests.callers import OPERATOR, by
from tests.service.steered import HARA, HR, MANAGER, MORI, ONO, SALES, TOP, Steered, cycle_file, today
from tests.web.people import token_of
from web.app import make_app
from web.opened import Opened

pytestmark = pytest.mark.slow
CYCLE = CycleId("access")

R = Relation
_EMPLOYEE = frozenset({R.COLLEAGUE})
# Who asks, and what they are to the company. Of the colleague there are two tokens: with one they come in as the auditor whom they are too.
ROLES: Mapping[str, frozenset[Relation]] = {
    "owner": _EMPLOYEE,
    "manager": _EMPLOYEE,
    "top": _EMPLOYEE,
    "hr": _EMPLOYEE | {R.HR},
    "directory": _EMPLOYEE | {R.ADMINISTRATOR},
    "system": _EMPLOYEE | {R.SYSTEM},
    "colleague": _EMPLOYEE,
    "auditor": frozenset({R.AUDITOR}),
}
_PERSON = {
    "owner": MORI, "manager": MANAGER, "top": TOP, "hr": HR, "directory": ONO, "system": SALES, "colleague": HARA, "auditor": HARA,
}  # fmt: skip
# What they are to a goal of the manager's team, and to one of another department, whose owner is the system administrator.
NEAR: Mapping[str, frozenset[Relation]] = {
    "owner": frozenset({R.OWNER}), "manager": frozenset({R.LINE}), "top": frozenset({R.LINE}), "hr": frozenset({R.HR}),
    "auditor": frozenset({R.AUDITOR}),
}  # fmt: skip
FAR: Mapping[str, frozenset[Relation]] = {
    "system": frozenset({R.OWNER}), "top": frozenset({R.LINE}), "hr": frozenset({R.HR}), "auditor": frozenset({R.AUDITOR}),
}  # fmt: skip
_GOAL = "/goals/{cycle}/{owner}/{number}"


@dataclass(frozen=True)
class Way:
    """How a route is called. `action`: what the table says about it; None: a command, of which the goal decides."""

    action: Action
    at_goal: bool = False
    own: bool = False  # it is about the caller themselves
    query: str = ""
    json: Any = None
    content: bytes | None = None


_LOOKS = {
    "read_inbox": Way(Action.SEE_INBOX, own=True),
    "list_goals": Way(Action.SEE_CYCLE),
    "read_goal": Way(Action.SEE_GOAL, at_goal=True),
    "read_score": Way(Action.SEE_GOAL, at_goal=True),
    "read_ledger": Way(Action.SEE_GOAL, at_goal=True),
    "list_cycles": Way(Action.SEE_CYCLE),
    "check_cycle": Way(Action.SEE_CYCLE, content=b"x"),
    "read_cycle": Way(Action.SEE_CYCLE),
    "follow_launch": Way(Action.SEE_CYCLE),
    "list_instructions": Way(Action.SEE_CYCLE),
    "read_instruction": Way(Action.SEE_CYCLE),
    "follow_instruction": Way(Action.SEE_CYCLE),
    "list_departments": Way(Action.SEE_PEOPLE),
    "read_person": Way(Action.SEE_PEOPLE),
    "list_delegations": Way(Action.SEE_PEOPLE),
    "read_preferences": Way(Action.SET_PREFERENCES, own=True),
    "list_tokens": Way(Action.SEE_TOKENS, own=True),
    "list_problems": Way(Action.SEE_LIBRARY),
    "list_exemplars": Way(Action.SEE_LIBRARY),
    "read_scores": Way(Action.SEE_RESULTS),
    "read_journal": Way(Action.SEE_JOURNAL),
}
_CHANGES = {
    "launch_cycle": Way(Action.START_CYCLE, query=f"?starts={today()}&confirmed=true"),
    "give_instruction": Way(
        Action.STEER_CYCLE, json={"kind": "pause", "reason": "理由", "selection": {"people": [MANAGER]}}
    ),
    "compare_directory": Way(Action.CHANGE_DIRECTORY, content=b"x"),
    "apply_sync": Way(Action.CHANGE_DIRECTORY, query="?reason=x", content=b"x"),
    "add_problem": Way(Action.HEAR, json={"text": "請求書が月初に集中している"}),
}
# Commands to a draft: a body, and who of those whom the goal concerns is not told that they may not. Everybody else is, whatever state the goal is in.
_OWNER, _DECIDERS = {"owner"}, {"manager", "top"}
_CONCERNED = {*_OWNER, *_DECIDERS, "hr"}
_WHY = {"reason": "理由"}
COMMANDS: Mapping[str, tuple[dict[str, Any], set[str]]] = {
    "comment": ({"text": "確認しました"}, _CONCERNED),
    "revise": ({"content": {"theme": "月次決算の早期化"}}, {*_OWNER, "hr"}),
    "recall": ({}, _OWNER),
    "approve": ({}, _CONCERNED),  # of a draft, all of them hear that there is nothing to decide
    "return_for_changes": ({"comment": "直してください"}, _CONCERNED),
    "decide_review": ({"verdict": "continue"}, _CONCERNED),
    "report_progress": ({"value": 9}, _OWNER),
    "complete_step": ({"step": 0}, _OWNER),
    "undo_report": (_WHY, _OWNER),
    "call_review": (_WHY, _CONCERNED),
    "submit_self_review": ({"went_well": "よい"}, _OWNER),
    "reassign": ({"assignees": [HR], **_WHY}, {"hr"}),
    "extend": ({"due": "2000-01-01", **_WHY}, {"hr"}),
    "reopen": (_WHY, {"hr"}),
    "adjust": ({"points": 1, **_WHY}, {"hr"}),
    "mark_exemplar": (_WHY, {*_DECIDERS, "hr"}),
    "submit": ({"content": {"theme": "月次決算の早期化"}}, _OWNER),
    "pause": (_WHY, {"hr"}),
    "resume": (_WHY, {"hr"}),
    "close": (_WHY, {"hr"}),
    "withdraw": (_WHY, _OWNER),  # the last one: it ends the goal
}
_WAYS = _LOOKS | _CHANGES


@pytest_asyncio.fixture(scope="module", autouse=True)
async def callers(company: Steered) -> Mapping[str, dict[str, str]]:
    """The headers of a request in each role."""
    roles = Roles(company.engine)
    await roles.give(OPERATOR, SALES, CompanyRole.SYSTEM)
    await roles.give(by(SALES), ONO, CompanyRole.DIRECTORY)
    await roles.give(by(SALES), HARA, CompanyRole.AUDITOR)
    await company.launch(CYCLE)
    scopes = {"auditor": ("audit", "goals", "cycles", "people")}
    return {role: await token_of(company, person, *scopes.get(role, ())) for role, person in _PERSON.items()}


def _routes() -> dict[str, tuple[str, str]]:
    """Method and path of every route, by its name in the OpenAPI document."""
    document = make_app(Opened(Settings(), None, None)).openapi()  # type: ignore[arg-type]  # nothing is asked of it
    return {
        way["operationId"]: (method, path) for path, ways in document["paths"].items() for method, way in ways.items()
    }


ROUTES = _routes()


def test_the_table_knows_every_route() -> None:
    assert {*_WAYS, *COMMANDS} == set(ROUTES)
    assert {name for name, (_, path) in ROUTES.items() if _GOAL in path} == {
        *COMMANDS, *(name for name, way in _LOOKS.items() if way.at_goal)
    }  # fmt: skip


def _at(path: str, owner: str) -> str:
    return path.format(cycle=CYCLE, owner=owner, number="1", instruction="x", employee=owner)


def _answers_who_may(answer: httpx.Response) -> bool:
    """Whether the caller was let in: neither told that they may not, nor asked for a name that they came without."""
    return answer.status_code != 403


@pytest.mark.parametrize("name", sorted(_WAYS))
async def test_a_route_lets_in_whom_the_table_names(
    web: httpx.AsyncClient, callers: Mapping[str, dict[str, str]], name: str
) -> None:
    (method, path), way = ROUTES[name], _WAYS[name]
    content = cycle_file("another").encode() if name == "launch_cycle" else way.content
    for owner, near in ((MORI, NEAR), (SALES, FAR)):
        for role, headers in callers.items():
            held = ROLES[role] | near.get(role, frozenset()) if way.at_goal else ROLES[role]
            if way.own and role != "auditor":
                held |= {R.OWNER}
            if name in _CHANGES and role == "auditor":  # their commands are those of the colleague who they are
                held = ROLES["colleague"]
            answer = await web.request(
                method, f"{_at(path, owner)}{way.query}", headers=headers, json=way.json, content=content
            )
            assert _answers_who_may(answer) == may(way.action, held), (role, owner, answer.status_code, answer.text)


@pytest.mark.parametrize("name", COMMANDS)
async def test_a_command_is_refused_to_whom_the_goal_does_not_concern_and_tells_them_nothing(
    company: Steered, web: httpx.AsyncClient, callers: Mapping[str, dict[str, str]], name: str
) -> None:
    (method, path), (body, may_give) = ROUTES[name], COMMANDS[name]
    for owner, near in ((MORI, NEAR), (SALES, FAR)):
        before = await company.goal(CYCLE, owner)
        concerned_by = {
            role for role in near if role != "auditor"
        }  # who came in as an auditor commands as the colleague who they are
        for role in sorted(ROLES, key=lambda one: (one in concerned_by, one in may_give)):  # who may not comes first
            if name == "close" and role in may_give:
                continue  # it would end the goal before the last command
            concerned = role in concerned_by
            headers = callers[role] | {"If-Match": f'"{(await company.goal(CYCLE, owner)).seq}"'}
            answer = await web.request(method, _at(path, owner), headers=headers, json=body)
            if not concerned:
                assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed"), (role, owner, answer.text)
                assert "state" not in answer.json()["fields"]
                assert await company.goal(CYCLE, owner) == before
            elif owner == MORI:
                assert _answers_who_may(answer) == (role in may_give), (role, answer.status_code, answer.text)


async def test_a_list_holds_what_the_page_shows_and_nothing_else_for_every_role(
    web: httpx.AsyncClient, callers: Mapping[str, dict[str, str]]
) -> None:
    for role, headers in callers.items():
        listed = {
            one["goal"] for one in (await web.get(f"/api/v1/goals?cycle={CYCLE}", headers=headers)).json()["goals"]
        }
        for owner in (MORI, HARA, ONO, SALES, MANAGER):
            page = await web.get(f"/api/v1{_at(_GOAL, owner)}", headers=headers)
            assert page.status_code == (200 if f"{CYCLE}/{owner}/1" in listed else 403), (role, owner)
