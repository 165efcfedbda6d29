"""Reads filled-in sheets and CSV files as goals. The places of goals and findings begin with the name of their file."""

import zlib
from collections.abc import Iterable
from io import BytesIO
from pathlib import PurePath
from typing import NamedTuple
from zipfile import BadZipFile, ZipFile

from domain.findings import Finding, refuse
from sheets.goals_csv import MAX_BYTES, read_goals_csv
from sheets.model import ReadGoal
from sheets.reading import read_goal_sheet
from sheets.workbook import WorkbookReader

_MOST_FILES = 2_000
_MOST_UNZIPPED = 100_000_000  # bytes, of all files together


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


def unzipped(data: bytes) -> list[tuple[str, bytes]] | Finding:
    """The files in a zip file, each a name and its content, or a finding that says why they cannot be read.

    The sizes that the zip file states are not believed: no more is unpacked than is allowed.
    """
    files: list[tuple[str, bytes]] = []
    left = _MOST_UNZIPPED
    try:
        with ZipFile(BytesIO(data)) as archive:
            for one in archive.infolist():
                if one.is_dir():
                    continue
                with archive.open(one) as file:
                    content = file.read(min(left, MAX_BYTES) + 1)
                left -= len(content)
                if left < 0 or len(content) > MAX_BYTES or len(files) == _MOST_FILES:
                    limit = MAX_BYTES // 1_000_000
                    return refuse("too_large", "file", text="finding.too_large_sheet", limit=limit)
                files.append((PurePath(one.filename).name, content))
    except (
        BadZipFile,
        NotImplementedError,
        RuntimeError,
        OSError,
        EOFError,
        ValueError,
        zlib.error,
    ):  # damaged, or with a password
        return refuse("no_workbook", "file")
    return files


def _read(name: str, data: bytes, reader: WorkbookReader) -> tuple[ReadGoal, ...] | tuple[Finding, ...]:
    is_csv = PurePath(name).suffix.lower() == ".csv"
    return read_goals_csv(data) if is_csv else read_goal_sheet(data, reader)
