"""Leaves (休業・休職): from a first day to a last one, both included. Several of one person share no day.

The first leave is in `Employee.away_from` and `away_until`; the others are in `Employee.further_leaves`.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import combinations

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from domain.findings import Finding, refuse
from domain.values import Day, EmployeeId

MAX_LEAVES = 5  # of one person, the first included


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", hide_input_in_errors=True))
class Leave:
    """One leave. `last` None: it has no end yet. `first` is None only where a file gives a last day alone, which is refused."""

    first: Day | None = None
    last: Day | None = None

    def is_on(self, day: date) -> bool:
        return self.first is not None and self.first <= day and (self.last is None or day <= self.last)

    @property
    def is_out_of_order(self) -> bool:
        """Whether it ends without a first day, or before it."""
        return self.last is not None and (self.first is None or self.last < self.first)


def given(leaves: Iterable[Leave]) -> tuple[Leave, ...]:
    """Those that have a day: a file may leave the columns of one leave empty, and fill those of the next."""
    return tuple(one for one in leaves if one.first or one.last)


def leave_findings(person: EmployeeId, leaves: Sequence[Leave], where: str) -> Iterator[Finding]:
    """That a leave ends before it begins, or that two share a day."""
    wrong = [one for one in leaves if one.is_out_of_order]
    for one in wrong:
        last = one.last or date.max
        text = None if one.first else "finding.leave_out_of_order.no_first"
        yield refuse("leave_out_of_order", where, text=text, person=person, first=one.first or last, last=last)
    for earlier, later in () if wrong else overlapping(leaves):
        first = later.first or date.max
        text = None if earlier.last else "finding.leaves_overlap.no_end"
        yield refuse("leaves_overlap", where, text=text, person=person, until=earlier.last or first, first=first)


def overlapping(leaves: Sequence[Leave]) -> Iterator[tuple[Leave, Leave]]:
    """Pairs that share a day, the earlier one first."""
    known = sorted((one for one in leaves if one.first), key=lambda one: one.first or date.max)
    for one, other in combinations(known, 2):
        if one.last is None or (other.first is not None and other.first <= one.last):
            yield one, other
