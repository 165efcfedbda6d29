"""What every route works with: the use cases, on one engine and one Temporal client of the process."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from fastapi import Request

from channels.hook_secrets import HookKey
from service.calendar_links import CalendarLinks
from service.cycles import CycleReads, Cycles
from service.giving import Goals
from service.goals import GoalReads
from service.hooks import Hooks
from service.inbox import Inbox
from service.instructions import InstructionReads, Instructions
from service.provisioning import Provisioning
from service.sign_in import SessionLimits, SignIn
from service.tokens import ApiTokens
from service.unsent import Unsent
from settings import Settings
from web.origins import Origin, origin_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine
    from temporalio.client import Client


class Temporal:
    """Connects when a command first needs it, so that reads are answered while Temporal is away, also from the start."""

    def __init__(self, connect: "Callable[[], Awaitable[Client]]") -> None:
        self._connect, self._lock = connect, asyncio.Lock()
        self._client: Client | None = None

    async def client(self) -> "Client":
        """The client, which connects again by itself from then on. Raises `Unreachable`."""
        async with self._lock:
            if self._client is None:
                self._client = await self._connect()
            return self._client


def _as_many_files() -> asyncio.Semaphore:
    """Reading a workbook is a process of its own, which may take much memory."""
    return asyncio.Semaphore(2)


@dataclass(frozen=True)
class Opened:
    """Reads need the database only. What changes something is asked for by a method that needs Temporal, and raises `Unreachable`."""

    settings: Settings
    engine: "AsyncEngine"
    temporal: Temporal
    is_embedded: bool = False  # beside servers of `meguri up`, which serve this machine alone
    stopping: asyncio.Event = field(default_factory=asyncio.Event)  # set at the stop signal: streams end
    reading: asyncio.Semaphore = field(default_factory=_as_many_files)  # held while files of workbooks are read

    @property
    def public(self) -> Origin | None:
        """The origin that people's browsers see, if the settings name it."""
        return origin_of(self.settings.public_url) if self.settings.public_url else None

    @property
    def goals(self) -> GoalReads:
        return GoalReads(self.engine)

    @property
    def inbox(self) -> Inbox:
        return Inbox(self.engine)

    @property
    def cycles(self) -> CycleReads:
        return CycleReads(self.engine)

    @property
    def instructions(self) -> InstructionReads:
        return InstructionReads(self.engine)

    @property
    def tokens(self) -> ApiTokens:
        return ApiTokens(self.engine, self.settings.web_rate)

    @property
    def provisioning(self) -> Provisioning:
        return Provisioning(self.engine)

    @property
    def calendar_links(self) -> CalendarLinks:
        base = self.settings.public_url or f"http://{self.settings.web_address}"
        return CalendarLinks(self.engine, base, self.settings.web_rate)

    @property
    def hook_key(self) -> HookKey | None:
        """Raises `WrongHookKey` for a setting that is none."""
        return HookKey(self.settings.hook_key) if self.settings.hook_key else None

    @property
    def hooks(self) -> Hooks:
        return Hooks(self.engine, self.hook_key, private_hosts=self.settings.hook_private_hosts)

    @property
    def session_limits(self) -> SessionLimits:
        idle, whole = (
            timedelta(minutes=self.settings.session_idle_minutes),
            timedelta(hours=self.settings.session_hours),
        )
        return SessionLimits(idle, whole)

    @property
    def unsent(self) -> Unsent:
        return Unsent(self.engine)

    @property
    def sign_in(self) -> SignIn:
        return SignIn(self.engine, self.session_limits, self.settings.web_rate)

    async def acting_on_goals(self) -> Goals:
        return Goals(self.engine, await self.temporal.client())

    async def acting_on_cycles(self) -> Cycles:
        return Cycles(self.engine, await self.temporal.client())

    async def acting_by_instructions(self) -> Instructions:
        return Instructions(self.engine, await self.temporal.client())


def opened_of(request: Request) -> Opened:
    opened: Opened = request.app.state.opened
    return opened
