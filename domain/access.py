"""Who may see and do what: one table, for every door.

A door (the command line today) makes a `Caller` from whom it let in. Each method of `service/` takes the caller first, finds
out how the caller is related to what is asked for, and looks the action up in `ALLOWED`. Lists use the same table as a
condition in SQL (`Sight`), so that a list never holds a row that the page would refuse.

What is asked of one goal by a command is decided by the goal's workflow (`domain/goal/authority.py`).
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

from domain.goal.goal import Goal
from domain.refusals import Code, Refusal
from domain.values import EmployeeId, Frozen


class Door(StrEnum):
    """How the caller came in."""

    COMMAND_LINE = "command_line"
    WORKER = "worker"  # the clock and the organisation, which act in nobody's name


class Role(StrEnum):
    """What a caller is to the company, beside what they are to single goals and cycles."""

    OPERATOR = "operator"  # holds the address of the database: sees everything, changes nothing in nobody's name


class Relation(StrEnum):
    """What a caller is to a goal or a cycle."""

    OWNER = "owner"
    LINE = "line"  # a manager of the owner's line
    ASSIGNEE = "assignee"  # the open task waits for them
    DELEGATE = "delegate"  # may act today for one of the line or an assignee
    HR = "hr"  # of the cycle
    COLLEAGUE = "colleague"  # an active employee
    OPERATOR = "operator"


class Action(StrEnum):
    """What a caller may ask for, apart from commands to one goal."""

    SEE_GOAL = "see_goal"  # content, task, score, ledger
    SEE_INBOX = "see_inbox"  # one's own
    SEE_CYCLE = "see_cycle"  # its state, rules and counts
    SEE_RESULTS = "see_results"  # scores by person, reviewer and department
    SEE_TREE = "see_tree"
    SEE_PEOPLE = "see_people"
    SEE_LIBRARY = "see_library"  # catalogue, examples, heard problems
    SEE_NOTICES = "see_notices"
    CHANGE_DIRECTORY = "change_directory"  # import and sync
    START_CYCLE = "start_cycle"
    STEER_CYCLE = "steer_cycle"  # extend, pause, amend, close, retry, …
    HEAR = "hear"  # record a problem that was heard
    RESEND_NOTICES = "resend_notices"
    DELEGATE = "delegate"  # for oneself
    SET_PREFERENCES = "set_preferences"  # one's own


_R = Relation
_CONCERNED = frozenset({_R.OWNER, _R.LINE, _R.ASSIGNEE, _R.DELEGATE, _R.HR, _R.OPERATOR})
_EVERYBODY = frozenset({_R.COLLEAGUE, _R.HR, _R.OPERATOR})

ALLOWED: Mapping[Action, frozenset[Relation]] = {
    Action.SEE_GOAL: _CONCERNED,
    Action.SEE_INBOX: frozenset({_R.OWNER, _R.OPERATOR}),
    Action.SEE_CYCLE: _EVERYBODY,
    Action.SEE_RESULTS: frozenset({_R.HR, _R.OPERATOR}),
    Action.SEE_TREE: _EVERYBODY,
    Action.SEE_PEOPLE: _EVERYBODY,
    Action.SEE_LIBRARY: _EVERYBODY,
    Action.SEE_NOTICES: frozenset({_R.HR, _R.OPERATOR}),
    Action.CHANGE_DIRECTORY: frozenset({_R.HR, _R.OPERATOR}),
    Action.START_CYCLE: frozenset({_R.HR}),
    Action.STEER_CYCLE: frozenset({_R.HR}),
    Action.HEAR: frozenset({_R.HR}),
    Action.RESEND_NOTICES: frozenset({_R.HR}),
    Action.DELEGATE: frozenset({_R.OWNER, _R.HR}),
    Action.SET_PREFERENCES: frozenset({_R.OWNER, _R.HR}),
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
    def name(self) -> str:
        """For refusals and logs: the employee's id, or the door."""
        return self.employee or self.door


class Sight(Frozen):
    """Which goals a list may hold for a caller: all of them, or those to which one of `people` has one of `relations`.

    `people` are the caller and those for whom the caller may act today.
    """

    everything: bool
    people: tuple[EmployeeId, ...] = ()
    relations: frozenset[Relation] = frozenset()


def relations_to(caller: Caller, goal: Goal, day: date) -> frozenset[Relation]:
    """What the caller is to the goal on that day."""
    found = {Relation.OPERATOR} if caller.is_operator else set()
    if caller.employee is None:
        return frozenset(found)
    assignees = goal.task.assignees if goal.task else ()
    for relation, people in (
        (Relation.OWNER, (goal.owner,)),
        (Relation.LINE, goal.line),
        (Relation.ASSIGNEE, assignees),
        (Relation.HR, goal.policy.hr),
        (Relation.DELEGATE, goal.delegates((*goal.line, *assignees), day)),
    ):
        if caller.employee in people:
            found.add(relation)
    return frozenset(found)


def may(action: Action, held: frozenset[Relation]) -> bool:
    return bool(ALLOWED[action] & held)


def require(caller: Caller, action: Action, held: frozenset[Relation], allowed: tuple[EmployeeId, ...] = ()) -> None:
    """Raises a `Refusal` that names who may (`allowed`), where the caller holds none of the relations that the action needs."""
    if not may(action, held):
        raise Refusal(Code.NOT_ALLOWED, actor=caller.name[:80], allowed=", ".join(allowed) or "-")


def sight(caller: Caller, action: Action, acts_for: tuple[EmployeeId, ...] = ()) -> Sight:
    """What lists may show the caller; `acts_for` are those for whom the caller may act today."""
    if caller.is_operator and Relation.OPERATOR in ALLOWED[action]:
        return Sight(everything=True)
    people = (caller.employee, *acts_for) if caller.employee else ()
    return Sight(everything=False, people=people, relations=ALLOWED[action])
