"""What is wrong with one cell of a file of people."""

from domain.findings import Finding, refuse
from domain.messages import Message
from domain.people.people_cells import NO_DAY
from domain.people.people_columns import LEAVES
from domain.people.people_file_findings import rule_of, shown
from domain.problems import day_problem
from domain.typed_days import NotADay, read_day

_DAYS = ("joined_on", "leaves", "away_from", "away_until", *(name for pair in LEAVES for name in pair))


def bad_cell(where: str, field: str, value: str) -> Finding:
    """That a cell is empty, or why its value cannot be used."""
    if not value:
        return refuse("empty_cell", where, name=field, value="", rule=rule_of(field))
    if value.startswith(NO_DAY) and field in _DAYS:
        typed = value.removeprefix(NO_DAY)
        return refuse("bad_cell", where, text="finding.bad_day", name=field, value=shown(typed), why=_why(typed))
    return refuse("bad_cell", where, name=field, value=shown(value), rule=rule_of(field))


def _why(typed: str) -> Message:
    try:
        read_day(typed)
    except NotADay as error:
        return day_problem(error)
    return rule_of("leaves")
