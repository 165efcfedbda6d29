"""Runs the tests: `python tests/run.py [what pytest takes]`.

The process ends as soon as pytest has its result. Leaving it to the interpreter sometimes aborts after a clean run
(temporalio/sdk-python#300), and the exit code would then say something else than the tests did.
"""

import os
import signal
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def main(arguments: list[str]) -> int:
    """Pytest's own exit code; a run that found no test is a failure (5), and says so."""
    # A shell starts its background jobs with SIGINT ignored, and every program of the tests would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(ROOT)  # so that pyproject.toml is found wherever we were called from
    code = int(pytest.main(arguments))
    if code == pytest.ExitCode.NO_TESTS_COLLECTED:
        print("tests/run.py: no test was run, which counts as a failure", file=sys.stderr)
    return code


if __name__ == "__main__":
    exit_code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exit_code)
