"""Which route offers which operation of `service/`. An operation is what takes a caller: a door hands one in.

A new operation fails here until it has a route, or a reason why there is none.
"""

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute

import service
import web.api
from settings import Settings
from tests.web.test_access import COMMANDS, DIRECT
from web.app import make_app
from web.opened import Opened

_HELPERS = {"relations", "instruction_rules", "parents"}  # what a caller is and may; operations ask them

# The routes by their names in the OpenAPI document.
ROUTES_OF: Mapping[str, tuple[str, ...]] = {
    "amending.Amending.compare": ("check_amendment", "amend_cycle"),
    "audit.Audit.journal": ("read_journal",),
    "audit.Audit.ledger": ("read_ledger",),
    "beginning.Beginnings.begin": ("begin_goal",),
    "bulk.BulkCommands.give_each": ("give_commands",),
    "calendar_links.CalendarLinks.end": ("end_calendar_link",),
    "calendar_links.CalendarLinks.make": ("make_calendar_link",),
    "calendar_links.CalendarLinks.show": ("read_calendar_link",),
    "cycles.CycleReads.check": ("check_cycle",),
    "cycles.CycleReads.list_cycles": ("list_cycles",),
    "cycles.CycleReads.status": ("read_cycle", "follow_launch"),
    "cycles.Cycles.launch": ("launch_cycle",),
    "cycles.Cycles.retry": ("retry_launch",),
    "departments.DepartmentRecords.compare": ("compare_departments", "apply_departments"),
    "departments.DepartmentRecords.tree": ("list_departments",),
    "erasure.Erasure.erase_texts": ("erase_texts",),
    "erasure.erase_in_journal": ("erase_texts_in_journal",),
    "exemplars.Exemplars.search": ("list_exemplars",),
    "exemplars.Exemplars.show": ("read_exemplar",),
    "giving.Goals.give": tuple(sorted(set(COMMANDS) - {"submit", "check_handover", "hand_over"})),
    "giving.Goals.submit": ("submit",),
    "goals.GoalReads.list_goals": ("list_goals",),
    "goals.GoalReads.look": ("read_goal",),
    "goals.GoalReads.review_form": ("read_review_form",),
    "goals.GoalReads.score_sheet": ("read_score",),
    "handing_over.HandingOver.hand_over": ("hand_over",),
    "handing_over.HandoverReads.preview": ("check_handover",),
    "hearing.Hearing.add": ("add_problem",),
    "hearing.Hearing.correct": ("correct_problem",),
    "hearing.Hearing.list_problems": ("list_problems",),
    "hearing.Hearing.take_back": ("take_back_problem",),
    "hooks.Hooks.change": ("change_hook",),
    "hooks.Hooks.delete": ("delete_hook",),
    "hooks.Hooks.deliveries": ("list_deliveries",),
    "hooks.Hooks.list_hooks": ("list_hooks",),
    "hooks.Hooks.make": ("make_hook",),
    "hooks.Hooks.replay": ("replay_delivery",),
    "hooks.Hooks.rotate": ("rotate_hook",),
    "identities.Identities.list_identities": ("list_identities",),
    "identities.Identities.unbind": ("unbind_identity",),
    "inbox.Inbox.read": ("read_inbox",),
    "instruction_preview.InstructionPreviews.preview": ("check_instruction",),
    "instructions.InstructionReads.list_delegations": ("list_delegations",),
    "instructions.InstructionReads.list_latest": ("list_instructions",),
    "instructions.InstructionReads.progress": ("follow_instruction",),
    "instructions.InstructionReads.read": ("read_instruction",),
    "instructions.Instructions.end": ("end_instruction",),
    "instructions.Instructions.give": ("give_instruction", "delegate", "end_delegation", "amend_cycle"),
    "instructions.Instructions.retry": ("retry_instruction",),
    "lessons.Lessons.list_lessons": ("list_lessons",),
    "lessons.Lessons.take_over": ("take_over_lesson",),
    "notices.Notices.failures": ("list_failures",),
    "notices.Notices.own": ("list_own_notices",),
    "notices.Notices.retry": ("retry_notices",),
    "notices.Notices.summary": ("count_notices",),
    "passkeys.Passkeys.list_passkeys": ("list_passkeys",),
    "passkeys.Passkeys.make_link": ("make_passkey_link",),
    "passkeys.Passkeys.remove": ("remove_passkey",),
    "people.People.company": ("list_people_of_company",),
    "people.People.department": ("list_people_of_department",),
    "people.People.person": ("read_person",),
    "preferences.Preferences.choose": ("choose_preferences", "choose_preferences_of"),
    "preferences.Preferences.show": ("read_preferences", "read_preferences_of"),
    "programs.Programs.answer": ("answer_for_account",),
    "programs.Programs.end": ("end_account",),
    "programs.Programs.list_programs": ("list_accounts",),
    "programs.Programs.make": ("make_account",),
    "programs.Programs.make_token": ("make_account_token",),
    "reorganisation.Reorganisation.apply": ("apply_sync", "apply_departments"),
    "reorganisation.Reorganisation.compare": ("compare_directory", "apply_sync"),
    "results.Results.distribution": ("read_distribution",),
    "results.Results.scores": ("read_scores",),
    "results_export.ResultsExport.goals": ("read_results_table",),
    "results_export.ResultsExport.write_book": ("read_results_book",),
    "roles.Roles.end": ("end_role",),
    "roles.Roles.give": ("give_role",),
    "roles.Roles.list_holders": ("list_roles",),
    "sessions.Sessions.end": ("end_session",),
    "sessions.Sessions.list_sessions": ("list_sessions",),
    "sessions.Sessions.sign_out": ("sign_out_person",),
    "sheets.Sheets.apply": ("import_sheets",),
    "sheets.Sheets.compare": ("check_sheets", "import_sheets"),
    "sheets.Sheets.goals_for_table": ("read_table",),
    "sheets.Sheets.sheets_of": ("read_sheets", "read_sheet"),
    "tokens.ApiTokens.end": ("end_token",),
    "tokens.ApiTokens.list_tokens": ("list_tokens",),
    "tokens.ApiTokens.make": ("make_token",),
    "tree.Tree.node": ("read_tree",),
    "tree.Tree.top": ("read_tree",),
    "unsent.Unsent.forget": ("forget_unsent",),
    "unsent.Unsent.keep": ("keep_unsent",),
    "unsent.Unsent.list_forms": ("list_unsent",),
    "unsent.Unsent.read": ("read_unsent",),
    "writing.Writing.check": ("check_goal",),
    "writing.Writing.draft": ("draft_goal",),
}

