"""Runs the tests: `python tests/run.py [--as-of 2028-02-29T10:00+09:00] [what pytest takes]`.

The process ends as soon as pytest has its result. A regular exit of the interpreter sometimes aborts after a clean run
(temporalio/sdk-python#300), and then the exit code would be wrong.
"""

import argparse
import os
import signal
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # a script finds only its own folder

from tests.as_of.shift import moment_for_a_whole_run, offset, shifted_to  # noqa: E402 - found by the line above


def main(arguments: list[str]) -> int:
    """Runs pytest; returns its exit code. A run without tests is a failure (5)."""
    # A shell starts background jobs with SIGINT ignored, and all programs that the tests start would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(ROOT)  # so that pyproject.toml is found from every folder
    with tempfile.TemporaryDirectory(prefix="meguri-tests-") as folder:
        # For a shifted run, the temporary folders of other runs look days old, and pytest would remove them.
        own_folder = ["--basetemp", f"{folder}/pytest"] if offset() else []
        code = int(pytest.main([*own_folder, *arguments]))
    if code == pytest.ExitCode.NO_TESTS_COLLECTED:
        print("tests/run.py: no test was run, which counts as a failure", file=sys.stderr)
    return code


def run_as_of(moment: datetime, arguments: list[str]) -> None:
    """Replaces this process by the same program with a clock that starts at `moment`; does not return."""
    os.execve(sys.executable, [sys.executable, __file__, *arguments], os.environ | shifted_to(moment))  # noqa: S606 - the same program


if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--as-of", type=datetime.fromisoformat)
    options, for_pytest = parser.parse_known_args()
    if not offset() and (begins := options.as_of or moment_for_a_whole_run(datetime.now(UTC))):
        run_as_of(begins, for_pytest)
    exit_code = main(for_pytest)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exit_code)
