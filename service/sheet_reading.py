"""Filled sheets and tables as goals: which reader a file needs, and in which file each goal and finding is."""

from collections.abc import Iterable
from pathlib import PurePath
from typing import NamedTuple

from domain.findings import Finding
from sheets.goals_csv import read_goals_csv
from sheets.model import ReadGoal
from sheets.reading import read_goal_sheet


class Filled(NamedTuple):
    """The goals of all files, and what is wrong with any of them."""

    goals: tuple[ReadGoal, ...]
    findings: tuple[Finding, ...]


def read_filled(files: Iterable[tuple[str, bytes]]) -> Filled:
    """Reads files by name and content: tables (.csv), and everything else as sheets. Places begin with the file's name."""
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
