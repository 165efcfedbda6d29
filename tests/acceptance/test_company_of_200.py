"""A quarter of a group of 200 people of every kind, from its files to the close, on a time-skipping server.

People have evaluators, deputies, additional posts and last days; chiefs go on leave and come back; people leave, come back under
another number, or get the number of somebody else; one department is renamed, one is merged, one gets another head. An earlier cycle
leaves goals behind that are carried over; goals are begun later, returned and handed over; two companies have cycles with their own HR,
in one of them a company and a department have HR of their own, some of HR leave, in the other one two people must both agree and goals are shared, and an administrator of the directory applies the files. Everybody who was asked for something is compared with `asked_oracle`, a second
implementation.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import WorkflowEnvironment

from domain.goal.events import Event
from domain.goal.evolve import created_goal, evolve
from domain.goal.goal import Goal
from domain.policy.policy import Policy, TaskKind
from domain.values import GoalId
from storage.database import read_transaction
from storage.goals import goal_ids, read_ledger
from tests.acceptance.asked_oracle import Asked
from tests.acceptance.company_of_200 import BEFORE, CYCLE, FIRST_DAY, SALES
from tests.acceptance.quarter_of_200 import play, story_of_200
from tests.acceptance.scene import TOKYO, Company

pytestmark = pytest.mark.slow

_TABLE = Path(__file__).parents[2] / "var" / "company_of_200.md"

# What the story is about: each of these is asked at some time.
_PARTS = {
    ("K037/1", "approval 1", ("K014",)),  # the deputy of a chief on leave
    ("K100/1", "approval 2", ("K002",)),  # the manager of a head who is on leave without a deputy
    ("K178/1", "paused", ()),  # a leave without an end
    ("K123/1", "approval 1", ("K023",)),  # an evaluator of the people file
    ("K123/1", "verdict", ("K024",)),  # another one
    ("K131/2", "approval 1", ("K030",)),  # the manager of an additional post
    ("K051/1", "approval 2", ("K004",)),  # the head of the department into which another was merged
    ("K106/1", "verdict", ("K007",)),  # without a self-review: the owner has left
    ("K034/1", "closed", ()),  # who left, and came back
    ("K034/1", "step 1", ("K034",)),
    ("K020-2/1", "draft", ("K020-2",)),  # another person with the number of a leaver
    ("K205/1", "draft", ("K205",)),  # who joined
    ("K150/2", "draft", ("K150",)),  # a goal that HR began
    ("K092/2", "paused", ()),  # another one, for somebody on leave
    ("K018/3", "approval 1", ("K002",)),  # one for an additional post, whose manager is on leave
    ("K200/2", "approval 1", ("K030",)),  # one that its owner began
    ("2026-q4/K155/4", "closed", ()),  # the fourth of an earlier cycle, which took over three
    ("K155/4", "draft", ("K155",)),  # carried over by its owner
    ("K157/2", "approval 2", ("K010",)),  # carried over twice: handed over there, and then by the launch
    ("2027-q1-sales/K170/2", "approval 1", ("K027",)),  # into the cycle of another company
    ("K093/1", "approval 3", ("K006",)),  # returned, and submitted with a larger weight
    ("2027-q1-sales/K169/1", "approval 2", ("K011", "K026")),  # returned by one of the two
    ("K032/2", "approval 2", ("K004",)),  # handed over with one step left
    ("K092/3", "paused", ()),  # handed to somebody on leave
    ("K074/2", "approval 1", ("K017",)),  # of somebody on leave
    ("K107/2", "draft", ("K107",)),  # of somebody who had left
    ("K034/2", "closed", ()),  # of somebody who came back later
    ("K177/2", "approval 1", ("K028",)),  # handed over and back
    ("2027-q1-sales/K167/2", "approval 1", ("K027",)),  # of an additional post
    ("2027-q1-sales/K206/1", "draft", ("K206",)),  # who joined the other company
    ("2027-q1-sales/K166/1", "approval 2", ("K011", "K026")),  # two who must both agree
    ("2027-q1-sales/K166/1", "approval 2", ("K026",)),  # when one of them has agreed
    ("2027-q1-sales/K027/1", "approval 2", ("K026",)),  # one of the two has signed the first stage
    ("2027-q1-sales/K172/1", "approval 1", ("K011",)),  # the manager has a share
    ("2027-q1-sales/K172/1", "step 2", ("K172", "K027")),  # and does a step
    ("2027-q1-sales/K173/1", "step 2", ("K173", "K166")),  # a colleague has one
    ("K036/1", "verdict", ("K014",)),  # the deputy of somebody on a second leave
    ("K006/1", "approval 3", ("K075", "K017")),  # HR of the department, where nobody is above
    ("K006/1", "approval 3", ("K017",)),  # the one who stays
    ("K002/1", "approval 3", ("K071",)),  # HR of the company
    (
        "K002/1",
        "approval 3",
        ("K006", "K018"),
    ),  # HR of the cycle, when HR of the company has left, without the one who left too
}
_SATURDAYS = (date(2027, 3, 6), date(2027, 4, 17))  # working days of the samples


def asked_in(goal: GoalId, policy: Policy, events: list[Event]) -> Iterator[Asked]:
    """Who was asked for what from which day, as the ledger of a goal says it."""
    state = created_goal(goal, policy, events[0])
    last = _row(state, events[0])
    for event, following in zip(events[1:], [*events[2:], None], strict=True):
        state = evolve(state, event)
        row = _row(state, event)
        if following and _instruction(event) == _instruction(following) != "":
            continue  # one instruction reopens a goal and gives it other managers
        if row[2:] != last[2:]:
            yield last
            last = row
    yield last


def _instruction(event: Event) -> str:
    prefix, _, identity = event.command.removesuffix(":reopen").partition("instruction:")
    return identity if not prefix else ""


def _row(goal: Goal, event: Event) -> Asked:
    day, task = event.at.astimezone(TOKYO).date(), goal.task
    if goal.is_closed or goal.is_paused or task is None:
        return Asked(day, goal.id, "closed" if goal.is_closed else "paused" if goal.is_paused else "nothing", ())
    what = {TaskKind.APPROVAL: f"approval {goal.stage + 1}", TaskKind.STEP: f"step {(goal.next_step or 0) + 1}"}
    return Asked(day, goal.id, what.get(task.kind, task.kind.value), tuple(task.assignees))


async def table_of(company: Company) -> list[Asked]:
    """The table of all goals by their ledgers."""
    table: list[Asked] = []
    for cycle in (BEFORE, CYCLE, SALES):
        rules = (await company.cycles.require(cycle)).rules
        async with read_transaction(company.engine) as connection:
            ids = await goal_ids(connection, cycle, "", 1000)
            ledgers = {GoalId(one): await read_ledger(connection, one) for one in ids}
        for goal, lines in ledgers.items():
            events = [Event.model_validate(line.event) for line in lines]
            kinds = {event.body.kind for event in events}
            assert "escalated" not in kinds, f"{goal}: in this story nobody waits too long"
            table += asked_in(goal, rules, events)
    return table


def differences(found: list[Asked], expected: list[Asked]) -> list[str]:
    """The rows that only one of the two tables has, by goal and day."""
    rows = [(one.goal, one.day, "the oracle", one) for one in set(expected) - set(found)]
    rows += [(one.goal, one.day, "the ledger", one) for one in set(found) - set(expected)]
    return [f"{goal} {day:%a %Y-%m-%d} {who}: {one.what} {' '.join(one.asked)}" for goal, day, who, one in sorted(rows)]


def write_table(rows: Iterable[Asked]) -> None:
    """Writes who was asked what on which day to var/company_of_200.md, for people to read."""
    lines = ["| day | goal | what | asked |", "|---|---|---|---|"]
    lines += [f"| {one.day:%Y-%m-%d %a} | {one.goal} | {one.what} | {' '.join(one.asked)} |" for one in sorted(rows)]
    _TABLE.parent.mkdir(exist_ok=True)
    _TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _by_goal(row: Asked) -> str:
    return row.goal


async def test_in_a_quarter_of_200_people_everybody_is_asked_for_what_the_files_say_from_the_day_they_say(
    database: AsyncEngine, time_skipping: WorkflowEnvironment
) -> None:
    async with story_of_200(database, time_skipping) as story:
        await play(story)
        found = await table_of(story.company)
        expected = [row for cycle in story.cycles.values() for row in cycle.oracle.table]
        for goal in sorted({GoalId(one.goal) for one in found}):
            assert (await story.company.goals.prove(goal)).holds, goal
    write_table(expected)
    told = {(one.goal.removeprefix(f"{CYCLE}/"), one.what, one.asked) for one in expected}
    assert told >= _PARTS, _PARTS - told
    for day in _SATURDAYS:
        on = story.starts + (day - FIRST_DAY)
        assert any(one.day == on and one.what.startswith("approval") for one in expected), (
            f"{on:%A %d %B} is a working day"
        )
    found_only = differences(found, expected)
    assert not found_only, "\n".join(["the tables differ:", *found_only])
    assert sorted(found, key=_by_goal) == sorted(expected, key=_by_goal), "rows of a goal have another order"
