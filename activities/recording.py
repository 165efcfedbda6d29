"""The local activities that record a goal's events and read its ledger."""

import structlog
from temporalio import activity

from domain.goal.events import Event
from domain.refusals import Code
from storage.ledger import CommandRecorded, ConstraintBroken, HeadDiffers, Ledger
from workflows.recording import Position, Recorded, RecordedRefusal, Recorder, Recording

log = structlog.get_logger()


class RecordingActivities(Recorder):
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    @activity.defn(name="record")
    async def record(self, recording: Recording) -> Recorded | None:
        """Stores the recording, or returns what the ledger holds instead. Safe to repeat: compared with the ledger's head."""
        try:
            found = await self._ledger.append(
                recording.goal,
                recording.before,
                recording.before_head,
                row=recording.row,
                events=recording.events,
                notices=recording.notices,
                at=recording.at,
                constrained=recording.constraints.model_dump() if recording.constraints else None,
                erases=recording.erases,
            )
        except CommandRecorded:
            return Recorded(known=True)
        except ConstraintBroken as error:
            return Recorded(refused=RecordedRefusal(code=Code(error.conflict.code), fields=error.conflict.fields))
        except HeadDiffers:
            log.error("ledger_head_differs", goal_id=recording.goal, seq=recording.before)  # noqa: TRY400 - an alarm, no defect of this code
            return Recorded(refused=RecordedRefusal(code=Code.LEDGER_DIFFERS, fields={"seq": recording.before}))
        return Recorded(adopted=tuple(Event.model_validate(event) for event in found)) if found else None

    @activity.defn(name="read_behind")
    async def read_behind(self, position: Position) -> Recorded:
        """The ledger's entries that the workflow does not know."""
        found = await self._ledger.events_after(position.goal, position.seq)
        return Recorded(adopted=tuple(Event.model_validate(event) for event in found))
