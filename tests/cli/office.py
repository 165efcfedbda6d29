"""A small company for tests of the command line: commands run as people run them, on real servers with a worker."""

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text
from typer.testing import CliRunner, Result

from starter import app
from storage.database import open_database
from tests.cli.json_vocabulary import differences
from tests.cycle_dates import moved_to

ROOT = Path(__file__).parents[2]
MEGURI = (sys.executable, str(ROOT / "starter.py"))

# The top, HR, a manager; then three who report to the manager.
TOP, HR, MANAGER, MORI, HARA, ONO = "E1", "E2", "E3", "E10", "E11", "E12"
PEOPLE = f"""社員番号,氏名,部署,上長
{TOP},社長 一,経営,
{HR},西村 直美,人事部,{TOP}
{MANAGER},清水 幸恵,経理部,{TOP}
{MORI},森 香織,経理部,{MANAGER}
{HARA},原田 修,経理部,{MANAGER}
{ONO},大野 あかり,経理部,{MANAGER}
"""
CYCLE = """
[cycle]
id = "{id}"
name = "2026年度 第4四半期"
starts = 2026-11-24
ends = 2027-03-12
closes = 2027-03-26
reviews = [2027-01-15]
hr = ["E2"]
"""
PEOPLE_IN_CYCLE = 6


def today() -> date:
    return datetime.now(ZoneInfo("Asia/Tokyo")).date()


def goal_file(*, target: str = "6", more: str = "") -> str:
    """The file of a goal that can be submitted."""
    first, second = today() + timedelta(days=20), today() + timedelta(days=60)
    return f"""
theme = "月次決算の早期化"
challenge = "締め処理が属人化している"
heard = ["経理部"]
{more}

[measure]
kind = "numeric"
name = "月次決算の所要日数"
unit = "日"
direction = "down"
baseline = 10
target = {target}

[[steps]]
title = "手順を洗い出す"
due = {first}

[[steps]]
title = "手順書で 1 回締める"
due = {second}
"""


@dataclass(frozen=True)
class Office:
    """Runs commands. `env` are their environment variables."""

    env: dict[str, str]
    folder: Path

    async def type(self, *words: str | Path, **env: str) -> Result:
        """Runs a command in this process; in a thread, since it has its own event loop."""
        arguments = [str(word) for word in words]
        return await asyncio.to_thread(CliRunner(env={**self.env, **env}).invoke, app, arguments)

    async def answered(self, answer: str, *words: str | Path, **env: str) -> Result:
        """Runs a command that asks a question, and answers it."""
        arguments = [str(word) for word in words]
        return await asyncio.to_thread(CliRunner(env={**self.env, **env}).invoke, app, arguments, input=answer + "\n")

    async def done(self, *words: str | Path, **env: str) -> str:
        """Runs a command that must succeed; returns its output."""
        result = await self.type(*words, **env)
        assert result.exit_code == 0, f"{words}: {result.stderr}{result.exception!r}"
        return str(result.stdout)

    async def told(self, *words: str | Path) -> Any:
        """Runs a command that must succeed; returns the JSON document that it prints."""
        document = json.loads(await self.done(*words, "--json"))
        unlike = list(differences(document))
        assert not unlike, f"{words}: see docs/json.md; {unlike}"
        return document

    async def refused(self, *words: str | Path, code: int = 1, **env: str) -> str:
        """Runs a command that must be refused; returns the reason. Asserts that stdout is empty, and that it was not a crash."""
        result = await self.type(*words, **env)
        assert result.exit_code == code, f"{words}: {result.stdout}{result.stderr}{result.exception!r}"
        assert isinstance(result.exception, SystemExit)
        assert not result.stdout
        return str(result.stderr)

    async def shell(self, *words: str | Path, **env: str) -> tuple[int, str, str]:
        """Runs a command in a separate process; returns exit code, stdout and stderr."""
        process = await asyncio.create_subprocess_exec(
            *MEGURI,
            *(str(word) for word in words),
            env={**os.environ, **self.env, **env},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return process.returncode or 0, out.decode(), err.decode()

    def file(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def cycle_file(self, cycle: str, text: str = CYCLE) -> Path:
        """The cycle file, moved to start today."""
        return self.file(f"{cycle}.toml", moved_to(today(), text.format(id=cycle)))

    async def launch(self, cycle: str) -> None:
        start = ("cycle", "start", self.cycle_file(cycle), "--as", HR, "--starts", today().isoformat())
        await self.done(*start, "--overlapping")

    async def alter(self, *statements: str) -> None:
        """Changes the database directly, as somebody with the password could; even the ledger."""
        engine = open_database(self.env["DATABASE_URL"])
        async with engine.begin() as connection:
            for statement in statements:
                without_triggers = (
                    "replica" if "goal_event" in statement else "origin"
                )  # the ledger's trigger refuses changes
                await connection.execute(text(f"SET session_replication_role = {without_triggers}"))
                await connection.execute(text(statement))
        await engine.dispose()

    async def approve(self, goal: str, approver: str) -> Any:
        """Approves the goal as it is now; returns what the command printed about it."""
        seen = (await self.told("goal", "show", goal))["seq"]
        (result,) = (await self.told("goal", "approve", goal, "--as", approver, "--seen", str(seen)))["results"]
        return result

    async def decide(self, goal: str, verdict: str, *more: str) -> Any:
        """Gives the verdict on the goal as it is now."""
        seen = (await self.told("goal", "show", goal))["seq"]
        return await self.told("goal", "review", "decide", goal, verdict, "--seen", str(seen), *more)

    async def at_work(self, goal: str, owner: str) -> None:
        """Submits and approves a draft, so that it is active."""
        await self.done("goal", "submit", goal, self.file("goal.toml", goal_file()), "--as", owner)
        await self.approve(goal, MANAGER)
