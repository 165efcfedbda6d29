"""Who may see and do what: one table, for every door.

A door (the command line, the API) makes a `Caller` from whom it let in. Each method of `service/` takes the caller first, finds
out how the caller is related to what is asked for (service/relations.py), and looks the action up in `ALLOWED`. Lists use the
same table as a condition in SQL (`Visibility`, storage/visibility.py), so that a list never holds a row that the page would refuse.

What is asked of one goal by a command is decided by the goal's workflow (`domain/goal/authority.py`).
"""

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum

from domain.goal.goal import Goal
from domain.programs import is_program
from domain.refusals import Code, Refusal
from domain.values import EmployeeId, Frozen


class Door(StrEnum):
    """How the caller came in."""

    COMMAND_LINE = "command_line"
    API = "api"  # by a token
    BROWSER = "browser"  # by a session
    WORKER = "worker"  # the clock and changes of the organisation; they act in the name of no person


class Role(StrEnum):
    """What a caller is to the company, beside what they are to single goals and cycles."""

    AUDITOR = "auditor"  # came in to audit: sees everything, and changes nothing
    OPERATOR = "operator"  # holds the database's address: sees everything, and changes nothing without a name


class Relation(StrEnum):
    """What a caller is to a goal, a cycle, another person or the company. Only active employees have any but OPERATOR, and programs PROGRAM and AUDITOR."""

    OWNER = "owner"  # of the goal; or it is about the caller themselves
    LINE = "line"  # a manager of the owner's line
    EVALUATOR = "evaluator"  # approves or reviews the goal instead of the line, or is above somebody who does
    ASSIGNEE = "assignee"  # the open task waits for them
    DELEGATE = "delegate"  # may act today for a manager, an evaluator or an assignee
    CONTRIBUTOR = "contributor"  # has a share of the goal and does steps of it
    HR = "hr"  # of the cycle; where no cycle is named, of one that is open
    SETTING_UP = "setting_up"  # the operator while nobody is HR (no cycle is open), or while nobody is an administrator
    COLLEAGUE = "colleague"  # an active employee
    ADMINISTRATOR = "administrator"  # of the directory: changes it, and is nothing to goals
    PROGRAM = (
        "program"  # an account of a program that keeps the directory (domain/programs.py); nothing to goals and cycles
    )
    SYSTEM = "system"  # administrator of roles, tokens and receivers of events; nothing to goals
    AUDITOR = "auditor"  # who came in as one
    OPERATOR = "operator"


class Action(StrEnum):
    """What a caller may ask for, apart from commands to one goal."""

    SEE_GOAL = "see_goal"  # content, task, score, ledger
    IMPORT_DRAFT = "import_draft"  # replace a draft by what a sheet or table holds
    SEE_INBOX = "see_inbox"  # one's own
    SEE_TEAM = "see_team"  # one's own direct reports, and what waits for oneself as their manager
    SEE_CYCLE = "see_cycle"  # its state, rules and counts
    SEE_DELAYS = "see_delays"  # whom overdue decisions of a cycle wait for
    SEE_RESULTS = "see_results"  # scores by person, reviewer and department
    SEE_TREE = "see_tree"
    SEE_PEOPLE = "see_people"
    SEE_LIBRARY = "see_library"  # catalogue, examples, heard problems
    SEE_NOTICES = "see_notices"
    CHANGE_DIRECTORY = "change_directory"  # import and sync
    PROVISION = "provision"  # keep the directory by SCIM; by a program's own account, or a token of an administrator
    SEE_PROVISIONING = "see_provisioning"  # what became of it
    NAME_ADMINISTRATORS = "name_administrators"  # of the directory, and end their role
    GIVE_ROLES = "give_roles"  # and end them
    SEE_ROLES = "see_roles"
    START_CYCLE = "start_cycle"
    STEER_CYCLE = "steer_cycle"  # extend, pause, amend, close, retry, …
    HEAR = "hear"  # record a problem that was heard
    CORRECT_HEARD = "correct_heard"  # correct it, or take it back
    RESEND_NOTICES = "resend_notices"
    SEE_FAULTS = "see_faults"  # goals on which PostgreSQL and Temporal disagree
    REPAIR = "repair"  # make them agree
    SEE_JOURNAL = "see_journal"  # with the texts that people wrote
    ERASE_TEXTS = "erase_texts"  # of a goal's ledger, or of the journal; an auditor must not be able to, who needs the texts as evidence
    DELEGATE = "delegate"  # for oneself
    SET_PREFERENCES = "set_preferences"  # one's own
    TAKE_OVER_LESSON = "take_over_lesson"  # publish what a review of one goal taught, as a heard problem
    SEE_TOKENS = "see_tokens"
    MAKE_TOKEN = "make_token"  # noqa: S105 - an action; for oneself
    END_TOKEN = "end_token"  # noqa: S105 - an action
    USE_CALENDAR_LINK = "use_calendar_link"  # one's own: make it, see whether there is one, end it
    SEE_IDENTITIES = "see_identities"  # accounts at a provider, bound to people
    UNBIND_IDENTITY = "unbind_identity"
    SEE_HOOKS = "see_hooks"  # receivers of events, and their deliveries
    CHANGE_HOOKS = "change_hooks"  # make one, which then gets what is in every ledger
    SEE_PROGRAMS = "see_programs"  # accounts of programs, by whom they are answered for
    MANAGE_PROGRAMS = "manage_programs"  # make and end them, and their tokens
    SEE_PASSKEYS = "see_passkeys"
    INVITE_TO_PASSKEY = (
        "invite_to_passkey"  # make a link by which a person adds one; who has the link can sign in as the person
    )
    REMOVE_PASSKEY = "remove_passkey"
    USE_SESSIONS = "use_sessions"  # one's own: see them, end one
    SIGN_OUT_SOMEBODY = "sign_out_somebody"
    BEGIN_GOAL = "begin_goal"  # while the cycle runs; owners only where its rules say so


