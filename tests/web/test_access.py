"""Every route as every role, near and far: the answer is what the table of `domain/access.py` says, and no list holds more than a page.

A route that this file does not know fails the test. Operations of `service/` without a route are called directly.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import httpx
import pytest
import pytest_asyncio

from domain.access import Action, Caller, Relation, Role, may
from domain.instructions.instructions import Extend, Pause
from domain.people.wanted import ENTERPRISE, ResourceKind
from domain.programs import program_id
from domain.refusals import Code, Refusal
from domain.roles import CompanyRole
from domain.values import CycleId, EmployeeId, GoalId
from service.audit import Audit
from service.board import Board
from service.cycle_example import CycleExamples
from service.cycle_list import CycleLists
from service.cycle_toml import CycleFiles
from service.cycle_view import CycleViews
from service.cycles import Cycles
from service.gathering import Gathering
from service.giving import Goals
from service.goals import GoalReads
from service.health import read_health
from service.hearing import Hearing
from service.instruction_effects import InstructionForecasts
from service.instruction_pages import InstructionPages
from service.instruction_preview import InstructionPreviews
from service.people import People
from service.people_search import PeopleFilter, PeopleSearch
from service.provisioning import Provisioning
from service.provisioning_status import provisioning_status
from service.repairs import Repairing
from service.results import Results
from service.roles import Roles
from service.sync_history import SyncHistory
from service.team import Team
from service.tokens import ApiTokens
from service.tree import Tree
from service.writing import Writing
from settings import Settings
from tests.callers import OPERATOR, by
from tests.service.steered import (
    ACCOUNTING,
    EVERYBODY,
    GONE,
    HARA,
    HR,
    MANAGER,
    MORI,
    ONO,
    SALES,
    TOP,
    Steered,
    cycle_file,
    of,
    today,
)
from tests.web.people import BY_SESSION, program_token, session_of, temporal_of, token_of
from web.app import make_app
from web.opened import Opened

pytestmark = pytest.mark.slow
CYCLE = CycleId("access")
_INSTRUCTION = "access-1"  # of this cycle, and done

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
    "program": frozenset({R.PROGRAM}),  # keeps the directory
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
_WHY = {"reason": "理由"}
_GOAL = "/goals/{cycle}/{owner}/{number}"


# Sheets and commands are of goals, and a program has nothing to do with any. The catalogue comes with Meguri, and needs a token only.
_OF_PROGRAMS = {
    "read_sheets": False,
    "import_sheets": False,
    "give_commands": False,
    "list_catalog": True,
    "read_catalog_entry": True,
}


@dataclass(frozen=True)
class Way:
    """How a route is called. `action`: what the table says about it; None: a command, of which the goal decides."""

    action: Action
    at_goal: bool = False
    at_token: bool = False  # of the owner of the goals that are near
    at_owner: bool = False  # it is about the goals of the person in the path
    own: bool = False  # it is about the caller themselves
    of_person: bool = False  # it is about the person in whose name the path is made
    query: str = ""
    json: Any = None
    content: bytes | None = None
    kind: str = "application/octet-stream"  # of the content


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
    "check_instruction": Way(Action.STEER_CYCLE, json={"kind": "pause", **_WHY}),
    "check_amendment": Way(Action.STEER_CYCLE, content=b"x"),
    "read_sheets": Way(Action.SEE_CYCLE),  # everybody here has a goal of their own
    "read_sheet": Way(Action.SEE_GOAL, at_owner=True),
    "read_table": Way(Action.SEE_CYCLE),
    "read_results_table": Way(Action.SEE_RESULTS),
    "read_results_book": Way(Action.SEE_RESULTS),
    "check_sheets": Way(Action.SEE_CYCLE, kind="text/csv", content=b"x"),
    "list_departments": Way(Action.SEE_PEOPLE),
    "read_person": Way(Action.SEE_PEOPLE),
    "list_delegations": Way(Action.SEE_PEOPLE),
    "read_preferences": Way(Action.SET_PREFERENCES, own=True),
    "read_preferences_of": Way(Action.SET_PREFERENCES, of_person=True),
    "count_notices": Way(Action.SEE_NOTICES, query=f"?cycle={CYCLE}"),
    "list_own_notices": Way(Action.SEE_OWN_NOTICES, own=True),
    "list_failures": Way(Action.SEE_NOTICES, query=f"?cycle={CYCLE}"),
    "list_people_of_department": Way(Action.SEE_PEOPLE),
    "list_people_of_company": Way(Action.SEE_PEOPLE),
    "list_roles": Way(Action.SEE_ROLES),
    "list_identities": Way(Action.SEE_IDENTITIES, own=True),
    "list_tokens": Way(Action.SEE_TOKENS, own=True),
    "read_calendar_link": Way(Action.USE_CALENDAR_LINK, own=True),
    "list_hooks": Way(Action.SEE_HOOKS),
    "list_deliveries": Way(Action.SEE_HOOKS),
    "list_sessions": Way(Action.USE_SESSIONS, own=True),
    "list_passkeys": Way(Action.SEE_PASSKEYS, own=True),
    "list_accounts": Way(Action.SEE_PROGRAMS, own=True),
    "list_problems": Way(Action.SEE_LIBRARY),
    "list_exemplars": Way(Action.SEE_LIBRARY),
    "read_exemplar": Way(Action.SEE_LIBRARY),
    "list_catalog": Way(Action.SEE_LIBRARY),
    "read_catalog_entry": Way(Action.SEE_LIBRARY),
    "draft_goal": Way(Action.SEE_GOAL, at_goal=True),
    "check_goal": Way(Action.SEE_GOAL, at_goal=True, json={}),
    "read_review_form": Way(Action.SEE_GOAL, at_goal=True),
    "list_lessons": Way(Action.SEE_LIBRARY, query=f"?earlier={CYCLE}"),
    "read_tree": Way(Action.SEE_TREE),
    "read_scores": Way(Action.SEE_RESULTS),
    "read_distribution": Way(Action.SEE_RESULTS),
    "list_unsent": Way(Action.KEEP_UNSENT, own=True),
    "read_unsent": Way(Action.KEEP_UNSENT, own=True),
    "read_journal": Way(Action.SEE_JOURNAL),
}
_CHANGES = {
    "launch_cycle": Way(Action.START_CYCLE, query=f"?starts={today()}&confirmed=true"),
    "give_instruction": Way(
        Action.STEER_CYCLE, json={"kind": "pause", "reason": "理由", "selection": {"people": [MANAGER]}}
    ),
    "compare_directory": Way(Action.CHANGE_DIRECTORY, kind="text/csv", content=b"x"),
    "apply_sync": Way(Action.CHANGE_DIRECTORY, query="?reason=x", kind="text/csv", content=b"x"),
    "make_calendar_link": Way(Action.USE_CALENDAR_LINK, own=True),
    "end_calendar_link": Way(Action.USE_CALENDAR_LINK, own=True),
    "make_hook": Way(Action.CHANGE_HOOKS, json={"url": "https://hooks.example.com/x"}),
    "change_hook": Way(Action.CHANGE_HOOKS, json={"paused": True}),
    "rotate_hook": Way(Action.CHANGE_HOOKS, json={"generation": 1}),
    "delete_hook": Way(Action.CHANGE_HOOKS),
    "replay_delivery": Way(Action.CHANGE_HOOKS),
    "make_token": Way(Action.MAKE_TOKEN, own=True, json={"label": "x", "days": 1}),
    "end_token": Way(Action.END_TOKEN, at_token=True),
    "remove_passkey": Way(Action.REMOVE_PASSKEY, own=True),  # of one that is nobody's
    "end_session": Way(Action.USE_SESSIONS, own=True),  # of one that is nobody's
    "keep_unsent": Way(Action.KEEP_UNSENT, own=True, json={"fields": {"text": "x"}}),
    "forget_unsent": Way(Action.KEEP_UNSENT, own=True, query="?version=1"),
    "sign_out_person": Way(Action.SIGN_OUT_SOMEBODY),
    "make_passkey_link": Way(Action.INVITE_TO_PASSKEY),
    "make_account": Way(Action.MANAGE_PROGRAMS, json={"name": "x", "purpose": "x", "owner": MORI}),
    "answer_for_account": Way(Action.MANAGE_PROGRAMS, json={"owner": MORI}),
    "end_account": Way(Action.MANAGE_PROGRAMS),
    "make_account_token": Way(Action.MANAGE_PROGRAMS, json={"label": "x"}),
    "compare_departments": Way(Action.CHANGE_DIRECTORY, content=b"x"),
    "apply_departments": Way(Action.CHANGE_DIRECTORY, query="?reason=x", content=b"x"),
    "add_problem": Way(Action.HEAR, json={"text": "請求書が月初に集中している"}),
    "correct_problem": Way(Action.CORRECT_HEARD, of_person=True, json={"text": "請求書が月末に集中している"}),
    "take_back_problem": Way(Action.CORRECT_HEARD, of_person=True, json={"reason": "重複"}),
    "choose_preferences": Way(Action.SET_PREFERENCES, own=True, json={"digest_at": "09:00"}),
    "choose_preferences_of": Way(Action.SET_PREFERENCES, of_person=True, json={"digest_at": "09:00"}),
    "give_role": Way(Action.GIVE_ROLES),
    "end_role": Way(Action.GIVE_ROLES),
    "unbind_identity": Way(Action.UNBIND_IDENTITY),
    "erase_texts": Way(Action.ERASE_TEXTS, at_goal=True, json={"entries": [1], **_WHY}),
    "erase_texts_in_journal": Way(Action.ERASE_TEXTS, json={"log": "looks", "entries": [2**31 - 1], **_WHY}),
    "end_instruction": Way(Action.STEER_CYCLE, json=_WHY),
    "retry_instruction": Way(Action.STEER_CYCLE),
    "retry_launch": Way(Action.STEER_CYCLE),
    "import_sheets": Way(Action.SEE_CYCLE, kind="text/csv", content=b"x"),  # what prevents it is said of each goal
    "give_commands": Way(
        Action.SEE_CYCLE,  # what is refused is said of each command
        json={"commands": [{"command": "comment", "goal": "x", "key": "access", "body": {"text": "x"}}]},
    ),
    "begin_goal": Way(Action.BEGIN_GOAL, json={"owner": GONE}),  # the cycle's rules let nobody but HR
    "amend_cycle": Way(Action.STEER_CYCLE, query="?reason=x", content=b"x"),
    "delegate": Way(Action.DELEGATE, own=True, json={"to": GONE, "first": str(today()), "last": str(today()), **_WHY}),
    "end_delegation": Way(Action.DELEGATE, own=True, json={"to": GONE, **_WHY}),
    "retry_notices": Way(Action.RESEND_NOTICES, json={"cycle": CYCLE}),
    "take_over_lesson": Way(Action.HEAR, json={"lesson": "x", "earlier": CYCLE}),
}
# Commands to a draft: a body, and who of those whom the goal concerns is not told that they may not. Everybody else is, whatever state the goal is in.
_OWNER, _DECIDERS = {"owner"}, {"manager", "top"}
_CONCERNED = {*_OWNER, *_DECIDERS, "hr"}
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
    "check_handover": ({"to": GONE, **_WHY}, {*_DECIDERS, "hr"}),
    "hand_over": ({"to": GONE, **_WHY}, {*_DECIDERS, "hr"}),
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
    await company.carried_out(Pause(reason="棚卸し", selection=of(MANAGER)), CYCLE, identity=_INSTRUCTION)
    for person in EVERYBODY:
        _PROBLEM_OF[person] = await Hearing(company.engine).add(by(person), cycle=CYCLE, text="締め日が遅い")
    scopes = {"auditor": ("audit", "goals", "cycles", "people", "system")}
    people = {role: await token_of(company, person, *scopes.get(role, ())) for role, person in _PERSON.items()}
    program = await program_token(company, "directory", CompanyRole.DIRECTORY, "read", "people", by_whom=by(SALES))
    return people | {"program": program}


@pytest_asyncio.fixture(scope="module")
async def browsers(company: Steered, callers: object) -> Mapping[str, dict[str, str]]:
    """The same people in browsers in which they are signed in."""
    return {role: await session_of(company, person) for role, person in _PERSON.items()}


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
        *COMMANDS, *(name for name, way in _WAYS.items() if way.at_goal)
    }  # fmt: skip


_PROBLEM_OF: dict[str, str] = {}  # a problem that this person has heard


def _at(path: str, owner: str, token: str | None = None) -> str:
    return path.format(
        account="unknown", cycle=CYCLE, owner=owner, number="1", instruction=_INSTRUCTION, employee=owner, problem=_PROBLEM_OF[owner],
        exemplar="x", department="accounting", entry="x", company="x", role="auditor", token=token, identity="x", hook="x",
        passkey="x", session="x", delivery="1", place="x",
    )  # fmt: skip


def _answers_who_may(answer: httpx.Response) -> bool:
    """Whether the caller was let in: neither told that they may not, nor asked for a name that they came without."""
    return answer.status_code != 403


@pytest.mark.parametrize("name", sorted(_WAYS))
async def test_a_route_lets_in_whom_the_table_names(
    company: Steered,
    web: httpx.AsyncClient,
    callers: Mapping[str, dict[str, str]],
    browsers: Mapping[str, dict[str, str]],
    name: str,
) -> None:
    (method, path), way = ROUTES[name], _WAYS[name]
    content = cycle_file("another").encode() if name == "launch_cycle" else way.content
    for owner, near in ((MORI, NEAR), (SALES, FAR)):
        token = (await ApiTokens(company.engine).make(by(owner), {"label": "x"}, datetime.now(UTC))).token
        for role, headers in (browsers if name in BY_SESSION else callers).items():
            # commands of an auditor are those of the colleague who they are, and so is all that they do in a browser
            is_themselves = role == "auditor" and (name in _CHANGES or name in BY_SESSION)
            held = ROLES["colleague" if is_themselves else role]
            if way.at_goal or way.at_owner or way.at_token:
                held |= near.get(role, frozenset()) - ({R.AUDITOR} if way.at_token else set())
            is_employee = bool(held & _EMPLOYEE) and R.AUDITOR not in held
            if is_employee and (way.own or (way.of_person and _PERSON[role] == owner)):
                held |= {R.OWNER}
            kind = {"Content-Type": way.kind} if content else {}
            answer = await web.request(
                method, f"{_at(path, owner, token)}{way.query}", headers=headers | kind, json=way.json, content=content
            )
            expected = may(way.action, held)
            if role == "program":
                expected = _OF_PROGRAMS.get(name, expected)
            assert _answers_who_may(answer) == expected, (role, owner, answer.status_code, answer.text)


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
                codes = {"not_allowed"} | ({"scope_missing"} if role == "program" else set())
                assert answer.status_code == 403, (role, owner, answer.text)
                assert answer.json()["code"] in codes, (role, owner, answer.text)
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


# Operations that have no route (tests/web/test_coverage.py says why): each is called as every role, too.
_Call = Callable[[Steered, Caller, GoalId], Any]


class Direct(NamedTuple):
    """The action that the table names for an operation, whether it is about a goal, and how it is called."""

    action: Action
    call: _Call
    at_goal: bool = False


async def _seen(company: Steered, who: Caller, goal: GoalId) -> None:
    found = (await Goals(company.engine, company.client).read_before_deciding(who, [goal]))[goal]
    if isinstance(found, Refusal):
        raise found


_SCIM = ResourceKind.USER
_UNKNOWN_MANAGER = {"userName": "x", ENTERPRISE: {"manager": {"value": "nobody"}}}  # so that nothing is made
DIRECT: Mapping[str, Direct] = {
    "board.Board.read": Direct(Action.SEE_CYCLE, lambda c, who, _: Board(c.engine).read(who, CYCLE, _now())),
    "board.Board.slowest": Direct(Action.SEE_DELAYS, lambda c, who, _: Board(c.engine).slowest(who, CYCLE, _now())),
    "board.Board.trend": Direct(Action.SEE_CYCLE, lambda c, who, _: Board(c.engine).trend(who, CYCLE, _now())),
    "audit.Audit.as_of": Direct(
        Action.SEE_GOAL, lambda c, who, goal: Audit(c.engine).as_of(who, goal, 1), at_goal=True
    ),
    "health.read_health": Direct(
        Action.SEE_HEALTH, lambda c, who, _: read_health(c.engine, temporal_of(c).client, who)
    ),
    "cycle_example.CycleExamples.show": Direct(Action.SEE_CYCLE, lambda c, who, _: _example(c, who)),
    "cycle_list.CycleLists.page": Direct(Action.SEE_CYCLE, lambda c, who, _: CycleLists(c.engine).page(who)),
    "instruction_preview.InstructionPreviews.later_by": Direct(
        Action.STEER_CYCLE,
        lambda c, who, _: InstructionPreviews(c.engine).later_by(
            who, Extend(due=_now().date() + timedelta(days=9), reason="x"), CYCLE, 1, _now()
        ),
    ),
    "cycle_toml.CycleFiles.begin_from": Direct(
        Action.START_CYCLE, lambda c, who, _: CycleFiles(c.engine).begin_from(who, CYCLE)
    ),
    "sync_history.SyncHistory.latest": Direct(
        Action.CHANGE_DIRECTORY, lambda c, who, _: SyncHistory(c.engine).latest(who)
    ),
    "cycle_view.CycleViews.departments": Direct(
        Action.SEE_CYCLE, lambda c, who, _: CycleViews(c.engine).departments(who, CYCLE)
    ),
    "cycle_view.CycleViews.file_text": Direct(
        Action.STEER_CYCLE, lambda c, who, _: CycleViews(c.engine).file_text(who, CYCLE)
    ),
    "cycle_view.CycleViews.read": Direct(Action.SEE_CYCLE, lambda c, who, _: CycleViews(c.engine).read(who, CYCLE)),
    "cycles.Cycles.progress": Direct(
        Action.SEE_CYCLE, lambda c, who, _: Cycles(c.engine, c.client).progress(who, CYCLE)
    ),
    "gathering.Gathering.apply_now": Direct(
        Action.CHANGE_DIRECTORY, lambda c, who, _: _gathering(c).apply_now(_now(), who)
    ),
    "goals.GoalReads.read_before_deciding": Direct(Action.SEE_GOAL, _seen, at_goal=True),
    "goal_history.GoalHistory.versions": Direct(
        Action.SEE_GOAL, lambda c, who, goal: GoalReads(c.engine).versions(who, goal, 1, 1), at_goal=True
    ),
    "goals.GoalReads.prove": Direct(
        Action.SEE_GOAL, lambda c, who, goal: GoalReads(c.engine).prove(who, goal), at_goal=True
    ),
    "goals.GoalReads.view": Direct(
        Action.SEE_GOAL, lambda c, who, goal: GoalReads(c.engine).view(who, goal, _now()), at_goal=True
    ),
    "writing.Writing.page": Direct(
        Action.SEE_GOAL, lambda c, who, goal: Writing(c.engine).page(who, goal), at_goal=True
    ),
    "instruction_effects.InstructionForecasts.forecast": Direct(
        Action.STEER_CYCLE,
        lambda c, who, _: InstructionForecasts(c.engine).forecast(who, Pause(reason="x"), CYCLE, _now()),
    ),
    "instruction_pages.InstructionPages.read_page": Direct(
        Action.SEE_CYCLE, lambda c, who, _: InstructionPages(c.engine).read_page(who, _INSTRUCTION)
    ),
    "people.People.departments": Direct(Action.SEE_PEOPLE, lambda c, who, _: People(c.engine).departments(who)),
    "people.People.import_file": Direct(
        Action.CHANGE_DIRECTORY, lambda c, who, _: People(c.engine).import_file(who, b"x")
    ),
    "people_search.PeopleSearch.find": Direct(
        Action.SEE_PEOPLE, lambda c, who, _: PeopleSearch(c.engine).find(who, MORI)
    ),
    "people_search.PeopleSearch.names": Direct(
        Action.SEE_PEOPLE, lambda c, who, _: PeopleSearch(c.engine).names(who, [MORI])
    ),
    "people_search.PeopleSearch.search": Direct(
        Action.SEE_PEOPLE, lambda c, who, _: PeopleSearch(c.engine).search(who, PeopleFilter(), _now())
    ),
    "provisioning.Provisioning.change": Direct(
        Action.PROVISION, lambda c, who, _: Provisioning(c.engine).change(who, _SCIM, "x", lambda _: {}, _now())
    ),
    "provisioning.Provisioning.create": Direct(
        Action.PROVISION, lambda c, who, _: Provisioning(c.engine).create(who, _SCIM, _UNKNOWN_MANAGER, _now())
    ),
    "provisioning.Provisioning.find": Direct(
        Action.PROVISION, lambda c, who, _: Provisioning(c.engine).find(who, _SCIM, "x")
    ),
    "provisioning.Provisioning.page": Direct(
        Action.PROVISION, lambda c, who, _: Provisioning(c.engine).page(who, _SCIM, having={})
    ),
    "provisioning.Provisioning.remove": Direct(
        Action.PROVISION, lambda c, who, _: Provisioning(c.engine).remove(who, _SCIM, "x", _now())
    ),
    "provisioning_status.provisioning_status": Direct(
        Action.SEE_PROVISIONING, lambda c, who, _: provisioning_status(c.engine, who)
    ),
    "repairs.Repairing.find": Direct(
        Action.SEE_FAULTS, lambda c, who, _: Repairing(c.engine, c.client).find(who, CYCLE)
    ),
    "repairs.Repairing.mend": Direct(Action.REPAIR, lambda c, who, _: Repairing(c.engine, c.client).mend(who, CYCLE)),
    "results.Results.stream_scores": Direct(
        Action.SEE_RESULTS, lambda c, who, _: _read(Results(c.engine).stream_scores(who, CYCLE))
    ),
    "team.Team.read": Direct(
        Action.SEE_TEAM,
        lambda c, who, goal: Team(c.engine).read(who, EmployeeId(goal.split("/")[1]), _now()),
        at_goal=True,
    ),
    "tree.Tree.outline": Direct(Action.SEE_TREE, lambda c, who, _: Tree(c.engine).outline(who, CYCLE)),
    "tree.Tree.stream": Direct(Action.SEE_TREE, lambda c, who, _: _read(Tree(c.engine).stream(who, CYCLE))),
    "tree.Tree.stream_department": Direct(
        Action.SEE_TREE, lambda c, who, _: _read(Tree(c.engine).stream_department(who, CYCLE, ACCOUNTING))
    ),
}


def _now() -> datetime:
    return datetime.now(UTC)


async def _example(company: Steered, caller: Caller) -> None:
    cycle = await company.cycles.require(CYCLE)
    await CycleExamples(company.engine).show(caller, cycle.file, cycle.rules, MORI, _now())


def _gathering(company: Steered) -> Gathering:
    return Gathering(company.engine, company.client, quiet=timedelta(minutes=1), owned=frozenset({"name"}))


async def _read(stream: AsyncIterator[object]) -> None:
    async for _ in stream:
        pass


def _caller(role: str) -> Caller:
    if role == "program":
        return by(program_id("directory"))
    who = by(_PERSON[role])
    return who.model_copy(update={"roles": frozenset({Role.AUDITOR})}) if role == "auditor" else who


@pytest.mark.parametrize("name", DIRECT)
async def test_an_operation_without_a_route_lets_in_whom_the_table_names(company: Steered, name: str) -> None:
    operation = DIRECT[name]
    for owner, near in ((MORI, NEAR), (SALES, FAR)):
        for role, in_general in ROLES.items():
            held = in_general | near.get(role, frozenset()) if operation.at_goal else in_general
            try:
                await operation.call(company, _caller(role), GoalId(f"{CYCLE}/{owner}/1"))
                is_let_in = True
            except Refusal as refusal:
                is_let_in = refusal.code not in (Code.NOT_ALLOWED, Code.UNNAMED)
            assert is_let_in == may(operation.action, held), (role, owner)


async def test_approvals_of_several_goals_are_refused_to_whom_a_goal_does_not_concern(company: Steered) -> None:
    goals = Goals(company.engine, company.client)
    for owner, near in ((MORI, NEAR), (SALES, FAR)):
        goal = GoalId(f"{CYCLE}/{owner}/1")
        before = await company.goal(CYCLE, owner)
        for role in ROLES:
            if role not in near or role == "auditor":
                (answer,) = (await goals.approve_each(_caller(role), {goal: before.seq})).values()
                assert isinstance(answer, Refusal), (role, owner)
                assert answer.code is Code.NOT_ALLOWED, (role, owner, answer)
        assert await company.goal(CYCLE, owner) == before
