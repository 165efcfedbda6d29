"""Another system that receives ledger entries over HTTP, and runs of the activity that sends them."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import ActivityEnvironment

from activities.hook import Hook
from channels.hook import EventHook
from domain.commitments import commit
from storage.tables import GoalEventRow
from tests.activities.mailroom import CYCLE, employ, give_task, open_cycle, tokyo
from tests.channels.web_server import Receiver, web_server
from workflows.delivery import SendRequest, SendResult

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
START = tokyo(date(2026, 10, 5))
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
TEXTS = {"/text": {"salt": "0" * 32, "text": "よろしく"}}
HASHED_BODY = {"kind": "commented", "text": {"sha256": commit("0" * 32, "よろしく")}}
GOAL, OTHER = f"{CYCLE}/E1/1", f"{CYCLE}/M1/1"


async def record(engine: AsyncEngine, goal: str, *seqs: int, at: datetime = START, **values: Any) -> None:
    """Writes ledger entries with this time of recording."""
    rows = [
        {
            "goal_id": goal, "seq": seq, "revision": 1, "kind": "commented", "at": at, "actor": "M1",
            "command_id": f"{goal}-{seq}", "body": HASHED_BODY, "texts": TEXTS,
            "prev_hash": f"hash {seq - 1}", "hash": f"hash {seq}", "recorded_at": at, **values,
        }
        for seq in seqs
    ]  # fmt: skip
    async with engine.begin() as connection:
        await connection.execute(insert(GoalEventRow), rows)


@asynccontextmanager
async def receiver(engine: AsyncEngine) -> AsyncIterator[Receiver]:
    """The other system; there are two goals, and the hook was switched on at `START`."""
    await employ(engine)
    await open_cycle(engine)
    await give_task(engine, "E1", ["M1"], due_at=START)
    await give_task(engine, "M1", ["M2"], due_at=START)
    async with web_server() as desk:
        await tell(engine, desk)
        yield desk


async def tell(
    engine: AsyncEngine, desk: Receiver, *, at: datetime = START, limit: int = 100, first: bool = True
) -> SendResult:
    hook = Hook(engine, EventHook(desk.url("/events"), SECRET))
    return await ActivityEnvironment().run(hook.tell_events, SendRequest(now=at, limit=limit, first=first))


def told(desk: Receiver) -> list[str]:
    return [request.headers["webhook-id"] for request in desk.posted]
