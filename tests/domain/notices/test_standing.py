"""What a message leaves out, because it is no longer so when the message is written."""

from typing import NamedTuple

import pytest

from domain.notices.notices import NoticeKind as K
from domain.notices.standing import standing
from domain.policy.policy import TaskKind


class GoalNow(NamedTuple):
    task: str | None
    doers: frozenset[str]


class Notice(NamedTuple):
    kind: str
    goal_id: str = "g"


def left(*kinds: K, task: TaskKind | None, doers: tuple[str, ...] = ("m",), reader: str = "m") -> list[str]:
    goals = {"g": GoalNow(task, frozenset(doers))}
    return [one.kind for one in standing([Notice(kind) for kind in kinds], goals, reader)]


def test_a_request_that_was_taken_back_at_once_is_told_to_nobody() -> None:
    assert left(K.APPROVAL_REQUESTED, K.RECALLED, task=TaskKind.DRAFT) == []


def test_a_reader_who_heard_of_the_request_before_is_told_that_it_was_taken_back() -> None:
    assert left(K.APPROVAL_REMINDER, K.RECALLED, task=TaskKind.DRAFT) == [K.RECALLED]


def test_nobody_is_asked_for_a_draft_of_a_goal_that_is_closed() -> None:
    assert left(K.DRAFT_OPENED, K.DRAFT_REMINDER, K.GOAL_CLOSED, task=None, reader="o") == [K.GOAL_CLOSED]


@pytest.mark.parametrize(
    ("kind", "task"),
    [
        (K.DRAFT_REMINDER, TaskKind.DRAFT),
        (K.APPROVAL_REQUESTED, TaskKind.APPROVAL),
        (K.STEP_OVERDUE, TaskKind.STEP),
        (K.REVIEW_OPENED, TaskKind.SELF_REVIEW),
        (K.REVIEW_REMINDER, TaskKind.VERDICT),
        (K.VERDICT_REQUESTED, TaskKind.VERDICT),
        (K.ESCALATED, TaskKind.DRAFT),
    ],
)
def test_a_request_is_told_to_who_can_meet_it(kind: K, task: TaskKind) -> None:
    assert left(kind, task=task) == [kind]
    assert left(kind, task=task, doers=("other",)) == []
    assert left(kind, task=None) == []


def test_news_stay_whatever_the_task_is() -> None:
    assert left(K.APPROVED, K.COMMENTED, K.RETURNED, task=None) == [K.APPROVED, K.COMMENTED, K.RETURNED]


def test_a_goal_that_is_not_known_is_taken_as_the_notice_says() -> None:
    assert standing([Notice(K.DRAFT_REMINDER, "other")], {}, "m") == (Notice(K.DRAFT_REMINDER, "other"),)
