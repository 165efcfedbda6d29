"""Asserts that a refusal changes nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import select

from domain.refusals import Code, Refusal
from domain.values import GoalId, Locale
from storage.tables import CycleRow, EmployeeRow, GoalRow
from tests.acceptance.scene import Company
from texts.refusals import refusal_text


async def _snapshot(company: Company, goal: GoalId | None, *, in_history: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"rows": await company.count_rows()}
    async with company.engine.connect() as connection:
        for table in (EmployeeRow, CycleRow):
            rows = await connection.execute(select(table.__table__).order_by(table.id))
            found[table.__tablename__] = [tuple(row) for row in rows]
        if goal:
            found["goal"] = (await connection.execute(select(GoalRow.__table__).where(GoalRow.id == goal))).one()
    if goal:
        found["head"] = (await company.goals.prove(goal)).head
    if goal and in_history:
        found["events"] = len((await company.workflow(goal).fetch_history()).events)
    return found


@asynccontextmanager
async def unchanged(company: Company, goal: GoalId | None = None, *, in_history: bool = True) -> AsyncIterator[None]:
    """Asserts that the block changes neither ledger, projection, outbox, directory nor cycles, nor the length of the goal's history.

    `in_history=False`: the history may grow, since only the update's handler can give this refusal. The goal's workflow must
    be awake: even a refused command wakes a workflow that waits for its start delay.
    """
    before = await _snapshot(company, goal, in_history=in_history)
    yield
    after = await _snapshot(company, goal, in_history=in_history)
    assert after == before


def says(refusal: Refusal, code: Code, english: str, japanese: str) -> None:
    """Asserts that the refusal has this code, and a message in both languages."""
    assert refusal.code is code
    assert english in refusal_text(refusal, Locale.EN)
    assert japanese in refusal_text(refusal, Locale.JA)
