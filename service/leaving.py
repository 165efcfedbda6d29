"""People whose last working day was announced: after that day, their goals are closed or kept, as the
rules of each cycle say, and their tasks go to others.

For the worker. The organisation acts, not a person: HR who applied the people file may have left by then.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from domain.goal.commands import ORGANISATION
from domain.instructions.instructions import Sync
from domain.instructions.reorganisation import compare
from domain.people.organisation import DIRECTORY_ZONE
from domain.reasons import AWAY, LEFT
from service.reorganisation import apply_difference
from storage import directory, instructions, people
from storage.database import read_transaction

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine
    from temporalio.client import Client

_AFTER_MIDNIGHT = time(0, 5)


async def process_leavers(engine: "AsyncEngine", temporal: "Client", last_day: date, now: datetime) -> int:
    """Marks the people as left whose last day has passed, and starts an instruction to the goals; returns how many people left.

    The instruction also reaches the goals of people who go on leave or come back on the next day. Keyed by the day, which the instruction's id contains, so a repeat is harmless. People who stayed are skipped.
    """
    from service.instruction_start import start

    identity, today = f"leaving-{last_day}", now.astimezone(DIRECTORY_ZONE).date()
    async with read_transaction(engine) as connection:
        written = await instructions.find(connection, identity)
        version = await people.directory_version(connection)
        gone = await directory.leavers(connection, today)
        leave_changes = await directory.leave_changes_after(connection, last_day)
        concerned = await directory.with_reports_and_managers(connection, [one.id for one in gone])
    if written:
        await start(temporal, identity)
        return len(written.asked.stands_in) if isinstance(written.asked, Sync) else 0
    if not gone and not leave_changes:
        return 0
    difference = compare(concerned.employees.values(), gone, today)
    await apply_difference(
        engine,
        temporal,
        difference=difference,
        version=version,
        actor=ORGANISATION,
        reason=LEFT if gone else AWAY,
        instruction=identity,
    )
    return len(gone)


async def start_leaving_days(engine: "AsyncEngine", temporal: "Client") -> None:
    """Starts the workflow of every last day in the directory that is not processed yet. A repeat starts nothing."""
    async with read_transaction(engine) as connection:
        days = await directory.last_days(connection, datetime.now(DIRECTORY_ZONE).date())
    for day in days:
        await start_leaving(temporal, day)


async def start_leaving(temporal: "Client", last_day: date) -> None:
    """Starts the workflow that processes the leavers of `last_day`; it sleeps until that day is over. One workflow per day."""
    from temporalio.common import WorkflowIDConflictPolicy

    from workflows.leaving import LeavingStart, LeavingWorkflow, leaving_workflow_id
    from workflows.queues import BULK, BULK_PRIORITY

    starts_at = datetime.combine(last_day + timedelta(days=1), _AFTER_MIDNIGHT, DIRECTORY_ZONE)
    await temporal.start_workflow(
        LeavingWorkflow.run,
        LeavingStart(last_day=last_day),
        id=leaving_workflow_id(last_day),
        task_queue=BULK,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        start_delay=max(starts_at - datetime.now(UTC), timedelta(0)),
        priority=BULK_PRIORITY,
    )
