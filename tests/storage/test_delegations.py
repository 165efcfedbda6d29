"""Delegations: overlapping days, refused chains, and the tasks that a delegate sees."""

import asyncio
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.database import read_transaction
from storage.delegations import StoredDelegation, add, overlapping
from storage.goals import inbox
from tests.storage.steering import employ, goal, open_cycle

FIRST, LAST = date(2026, 10, 5), date(2026, 10, 16)


def standing(delegator: str, to: str, first: date = FIRST, last: date = LAST) -> StoredDelegation:
    return StoredDelegation(f"{delegator}-{to}", delegator, to, first, last, "休暇", delegator)


async def added(engine: AsyncEngine, one: StoredDelegation) -> StoredDelegation | None:
    row: dict[str, Any] = one._asdict()
    async with engine.begin() as connection:
        return await add(connection, row)


async def all_of(engine: AsyncEngine) -> list[StoredDelegation]:
    async with read_transaction(engine) as connection:
        return await overlapping(connection, date.min, date.max)


async def test_a_delegation_is_read_back_on_its_days_by_either_of_the_two(database: AsyncEngine) -> None:
    await employ(database, "a", "b", "c")
    one = standing("a", "b")
    assert await added(database, one) is None
    for first, last in ((FIRST, FIRST), (LAST, LAST), (date(2026, 1, 1), FIRST), (LAST, date(2027, 1, 1))):
        async with read_transaction(database) as connection:
            assert await overlapping(connection, first, last) == [one]
    for first, last in ((date(2026, 10, 1), date(2026, 10, 4)), (date(2026, 10, 17), date(2026, 12, 1))):
        async with read_transaction(database) as connection:
            assert await overlapping(connection, first, last) == []
    for people, found in ((["a"], [one]), (["b", "c"], [one]), (["c"], []), ([], [])):
        async with read_transaction(database) as connection:
            assert await overlapping(connection, FIRST, LAST, people) == found


async def test_the_same_delegation_again_adds_nothing(database: AsyncEngine) -> None:
    await employ(database, "a", "b")
    one = standing("a", "b")
    assert [await added(database, one), await added(database, one)] == [None, None]
    assert await all_of(database) == [one]
    assert await added(database, one._replace(id="another")) is None
    assert await all_of(database) == [one]


async def test_a_chain_is_not_added_and_what_stands_in_its_way_is_said(database: AsyncEngine) -> None:
    await employ(database, "a", "b", "c")
    one = standing("a", "b")
    await added(database, one)
    for other in (
        standing("b", "c", LAST, date(2026, 12, 1)),  # the delegate would have a delegate
        standing("c", "a", date(2026, 9, 1), FIRST),  # the delegator would be one
        standing("b", "a"),  # a circle
    ):
        assert await added(database, other) == one
    assert await all_of(database) == [one]


async def test_what_is_no_chain_on_any_day_is_added(database: AsyncEngine) -> None:
    await employ(database, "a", "b", "c", "d")
    for one in (
        standing("a", "b"),
        standing("a", "c"),  # two delegates
        standing("d", "b"),  # one delegate of two
        standing("b", "c", date(2026, 10, 17), date(2026, 10, 20)),  # on the day after
    ):
        assert await added(database, one) is None
    assert len(await all_of(database)) == 4


async def test_of_two_that_would_close_a_circle_at_once_one_is_added(database: AsyncEngine) -> None:
    await employ(database, "a", "b")
    found = await asyncio.gather(added(database, standing("a", "b")), added(database, standing("b", "a")))
    assert sum(one is None for one in found) == 1
    assert len(await all_of(database)) == 1


async def test_the_table_itself_refuses_what_makes_no_sense(database: AsyncEngine) -> None:
    await employ(database, "a", "b")
    for wrong, rule in (
        (standing("a", "a"), "delegation_of_two"),
        (standing("a", "b", LAST, FIRST), "delegation_in_order"),
        (standing("a", "nobody"), "foreign key"),
    ):
        with pytest.raises(IntegrityError, match=rule):
            await added(database, wrong)
    assert await all_of(database) == []


