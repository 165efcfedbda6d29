"""What a message leaves out, because it is no longer so when the message is written."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from domain.goal import commands
from domain.notices.notices import NoticeKind as K
from domain.notices.standing import facts_now, standing
from domain.policy.policy import TaskKind
from tests.domain.builders import MANAGER, OWNER, after, draft, fresh_id
from tests.domain.telling import NOW, notices


class GoalNow(NamedTuple):
    task: str | None
    doers: frozenset[str]


class DatedGoal(NamedTuple):
    task: str | None = TaskKind.APPROVAL
    doers: frozenset[str] = frozenset("m")
    due_at: datetime | None = datetime(2026, 10, 16, 9, 0, tzinfo=UTC)
    seq: int = 7


class Notice(NamedTuple):
    kind: str
    goal_id: str = "g"
    facts: Mapping[str, Any] = MappingProxyType({})


def left(*kinds: K, task: TaskKind | None, doers: tuple[str, ...] = ("m",), reader: str = "m") -> list[str]:
    goals = {"g": GoalNow(task, frozenset(doers))}
    return [one.kind for one in standing([Notice(kind) for kind in kinds], goals, reader)]


@pytest.mark.parametrize("request_kind", [K.APPROVAL_REQUESTED, K.VERDICT_REQUESTED, K.ESCALATED])
@pytest.mark.parametrize("taken_back", [K.RECALLED, K.WITHDRAWN, K.HANDLED])
def test_a_request_that_was_taken_back_at_once_is_told_to_nobody(request_kind: K, taken_back: K) -> None:
    assert left(request_kind, taken_back, task=TaskKind.DRAFT, doers=("o",)) == []


def test_a_reader_who_heard_of_the_request_before_is_told_that_it_was_taken_back() -> None:
    assert left(K.APPROVAL_REMINDER, K.RECALLED, task=TaskKind.DRAFT) == [K.RECALLED]


def test_nobody_is_asked_for_a_draft_of_a_goal_that_is_closed() -> None:
    assert left(K.DRAFT_OPENED, K.DRAFT_REMINDER, K.GOAL_CLOSED, task=None, reader="o") == [K.GOAL_CLOSED]


@pytest.mark.parametrize("before", [(), (K.RECALLED,), (K.APPROVAL_REQUESTED, K.RECALLED), (K.HANDLED,)])
def test_a_request_that_was_made_again_is_told_once_and_not_as_taken_back(before: tuple[K, ...]) -> None:
    assert left(*before, K.APPROVAL_REQUESTED, task=TaskKind.APPROVAL) == [K.APPROVAL_REQUESTED]


def test_a_reader_hears_that_an_earlier_request_was_taken_back_but_not_of_one_that_came_and_went_since() -> None:
    assert left(K.RECALLED, K.APPROVAL_REQUESTED, K.RECALLED, task=TaskKind.DRAFT) == [K.RECALLED]


def test_news_of_one_request_end_together() -> None:
    assert left(K.APPROVAL_REQUESTED, K.RECALLED, K.HANDLED, task=TaskKind.DRAFT) == []
    earlier = (K.RECALLED, K.HANDLED)
    assert left(*earlier, K.APPROVAL_REQUESTED, *earlier, task=TaskKind.DRAFT) == list(earlier)


def test_a_request_that_can_be_met_is_never_left_out_for_news_alone() -> None:
    # A delegate of both the approver who signed and the next one hears of both in one event.
    assert left(K.APPROVAL_REQUESTED, K.HANDLED, task=TaskKind.APPROVAL) == [K.APPROVAL_REQUESTED]


def test_a_request_that_is_over_is_left_out_beside_one_that_can_be_met() -> None:
    assert left(K.DRAFT_REMINDER, K.APPROVAL_REQUESTED, task=TaskKind.APPROVAL) == [K.APPROVAL_REQUESTED]


def test_an_approver_hears_once_of_a_goal_that_was_submitted_recalled_and_submitted() -> None:
    goal, queued = draft(), list[Notice]()
    for command in (commands.Submit, commands.Recall, commands.Submit):
        given = command(id=fresh_id(), actor=OWNER)
        told = notices(goal, given)
        queued += [Notice(one.kind, one.goal, one.facts) for one in told if one.recipient == MANAGER]
        goal = after(goal, given, NOW)
    assert [one.kind for one in queued] == [K.APPROVAL_REQUESTED, K.RECALLED, K.HANDLED, K.APPROVAL_REQUESTED]
    assert goal.task
    now: dict[str, GoalNow] = {goal.id: GoalNow(goal.task.kind, frozenset(goal.task.assignees))}
    assert [one.kind for one in standing(queued, now, MANAGER)] == [K.APPROVAL_REQUESTED]


def test_what_happened_to_one_goal_leaves_the_notices_of_another_as_they_are() -> None:
    goals = {one: GoalNow(TaskKind.APPROVAL, frozenset("m")) for one in ("g", "h")}
    both = (Notice(K.APPROVAL_REQUESTED, "g"), Notice(K.RECALLED, "h"))
    assert standing(both, goals, "m") == both


@pytest.mark.parametrize(
    ("task", "doers", "stays"), [(TaskKind.DRAFT, "o", True), (TaskKind.APPROVAL, "m", False), (None, "o", False)]
)
def test_a_manager_is_told_of_a_reminder_only_while_the_task_waits_for_who_was_reminded(
    task: TaskKind | None, doers: str, *, stays: bool
) -> None:
    copied = Notice(K.REMINDER_COPIED, facts={"to": "o"})
    assert standing([copied], {"g": GoalNow(task, frozenset(doers))}, "m") == ((copied,) if stays else ())


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


FACTS = {"theme": "月次決算", "due": "2026-10-09T09:00:00+00:00", "seq": 2}


def test_a_request_has_the_due_date_and_the_entry_number_that_the_goal_has_now() -> None:
    now = {"theme": "月次決算", "due": "2026-10-16T09:00:00+00:00", "seq": 7}
    assert facts_now(Notice(K.APPROVAL_REQUESTED, facts=FACTS), DatedGoal()) == now


@pytest.mark.parametrize(
    ("kind", "goal"),
    [(K.COMMENTED, DatedGoal()), (K.APPROVAL_REQUESTED, None), (K.APPROVAL_REQUESTED, DatedGoal(due_at=None))],
    ids=["news", "unknown goal", "no due date"],
)
def test_other_facts_of_a_notice_stay_as_they_were(kind: K, goal: DatedGoal | None) -> None:
    assert facts_now(Notice(kind, facts=FACTS), goal) == FACTS
