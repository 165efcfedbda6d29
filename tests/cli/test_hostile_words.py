"""Every argument and option of every command with hostile values: an answer in words, never a crash, and nothing half done."""

import zlib
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import func, select, union_all
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.main import get_command

from starter import app
from storage.database import open_database
from storage.tables import GoalRow, Table
from tests.cli.office import HARA, HR, MANAGER, MORI, Office, goal_file, today
from tests.hostile import EVERYTHING, dealt

pytestmark = pytest.mark.slow

_SERVERS = {"up", "demo", "worker", "migrate"}  # these take no value of a person
_ENDS_THE_CYCLE = ("cycle cancel", "cycle close", "cycle remove", "cycle reopen")  # last, so that the others find goals
_VALUES = 3  # of each parameter; over all parameters, every value is used many times


@pytest_asyncio.fixture
async def database(office: Office) -> AsyncIterator[AsyncEngine]:
    engine = open_database(office.env["DATABASE_URL"])
    yield engine
    await engine.dispose()


def _commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, (*path, name))
        elif name not in _SERVERS:
            yield " ".join((*path, name)), command


COMMANDS = dict(sorted(_commands(get_command(app)), key=lambda one: (one[0] in _ENDS_THE_CYCLE, one[0])))


def _takes_value(parameter: Any) -> bool:
    return parameter.name != "help" and not getattr(parameter, "is_flag", False)


def _usual(parameter: Any, folder: Path) -> str | None:
    """A value that is right for the parameter; None for an optional one that may stay away."""
    if not parameter.required:
        return None
    by_name = {
        "--as": HR,
        "--from": today().isoformat(),
        "--until": (today() + timedelta(days=9)).isoformat(),
        "--points": "5",
        "--cycle": "q4",
        "cycle_id": "q4",
        "goal_id": f"q4/{MORI}/1",
        "goals": f"q4/{MORI}/1",
        "person": MANAGER,
        "to": HARA,
        "employee": MORI,
        "number": "1",
        "verdict": "continue",
        "file": str(folder / "goal.toml"),
        "files": str(folder / "goal.toml"),
        "folder": str(folder / "sheets"),
    }
    return by_name.get(parameter.opts[0], "理由")


def _line(command: Any, path: str, hostile: Any, value: str, folder: Path) -> list[str]:
    """The words of the command with one hostile value; the values that options take are joined, so that none is an option."""
    words = path.split()
    for one in command.params:
        given = value if one is hostile else _usual(one, folder) if _takes_value(one) else None
        if given is None:
            continue
        words.append(given if one.param_type_name == "argument" else f"{one.opts[0]}={given}")
    return words


@pytest.mark.parametrize("path", COMMANDS)
async def test_a_command_with_a_hostile_value_is_carried_out_or_refused_with_a_reason_and_without_effect(
    office: Office, database: AsyncEngine, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(office.folder)  # a hostile name of a file is a name of a file
    command, wrong = COMMANDS[path], []
    (office.folder / "goal.toml").write_text(goal_file(), encoding="utf-8")
    for parameter in filter(_takes_value, command.params):
        start = zlib.crc32(f"{path} {parameter.name}".encode())
        for value in dealt(EVERYTHING, _VALUES, start):
            words = _line(command, path, parameter, value, office.folder)
            before = await _rows(database)
            result = await office.type(*words)
            if not isinstance(result.exception, SystemExit | None):
                wrong.append((words, repr(result.exception)))
            elif result.exit_code and not result.stderr.strip():
                wrong.append((words, f"exit code {result.exit_code} without a word"))
            elif result.exit_code and await _rows(database) != before:
                wrong.append((words, f"refused, and yet something changed: {result.stderr}"))
    assert not wrong


async def _rows(database: AsyncEngine) -> list[int]:
    """The number of rows of every table, and the sum of the goals' last entries."""
    counts = [select(func.count()).select_from(table) for table in Table.metadata.sorted_tables]
    async with database.connect() as connection:
        rows = await connection.execute(union_all(*counts, select(func.sum(GoalRow.seq))))
        return [int(row[0] or 0) for row in rows]
