"""Use case: many commands to goals in one request. Each is carried out by itself, and has a result of its own."""

import asyncio
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from domain.access import Caller
from domain.goal.commands import Submit
from domain.refusals import Refusal
from domain.values import GoalId
from service.answers import ANSWER_SECONDS, NoAnswer
from service.giving import MAX_IN_FLIGHT, Given, Goals, Request
from storage.database import read_transaction
from storage.goals import read_entries_of_command

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine
    from temporalio.client import Client


class RowOutcome(StrEnum):
    """What became of one command."""

    SUCCEEDED = "succeeded"
    UNCHANGED = "unchanged"  # it was carried out before, or the goal was like that already
    REFUSED = "refused"
    NO_ANSWER = "no_answer"  # to be sent again with the same id


class RowResult(NamedTuple):
    """One command's outcome, with the goal after it or the reason why it was not carried out."""

    outcome: RowOutcome
    given: Given | None = None
    reason: Refusal | NoAnswer | None = None


class BulkCommands:
    """Commands to goals, each with the permissions and checks that it has when it comes alone."""

    def __init__(self, engine: "AsyncEngine", temporal: "Client") -> None:
        self._engine = engine
        self._goals = Goals(engine, temporal)

    async def give_each(self, caller: Caller, rows: Sequence[tuple[GoalId, Request]]) -> list[RowResult]:
        """Carries out the commands, those to one goal in their order, and returns their results in the order of the rows.

        Each is one transaction. Keyed by the commands' ids: a repeat of the whole changes nothing. After one that nobody answers, the
        rest is not sent: each would wait as long.
        """
        by_goal: dict[GoalId, list[int]] = {}
        for number, (goal, _) in enumerate(rows):
            by_goal.setdefault(goal, []).append(number)
        limit, results = asyncio.Semaphore(MAX_IN_FLIGHT), dict[int, RowResult]()

        async def give_in_order(numbers: list[int]) -> None:
            async with limit:
                for number in numbers:
                    if any(one.outcome is RowOutcome.NO_ANSWER for one in results.values()):
                        results[number] = _not_sent(rows[number][1])
                    else:
                        results[number] = await self._give(caller, *rows[number])

        await asyncio.gather(*(give_in_order(numbers) for numbers in by_goal.values()))
        return [results[number] for number in range(len(rows))]

    async def _give(self, caller: Caller, goal: GoalId, request: Request) -> RowResult:
        is_repeated = await self._is_recorded(goal, request.command_id)
        give = self._goals.submit if request.name == Submit.name else self._goals.give
        try:
            given = await give(caller, goal, request)
        except Refusal as refusal:
            return RowResult(RowOutcome.REFUSED, reason=refusal)
        except NoAnswer as reason:
            return RowResult(RowOutcome.NO_ANSWER, reason=reason)
        is_new = not is_repeated and await self._is_recorded(goal, given.command_id)
        return RowResult(RowOutcome.SUCCEEDED if is_new else RowOutcome.UNCHANGED, given=given)

    async def _is_recorded(self, goal: GoalId, command_id: str | None) -> bool:
        """Whether the goal's ledger has an entry of this command."""
        if command_id is None:
            return False
        async with read_transaction(self._engine) as connection:
            return bool(await read_entries_of_command(connection, goal, command_id))


def _not_sent(request: Request) -> RowResult:
    return RowResult(RowOutcome.NO_ANSWER, reason=NoAnswer(request.command_id, ANSWER_SECONDS))
