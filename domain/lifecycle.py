"""The lifecycle of a goal: one table. Everything that can change a goal's state is in this file.

`next_state` is the only way to a new state. docs/lifecycle.md is printed from this file.
"""

from enum import StrEnum


class State(StrEnum):
    DRAFT = "draft"
    PENDING_APPROVAL = "pending_approval"
    ACTIVE = "active"
    IN_REVIEW = "in_review"
    CLOSED = "closed"


class EventKind(StrEnum):
    """The kinds of events of a goal."""

    CREATED = "created"
    REVISED = "revised"
    SUBMITTED = "submitted"
    RECALLED = "recalled"
    STAGE_APPROVED = "stage_approved"
    APPROVED = "approved"
    RETURNED = "returned"
    PROGRESS_REPORTED = "progress_reported"
    STEP_COMPLETED = "step_completed"
    REPORT_UNDONE = "report_undone"
    REVIEW_OPENED = "review_opened"
    SELF_REVIEWED = "self_reviewed"
    CONTINUED = "continued"
    RESET = "reset"
    CLOSED = "closed"
    REOPENED = "reopened"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    REMINDED = "reminded"
    ESCALATED = "escalated"
    REASSIGNED = "reassigned"
    DELEGATED = "delegated"
    EXTENDED = "extended"
    PAUSED = "paused"
    RESUMED = "resumed"
    COMMENTED = "commented"
    POLICY_AMENDED = "policy_amended"
    SIGN_OFF_REFUSED = "sign_off_refused"
    LINE_CHANGED = "line_changed"
    MOVED = "moved"
    ADJUSTED = "adjusted"
    EXEMPLAR_MARKED = "exemplar_marked"
    DELEGATION_ENDED = "delegation_ended"
    REPAIRED = "repaired"
    TEXTS_ERASED = "texts_erased"
    HANDED_OVER = "handed_over"
    PARENT_FOLLOWED = "parent_followed"


_K = EventKind

# Who closes: an owner withdraws, a reviewer or HR closes, the clock lapses, HR or a manager hands over. HR alone reopens, to the
# state before.
TRANSITIONS: dict[State, dict[EventKind, State]] = {
    State.DRAFT: {
        _K.REVISED: State.DRAFT,
        _K.SUBMITTED: State.PENDING_APPROVAL,
        _K.WITHDRAWN: State.CLOSED,
        _K.CLOSED: State.CLOSED,
        _K.LAPSED: State.CLOSED,
        _K.HANDED_OVER: State.CLOSED,
    },
    State.PENDING_APPROVAL: {
        _K.STAGE_APPROVED: State.PENDING_APPROVAL,
        _K.APPROVED: State.ACTIVE,
        _K.RETURNED: State.DRAFT,
        _K.RECALLED: State.DRAFT,
        _K.WITHDRAWN: State.CLOSED,
        _K.CLOSED: State.CLOSED,
        _K.LAPSED: State.CLOSED,
        _K.HANDED_OVER: State.CLOSED,
    },
    State.ACTIVE: {
        _K.PROGRESS_REPORTED: State.ACTIVE,
        _K.STEP_COMPLETED: State.ACTIVE,
        _K.REPORT_UNDONE: State.ACTIVE,
        _K.REVIEW_OPENED: State.IN_REVIEW,
        _K.MOVED: State.DRAFT,
        _K.CLOSED: State.CLOSED,
        _K.LAPSED: State.CLOSED,
        _K.HANDED_OVER: State.CLOSED,
    },
    State.IN_REVIEW: {
        _K.PROGRESS_REPORTED: State.IN_REVIEW,
        _K.STEP_COMPLETED: State.IN_REVIEW,
        _K.REPORT_UNDONE: State.IN_REVIEW,
        _K.SELF_REVIEWED: State.IN_REVIEW,
        _K.CONTINUED: State.ACTIVE,
        _K.RESET: State.DRAFT,
        _K.MOVED: State.DRAFT,
        _K.CLOSED: State.CLOSED,
        _K.LAPSED: State.CLOSED,
        _K.HANDED_OVER: State.CLOSED,
    },
    State.CLOSED: {},
}

# These events leave the state as it is, in every state.
NEUTRAL: frozenset[EventKind] = (
    frozenset(_K) - {_K.CREATED, _K.REOPENED} - {k for row in TRANSITIONS.values() for k in row}
)


class ImpossibleTransition(Exception):
    """An event that the table does not allow; a bug, since `decide` refuses before."""


def next_state(state: State, event: EventKind) -> State:
    """The state after `event`; raises `ImpossibleTransition` where the table has no entry."""
    if event in NEUTRAL:
        return state
    try:
        return TRANSITIONS[state][event]
    except KeyError:
        raise ImpossibleTransition(f"{event} cannot happen to a goal that is {state}") from None
