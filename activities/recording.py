"""The local activity that records a goal's events."""

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity

from domain.goal.events import Event
from domain.refusals import Code
from storage import ledger
from workflows.recording import READ_BEHIND, RECORD, Position, Recorded, Recording, Refused


class RecordingActivities:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @activity.defn(name=RECORD)
    async def record(self, recording: Recording) -> Recorded | None:
        """Stores the recording, or says what stands in its place. Safe to repeat: compared with the ledger's head."""
        try:
            found = await ledger.append(
                self._engine,
                recording.goal,
                recording.before,
                row=recording.row,
                events=recording.events,
                notices=recording.notices,
                at=recording.at,
                claimed=recording.claims.model_dump() if recording.claims else None,
            )
        except ledger.CommandKnown:
            return Recorded(known=True)
        except ledger.ClaimRefused as error:
            return Recorded(refused=Refused(code=Code(error.against.code), fields=error.against.fields))
        return Recorded(adopted=tuple(Event.model_validate(event) for event in found)) if found else None

    @activity.defn(name=READ_BEHIND)
    async def read_behind(self, position: Position) -> Recorded:
        """What the ledger holds that the workflow does not know."""
        found = await ledger.behind(self._engine, position.goal, position.seq)
        return Recorded(adopted=tuple(Event.model_validate(event) for event in found))