# Why an operation has no route.
WITHOUT: Mapping[str, str] = {
    **{
        f"board.Board.{one}": "for the console's pages, whose links lead to lists that `list_goals` has; `read_cycle` has the totals"
        for one in ("read", "slowest", "trend")
    },
    "audit.Audit.as_of": "`read_ledger` has the entries, of which another program builds the goal itself",
    "health.read_health": "for a person at the pages; programs ask the health checks and the metrics",
    "cycle_example.CycleExamples.show": "for HR at a page, before a launch; the days of goals that run are in `read_goal`",
    "cycle_list.CycleLists.page": "`list_cycles` has the cycles, and `read_cycle` the numbers of each",
    "cycle_toml.CycleFiles.begin_from": "a page begins a new file with it; a program keeps the files that it sent to `launch_cycle`",
    "sync_history.SyncHistory.latest": "`list_instructions` has the changes of the directory, and `read_instruction` what each did",
    "cycle_view.CycleViews.departments": "for the forms of pages; `list_departments` has all of them",
    "cycle_view.CycleViews.file_text": "for the page that changes the rules; a program has the file that it launched",
    "cycle_view.CycleViews.read": "for the frame of pages; `read_cycle` has the cycle, and each route refuses by itself",
    "cycles.Cycles.progress": "asks the cycle's workflow what `read_cycle` reads from the database, also while Temporal is away",
    "gathering.Gathering.apply_now": "for the operator, who does not wait for the minute that changes are gathered",
    "gathering.Gathering.run": "applies what was gathered, by the clock or at once",
    "giving.Goals.approve_each": "`give_commands` approves many goals, and gives them other commands too",
    "goals.GoalReads.read_before_deciding": "for a person at a terminal; a program reads each goal with its `ETag` by `read_goal`",
    "goals.GoalReads.view": "for the goal's page, with the forms that its visitor may use; a program reads the goal by `read_goal`",
    "may_begin.MayBegin.read": "for the page on which a goal is begun; `begin_goal` says why it cannot be",
    "instruction_preview.InstructionPreviews.later_by": "fills in a form of the console; a program sends a day to `check_instruction`",
    "writing.Writing.page": "for the page on which a goal is written; a program reads `read_goal`, `list_goals` and `list_problems`",
    "goal_history.GoalHistory.versions": "for a page of two versions; a program has the same entries by `read_ledger`",
    "goals.GoalReads.prove": "`read_ledger` returns the proof with the ledger",
    "instruction_effects.InstructionForecasts.forecast": "for a person who confirms; `check_instruction` has the numbers",
    "instruction_pages.InstructionPages.read_page": "`read_instruction` has all results at once",
    "people.People.departments": "`list_departments` has the numbers too",
    "people.People.import_file": "the first import, for the operator who holds the database; afterwards `apply_sync` changes the directory",
    "people_search.PeopleSearch.find": "for forms of the console; `read_person` finds a person by number too",
    "people_search.PeopleSearch.names": "for the console's pages; every document of the API that needs names has them",
    "people_search.PeopleSearch.search": "for the console's page of people; `list_people_of_department` has everybody of a department",
    **{
        f"provisioning.Provisioning.{one}": "offered by SCIM, which has a path and a form of its own (/scim/v2)"
        for one in ("change", "create", "find", "page", "remove")
    },
    "provisioning_status.provisioning_status": "for the operator, who sees what the provider's changes wait for",
    "repairs.Repairing.find": "for the operator who runs the servers: it reads the whole of both stores, for minutes",
    "repairs.Repairing.mend": "for the operator who runs the servers, after a store was lost",
    "results.Results.stream_scores": "`read_scores` has the same page by page, and `read_results_table` as one file",
    "sign_in.SignIn.leave_everywhere": "ends the sessions of a browser, by a page of the sign-in (web/sign_in.py)",
    "team.Team.read": "for the console's pages; a program has the same goals by `list_goals`, and the tasks by `read_inbox`",
    "tree.Tree.outline": "for the console's page; `read_tree` has the same node by node",
    "tree.Tree.stream": "`read_tree` has the same node by node",
    "tree.Tree.stream_department": "`read_tree` has the same node by node, and `list_goals` the goals of a department",
}


