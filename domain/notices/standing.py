"""Which notices of a message are still worth reading when it is written: hours may lie between an event and its message."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

from domain.notices.notices import NoticeKind
from domain.policy.policy import TaskKind

_K, _T = NoticeKind, TaskKind
# The task that a notice asks for.
_ASKS: Mapping[str, Collection[TaskKind]] = {
    _K.DRAFT_OPENED: (_T.DRAFT,),
    _K.DRAFT_REMINDER: (_T.DRAFT,),
    _K.APPROVAL_REQUESTED: (_T.APPROVAL,),
    _K.APPROVAL_REMINDER: (_T.APPROVAL,),
    _K.STEP_DUE: (_T.STEP,),
    _K.STEP_OVERDUE: (_T.STEP,),
    _K.REVIEW_OPENED: (_T.SELF_REVIEW,),
    _K.REVIEW_REMINDER: (_T.SELF_REVIEW, _T.VERDICT),
    _K.VERDICT_REQUESTED: (_T.VERDICT,),
    _K.ESCALATED: tuple(TaskKind),
}
_FIRST = frozenset(
    {_K.APPROVAL_REQUESTED, _K.VERDICT_REQUESTED, _K.ESCALATED}
)  # from which the reader first hears of a task
_TAKEN_BACK = frozenset({_K.RECALLED, _K.WITHDRAWN, _K.HANDLED})  # of no use to a reader who never heard of the task


class GoalNow(Protocol):
    """A goal as it is now: the kind of its open task, or None if there is none or the goal is paused, and who may do it."""

    @property
    def task(self) -> str | None: ...
    @property
    def doers(self) -> frozenset[str]:
        """The assignees, and who may act for one of them today."""


class DatedGoal(GoalNow, Protocol):
    """A goal as it is now, with the due date of its task."""

    @property
    def due_at(self) -> datetime | None: ...
    @property
    def seq(self) -> int:
        """The number of the goal's last ledger entry."""


class _Notice(Protocol):
    @property
    def facts(self) -> Mapping[str, Any]: ...
    @property
    def kind(self) -> str: ...
    @property
    def goal_id(self) -> str: ...


Notice = TypeVar("Notice", bound=_Notice)


def standing(notices: Sequence[Notice], goals: Mapping[str, GoalNow], reader: str) -> tuple[Notice, ...]:
    """The notices without requests that the reader cannot meet any more, and without news that such a request is void.

    `notices` are in the order of their events. A request that was taken back later is left out together with that news, and so is
    the news that an earlier request was taken back where the goal asks for something again. A goal that is not in `goals` is
    taken as the notice says.
    """
    places: dict[str, list[int]] = {}
    for place, one in enumerate(notices):
        places.setdefault(one.goal_id, []).append(place)
    dropped = {
        place for goal, of_goal in places.items() for place in _dropped(notices, of_goal, goals.get(goal), reader)
    }
    return tuple(one for place, one in enumerate(notices) if place not in dropped)


def _dropped(notices: Sequence[_Notice], places: Sequence[int], goal: GoalNow | None, reader: str) -> set[int]:
    """Which of the places to leave out; they are those of the notices of one goal, in order."""
    void = {place for place in places if _is_void(notices[place], goal, reader)}
    asking = [place for place in places if place not in void and notices[place].kind in _ASKS]
    taken_back = {place for place in places if notices[place].kind in _TAKEN_BACK}
    if asking:  # the last request tells how things are; earlier ones that were taken back are over
        return void | taken_back | {one for one in asking if any(one < back < asking[-1] for back in taken_back)}
    first = min((place for place in void if notices[place].kind in _FIRST), default=len(notices))
    return void | {place for place in taken_back if place > first}


def facts_now(notice: _Notice, goal: DatedGoal | None) -> dict[str, Any]:
    """The facts of the notice; of a request, with the due date as it is now."""
    if notice.kind not in _ASKS or goal is None or goal.due_at is None:
        return dict(notice.facts)
    return {**notice.facts, "due": goal.due_at.isoformat(), "seq": goal.seq}


def _is_void(notice: _Notice, goal: GoalNow | None, reader: str) -> bool:
    if notice.kind == _K.REMINDER_COPIED and goal is not None:  # asks the reader to help the person who was reminded
        return goal.task is None or notice.facts.get("to", reader) not in goal.doers
    asked = _ASKS.get(notice.kind)
    return asked is not None and goal is not None and (goal.task not in asked or reader not in goal.doers)