async def test_a_delegate_sees_what_waits_on_the_delegator_on_these_days_and_never_a_goal_of_their_own(
    database: AsyncEngine,
) -> None:
    await employ(database, "a", "b", "c")
    await open_cycle(database, "q", "a", "b", "c")
    pending = {"state": "pending_approval", "task": "approval", "assignees": ["a"]}
    theirs = await goal(database, "q", "c", **pending)
    own = await goal(database, "q", "b", **pending)
    await added(database, standing("a", "b"))

    async def seen(person: str, day: date) -> list[tuple[str, str | None]]:
        return await waiting(database, person, at(day, 12, "Asia/Tokyo"))

    assert await seen("a", FIRST) == [(own, None), (theirs, None)]
    for day in (FIRST, LAST):
        assert await seen("b", day) == [(theirs, "a")]
    for day in (date(2026, 10, 4), date(2026, 10, 17)):
        assert await seen("b", day) == []
    assert await seen("c", FIRST) == []


@pytest.mark.parametrize("own_goals", [False, True])
async def test_the_delegators_own_goals_wait_for_the_delegate_only_where_the_delegation_covers_them(
    database: AsyncEngine, own_goals: bool
) -> None:
    await employ(database, "a", "b", "c")
    await open_cycle(database, "q", "a", "c")
    theirs = await goal(database, "q", "c", state="pending_approval", task="approval", assignees=["a"])
    draft = await goal(database, "q", "a", state="draft", task="draft", assignees=["a"])
    await added(database, standing("a", "b")._replace(own_goals=own_goals))
    found = await waiting(database, "b", at(FIRST, 12, "Asia/Tokyo"))
    assert set(found) == ({(theirs, "a"), (draft, "a")} if own_goals else {(theirs, "a")})


async def test_what_waits_on_both_is_the_delegates_own_work(database: AsyncEngine) -> None:
    await employ(database, "a", "b", "c")
    await open_cycle(database, "q", "c")
    await goal(database, "q", "c", state="pending_approval", task="approval", assignees=["a", "b"])
    await added(database, standing("a", "b"))
    async with read_transaction(database) as connection:
        assert [line.acting_for for line in await inbox(connection, "b", at(FIRST, 12, "Asia/Tokyo"))] == [None]


async def test_a_delegation_holds_on_the_days_of_the_goals_owner_wherever_the_program_runs(
    database: AsyncEngine,
) -> None:
    await employ(database, "a", "b", "c", "d")
    await open_cycle(database, "q", "c", "d", sites={"berlin": "Europe/Berlin"})
    pending = {"state": "pending_approval", "task": "approval", "assignees": ["a"]}
    in_tokyo = await goal(database, "q", "c", **pending)
    in_berlin = await goal(database, "q", "d", **pending, aggregate={"sites": {"d": "berlin"}})
    await added(database, standing("a", "b"))
    after, before = FIRST, FIRST - timedelta(days=1)
    for moment, seen in (
        (at(before, 23, "Asia/Tokyo"), set()),
        (at(after, 0, "Asia/Tokyo"), {in_tokyo}),
        (at(before, 23, "Europe/Berlin"), {in_tokyo}),
        (at(after, 0, "Europe/Berlin"), {in_tokyo, in_berlin}),
        (at(LAST, 23, "Asia/Tokyo"), {in_tokyo, in_berlin}),
        (at(LAST + timedelta(days=1), 0, "Asia/Tokyo"), {in_berlin}),
        (at(LAST, 23, "Europe/Berlin"), {in_berlin}),
        (at(LAST + timedelta(days=1), 0, "Europe/Berlin"), set()),
    ):
        assert {goal_id for goal_id, _ in await waiting(database, "b", moment)} == seen, moment


async def waiting(database: AsyncEngine, person: str, moment: datetime) -> list[tuple[str, str | None]]:
    async with read_transaction(database) as connection:
        return [(line.goal.id, line.acting_for) for line in await inbox(connection, person, moment)]


def at(day: date, hour: int, zone: str) -> datetime:
    return datetime.combine(day, time(hour), ZoneInfo(zone))
