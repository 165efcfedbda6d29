"""Use cases of a cycle's results: scores by person, and their distribution by reviewer or department, page by page."""

from collections.abc import AsyncIterator, Iterable
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from domain.access import Action, Caller
from domain.results.calibration import BUCKET, BUCKETS, Spread
from domain.values import CycleId, EmployeeId, Frozen
from service.relations import require_hr
from service.time_at_work import Times, times_at_work
from storage import scores
from storage.database import read_transaction
from storage.person_log import names_in_cycle

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

PEOPLE, REVIEWERS = 100, 50  # on a page
_STREAMED = 1_000  # people at a time, where all are read


class Grouping(StrEnum):
    """By what the distribution of scores is grouped."""

    REVIEWER = "reviewer"
    DEPARTMENT = "department"


class PersonScore(Frozen):
    """A person's result in a cycle, in points: `adjusted` are those of calibration, `final` is the sum.

    `share_at_work`: the weight of the result in means, where the rules count the time at work; else None. `days_at_work` and
    `days_of_cycle` are given where it is less than 1.
    """

    person: EmployeeId
    department: str
    reviewer: EmployeeId | None
    goals: int
    score: Decimal
    adjusted: Decimal
    final: Decimal
    share_at_work: Decimal | None = None
    days_at_work: int | None = None
    days_of_cycle: int | None = None


class PersonScores(Frozen):
    """A page of results, by employee id. `next` is the id after which the next page begins; None on the last one."""

    people: tuple[PersonScore, ...]
    next: EmployeeId | None


class Distribution(Frozen):
    """How results are distributed over some reviewers or departments.

    `overall` is the distribution over everybody; None where nobody has a result, and after the first page. `next` as above.
    `by_time_at_work`: whether the means are weighted by the time at work.
    """

    spreads: tuple[Spread, ...]
    overall: Spread | None
    next: EmployeeId | None
    by_time_at_work: bool = False


Names = dict[str, str]


class Results:
    """What HR may read of a cycle's results. Every method raises a `Refusal` for a caller who may not.

    Lists of people leave the caller out: HR sees their own appraisal as its owner only, on the pages of their goals. Distributions
    count everybody.
    """

    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def scores(
        self, caller: Caller, cycle: CycleId, department: str | None = None, *, after: str = "", limit: int = PEOPLE
    ) -> tuple[PersonScores, Names]:
        """The next results by person after the id `after`, and the people's names by id."""
        async with read_transaction(self._engine) as connection:
            await require_hr(connection, caller, Action.SEE_RESULTS, cycle)
            people = await _people(connection, cycle, department, after, limit)
            names = await names_in_cycle(connection, cycle, [one.person for one in people])
        following = people[-1].person if len(people) == limit else None
        return PersonScores(people=_others(people, caller), next=following), names

    async def stream_scores(
        self, caller: Caller, cycle: CycleId, department: str | None = None, *, size: int = _STREAMED
    ) -> AsyncIterator[tuple[tuple[PersonScore, ...], Names]]:
        """All results by person, `size` at a time, all of one moment."""
        async with read_transaction(self._engine) as connection:
            await require_hr(connection, caller, Action.SEE_RESULTS, cycle)
            async for people in stream_people(connection, cycle, department, size=size):
                yield _others(people, caller), await names_in_cycle(connection, cycle, [one.person for one in people])

    async def distribution(
        self,
        caller: Caller,
        cycle: CycleId,
        by: Grouping,
        department: str | None = None,
        *,
        after: str = "",
        limit: int = REVIEWERS,
    ) -> tuple[Distribution, Names]:
        """The distribution by department, or of the next reviewers after the id `after`; the reviewers' names by id.

        Departments are all on one page: an organisation has few.
        """
        async with read_transaction(self._engine) as connection:
            await require_hr(connection, caller, Action.SEE_RESULTS, cycle)
            groups = Groups(connection, cycle, department)
            if by is Grouping.DEPARTMENT:
                departments, weighted = await groups.departments(), await groups.shares() is not None
                overall = await groups.overall()
                return Distribution(spreads=departments, overall=overall, next=None, by_time_at_work=weighted), {}
            found = await groups.reviewers(after, limit)
            first = () if after else await groups.without_reviewer()
            overall = None if after else await groups.overall()
            names = await names_in_cycle(connection, cycle, [one.name for one in found])
            weighted = await groups.shares() is not None
        following = EmployeeId(found[-1].name) if len(found) == limit else None
        spreads = (*first, *found)
        return Distribution(spreads=spreads, overall=overall, next=following, by_time_at_work=weighted), names


