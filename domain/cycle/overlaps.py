"""A second cycle for the same people at the same time: often a mistake, which would give everybody a second set of goals."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import NamedTuple

from domain.cycle.file import CycleFile
from domain.findings import Finding, advise, refuse
from domain.people.organisation import Organisation
from domain.values import CycleId


class RunningCycle(NamedTuple):
    """A cycle that is launching or open: its id, its file, and the last day by its current rules."""

    id: CycleId
    file: CycleFile
    closes: date


def overlap_findings(
    file: CycleFile, running: Iterable[RunningCycle], organisation: Organisation, *, confirmed: bool
) -> Iterator[Finding]:
    """A finding for each running cycle that has the same people on the same days.

    A cycle from the same file under another id is refused unless `confirmed`, where both work on goals on the same days. The next
    one of a series often begins while the last reviews of the one before are held, and a yearly cycle runs beside quarterly ones:
    these overlaps are pointed out.
    """
    for other in running:
        if other.id == file.cycle.id or not _overlap(file, other):
            continue
        both = (
            other.file.includes(one.id, one.department, organisation.departments, company=one.company)
            for one in file.participants(organisation)
        )
        shared = sum(both)
        if shared and _is_same(file, other.file) and _same_period(file, other.file) and not confirmed:
            starts, ends = other.file.cycle.starts, other.file.cycle.ends
            after = ends + timedelta(days=1)
            yield refuse(
                "same_cycle_runs", "cycle.id",
                cycle=other.id, people=shared, starts=starts, ends=ends, after=after, n=shared,
            )  # fmt: skip
        elif shared:
            yield advise("cycle_overlaps", "cycle", cycle=other.id, people=shared, closes=other.closes, n=shared)


def _overlap(file: CycleFile, other: RunningCycle) -> bool:
    return file.cycle.starts <= other.closes and other.file.cycle.starts <= file.cycle.closes


def _same_period(file: CycleFile, other: CycleFile) -> bool:
    """Whether the days for working on goals overlap: without the time for the last reviews."""
    return file.cycle.starts <= other.cycle.ends and other.cycle.starts <= file.cycle.ends


def _is_same(file: CycleFile, other: CycleFile) -> bool:
    """Whether the files differ only in the cycle's id, name and first day."""
    name = {"id": other.cycle.id, "name": other.cycle.name}
    moved = file.moved_to(other.cycle.starts)
    return moved.model_copy(update={"cycle": moved.cycle.model_copy(update=name)}) == other
