"""The concurrency of a fan-out: it grows while answers are fast, and shrinks when they become slow."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from activities.pace import FanOut, Pace


class Server:
    """A simulated server with its own clock, which answers `limit` requests at a time; the latency depends on the concurrency."""

    def __init__(self, pace: Pace, latency: Callable[[int], float]) -> None:
        self.pace, self.latency, self.now, self.limits = pace, latency, 0.0, [pace.limit]

    def answer(self, rounds: int) -> None:
        for _ in range(rounds):
            started, number = self.now, self.pace.limit
            self.now += self.latency(number)
            for _ in range(number):
                self.pace.note(started, self.now)
            self.limits.append(self.pace.limit)


async def nobody_acts() -> bool:
    return False


async def numbers(count: int) -> AsyncIterator[int]:
    for number in range(count):
        yield number


def test_while_nobody_clicks_it_bears_more_latency_and_gives_way_at_the_first_click() -> None:
    server = Server(Pace(), lambda number: 0.02 * number)  # a server that does one at a time
    server.pace.note_people(server.now, act=False)
    server.answer(300)
    assert server.pace.limit >= 5
    server.pace.note_people(server.now, act=True)
    assert server.pace.limit == 2
    server.answer(300)
    assert max(server.limits[-200:]) <= 2


def test_a_click_while_the_floor_is_measured_is_not_forgotten_after_it() -> None:
    server = Server(Pace(), lambda _: 0.02)
    server.pace.note_people(server.now, act=False)
    server.answer(300)
    while server.pace.limit > 1:  # until the floor is measured again
        server.answer(1)
    server.pace.note_people(server.now, act=True)
    server.answer(12)
    assert server.pace.limit == 2


def test_it_begins_with_one_and_grows_one_by_one_while_latency_stays() -> None:
    server = Server(Pace(), lambda _: 0.02)
    server.answer(200)
    steps = [after - before for before, after in zip(server.limits, server.limits[1:], strict=False)]
    assert server.limits[0] == 1
    assert set(steps) == {0, 1}
    assert server.pace.limit == 8, "and no further"


def test_it_stays_near_the_number_from_which_on_latency_rises() -> None:
    server = Server(Pace(), lambda number: 0.02 * max(1.0, number / 4))  # a server that answers four requests at a time
    server.answer(600)
    settled = server.limits[200:]
    assert 3 <= sum(settled) / len(settled) <= 6
    assert max(settled) <= 6, "1.25 x 4, and the one step that finds out"


def test_it_gives_way_as_soon_as_others_make_the_answers_slow_and_comes_back_after() -> None:
    busy = False
    server = Server(Pace(), lambda _: 0.05 if busy else 0.02)
    server.answer(60)
    before = server.pace.limit
    busy = True
    server.answer(60)
    assert server.pace.limit == 1 < before
    busy = False
    server.answer(200)
    assert server.pace.limit == before


def test_its_own_load_does_not_become_the_normal_case() -> None:
    """If the latency always rises with the concurrency, the measured floor must not rise: a single request is measured again."""
    server = Server(Pace(), lambda number: 0.02 * (1 + 0.1 * number))
    server.answer(8000)
    assert server.now > 120, "several looks at one alone"
    assert max(server.limits) <= 6
    assert server.limits[-2000:].count(1) > 0


def test_a_single_slow_answer_changes_nothing() -> None:
    pace = Pace()
    now = 0.0
    for number in range(48):
        latency = 5.0 if number == 20 else 0.02
        pace.note(now, now + latency)
        now += 0.02
    assert pace.limit == 1 + 3


def test_answers_to_requests_from_before_a_change_do_not_count() -> None:
    pace = Pace()
    for _ in range(12):
        pace.note(0.0, 1.0)
    limit = pace.limit
    for _ in range(100):
        pace.note(0.5, 90.0)
    assert pace.limit == limit


async def test_a_fan_out_handles_every_item_once_and_not_more_at_a_time_than_its_pace_says() -> None:
    fan_out, handled, running, most = FanOut(nobody_acts), list[int](), 0, 0

    async def handle(item: int) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await fan_out.timed(asyncio.sleep(0.001))
        handled.append(item)
        running -= 1

    await fan_out.each(numbers(100), handle)
    assert sorted(handled) == list(range(100))
    assert 1 < most <= 8


def test_the_servers_rest_after_a_request_only_while_people_click() -> None:
    pace = Pace()
    assert pace.rest_after(0.04) == 0.02
    pace.note_people(0.0, act=False)
    assert pace.rest_after(0.04) == 0.0
    pace.note_people(1.0, act=True)
    assert pace.rest_after(0.04) == 0.02


async def test_an_error_ends_a_fan_out() -> None:
    async def handle(item: int) -> None:
        if item == 3:
            raise ConnectionError

    with pytest.raises(ExceptionGroup) as caught:
        await FanOut(nobody_acts).each(numbers(10), handle)
    assert caught.group_contains(ConnectionError)
