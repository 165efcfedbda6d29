"""The local activities that record a goal's events and read its ledger."""

import json
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, TypeVar

import structlog
from pydantic import ValidationError
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.succession import append_with_successor
from domain.goal.events import Event
from domain.goal.goal import Goal
from domain.refusals import Code, Refusal
from domain.values import GoalId
from storage.ledger import CommandRecorded, ConstraintBroken, HeadDiffers, Ledger, LedgerBehind, RowDiffers
from workflows.recording import Position, Recorded, RecordedRefusal, Recorder, Recording, row_of
from workflows.timeouts import RECORD_HANDOVER

Result = TypeVar("Result")

log = structlog.get_logger()


class RecordingActivities(Recorder):
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    @activity.defn(name="record")
    async def record(self, recording: Recording) -> Recorded | None:
        """Stores the recording, or returns what the ledger holds instead. Safe to repeat: compared with the ledger's head."""
        try:
            found = await _or_hand_over(recording.goal, lambda: self._append_to_same_row(recording))
        except CommandRecorded as error:
            return Recorded(known=True, adopted=tuple(Event.model_validate(event) for event in error.events))
        except (ConstraintBroken, Refusal) as error:
            return Recorded(refused=_refused(error))
        except HeadDiffers:
            log.error("ledger_head_differs", goal_id=recording.goal, seq=recording.before)  # noqa: TRY400 - an alarm, no defect of this code
            return Recorded(refused=RecordedRefusal(code=Code.LEDGER_DIFFERS, fields={"seq": recording.before}))
        except RowDiffers:
            log.error("goal_row_differs", goal_id=recording.goal, seq=recording.before)  # noqa: TRY400 - as above
            return Recorded(refused=RecordedRefusal(code=Code.LEDGER_DIFFERS, fields={"seq": recording.before}))
        except LedgerBehind:
            log.error("ledger_behind", goal_id=recording.goal, seq=recording.before)  # noqa: TRY400 - as above
            return Recorded(refused=RecordedRefusal(code=Code.LEDGER_BEHIND, fields={"seq": recording.before}))
        return Recorded(adopted=tuple(Event.model_validate(event) for event in found)) if found else None

    async def _append_to_same_row(self, recording: Recording) -> list[dict[str, Any]]:
        """Appends if the row holds the goal as the workflow knows it, perhaps in the form of an earlier release."""
        try:
            return await self._append(recording)
        except RowDiffers as error:
            if recording.replaces is None or not _is_same_goal(error.row, recording.replaces):
                raise
            return await self._append(recording.model_copy(update={"replaces": None}))

    async def _append(self, recording: Recording) -> list[dict[str, Any]]:
        append = (
            self._ledger.append
            if recording.succession is None
            else partial(append_with_successor, self._ledger.engine, recording.succession)
        )
        return await append(
            recording.goal,
            recording.before,
            recording.before_head,
            row=recording.row,
            events=recording.events,
            notices=recording.notices,
            at=recording.at,
            constrained=recording.constraints.model_dump() if recording.constraints else None,
            erases=recording.erases,
            replaces=recording.replaces,
        )

    @activity.defn(name="read_behind")
    async def read_behind(self, position: Position) -> Recorded:
        """The ledger's entries that the workflow does not know."""
        found = await _or_hand_over(position.goal, lambda: self._ledger.events_after(position.goal, position.seq))
        return Recorded(adopted=tuple(Event.model_validate(event) for event in found))


def _refused(error: ConstraintBroken | Refusal) -> RecordedRefusal:
    if isinstance(error, Refusal):
        return RecordedRefusal(code=error.code, fields=error.message.fields)
    return RecordedRefusal(code=Code(error.conflict.code), fields=error.conflict.fields)


_COMPARED = ("state", "revision", "department", "outcome", "task", "assignees")


def _is_same_goal(row: Mapping[str, Any], expected: str) -> bool:
    """Whether the row holds the expected goal: fields that a release added since have their default values there."""
    try:
        stored = Goal.model_validate({**row["aggregate"], "policy": row["policy"]})
    except ValidationError:
        return False
    known = Goal.model_validate({**json.loads(expected), "policy": row["policy"]})
    columns = row_of(known)
    return stored == known and all(row[name] == columns[name] for name in _COMPARED)


async def _or_hand_over(goal: GoalId, work: Callable[[], Awaitable[Result]]) -> Result:
    """The result of `work`. If the first try failed and this worker ends, the next try is left to another worker.

    A local activity is retried in its worker until it succeeds, and the worker waits for it. A long wait before the next try
    moves into the history instead, and this worker is free to end.
    """
    if _worker_ends() and activity.info().attempt > 1:  # the try before took too long
        raise _handed_over(goal, "TimeoutError")
    try:
        return await work()
    except (CommandRecorded, ConstraintBroken, HeadDiffers, RowDiffers, LedgerBehind, Refusal):
        raise
    except Exception as error:
        if _worker_ends():
            raise _handed_over(goal, type(error).__name__) from error
        raise


def _worker_ends() -> bool:
    return activity.in_activity() and activity.is_worker_shutdown()


def _handed_over(goal: GoalId, reason: str) -> ApplicationError:
    log.warning("recording_left_to_next_worker", goal_id=goal, reason=reason)
    return ApplicationError("the worker ends", type="WorkerEnds", next_retry_delay=RECORD_HANDOVER)
