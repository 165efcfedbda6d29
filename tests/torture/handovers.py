"""HR begins goals and hands them over meanwhile, through the use cases. Each command is repeated until it is answered."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError
from temporalio.service import RPCError

from domain.goal.commands import Comment
from domain.refusals import Refusal
from domain.values import CycleId, EmployeeId, GoalId
from service.answers import NoAnswer
from service.beginning import Beginnings, BeginningSource
from service.handing_over import HandingOver, HandoverRequest
from tests.acceptance.servers_of_test import HR, Site
from tests.callers import by

Answer = TypeVar("Answer")

_REST = 2.0  # seconds between two goals, and between two tries


class Handovers:
    """`made` holds the goals by the commands that made them, as HR was answered; None for those that were refused."""

    def __init__(self, site: Site, cycle: CycleId, owners: list[str], chance: random.Random) -> None:
        self._site, self._cycle, self._owners, self._chance = site, cycle, owners, chance
        self.made: dict[str, GoalId | None] = {}
        self.stopping = False

    async def run(self) -> None:
        number = 0
        while not self.stopping:
            number += 1
            owner, to = (EmployeeId(one) for one in self._chance.sample(self._owners, 2))
            with suppress(Refusal):  # goals of some are paused, and nobody has more than `max_goals`
                await self._begin_and_hand_over(f"begin-{number}", owner, f"hand-{number}", to)
            await asyncio.sleep(_REST)

    async def _begin_and_hand_over(self, begin: str, owner: EmployeeId, hand: str, to: EmployeeId) -> None:
        beginnings = Beginnings(self._site.engine, self._site.client)
        handing_over = HandingOver(self._site.engine, self._site.client)
        source, request = BeginningSource(), HandoverRequest(to, "産休")
        self.made[begin] = None
        begun = await _answered(lambda: beginnings.begin(by(HR), self._cycle, source, owner=owner, command_id=begin))
        self.made |= {begin: begun.goal, hand: None}
        handed = await _answered(lambda: handing_over.hand_over(by(HR), begun.goal, request, hand))
        self.made[hand] = handed.goal
        await _answered(lambda: self._site.goals.give(handed.goal, Comment(actor=HR, text="続き"), f"{hand}-told"))


async def _answered(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    while True:
        try:
            return await ask()
        except (NoAnswer, RPCError, SQLAlchemyError, OSError):
            await asyncio.sleep(_REST)