def _operations() -> Iterator[str]:
    """Every public function and method of `service/` that takes a caller."""
    for file in sorted(Path(next(iter(service.__path__))).glob("*.py")):
        if file.stem not in _HELPERS:
            yield from _of(ast.parse(file.read_text("utf-8")), file.stem)


def _of(tree: ast.Module | ast.ClassDef, name: str) -> Iterator[str]:
    for one in tree.body:
        if isinstance(one, ast.ClassDef) and not one.name.startswith("_"):
            yield from _of(one, f"{name}.{one.name}")
        elif isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and not one.name.startswith("_"):
            arguments = (*one.args.posonlyargs, *one.args.args, *one.args.kwonlyargs)
            if "caller" in {each.arg for each in arguments}:
                yield f"{name}.{one.name}"


OPERATIONS = tuple(_operations())


def _modules_of_routes() -> dict[str, ModuleType]:
    """The module of each route of the OpenAPI document, by the route's name there."""
    document = make_app(Opened(Settings(), None, None)).openapi()  # type: ignore[arg-type]  # nothing is asked of it
    known = {
        way["operationId"] for path, ways in document["paths"].items() if "/api/v1/" in path for way in ways.values()
    }
    found: dict[str, ModuleType] = {}
    for one in iter_modules(web.api.__path__):
        module = import_module(f"web.api.{one.name}")
        router = getattr(module, "router", APIRouter())
        found |= {each.operation_id or each.name: module for each in router.routes if isinstance(each, APIRoute)}
    assert set(found) == known
    return found


ROUTES = _modules_of_routes()


def test_the_operations_are_found() -> None:
    assert len(OPERATIONS) > 70
    assert {"erasure.erase_in_journal", "giving.Goals.give"} <= set(OPERATIONS)


def test_every_operation_has_a_route_or_a_reason_and_not_both() -> None:
    assert set(OPERATIONS) == {*ROUTES_OF, *WITHOUT}
    assert not ROUTES_OF.keys() & WITHOUT.keys()


@pytest.mark.parametrize("operation", ROUTES_OF)
def test_the_route_exists_and_its_module_calls_the_operation(operation: str) -> None:
    called = operation.rpartition(".")[2]
    for name in ROUTES_OF[operation]:
        assert name in ROUTES, name
        assert re.search(rf"\b{called}\b", inspect.getsource(ROUTES[name])), name


def test_a_reason_names_only_routes_that_exist() -> None:
    named = {one for reason in WITHOUT.values() for one in re.findall(r"`([a-z_]+)`", reason)}
    assert named
    assert named <= set(ROUTES)


def test_an_operation_without_a_route_is_called_as_every_role_directly() -> None:
    """`gathering.Gathering.run` has no caller of its own; whoever is signed in ends their own sessions; approvals and beginning
    a goal have tests of their own.
    """
    elsewhere = {
        "gathering.Gathering.run",
        "sign_in.SignIn.leave_everywhere",
        "giving.Goals.approve_each",
        "may_begin.MayBegin.read",
    }
    assert set(DIRECT) == set(WITHOUT) - elsewhere
