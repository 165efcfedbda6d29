"""What a recording tells, and whom: for the tests of notices."""

from typing import Any

from pydantic import JsonValue

from domain.goal import commands
from domain.goal.alarms import ring
from domain.goal.decide import decide
from domain.goal.evolve import evolve, evolve_all
from domain.goal.goal import Goal
from domain.notices.notices import Notice, NoticeKind, notices_of
from domain.values import EmployeeId
from tests.domain.builders import (
    at,
    awaited,
    day,
    rung,
)  # fmt: skip

NOW = at(day(10, 7))


def notices(goal: Goal, command: commands.Command, now: Any = NOW) -> list[Notice]:
    """All that the command's recording calls for."""
    events = decide(goal, command, now)
    left = evolve_all(goal, events)
    said: list[Notice] = []
    for event in events:
        said += notices_of(left, event, goal)
        goal = evolve(goal, event)
    return said


def told(goal: Goal, command: commands.Command, now: Any = NOW) -> dict[tuple[NoticeKind, str], dict[str, JsonValue]]:
    return {(one.kind, one.recipient): one.facts for one in notices(goal, command, now)}


def rings(goal: Goal, held_up_until: Any = None) -> list[Notice]:
    """What the next alarm tells."""
    alarm = awaited(goal)
    (event,) = ring(goal, alarm, held_up_until or alarm.at)
    return list(notices_of(evolve(goal, event), event, goal))


def at_rung(goal: Goal, number: int) -> Goal:
    for _ in range(number):
        goal = rung(goal)
    return goal


def recipients(said: list[Notice], kind: NoticeKind) -> set[EmployeeId]:
    return {one.recipient for one in said if one.kind is kind}
