"""Runs as of other days: the shifted clock, the days that CI uses, and a check that no test that reads the clock is forgotten."""

import ast
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.as_of.any_day import DAYS
from tests.as_of.modules import EVERY_DAY, LEFT_OUT, SOME_DAYS, modules_of
from tests.as_of.shift import OFFSET, moment_for_a_whole_run, offset, shifted_to
from tests.working_days import JAPAN

ROOT = Path(__file__).parents[1]
MOMENT = datetime.fromisoformat("2028-02-29T10:00+09:00")
_PATIENCE = timedelta(minutes=1)
_READS_CLOCK = re.compile(r"datetime\.now\(|date\.today\(|\btoday\(\)|\bin_days\(|\bnow_of\(")


def printed(program: str, **environment: str) -> str:
    command = [sys.executable, "-c", program]
    done = subprocess.run(
        command, env=os.environ | environment, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.strip()


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles"])
def test_a_program_sees_the_other_day_in_every_way_of_asking_and_its_clock_goes_on(zone: str) -> None:
    program = """
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
first = datetime.now(UTC)
time.sleep(0.01)
print(first.isoformat(), time.time(), date.today(), 0.01 <= (datetime.now(UTC) - first).total_seconds() < 30)
"""
    now, seconds, today, goes_on = printed(program, **shifted_to(MOMENT), TZ=zone).split()
    assert timedelta(0) <= datetime.fromisoformat(now) - MOMENT < _PATIENCE
    assert timedelta(0) <= datetime.fromtimestamp(float(seconds), ZoneInfo(zone)) - MOMENT < _PATIENCE
    assert today == MOMENT.astimezone(ZoneInfo(zone)).date().isoformat()
    assert goes_on == "True"


def test_what_a_program_starts_sees_the_same_day_and_durations_stay_as_they_are() -> None:
    inner = "import time; print(time.time(), time.monotonic())"
    program = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}], check=True)"
    seconds, monotonic = (float(one) for one in printed(program, **shifted_to(MOMENT)).split())
    assert 0 <= seconds - MOMENT.timestamp() < _PATIENCE.total_seconds()
    assert 0 <= time.monotonic() - monotonic < _PATIENCE.total_seconds()


def test_workflows_are_shifted_by_the_same_offset() -> None:
    program = """
from temporalio.worker._workflow_instance import _WorkflowInstanceImpl
class Workflow:
    _time_ns = 5
print(_WorkflowInstanceImpl.workflow_time_ns(Workflow()))
"""
    environment = shifted_to(MOMENT)
    (seconds,) = [int(value) for value in environment.values() if re.fullmatch(r"-?\d+", value)]
    assert int(printed(program, **environment)) == seconds * 10**9 + 5


def test_a_moment_without_an_offset_from_utc_is_refused() -> None:
    with pytest.raises(ValueError, match="has no offset from UTC"):
        shifted_to(datetime(2028, 2, 29, 10))


@pytest.mark.parametrize(
    ("now", "begins"),
    [
        ("2026-12-31T22:59+09:00", None),
        ("2026-12-31T23:01+09:00", "2027-01-01T00:00+09:00"),
        ("2027-01-01T00:00+09:00", None),
        ("2027-06-30T14:59:59+00:00", "2027-07-01T00:00+09:00"),
    ],
)
def test_a_run_that_would_cross_midnight_begins_after_it(now: str, begins: str | None) -> None:
    found = moment_for_a_whole_run(datetime.fromisoformat(now))
    assert found == (datetime.fromisoformat(begins) if begins else None)


def test_no_clock_is_shifted_unless_it_is_asked_for() -> None:
    assert offset() == timedelta(0) or os.environ["PYTHONPATH"].startswith(str(ROOT / "tests" / "as_of"))


def days_in_tokyo() -> set[date]:
    return {day.begins.astimezone(ZoneInfo("Asia/Tokyo")).date() for day in DAYS}