class Groups:
    """The distributions of one cycle's results, read on one connection; all of them, or those of one department."""

    def __init__(self, connection: "AsyncConnection", cycle: CycleId, department: str | None = None) -> None:
        self._connection, self._cycle, self._department = connection, cycle, department
        self._shares: scores.Shares = None
        self._are_read = False

    async def shares(self) -> scores.Shares:
        """The weights of results by the time at work; None where the rules do not count it. Read once."""
        if not self._are_read:
            times = await times_at_work(self._connection, self._cycle)
            self._shares = None if times is None else {person: time.share for person, time in times.items()}
            self._are_read = True
        return self._shares

    async def departments(self) -> tuple[Spread, ...]:
        return await self._all(scores.Grouping.DEPARTMENT)

    async def overall(self) -> Spread | None:
        """Over everybody; None where nobody has a result."""
        return next(iter(await self._all(scores.Grouping.ALL)), None)

    async def reviewers(self, after: str, limit: int) -> tuple[Spread, ...]:
        found = await scores.by_reviewer(
            self._connection, self._cycle, width=BUCKET, buckets=BUCKETS, department=self._department, after=after,
            limit=limit, shares=await self.shares(),
        )  # fmt: skip
        return _spreads(found)

    async def without_reviewer(self) -> tuple[Spread, ...]:
        found = await scores.without_reviewer(
            self._connection, self._cycle, width=BUCKET, buckets=BUCKETS, department=self._department,
            shares=await self.shares(),
        )  # fmt: skip
        return _spreads(found)

    async def _all(self, group: scores.Grouping) -> tuple[Spread, ...]:
        found = await scores.spread(
            self._connection, self._cycle, group, width=BUCKET, buckets=BUCKETS, department=self._department,
            shares=await self.shares(),
        )  # fmt: skip
        return _spreads(found)


async def stream_people(
    connection: "AsyncConnection", cycle: CycleId, department: str | None = None, *, size: int = _STREAMED
) -> AsyncIterator[tuple[PersonScore, ...]]:
    """All results by person, `size` at a time; read on one transaction, they are of one moment."""
    after = ""
    while page := await _people(connection, cycle, department, after, size):
        yield page
        after = page[-1].person


async def _people(
    connection: "AsyncConnection", cycle: CycleId, department: str | None, after: str, limit: int
) -> tuple[PersonScore, ...]:
    found = await scores.people(connection, cycle, department=department, after=after, limit=limit)
    times = await times_at_work(connection, cycle, [one.person for one in found])
    return tuple(_person(one, times) for one in found)


def _others(people: tuple[PersonScore, ...], caller: Caller) -> tuple[PersonScore, ...]:
    return tuple(one for one in people if one.person != caller.employee)


def _person(one: scores.PersonScore, times: Times | None) -> PersonScore:
    person = EmployeeId(one.person)
    time = times.get(person) if times else None
    return PersonScore(
        person=person,
        department=one.department,
        reviewer=EmployeeId(one.reviewer) if one.reviewer else None,
        goals=one.goals,
        score=one.score,
        adjusted=one.final - one.score,
        final=one.final,
        share_at_work=None if times is None else time.share if time else Decimal(1),
        days_at_work=time.days if time else None,
        days_of_cycle=time.days_of_cycle if time else None,
    )


def _spreads(found: Iterable[scores.GroupScores]) -> tuple[Spread, ...]:
    return tuple(Spread(*one[:-1], tuple(one.counts)) for one in found)
