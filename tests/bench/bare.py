"""What Temporal alone does: the workflow that Meguri is measured against."""

from datetime import timedelta
from typing import Any

import asyncpg
from temporalio import activity, workflow

QUEUE = "bare"
TABLE = "CREATE TABLE IF NOT EXISTS bare_commit (id bigserial PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())"


class BareActivities:
    """One commit of one row, with nothing in between."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @activity.defn(name="commit_one_row")
    async def commit_one_row(self) -> None:
        await self._pool.execute("INSERT INTO bare_commit DEFAULT VALUES")


@workflow.defn
class BareWorkflow:
    """Waits until it is told to end. Its input is ignored: only its size matters."""

    def __init__(self) -> None:
        self._ended = False

    @workflow.run
    async def run(self, _start: dict[str, Any]) -> None:
        await workflow.wait_condition(lambda: self._ended)

    @workflow.update
    async def touch(self) -> None:
        """Does nothing, recorded."""

    @workflow.update
    async def commit(self) -> None:
        """Commits one row in a local activity: what the servers allow a sign-off to cost at least."""
        await workflow.execute_local_activity_method(
            BareActivities.commit_one_row, start_to_close_timeout=timedelta(seconds=10)
        )

    @workflow.signal
    def end(self) -> None:
        self._ended = True
