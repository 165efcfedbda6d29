"""The process that runs approvals on DBOS, beside Meguri's, in the bench. Started by dbos_approvals.py.

A workflow inserts a goal and an audit row in one transaction, waits for an approval, and updates the goal and inserts an
audit row in another. This is what DBOS needs for the work of an approval: no constraint, notice, hash or deadline.
"""

import asyncio
import os
import sys

from dbos import DBOS, AsyncSQLAlchemyDatasource, DBOSConfig, SetWorkflowID
from sqlalchemy import text

TABLES = """
CREATE TABLE IF NOT EXISTS dbos_goal (id text PRIMARY KEY, state text NOT NULL, body jsonb NOT NULL);
CREATE TABLE IF NOT EXISTS dbos_audit (id bigserial PRIMARY KEY, goal text NOT NULL, kind text NOT NULL, body jsonb NOT NULL)
"""
_INSERT = text("INSERT INTO dbos_goal VALUES (:goal, 'pending_approval', CAST(:body AS jsonb))")
_UPDATE = text("UPDATE dbos_goal SET state = 'active', body = CAST(:body AS jsonb) WHERE id = :goal")
_AUDIT = text("INSERT INTO dbos_audit (goal, kind, body) VALUES (:goal, :kind, CAST(:body AS jsonb))")
_WAIT_SECONDS = 3600.0
_CONNECTIONS = 10  # as many as Meguri's worker has


async def main(database_url: str) -> None:
    config: DBOSConfig = {
        "name": "bench",
        "system_database_url": database_url,
        "sys_db_pool_size": _CONNECTIONS,
        "console_log_level": "ERROR",
    }
    DBOS(config=config)
    tables = await AsyncSQLAlchemyDatasource.create(database_url, {"pool_size": _CONNECTIONS, "max_overflow": 0})

    @tables.transaction(isolation_level="READ COMMITTED")
    async def submit(goal: str, body: str) -> None:
        await tables.sql_session().execute(_INSERT, {"goal": goal, "body": body})
        await tables.sql_session().execute(_AUDIT, {"goal": goal, "kind": "submitted", "body": body})

    @tables.transaction(isolation_level="READ COMMITTED")
    async def approve(goal: str, body: str) -> None:
        await tables.sql_session().execute(_UPDATE, {"goal": goal, "body": body})
        await tables.sql_session().execute(_AUDIT, {"goal": goal, "kind": "approved", "body": body})

    @DBOS.workflow()
    async def goal_workflow(goal: str, body: str) -> None:
        await submit(goal, body)
        await approve(goal, await DBOS.recv_async("approval", timeout_seconds=_WAIT_SECONDS))

    async with tables.engine.begin() as connection:
        for statement in TABLES.split(";"):
            await connection.execute(text(statement))
    DBOS.launch()
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):  # a batch to start: prefix, number, body
        prefix, number, body = line.rstrip("\n").split("\t")
        for n in range(int(number)):
            with SetWorkflowID(f"{prefix}-{n}"):
                await DBOS.start_workflow_async(goal_workflow, f"{prefix}-{n}", body)
        print("started", flush=True)


if __name__ == "__main__":
    asyncio.run(main(os.environ["DATABASE_URL"]))
    sys.stdout.flush()
    os._exit(0)
