"""Cycle files of tests: they contain dates of one quarter, and are moved to start on another day."""

import re
from datetime import date

_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_STARTS = re.compile(r"^starts = (\d{4}-\d{2}-\d{2})$", re.MULTILINE)


def moved_to(starts: date, file: str) -> str:
    """The file with all its dates moved by the same number of days, so that it starts on `starts`."""
    found = _STARTS.search(file)
    assert found, "the file says when its cycle starts"
    by = starts - date.fromisoformat(found[1])
    return _DATE.sub(lambda match: (date.fromisoformat(match[0]) + by).isoformat(), file)