_R = Relation
_ALL_SEEING = frozenset({_R.AUDITOR, _R.OPERATOR})
_CONCERNED = _ALL_SEEING | {_R.OWNER, _R.LINE, _R.EVALUATOR, _R.ASSIGNEE, _R.DELEGATE, _R.CONTRIBUTOR, _R.HR}
_EVERYBODY = _ALL_SEEING | {_R.COLLEAGUE, _R.HR}

ALLOWED: Mapping[Action, frozenset[Relation]] = {
    Action.SEE_GOAL: _CONCERNED,
    Action.IMPORT_DRAFT: frozenset({_R.OWNER, _R.HR}),
    Action.SEE_INBOX: frozenset({_R.OWNER, _R.OPERATOR}),
    Action.SEE_TEAM: _ALL_SEEING | {_R.OWNER},
    Action.SEE_CYCLE: _EVERYBODY | {_R.PROGRAM},  # how a sync goes on is read by this
    Action.SEE_DELAYS: _ALL_SEEING | {_R.HR},
    Action.SEE_RESULTS: _ALL_SEEING | {_R.HR},
    Action.SEE_TREE: _EVERYBODY,
    Action.SEE_PEOPLE: _EVERYBODY | {_R.PROGRAM},
    Action.SEE_LIBRARY: _EVERYBODY,
    Action.SEE_NOTICES: _ALL_SEEING | {_R.HR},
    Action.CHANGE_DIRECTORY: frozenset({_R.HR, _R.SETTING_UP, _R.ADMINISTRATOR, _R.PROGRAM}),
    Action.PROVISION: frozenset({_R.ADMINISTRATOR, _R.PROGRAM}),
    Action.SEE_PROVISIONING: _ALL_SEEING | {_R.HR, _R.ADMINISTRATOR},
    Action.NAME_ADMINISTRATORS: frozenset({_R.SETTING_UP, _R.ADMINISTRATOR, _R.SYSTEM}),
    Action.GIVE_ROLES: frozenset({_R.SETTING_UP, _R.SYSTEM}),
    Action.SEE_ROLES: _EVERYBODY,
    Action.START_CYCLE: frozenset({_R.HR}),
    Action.STEER_CYCLE: frozenset({_R.HR}),
    Action.HEAR: frozenset({_R.COLLEAGUE}),
    Action.CORRECT_HEARD: frozenset({_R.OWNER, _R.HR}),
    Action.RESEND_NOTICES: frozenset({_R.HR}),
    Action.SEE_FAULTS: _ALL_SEEING | {_R.HR},
    Action.REPAIR: frozenset({_R.HR}),
    Action.SEE_JOURNAL: _ALL_SEEING | {_R.HR},
    Action.ERASE_TEXTS: frozenset({_R.HR}),
    Action.DELEGATE: frozenset({_R.OWNER, _R.HR}),
    Action.SET_PREFERENCES: frozenset({_R.OWNER, _R.HR}),
    Action.TAKE_OVER_LESSON: frozenset({_R.OWNER, _R.HR}),
    Action.SEE_TOKENS: _ALL_SEEING | {_R.OWNER, _R.SYSTEM},
    Action.MAKE_TOKEN: frozenset({_R.OWNER}),
    Action.END_TOKEN: frozenset({_R.OWNER, _R.OPERATOR, _R.SYSTEM}),
    Action.USE_CALENDAR_LINK: frozenset({_R.OWNER}),
    Action.SEE_IDENTITIES: _ALL_SEEING | {_R.OWNER, _R.SYSTEM},
    Action.UNBIND_IDENTITY: frozenset({_R.OPERATOR, _R.SYSTEM}),
    Action.SEE_HOOKS: _ALL_SEEING | {_R.SYSTEM},
    Action.CHANGE_HOOKS: frozenset({_R.SYSTEM}),
    Action.SEE_PROGRAMS: _ALL_SEEING | {_R.OWNER, _R.SYSTEM},
    Action.MANAGE_PROGRAMS: frozenset({_R.SETTING_UP, _R.SYSTEM}),
    Action.SEE_PASSKEYS: _ALL_SEEING | {_R.OWNER, _R.SYSTEM},
    Action.INVITE_TO_PASSKEY: frozenset({_R.OPERATOR, _R.SYSTEM}),
    Action.REMOVE_PASSKEY: frozenset({_R.OWNER, _R.OPERATOR, _R.SYSTEM}),
    Action.USE_SESSIONS: frozenset({_R.OWNER}),
    Action.SIGN_OUT_SOMEBODY: frozenset({_R.OPERATOR, _R.SYSTEM}),
    Action.BEGIN_GOAL: frozenset({_R.OWNER, _R.HR}),
}


