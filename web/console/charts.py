"""Drawings of numbers, as the templates draw them: units of the drawing, computed here so that templates only place them."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from domain.lifecycle import State
from service.board import Day


class Segment(NamedTuple):
    """A part of a bar: of `state`, from `x`, `width` wide."""

    state: State
    number: int
    x: float
    width: float


class Bar(NamedTuple):
    """A bar, 100 wide, whose parts are the shares of the states."""

    segments: tuple[Segment, ...]
    total: int


def bar_of(states: Mapping[State, int]) -> Bar:
    total = sum(states.values())
    segments, x = [], 0.0
    for state in State:
        if number := states.get(state, 0):
            width = round(100 * number / total, 2)
            segments.append(Segment(state, number, round(x, 2), width))
            x += 100 * number / total
    return Bar(tuple(segments), total)


class Block(NamedTuple):
    """A part of a column of a chart."""

    state: State
    y: float
    height: float


class Column(NamedTuple):
    day: date
    x: float
    blocks: tuple[Block, ...]


class Tick(NamedTuple):
    """A number at the side of a chart."""

    number: int
    y: float


class DaysChart(NamedTuple):
    """The goals by state, day by day, as columns side by side. `ticks`: the scale, from the bottom up, in `left` units beside them."""

    width: int
    height: int
    column: float
    columns: tuple[Column, ...]
    highest: int
    ticks: tuple[Tick, ...]
    left: int


_WIDTH, _HEIGHT, _WIDEST = 640, 180, 24  # units of the drawing
_MOST_TICKS = 5
_DIGIT = 14  # how wide one is on a phone, where numbers are drawn larger


def days_chart(days: Sequence[Day]) -> DaysChart | None:
    """None where there is nothing to draw."""
    highest = max((sum(day.states.values()) for day in days), default=0)
    if not highest:
        return None
    step = _WIDTH / len(days)
    width = min(step * 0.85, _WIDEST)
    columns = tuple(
        Column(day.day, round((n + 0.5) * step - width / 2, 2), _blocks(day, highest)) for n, day in enumerate(days)
    )
    left = 20 + _DIGIT * len(f"{highest:,}")
    return DaysChart(_WIDTH, _HEIGHT, round(width, 2), columns, highest, _ticks(highest), left)


def _ticks(highest: int) -> tuple[Tick, ...]:
    """Round numbers from 0 on: two to five steps, none above the highest column."""
    power = 10 ** (len(str(highest)) - 1)
    steps = (max(1, power * part // 10) for part in (2, 5, 10, 20, 50))
    step = next(one for one in steps if highest // one <= _MOST_TICKS)
    return tuple(Tick(number, round(_HEIGHT - _HEIGHT * number / highest, 2)) for number in range(0, highest + 1, step))


def _blocks(day: Day, highest: int) -> tuple[Block, ...]:
    """From the bottom up: what is closed lies lowest, so that it grows."""
    found, bottom = [], float(_HEIGHT)
    for state in reversed(State):
        if number := day.states.get(state, 0):
            height = _HEIGHT * number / highest
            bottom -= height
            found.append(Block(state, round(bottom, 2), round(height, 2)))
    return tuple(found)


class Peak(NamedTuple):
    """A column of a histogram: how many people have results from `first` points on."""

    first: int
    people: int
    x: float
    y: float
    height: float


def histogram(counts: Sequence[int], width: int) -> tuple[Peak, ...]:
    """Columns in a drawing of 640 by 180; each stands for `width` points."""
    highest = max((*counts, 1))
    step = _WIDTH / len(counts)
    return tuple(
        Peak(n * width, people, round(n * step, 2), round(_HEIGHT - _HEIGHT * people / highest, 2), round(_HEIGHT * people / highest, 2))
        for n, people in enumerate(counts)
    )  # fmt: skip
