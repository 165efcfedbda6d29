"""Temporal's own command line: a client in another language (Go) that does not know our models and sends plain JSON."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any, NamedTuple

from domain.values import GoalId
from embedded.wheels import temporal_program
from tests.acceptance.scene import Company
from workflows.goal import goal_workflow_id


class Said(NamedTuple):
    code: int
    out: str
    err: str

    def answer(self) -> dict[str, Any]:
        """The update's result."""
        found: dict[str, Any] = json.loads(self.out)["result"]
        return found


@dataclass(frozen=True)
class CommandLine:
    company: Company

    async def _run(self, *words: str) -> Said:
        address = self.company.client.service_client.config.target_host
        process = await asyncio.create_subprocess_exec(
            str(temporal_program()), *words, "--address", address, "--output", "json",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await asyncio.wait_for(process.communicate(), timeout=60)
        return Said(process.returncode or 0, out.decode(), err.decode())

    async def update(self, goal: GoalId, name: str, text: str, update_id: str | None = None) -> Said:
        """Sends `text` unchanged, even if it is not valid JSON."""
        words = ["--workflow-id", goal_workflow_id(goal), "--name", name, "--input", text]
        return await self._run(
            "workflow", "update", "execute", *words, *(["--update-id", update_id] if update_id else [])
        )

    async def signal(self, goal: GoalId, name: str, text: str) -> Said:
        return await self._run(
            "workflow", "signal", "--workflow-id", goal_workflow_id(goal), "--name", name, "--input", text
        )
