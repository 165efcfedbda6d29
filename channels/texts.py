"""What each kind of notice is to its reader. The words are in the catalogues (texts/).

In a sentence `{goal}` is the goal as its reader calls it, `{actor}` a person; what the facts do not tell is put in general
words (`mail.missing.*`), so that each sentence reads well with no fact at all. Dates, other people, results and comments are not
in the sentences: channels/lines.py adds those that are known and that belong there (`UNDATED`, `WITH_RESULT`).
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from domain.lifecycle import State
from domain.notices.notices import NoticeKind
from domain.policy.policy import TaskKind


class Group(StrEnum):
    """What a notice is to its reader, in the order of a message."""

    WAITS = "waits"
    OVERDUE = "overdue"
    DECIDED = "decided"
    TO_KNOW = "to_know"


class Wording(NamedTuple):
    """Where a notice stands in a message, and what it says."""

    group: Group
    key: str


_K = NoticeKind

# Kinds that put a task before their reader: a digest lists the tasks themselves instead.
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
            {_K.APPROVED, _K.STAGE_APPROVED, _K.VERDICT_GIVEN, _K.GOAL_CLOSED, _K.GOAL_LAPSED}
        ),
    }
)  # fmt: skip


def _group(kind: NoticeKind) -> Group:
    return next((group for group, kinds in _GROUPS.items() if kind in kinds), Group.TO_KNOW)


WORDINGS: Mapping[NoticeKind, Wording] = MappingProxyType(
    {kind: Wording(_group(kind), f"notice.{kind}") for kind in NoticeKind}
)

# A kind that a newer release queued and this one does not know is still told.
UNKNOWN = Wording(Group.TO_KNOW, "notice.unknown")

# A goal whose owner left, was taken out of the cycle, or whose cycle was called off: nothing was completed.
REMOVED = Wording(Group.DECIDED, "notice.goal_removed")

# The due date in their facts is that of somebody else's task, or nobody's.
UNDATED = frozenset(
    {
        _K.STAGE_APPROVED, _K.COMMENTED, _K.PAUSED, _K.DELEGATED, _K.POLICY_AMENDED, _K.RECALLED, _K.WITHDRAWN, _K.HANDLED,
        _K.DELIVERY_TROUBLE,
    }
)  # fmt: skip
# These tell how the goal stands; elsewhere a score of nothing yet would only dishearten.
WITH_RESULT = frozenset({_K.VERDICT_GIVEN, _K.GOAL_RESET, _K.GOAL_CLOSED, _K.GOAL_LAPSED, _K.MOVED})

# What a goal waits for, as a task of its reader; a kind of a later release is named in general words.
TASK_TEXTS: Mapping[str, str] = MappingProxyType({kind: f"mail.task.{kind}" for kind in TaskKind})
UNKNOWN_TASK = "mail.task.unknown"

# A state has one kind of task, but for the review, whose first part is the owner's.
TASK_IN: Mapping[str, TaskKind] = MappingProxyType(
    {
        State.DRAFT: TaskKind.DRAFT,
        State.PENDING_APPROVAL: TaskKind.APPROVAL,
        State.ACTIVE: TaskKind.STEP,
        State.IN_REVIEW: TaskKind.VERDICT,
    }
)
