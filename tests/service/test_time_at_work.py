"""The time at work, from a people file to the results of a cycle, which stay as they are when the cycle is over."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest
from sqlalchemy import text

from cli.session.callers import operator
from domain.instructions.instructions import Close, Reopen
from domain.values import CycleId, EmployeeId
from service.reorganisation import Reorganisation
from service.results import Grouping, PersonScore, Results
from storage.people import load_organisation
from storage.time_at_work import presences
from tests.service.steered import ACCOUNTING, HARA, HR, MANAGER, MORI, ONO, SALES, TOP, Steered, today

pytestmark = pytest.mark.slow

HEADER = "社員番号,氏名,部署,上長,在籍,入社日,退職日,休業開始日,休業終了日,休業開始日2,休業終了日2"
POINTS = {MORI: 100, HARA: 40, ONO: 70, MANAGER: 10}
_DAY = timedelta(days=1)


async def sync(company: Steered, *rows: str) -> None:
    reorganisation = Reorganisation(company.engine)
    compared = await reorganisation.compare(operator(HR), "\n".join([HEADER, *rows]).encode())
    assert compared.difference, compared.findings
    await company.done(await reorganisation.apply(operator(HR), company.client, compared, "名簿の更新"))


async def results(company: Steered, cycle: CycleId) -> dict[EmployeeId, PersonScore]:
    page, _ = await Results(company.engine).scores(operator(HR), cycle)
    return {one.person: one for one in page.people}


async def mean_of(company: Steered, cycle: CycleId, department: str) -> Decimal:
    found, _ = await Results(company.engine).distribution(operator(HR), cycle, Grouping.DEPARTMENT)
    assert found.by_time_at_work
    return next(one.mean for one in found.spreads if one.name == department)


async def test_the_mean_of_a_department_counts_everybody_as_long_as_they_were_at_work(company: Steered) -> None:
    cycle = await company.launch("work", days_ago=30, more="\n[policy]\ntime_at_work = true\n")
    rules = (await company.cycles.require(cycle)).rules
    first, closes, now = rules.starts, rules.closes, today()
    late, last_day = first + 10 * _DAY, now + 20 * _DAY
    away = [(first + 3 * _DAY, first + 9 * _DAY), (first + 10 * _DAY, first + 17 * _DAY)]  # adjoining, and over
    spells = ",".join(str(day) for leave in away for day in leave)
    await sync(
        company,
        f"{MORI},森 香織,{ACCOUNTING},{MANAGER},はい,{late},,,,,",
        f"{HARA},原田 修,{ACCOUNTING},{MANAGER},はい,2020-04-01,,{spells}",
        f"{ONO},大野 あかり,{ACCOUNTING},{MANAGER},はい,,{last_day},{now + 30 * _DAY},{now + 35 * _DAY},,",
        f"{SALES},岡 一郎,営業部,{TOP},いいえ,,,,,,",
    )
    async with company.engine.begin() as connection:
        learnt = await connection.scalar(
            text("SELECT (now() AT TIME ZONE 'Asia/Tokyo')::date")
        )  # of the database's clock
        for owner, points in POINTS.items():
            await connection.execute(
                text("UPDATE goal SET score = :points WHERE id = :id"), {"points": points, "id": f"{cycle}/{owner}/1"}
            )

    def days(was_at_work: Callable[[date], bool]) -> int:
        """Counted one by one."""
        every = (first + n * _DAY for n in range((closes - first).days + 1))
        return sum(rules.calendar.is_business_day(day) and was_at_work(day) for day in every)

    expected = {
        MORI: days(lambda day: day >= late),
        HARA: days(lambda day: not away[0][0] <= day <= away[1][1]),
        ONO: days(lambda day: day <= last_day),
        SALES: days(lambda day: day < learnt),  # left by a file without a last day
        MANAGER: (whole := days(lambda _: True)),
    }
    found = await results(company, cycle)
    for person, number in expected.items():
        share = (Decimal(number) / whole).quantize(Decimal("0.0001"), ROUND_HALF_UP)
        shown = None if number == whole else number
        assert (found[person].share_at_work, found[person].days_at_work) == (share, shown), person
        assert found[person].final == POINTS.get(person, 0), "nobody's own score is changed"

    async with company.engine.connect() as connection:
        [sales] = await presences(connection, cycle, first, closes, [SALES])
    assert sales.last_day == learnt - _DAY

    shares = {person: found[person].share_at_work or Decimal(0) for person in POINTS}
    weighted = sum((POINTS[one] * share for one, share in shares.items()), Decimal(0)) / sum(shares.values())
    assert await mean_of(company, cycle, ACCOUNTING) == weighted.quantize(Decimal("0.01"), ROUND_HALF_UP)

    reorganisation = Reorganisation(company.engine)
    dropped = (
        f"{HARA},原田 修,{ACCOUNTING},{MANAGER},はい,2020-04-01,,{spells.replace(str(away[1][1]), str(away[1][0]))}"
    )
    planned = (
        f"{ONO},大野 あかり,{ACCOUNTING},{MANAGER},はい,,{last_day},,,,"  # the leave was planned, and is taken back
    )
    compared = await reorganisation.compare(operator(HR), f"{HEADER}\n{dropped}\n{planned}".encode())
    [told] = [one for one in compared.findings if one.code == "leave_forgotten"]
    assert (told.concerned, told.message.fields["cycle"]) == ((HARA,), cycle)

    await company.carried_out(Close(reason="期末"), cycle)
    await company.until(cycle, "closed")
    await sync(company, f"{HARA},原田 修,{ACCOUNTING},{MANAGER},はい,,,,,,")  # the leaves are no longer in the file
    after = await results(company, cycle)
    assert {one: score.share_at_work for one, score in after.items()} == {
        one: score.share_at_work for one, score in found.items()
    }
    await company.carried_out(Reopen(reason="続ける"), cycle)
    again = await results(company, cycle)
    assert (again[HARA].share_at_work, again[MORI].share_at_work) == (Decimal(1), found[MORI].share_at_work)
    await company.carried_out(Close(reason="期末"), cycle)
    await company.until(cycle, "closed")
    assert (await results(company, cycle))[HARA].days_at_work is None, "what an earlier end kept is replaced"
    async with company.engine.connect() as connection:
        assert (await load_organisation(connection)).employees[HARA].every_leave == ()


async def test_a_cycle_that_does_not_count_it_says_nothing_of_the_time_at_work(company: Steered) -> None:
    cycle = await company.launch("all-the-same")
    assert {one.share_at_work for one in (await results(company, cycle)).values()} == {None}
    found, _ = await Results(company.engine).distribution(operator(HR), cycle, Grouping.DEPARTMENT)
    assert not found.by_time_at_work
