"""A cycle, its people and its goals for the tests of the domain: the fourth quarter of 2026 in Tokyo.

Goals are made the way the product makes them, by `decide` and `evolve` only, so no test starts from a goal that cannot be.
"""

from collections.abc import Callable
from datetime import date, datetime, time
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.goal import commands, events
from domain.goal.alarms import Alarm, next_alarm, ring
from domain.goal.commands import SYSTEM, Command
from domain.goal.decide import decide
from domain.goal.evolve import created_goal, evolve_all
from domain.goal.goal import Goal, Task
from domain.lifecycle import State
from domain.messages import Message
from domain.policy.calendar import BusinessCalendar
from domain.policy.policy import Policy
from domain.refusals import Code, Refusal
from domain.values import CommandId, CycleId, EmployeeId, GoalId
from domain.writing.content import Content, NumericMeasure, QualitativeMeasure, Step

OWNER, MANAGER, DIRECTOR, PRESIDENT = (EmployeeId(one) for one in ("e100", "m10", "d1", "p1"))
HR, HR_TOO, STRANGER, DEPUTY = (EmployeeId(one) for one in ("h1", "h2", "x99", "y55"))
GOAL_ID = GoalId("2026-q4/e100/1")

TOKYO = BusinessCalendar(
    days_off=(
        date(2026, 10, 12),  # スポーツの日, a Monday
        date(2026, 11, 3),  # 文化の日, a Tuesday
        date(2026, 11, 23),  # 勤労感謝の日, a Monday
        *(date(2026, 12, day) for day in (29, 30, 31)),  # the company's own
        *(date(2027, 1, day) for day in (1, 2, 3)),
    )
)

BERLIN = BusinessCalendar(
    timezone="Europe/Berlin",
    closes=time(17),
    days_off=(date(2026, 12, 24), date(2026, 12, 25), date(2027, 1, 1)),
)

POLICY = Policy(
    calendar=TOKYO,
    starts=date(2026, 10, 1),
    ends=date(2026, 12, 25),
    closes=date(2026, 12, 28),
    reviews=(date(2026, 10, 30), date(2026, 11, 30)),
    hr=(HR, HR_TOO),
)

NUMBERS = NumericMeasure(name="月次決算の所要日数", unit="日", direction="down", baseline="10", target="6", points=60)
PICTURE = QualitativeMeasure(
    name="契約審査の見える化",
    success_image="誰でも審査の進み具合を一覧で見られ、問い合わせが要らない",
    criteria=("一覧が公開されている", "全部門が使っている", "問い合わせがない", "手順書がある"),
    points=60,
)
CONTENT = Content(
    theme="月次決算の早期化",
    challenge="締め処理が属人化している",
    heard=("経理部",),
    measure=NUMBERS,
    steps=(
        Step(title="手順を洗い出す", due=date(2026, 10, 23), points=20),
        Step(title="手順書で 1 回締める", due=date(2026, 11, 20), points=20),
    ),
    weight=60,
)

_numbers = count(1)


def fresh_id() -> CommandId:
    return CommandId(f"test-{next(_numbers)}")


def day(month: int, of_month: int, year: int = 2026) -> date:
    return date(year, month, of_month)


def at(on: date, hour: int = 10, minute: int = 0) -> datetime:
    """That day in Tokyo, at that hour."""
    return datetime(on.year, on.month, on.day, hour, minute, tzinfo=ZoneInfo("Asia/Tokyo"))


def policy(**changes: Any) -> Policy:
    """The cycle's policy with other values, checked like any policy."""
    return Policy.model_validate({name: getattr(POLICY, name) for name in Policy.model_fields} | changes)


def content(**changes: Any) -> Content:
    return Content.model_validate({name: getattr(CONTENT, name) for name in Content.model_fields} | changes)


ENDLESS = 60  # more entries than any life in these tests has: a test that waits for an end fails instead of hanging

LAUNCH = at(day(10, 1), 9)


def created(
    *,
    content: Content = CONTENT,
    owner: EmployeeId = OWNER,
    line: tuple[EmployeeId, ...] = (MANAGER, DIRECTOR),
    now: datetime = LAUNCH,
    **steering: Any,
) -> events.Event:
    """The first event of a ledger, as the launch writes it; `steering` are its sites, slot and delegations."""
    body = events.Created(
        cycle=CycleId("2026-q4"),
        owner=owner,
        department="経理",
        line=line,
        content=content,
        policy="digest",
        **steering,
    )
    return events.Event(seq=1, revision=1, at=now, actor=SYSTEM, command=CommandId("launch"), body=body)


def draft(policy: Policy = POLICY, goal_id: GoalId = GOAL_ID, **first: Any) -> Goal:
    """A goal that was launched on Thursday, 1 October; `first` goes to `created`."""
    return created_goal(goal_id, policy, created(**first))


def after(goal: Goal, command: Command, now: datetime) -> Goal:
    """The goal after a command that must bring something."""
    decided = decide(goal, command, now)
    assert decided, f"{command.name} brought nothing"
    return evolve_all(goal, decided)


def pending(policy: Policy = POLICY, on: date = date(2026, 10, 5), **first: Any) -> Goal:
    """Submitted on Monday, 5 October."""
    goal = draft(policy, **first)
    return after(goal, commands.Submit(id=fresh_id(), actor=goal.owner), at(on))