@pytest.mark.parametrize(
    ("what", "found"),
    [
        ("Saturday", lambda day: day.weekday() == 5),
        ("Sunday", lambda day: day.weekday() == 6),
        ("29 December", lambda day: (day.month, day.day) == (12, 29)),
        ("1 January", lambda day: (day.month, day.day) == (1, 1)),
        ("Golden Week", lambda day: day.month == 5 and day.day in (3, 4, 5)),
        ("31 March", lambda day: (day.month, day.day) == (3, 31)),
        ("29 February", lambda day: (day.month, day.day) == (2, 29)),
        ("end of a month", lambda day: (day + timedelta(days=1)).day == 1),
        ("2031", lambda day: day.year == 2031),
        ("public holiday", lambda day: day.weekday() < 5 and not JAPAN.works(day)),
        ("working day", JAPAN.works),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_ci_runs_as_of_such_a_day(what: str, found: Callable[[date], bool]) -> None:
    assert len(days_in_tokyo()) >= 10
    assert [day for day in days_in_tokyo() if found(day)], what


@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_is_put_forward_and_back_while_tests_run(hours: int) -> None:
    """The clock change is within ten minutes after the start, and the runs take longer."""
    changes = []
    for day in DAYS:
        begins = day.begins.astimezone(ZoneInfo(day.zone or "UTC"))
        later = (day.begins + timedelta(minutes=10)).astimezone(begins.tzinfo)
        changes.append((later.utcoffset() or timedelta(0)) - (begins.utcoffset() or timedelta(0)))
    assert timedelta(hours=hours) in changes


def test_the_product_asks_neither_for_the_zone_of_its_machine_nor_for_a_shift_of_its_clock() -> None:
    """The current day depends on the time zone of the people concerned, never on that of the machine."""
    packages = [init.parent for init in ROOT.glob("*/__init__.py") if init.parent.name != "tests"]
    sources = [*ROOT.glob("*.py"), *(source for package in packages for source in package.rglob("*.py"))]
    assert len(sources) > 100
    asks = re.compile(rf"\.astimezone\(\)|{OFFSET}|time_machine")
    assert [source for source in sources if asks.search(source.read_text(encoding="utf-8"))] == []


# --- no test is forgotten --------------------------------------------------------------------------------------------


def imported_tests(module: Path) -> set[Path]:
    """The files of `tests` that a file imports: as a module, or from a package."""
    found = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "tests":
            place = ROOT.joinpath(*(node.module or "").split("."))
            found |= {place.with_suffix(".py"), *(place / f"{alias.name}.py" for alias in node.names)}
    return {file for file in found if file.exists()}


def reads_clock(module: Path, seen: frozenset[Path] = frozenset()) -> bool:
    """Whether the file, or a file of `tests` that it imports, reads the clock."""
    if _READS_CLOCK.search(module.read_text(encoding="utf-8")):
        return True
    return any(reads_clock(one, seen | {module}) for one in imported_tests(module) - seen)


def test_every_module_that_reads_the_clock_runs_as_of_other_days_or_says_why_not() -> None:
    modules = sorted((ROOT / "tests").rglob("test_*.py"))
    read = {one.relative_to(ROOT).as_posix() for one in modules if reads_clock(one)}
    listed = [*EVERY_DAY, *SOME_DAYS, *LEFT_OUT]
    assert len(set(listed)) == len(listed), "a module is in two lists"
    assert read - set(listed) == set(), "add them to one of the lists of tests/as_of/modules.py"
    known = {one.relative_to(ROOT).as_posix() for one in modules}
    assert set(listed) - known == set(), "no such modules"


def test_each_module_runs_as_of_every_day_or_of_at_least_three() -> None:
    days = Counter(module for number in range(len(DAYS)) for module in modules_of(number))
    assert all(days[one] == len(DAYS) for one in EVERY_DAY)
    assert all(days[one] >= 3 for one in SOME_DAYS)


def test_a_module_that_reads_the_clock_through_another_is_found() -> None:
    assert reads_clock(ROOT / "tests" / "acceptance" / "test_spread.py"), "it imports scene.py, which asks for today"
    assert not reads_clock(ROOT / "tests" / "domain" / "policy" / "test_calendar.py")
