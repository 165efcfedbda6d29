"""What is said before an instruction is given is what it then does: goal by goal, counted both times."""

from collections import Counter
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from domain.cycle.file import read_cycle_file
from domain.goal.commands import Submit
from domain.instructions.instructions import (
    Add,
    AnyInstruction,
    Cancel,
    Close,
    Extend,
    Pause,
    Reassign,
    Remove,
    Reopen,
    Resume,
    Selection,
)
from domain.refusals import Code, Refusal
from domain.values import CycleId, GoalId
from service.cycle_view import CycleViews
from service.instruction_effects import InstructionEffects, InstructionForecasts
from tests.callers import by
from tests.service.steered import (
    ACCOUNTING,
    HARA,
    HR,
    MANAGER,
    MORI,
    ONO,
    SALES,
    TOP,
    Steered,
    in_days,
    of,
)

pytestmark = pytest.mark.slow
_ALL = Selection()


@pytest_asyncio.fixture(scope="module")
async def cycle(company: Steered) -> CycleId:
    launched = await company.launch("effects")
    await company.goals.give(GoalId(f"effects/{MORI}/1"), Submit(actor=MORI), "effects-submit")
    return launched


async def _forecast(company: Steered, asked: AnyInstruction, cycle: CycleId) -> InstructionEffects:
    return await InstructionForecasts(company.engine).forecast(by(HR), asked, cycle, datetime.now(UTC))


async def test_what_is_forecast_is_what_happens(company: Steered, cycle: CycleId) -> None:
    """One after the other: each finds the goals as the one before left them."""
    for asked in (
        Pause(selection=of(departments=[ACCOUNTING]), reason="x"),
        Extend(due=in_days(30), reason="x"),
        Resume(selection=_ALL, reason="x"),
        Extend(due=in_days(31), reason="x"),
        Extend(due=in_days(31), reason="x"),
        Extend(due=in_days(300), selection=of(MORI, ONO), reason="x"),
        Reassign(person=MANAGER, to=SALES, reason="x"),
        Remove(selection=of(SALES), reason="x"),
        Close(selection=of(MORI), reason="x"),
        Cancel(selection=of(HARA), reason="x"),
        Reopen(selection=of(MORI, HARA), reason="x"),
    ):
        told = await _forecast(company, asked, cycle)
        done = await company.carried_out(asked, cycle)
        results = Counter(one.partition(" ")[0] for one in done.values())
        assert (told.goals, told.is_whole) == (len(done), True), asked.kind
        assert told.changed == results["done"], (asked.kind, done)
        assert told.refused == results["refused"], (asked.kind, done)
        assert told.skipped == Counter(one.partition(" ")[2] for one in done.values() if one.startswith("skipped"))


async def test_dates_that_would_move_are_those_that_move(company: Steered) -> None:
    cycle = await company.launch("dates")
    asked = Extend(due=in_days(40), selection=of(MORI), reason="x")
    (moved,) = (await _forecast(company, asked, cycle)).first_moved
    before = (await company.goal(cycle, MORI)).task
    await company.carried_out(asked, cycle)
    after = (await company.goal(cycle, MORI)).task
    assert before is not None
    assert after is not None
    assert (moved.before, moved.after, moved.owner) == (before.due, after.due, MORI)


async def test_who_would_be_added_is_counted_apart_from_who_takes_part(company: Steered) -> None:
    cycle = await company.launch("joining", without=[ONO])
    asked = Add(selection=of(ONO, MORI), reason="x")
    told = (await _forecast(company, asked, cycle)).joining
    assert told is not None
    assert (told.people, told.drafts, told.returning, told.present) == (1, 1, 0, 1)
    await company.carried_out(asked, cycle)
    await company.carried_out(Remove(selection=of(ONO), reason="x"), cycle)
    back = (await _forecast(company, asked, cycle)).joining
    assert back is not None
    assert (back.people, back.returning, back.present) == (0, 1, 1)


async def test_what_may_not_be_given_is_not_forecast(company: Steered, cycle: CycleId) -> None:
    for caller, asked, code in (
        (MORI, Pause(reason="x"), Code.NOT_ALLOWED),
        (HR, Pause(selection=of(TOP), reason="x"), Code.UNKNOWN_EMPLOYEE),
        (HR, Extend(closes=in_days(1), reason="x"), Code.DATE_OUTSIDE),
    ):
        with pytest.raises(Refusal) as refused:
            await InstructionForecasts(company.engine).forecast(by(caller), asked, cycle, datetime.now(UTC))
        assert refused.value.code is code


async def test_the_file_of_a_cycle_is_that_of_its_launch(company: Steered, cycle: CycleId) -> None:
    text = await CycleViews(company.engine).file_text(by(HR), cycle)
    assert read_cycle_file(text.encode()) == (await company.cycles.require(cycle)).file
    assert "reviews = []" in text  # the file must have it
