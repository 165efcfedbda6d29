"""What every route works with: the use cases, on one engine and one Temporal client of the process."""

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fastapi import Request

from service.cycles import Cycles
from service.giving import Goals
from service.inbox import Inbox
from service.instructions import Instructions
from service.tokens import ApiTokens
from settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine
    from temporalio.client import Client


@dataclass(frozen=True)
class Opened:
    """Reads need the database only, so they are answered while Temporal is down."""

    settings: Settings
    engine: "AsyncEngine"
    temporal: "Client"
    stopping: asyncio.Event = field(default_factory=asyncio.Event)  # set at the stop signal: streams end

    @property
    def goals(self) -> Goals:
        return Goals(self.engine, self.temporal)

    @property
    def inbox(self) -> Inbox:
        return Inbox(self.engine)

    @property
    def cycles(self) -> Cycles:
        return Cycles(self.engine, self.temporal)

    @property
    def instructions(self) -> Instructions:
        return Instructions(self.engine, self.temporal)

    @property
    def tokens(self) -> ApiTokens:
        return ApiTokens(self.engine, self.settings.web_rate)


def opened_of(request: Request) -> Opened:
    opened: Opened = request.app.state.opened
    return opened
