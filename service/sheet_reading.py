"""Reads filled-in sheets and CSV files as goals. The places of goals and findings begin with the name of their file."""

from collections.abc import Iterable
from pathlib import PurePath
from typing import NamedTuple

from domain.findings import Finding
from sheets.goals_csv import read_goals_csv
from sheets.model import ReadGoal
from sheets.reading import read_goal_sheet


class Filled(NamedTuple):
    """The goals of all files, and the findings about the files."""

    goals: tuple[ReadGoal, ...]
    findings: tuple[Finding, ...]


def read_filled(files: Iterable[tuple[str, bytes]]) -> Filled:
    """Reads files, each a name and its content: names that end with `.csv` as CSV, all others as sheets."""
    goals: list[ReadGoal] = []
    findings: list[Finding] = []
    for name, data in files:
        read = read_goals_csv if PurePath(name).suffix.lower() == ".csv" else read_goal_sheet
        for one in read(data):
            if isinstance(one, Finding):
                findings.append(one.model_copy(update={"where": f"{name} / {one.where}"}))
            else:
                places = {field: f"{name} / {place}" for field, place in one.places.items()}
                goals.append(one._replace(where=f"{name} / {one.where}", places=places))
    return Filled(tuple(goals), tuple(findings))
