"""The group and the sentence of each kind of notice. The texts are in the catalogues (texts/).

In a sentence, `{goal}` is the goal's name for the reader and `{actor}` a person. If a fact is missing, a general word takes its
place (`mail.missing.*`), so that each sentence is complete without any fact. Dates, other people, results and comments are not in
the sentences: channels/lines.py adds them as details, depending on the kind (`UNDATED`, `WITH_RESULT`).
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from domain.lifecycle import State
from domain.notices.notices import NoticeKind
from domain.policy.policy import TaskKind


class Group(StrEnum):
    """The groups of lines of a message, in their order."""

    WAITS = "waits"
    OVERDUE = "overdue"
    DECIDED = "decided"
    TO_KNOW = "to_know"


class Wording(NamedTuple):
    """The group of a notice, and the key of its sentence."""

    group: Group
    key: str


_K = NoticeKind

# Kinds that only ask for a task. A digest lists the open tasks instead.
ASKS = frozenset(
    {
        _K.DRAFT_OPENED, _K.DRAFT_REMINDER, _K.APPROVAL_REQUESTED, _K.APPROVAL_REMINDER, _K.STEP_DUE, _K.STEP_OVERDUE,
        _K.REVIEW_OPENED, _K.REVIEW_REMINDER, _K.VERDICT_REQUESTED, _K.ESCALATED, _K.ESCALATION_TOLD,
    }
)  # fmt: skip
_GROUPS: Mapping[Group, frozenset[NoticeKind]] = MappingProxyType(
    {
        Group.WAITS: frozenset(
            {
                _K.DRAFT_OPENED, _K.DRAFT_REMINDER, _K.APPROVAL_REQUESTED, _K.APPROVAL_REMINDER, _K.RETURNED, _K.STEP_DUE,
                _K.REVIEW_OPENED, _K.VERDICT_REQUESTED, _K.REVIEW_REMINDER, _K.GOAL_RESET, _K.MOVED,
            }
        ),
        Group.OVERDUE: frozenset({_K.STEP_OVERDUE, _K.ESCALATED, _K.ESCALATION_TOLD}),
        Group.DECIDED: frozenset(
            {_K.APPROVED, _K.STAGE_APPROVED, _K.VERDICT_GIVEN, _K.GOAL_CLOSED, _K.GOAL_LAPSED, _K.HANDED_OVER, _K.SHARED_RESET}
        ),
    }
)  # fmt: skip


def _group(kind: NoticeKind) -> Group:
    return next((group for group, kinds in _GROUPS.items() if kind in kinds), Group.TO_KNOW)


WORDINGS: Mapping[NoticeKind, Wording] = MappingProxyType(
    {kind: Wording(_group(kind), f"notice.{kind}") for kind in NoticeKind}
)

# For a kind that only a newer release knows.
UNKNOWN = Wording(Group.TO_KNOW, "notice.unknown")

# For a goal that ended without being completed: its owner left or was removed, or the cycle was cancelled.
REMOVED = Wording(Group.DECIDED, "notice.goal_removed")

# For a signature of one of several who must all agree, while others are awaited.
AWAITING_OTHERS = Wording(Group.DECIDED, "notice.stage_approved.awaiting")

# Kinds without a due date in their line: the due date in the facts belongs to another person's task, or to no task.
UNDATED = frozenset(
    {
        _K.STAGE_APPROVED, _K.COMMENTED, _K.PAUSED, _K.DELEGATED, _K.POLICY_AMENDED, _K.RECALLED, _K.WITHDRAWN, _K.HANDLED,
        _K.DELIVERY_TROUBLE, _K.CALENDAR_CHANGED, _K.HANDED_OVER, _K.TAKEN_OVER, _K.PARENT_FOLLOWED, _K.DIRECTORY_CHANGED,
        _K.SHARED_RESET, _K.STEP_DONE, _K.CONTRIBUTOR_LEFT,
    }
)  # fmt: skip
# Kinds that show the outcome and the score. In others, a score of 0 would only discourage.
WITH_RESULT = frozenset({_K.VERDICT_GIVEN, _K.GOAL_RESET, _K.GOAL_CLOSED, _K.GOAL_LAPSED, _K.MOVED, _K.HANDED_OVER})

# Kinds that say whether the owner of the goal leaves, or has left: a verdict cannot wait then.
ABOUT_LEAVERS = frozenset(
    {
        _K.VERDICT_REQUESTED, _K.REVIEW_OPENED, _K.REVIEW_REMINDER, _K.REMINDER_COPIED, _K.ESCALATED, _K.ESCALATION_TOLD,
        _K.REASSIGNED,
    }
)  # fmt: skip

# Kinds that say how many people must agree.
ABOUT_SIGNATURES = frozenset({_K.APPROVAL_REQUESTED, _K.APPROVAL_REMINDER, _K.ESCALATED})

# The names of tasks; `UNKNOWN_TASK` is for a kind that only a newer release knows.
TASK_TEXTS: Mapping[str, str] = MappingProxyType({kind: f"mail.task.{kind}" for kind in TaskKind})
UNKNOWN_TASK = "mail.task.unknown"

# The kind of task in each state. In a review, the owner's task is the self-review instead (`task_of` in channels/lines.py).
TASK_IN: Mapping[str, TaskKind] = MappingProxyType(
    {
        State.DRAFT: TaskKind.DRAFT,
        State.PENDING_APPROVAL: TaskKind.APPROVAL,
        State.ACTIVE: TaskKind.STEP,
        State.IN_REVIEW: TaskKind.VERDICT,
    }
)