class Caller(Frozen):
    """Who asks, made by a door from what it authenticated, never from what was sent."""

    door: Door
    employee: EmployeeId | None = None
    roles: frozenset[Role] = frozenset()

    @property
    def is_operator(self) -> bool:
        return Role.OPERATOR in self.roles

    @property
    def is_auditor(self) -> bool:
        return Role.AUDITOR in self.roles


class Visibility(Frozen):
    """Which goals a list may hold for a caller: all of them, or those to which `person` has one of `relations`."""

    everything: bool
    person: EmployeeId | None = None
    relations: frozenset[Relation] = frozenset()


def relations_to(caller: Caller, goal: Goal, day: date) -> frozenset[Relation]:
    """What the caller is to the goal on that day, if they are an active employee; that is for the directory to say."""
    found = {Relation.OPERATOR} if caller.is_operator else set()
    if caller.is_auditor:
        return frozenset({Relation.AUDITOR})
    if caller.employee is None:
        return frozenset(found)
    assignees = goal.task.assignees if goal.task else ()
    for relation, people in (
        (Relation.OWNER, (goal.owner,)),
        (Relation.LINE, goal.line),
        (Relation.EVALUATOR, goal.evaluators),
        (Relation.ASSIGNEE, assignees),
        (Relation.CONTRIBUTOR, goal.contributors),
        (Relation.HR, goal.hr),
        (Relation.DELEGATE, goal.delegates((*goal.line, *goal.evaluators, *assignees), day)),
    ):
        if caller.employee in people:
            found.add(relation)
    return frozenset(found)


def may(action: Action, held: frozenset[Relation]) -> bool:
    return bool(ALLOWED[action] & held)


def require(caller: Caller, action: Action, held: frozenset[Relation], allowed: Iterable[EmployeeId] = ()) -> None:
    """Raises a `Refusal` that names who may (`allowed`), where the caller holds none of the relations that the action needs."""
    if not may(action, held):
        raise _refusal(caller, allowed)


def actor_of(caller: Caller) -> EmployeeId:
    """In whose name a change is made; raises a `Refusal` for a caller without one."""
    if caller.employee is None:
        raise _refusal(caller, ())
    return caller.employee


def person_of(caller: Caller) -> EmployeeId:
    """Who asks for what is their own, such as an inbox; raises a `Refusal` for a program, which has none."""
    if is_program(actor_of(caller)):
        raise _refusal(caller, ())
    return actor_of(caller)


def _refusal(caller: Caller, allowed: Iterable[EmployeeId]) -> Refusal:
    people = list(dict.fromkeys(allowed)) or "-"
    if caller.employee is None:
        return Refusal(Code.UNNAMED, allowed=people)
    return Refusal(Code.NOT_ALLOWED, actor=caller.employee[:80], allowed=people)


def visibility_of(caller: Caller, action: Action, held: frozenset[Relation]) -> Visibility:
    """What lists may show the caller; `held` is what they are to the company: operator, active employee, or nothing."""
    if _ALL_SEEING & held & ALLOWED[action]:
        return Visibility(everything=True)
    if Relation.COLLEAGUE not in held:
        return Visibility(everything=False)
    return Visibility(everything=False, person=caller.employee, relations=ALLOWED[action] - _ALL_SEEING)