def active(policy: Policy = POLICY, on: date = date(2026, 10, 6), **first: Any) -> Goal:
    """Approved in all its stages on Tuesday, 6 October."""
    goal = pending(policy, **first)
    while goal.state is State.PENDING_APPROVAL:
        goal = after(goal, approve(goal), at(on))
    return goal


def in_review(policy: Policy = POLICY, **first: Any) -> Goal:
    """The review of Friday, 30 October has opened and waits for the owner's self-review."""
    goal, opens = active(policy, **first), at(date(2026, 10, 30))
    while goal.state is State.ACTIVE:
        goal = rung(goal, opens)
    return goal


def awaiting_verdict(policy: Policy = POLICY, on: date = date(2026, 11, 2), **first: Any) -> Goal:
    """The self-review came on Monday, 2 November."""
    return after(in_review(policy, **first), self_review(), at(on))


def closed(policy: Policy = POLICY, on: date = date(2026, 11, 4), **first: Any) -> Goal:
    """Achieved, by the verdict of Wednesday, 4 November; half the way was reported before."""
    goal = awaiting_verdict(policy, **first)
    reached = {"value": "8"} if isinstance(goal.content.measure, NumericMeasure) else {"met": [0]}
    report = commands.ReportProgress.model_validate({"id": fresh_id(), "actor": goal.owner} | reached)
    goal = after(goal, report, at(on))
    return after(goal, verdict(goal, "achieved"), at(on))


SITUATIONS: dict[str, Callable[[], Goal]] = {
    "draft": draft,
    "pending_approval": pending,
    "active": active,
    "in_review": in_review,
    "awaiting_verdict": awaiting_verdict,
    "closed": closed,
}


def approve(goal: Goal, actor: EmployeeId | None = None, **fields: Any) -> commands.Approve:
    """By who has the task, on what there is now."""
    who = actor or (goal.task.assignees[0] if goal.task else MANAGER)
    return commands.Approve(**({"id": fresh_id(), "actor": who, "expected_seq": goal.seq} | fields))


def self_review() -> commands.SubmitSelfReview:
    return commands.SubmitSelfReview(id=fresh_id(), actor=OWNER, went_well="手順が揃った", proposed="continue")


def verdict(goal: Goal, said: str, actor: EmployeeId = MANAGER, **fields: Any) -> commands.DecideReview:
    """On what there is now; with a comment, so that a reset is possible."""
    defaults = {"id": fresh_id(), "actor": actor, "expected_seq": goal.seq, "verdict": said, "comment": "確認しました"}
    return commands.DecideReview.model_validate(defaults | fields)


def delegate(delegator: EmployeeId, to: EmployeeId, **fields: Any) -> commands.Delegate:
    """For the whole cycle, given by the delegator, unless `fields` says otherwise."""
    fields = {"actor": delegator, "first": day(10, 1), "last": day(12, 28)} | fields
    return commands.Delegate.model_validate({"id": fresh_id(), "delegator": delegator, "to": to} | fields)


def extend(due: date | None = None, **fields: Any) -> commands.Extend:
    return commands.Extend.model_validate({"id": fresh_id(), "actor": HR, "due": due, "reason": "繁忙期"} | fields)


def reassign(*assignees: EmployeeId) -> commands.Reassign:
    return commands.Reassign(id=fresh_id(), actor=HR, assignees=assignees, reason="休職")


def change_line(goal: Goal, **changes: Any) -> commands.ChangeLine:
    """Other managers, another department or other sites; what `changes` does not name stays as the goal has it."""
    chains = {"stages": goal.stages, "reviewers": goal.reviewers, "joint": goal.joint}
    owner = {"away": goal.away, "leaves": goal.leaves, "gone": goal.gone}
    as_it_is = (
        chains | owner | {"line": goal.line, "department": goal.department, "sites": goal.sites, "reason": "組織変更"}
    )
    return commands.ChangeLine.model_validate({"id": fresh_id(), "actor": HR} | as_it_is | changes)


def pause(reason: str = "長期休暇") -> commands.Pause:
    return commands.Pause(id=fresh_id(), actor=HR, reason=reason)


def resume() -> commands.Resume:
    return commands.Resume(id=fresh_id(), actor=HR)


def rung(goal: Goal, now: datetime | None = None) -> Goal:
    """The goal after its next alarm, which rings on time unless `now` says later."""
    alarm = awaited(goal)
    rung = ring(goal, alarm, now or alarm.at)
    assert rung, f"{alarm.id} brought nothing"
    return evolve_all(goal, rung)


def awaited(goal: Goal) -> Alarm:
    """The next alarm of a goal that must have one."""
    assert goal.seq < ENDLESS, "what rings has no end"
    alarm = next_alarm(goal)
    assert alarm is not None
    return alarm


def task_of(goal: Goal) -> Task:
    """The open task of a goal that must have one."""
    assert goal.task is not None
    return goal.task


def refusal(goal: Goal, command: Command, now: datetime, code: Code) -> Refusal:
    """The refusal of `command`, which is of that code, says something in both languages, and has changed nothing."""
    before = goal.model_dump_json()
    with pytest.raises(Refusal) as caught:
        decide(goal, command, now)
    assert caught.value.code is code
    assert goal.model_dump_json() == before
    return caught.value


def list_of(refusal: Refusal, field: str) -> tuple[str | int | Message, ...]:
    """The values of a refusal's field that holds several."""
    values = refusal.message.fields[field]
    assert isinstance(values, tuple)
    return values
