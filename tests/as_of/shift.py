"""Runs programs as of another time: every Python process that is started with `shifted_to` has a shifted clock.

Python imports `sitecustomize` (beside this file) before it runs a program. So the tests, and each worker and command that
they start, get the same shift from one variable, and the product needs no code for it. Two clocks are shifted by the same
constant offset: Python's (`datetime.now`, `time.time`; not `time.monotonic`) and that of workflows. Durations (timers,
start delays, time-outs) stay as they are. The servers keep the real time; the product passes its own time to them.
"""

import importlib.util
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from math import ceil
from pathlib import Path
from types import ModuleType
from unittest.mock import patch
from zoneinfo import ZoneInfo

OFFSET = "MEGURI_TESTS_CLOCK_OFFSET"  # whole seconds
_PATH = os.pathsep.join(str(folder) for folder in (Path(__file__).parent, Path(__file__).parents[2]))
_TOKYO = ZoneInfo("Asia/Tokyo")
_LONGEST_RUN = timedelta(minutes=60)
_WORKFLOW_CLOCK = "temporalio.worker._workflow_instance"


def offset() -> timedelta:
    """The difference between this process's clock and the real one."""
    return timedelta(seconds=int(os.environ.get(OFFSET, "0")))


def shifted_to(moment: datetime) -> dict[str, str]:
    """The environment variables with which Python programs start at `moment`. Raises `ValueError` if it has no UTC offset."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no offset from UTC; write it as 2028-02-29T10:00+09:00")
    real_now = datetime.now(moment.tzinfo) - offset()
    return {OFFSET: str(ceil((moment - real_now).total_seconds())), "PYTHONPATH": _PATH}


def moment_for_a_whole_run(now: datetime) -> datetime | None:
    """The time at which a run must start instead of `now`, so that it does not cross midnight in Tokyo; None: `now` is fine.

    Tests and the programs that they start read the day: before and after midnight, they would get different days.
    """
    in_tokyo = now.astimezone(_TOKYO)
    midnight = datetime.combine(in_tokyo.date() + timedelta(days=1), time(), _TOKYO)
    return midnight if midnight - in_tokyo < _LONGEST_RUN else None


def shifted_as_here() -> dict[str, str]:
    """The environment variables for a program with the same clock that does not inherit our environment."""
    return {OFFSET: os.environ.get(OFFSET, "0"), "PYTHONPATH": _PATH}


def shift_this_process() -> None:
    """Shifts the clock until the process ends; does nothing without an offset."""
    if offset():
        with _quick_import_of_time_machine():
            import time_machine
        time_machine.travel(offset(), tick=True).start().time_ns()  # the first call sets the offset
        sys.meta_path.insert(0, _ShiftWorkflows())


@contextmanager
def _quick_import_of_time_machine() -> Iterator[None]:
    """Prevents that time-machine imports pytest: most programs do not need it, and it takes longer than `--help` may take."""
    if "pytest" in sys.modules:
        yield
        return
    sys.modules["pytest"] = None  # type: ignore[assignment] # Python's sign for a module that must not be imported
    try:
        yield
    finally:
        del sys.modules["pytest"]


class _ShiftWorkflows(MetaPathFinder):
    """Patches the SDK's module when it is imported: importing it here would slow down programs that do not need it."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - Python's own signature
        target: ModuleType | None = None,  # noqa: ARG002 - as above
    ) -> ModuleSpec | None:
        if fullname != _WORKFLOW_CLOCK:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        assert spec
        assert spec.loader
        load = spec.loader.exec_module

        def load_shifted(module: ModuleType) -> None:
            load(module)
            _shift_workflows(module)

        spec.loader.exec_module = load_shifted  # type: ignore[method-assign]
        return spec


def _shift_workflows(module: ModuleType) -> None:
    real, by = module._WorkflowInstanceImpl.workflow_time_ns, int(offset().total_seconds()) * 10**9
    module._WorkflowInstanceImpl.workflow_time_ns = lambda workflow: real(workflow) + by


@contextmanager
def workflows_in_real_time() -> Iterator[None]:
    """Replays histories with the times that they contain: they were recorded under the real clock."""
    from temporalio.worker._workflow_instance import _WorkflowInstanceImpl

    with patch.object(_WorkflowInstanceImpl, "workflow_time_ns", lambda workflow: workflow._time_ns):
        yield
