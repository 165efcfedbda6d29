"""Whether a cycle's dates and name go with the fiscal year (年度) of the company, where its file says when the year begins."""

from collections.abc import Iterator

from domain.cycle.file import CycleFile
from domain.cycle.fiscal_year import read_name
from domain.findings import Finding, advise

_NEAR = 45  # days: drafts are often written before the period begins, and the last reviews held after its end


def period_findings(file: CycleFile) -> Iterator[Finding]:
    """Advice: the dates are far from every period, or the name is that of another one, as in a file of the last cycle."""
    period = file.period
    if period is None:
        return
    name = period.name.text(file.locale)
    far = {"starts": (file.cycle.starts - period.first).days, "ends": (file.cycle.ends - period.last).days}
    for key, distance in far.items():
        if abs(distance) > _NEAR:
            yield advise("far_from_period", f"cycle.{key}", name=name, first=period.first, last=period.last)
    named = read_name(file.cycle.name or "")
    if named is not None and named != period.name:
        yield advise("name_of_other_period", "cycle.name", name=name, first=period.first, last=period.last)
