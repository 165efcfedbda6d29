"""Reads filled-in sheets and CSV files as goals. The places of goals and findings begin with the name of their file."""

from collections.abc import Iterable
from pathlib import PurePath
from typing import NamedTuple

from domain.findings import Finding
from sheets.goals_csv import read_goals_csv
from sheets.model import ReadGoal
from sheets.reading import read_goal_sheet
from sheets.workbook import WorkbookReader


class Filled(NamedTuple):
    """The goals of all files, and the findings about the files."""

    goals: tuple[ReadGoal, ...]
    findings: tuple[Finding, ...]


def read_filled(files: Iterable[tuple[str, bytes]]) -> Filled:
    """Reads files, each a name and its content: names that end with `.csv` as CSV, all others as sheets."""
    goals: list[ReadGoal] = []
    findings: list[Finding] = []
    with WorkbookReader() as reader:
        for name, data in files:
            for one in _read(name, data, reader):
                if isinstance(one, Finding):
                    findings.append(one.model_copy(update={"where": f"{name} / {one.where}"}))
                else:
                    places = {field: f"{name} / {place}" for field, place in one.places.items()}
                    goals.append(one._replace(where=f"{name} / {one.where}", places=places))
    return Filled(tuple(goals), tuple(findings))


def _read(name: str, data: bytes, reader: WorkbookReader) -> tuple[ReadGoal, ...] | tuple[Finding, ...]:
    is_csv = PurePath(name).suffix.lower() == ".csv"
    return read_goals_csv(data) if is_csv else read_goal_sheet(data, reader)
