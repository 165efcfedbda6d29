"""Runs the tests that depend on dates, and the demo, as of other days: `python -m tests.as_of.any_day [--everything] [--jobs 2] [DAY …]`.

For each day, the tests run in a process and with servers of their own, and so does `make demo`. DAY is a number of the list below.
Without DAY, all days run: the tests whose results are days as of each, the others and the demo as of every fourth in turns
(tests/as_of/modules.py), since everything as of all days takes 40 minutes. With DAY, everything that depends on dates runs as of it.
If a run fails, its whole output is printed.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tests.as_of.modules import EVERY_DAY, EVERY_NTH, SOME_DAYS, modules_of
from tests.as_of.shift import shifted_to

ROOT = Path(__file__).parents[2]
_PATIENCE = 1800  # seconds for one run; two whole suites at the same time take a third of it


@dataclass(frozen=True)
class Day:
    """The time at which the tests start, and the time zone of the machine."""

    begins: datetime
    why: str
    zone: str | None = None  # None: the machine's own

    @property
    def environment(self) -> dict[str, str]:
        here = {name: value for name, value in os.environ.items() if name != "TZ"} if self.zone else dict(os.environ)
        return here | shifted_to(self.begins) | ({"TZ": self.zone} if self.zone else {})

    def __str__(self) -> str:
        return f"{self.begins:%a %Y-%m-%d %H:%M%z} {self.zone or ''}".rstrip() + f" ({self.why})"


def _day(begins: str, why: str, zone: str | None = None) -> Day:
    return Day(datetime.fromisoformat(begins), why, zone)


DAYS = (
    _day("2026-12-05T10:00+09:00", "a Saturday"),
    _day("2026-12-14T08:55+09:00", "minutes before alarms ring; it is still Sunday there", "America/Los_Angeles"),
    _day("2026-12-29T09:30+09:00", "the first of the days off at the end of the year"),
    _day("2027-01-01T00:20+09:00", "New Year; it is still last year in UTC"),
    _day("2027-03-28T00:55+00:00", "a Sunday; the clock is put forward minutes later", "Europe/Berlin"),
    _day("2027-03-31T17:55+09:00", "the end of a month and a year of business, minutes before offices close"),
    _day("2027-05-04T13:00+09:00", "Golden Week"),
    _day(
        "2027-10-31T23:10+09:00", "a Sunday and the end of a month; the clock was put back in Berlin", "Europe/Berlin"
    ),
    _day("2027-11-07T05:55+00:00", "a Sunday; the clock is put back minutes later", "America/New_York"),
    _day("2028-02-29T10:00+09:00", "29 February"),
    _day("2030-12-31T11:00+09:00", "the last day of a year", "Asia/Tokyo"),
    _day("2031-10-13T22:00+09:00", "2031, a public holiday; it is tomorrow already there", "Pacific/Kiritimati"),
)


def run_tests(day: Day, what: Sequence[str]) -> tuple[bool, str]:
    """Runs the tests; returns whether they passed, and their output."""
    return _run(day, [sys.executable, "tests/run.py", "-q", "-p", "no:cacheprovider", *what], day.environment)


def run_demo(day: Day) -> tuple[bool, str]:
    """Runs the demo in a separate folder; returns whether the sample company and its cycle started, and the output."""
    with tempfile.TemporaryDirectory(prefix="meguri-demo-") as folder:
        environment = day.environment | {"MEGURI_VAR": str(Path(folder) / "var")}
        return _run(day, ["make", "--silent", "demo", "DEMO_ARGS=--exit-when-launched"], environment)


def _run(day: Day, command: Sequence[str], environment: dict[str, str]) -> tuple[bool, str]:
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            check=False, text=True, timeout=_PATIENCE,
        )  # fmt: skip
    except subprocess.TimeoutExpired as late:
        return False, f"{late.output}\nended after {_PATIENCE} s"
    return done.returncode == 0, done.stdout


def run_day(day: Day, what: Sequence[str], *, with_demo: bool) -> bool:
    """Runs tests and demo, and prints a line; with the output if one failed."""
    began = time.monotonic()
    tests_passed, tests_said = run_tests(day, what)
    demo_passed, demo_said = run_demo(day) if with_demo else (True, "")
    result = tests_said.rstrip().rpartition("\n")[2]
    demo = ("launched" if demo_said else "not run") if demo_passed else "FAILED"
    lines = [f"{day}: {result}; demo {demo}; {time.monotonic() - began:.0f} s in all"]
    lines += [] if tests_passed else [tests_said]
    lines += [] if demo_passed else [demo_said]
    print("\n".join(lines), flush=True)
    return tests_passed and demo_passed


def _day_of(number: str) -> Day:
    """The day with this number in the list."""
    try:
        return dict(enumerate(DAYS, start=1))[int(number)]
    except (ValueError, KeyError) as error:
        raise argparse.ArgumentTypeError(f"give a number from 1 to {len(DAYS)}") from error


def main(arguments: Sequence[str]) -> int:
    """Returns 1 if a day failed, else 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.epilog = "\n".join(f"{number:3}  {day}" for number, day in enumerate(DAYS, start=1))
    parser.add_argument("days", metavar="DAY", nargs="*", type=_day_of)
    parser.add_argument("--everything", action="store_true", help="all tests, and not only what depends on dates")
    parser.add_argument("--jobs", type=int, default=2, help="days at a time")
    options = parser.parse_args(arguments)
    everything: tuple[str, ...] = () if options.everything else (*EVERY_DAY, *SOME_DAYS)
    runs = [(day, everything, True) for day in options.days]
    if not runs:
        runs = [
            (day, modules_of(number) if everything else (), bool(options.everything) or number % EVERY_NTH == 0)
            for number, day in enumerate(DAYS)
        ]
    with ThreadPoolExecutor(options.jobs) as pool:
        passed = list(pool.map(lambda one: run_day(one[0], one[1], with_demo=one[2]), runs))
    print(f"{passed.count(True)} days passed, {passed.count(False)} failed")
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
