"""How people hear of things, and what did not get through."""

from typing import TYPE_CHECKING, Any

from domain.policy import Policy
from domain.refusals import Code, Refusal
from domain.values import EmployeeId
from storage import cycles, outbox, preferences
from storage.outbox import Failed, Summary
from storage.people import find_employee
from storage.preferences import Preference

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine


class Notices:
    def __init__(self, engine: "AsyncEngine") -> None:
        self._engine = engine

    async def preference(self, employee: EmployeeId) -> Preference:
        return await preferences.find(self._engine, employee)

    async def prefer(
        self, employee: EmployeeId, actor: EmployeeId, chosen: dict[str, Any], *, reset: bool
    ) -> Preference:
        """Keeps what is chosen; with `reset`, forgets it all first. By the person, or HR of an open cycle."""
        if await find_employee(self._engine, employee) is None:
            raise Refusal(Code.NOT_IN_CYCLE, kind="person", named=employee[:80], near="-")
        if actor != employee:
            await self._require_hr(actor)
        if reset:
            await preferences.forget(self._engine, employee)
        if chosen:
            await preferences.change(self._engine, employee, **chosen)
        return await preferences.find(self._engine, employee)

    async def summary(self, cycle: str | None) -> Summary:
        return await outbox.summary(self._engine, cycle)

    async def failed(self, cycle: str | None, limit: int) -> list[Failed]:
        """What was given up, and what went another way, the newest first."""
        return await outbox.failed(self._engine, cycle, limit)

    async def retry(self, cycle: str | None, actor: EmployeeId) -> int:
        """Puts what was given up back in line; how many notices."""
        await self._require_hr(actor)
        return await outbox.retry(self._engine, cycle)

    async def _require_hr(self, actor: EmployeeId) -> None:
        hr: set[EmployeeId] = set()
        for form in (await cycles.policies(self._engine)).values():
            hr |= set(Policy.model_validate(form).hr)
        if actor not in hr:
            raise Refusal(Code.NOT_ALLOWED, actor=actor, allowed=", ".join(sorted(hr)) or "-")
