"""Exit codes, errors when servers do not answer, and how fast `--help` is."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

import starter
from cli.cycle import cycle_waiting
from service.goals import GoalReads
from storage.database import open_database
from tests.cli.office import HR, MEGURI, MORI, PEOPLE, ROOT, Office, today
from tests.servers import Postgres

NOBODY = "127.0.0.1:1"  # a port on which usually no program listens
GOAL = f"q4/{MORI}/1"
READS = (
    ("goal", "list"),
    ("goal", "show", GOAL),
    ("inbox", MORI),
    ("audit", "show", GOAL),
    ("cycle", "status", "q4"),
)


@pytest.mark.parametrize("words", READS)
async def test_reads_are_answered_while_temporal_is_down(office: Office, words: tuple[str, ...]) -> None:
    await office.done(*words, TEMPORAL_ADDRESS=NOBODY)


async def test_a_command_says_which_server_is_not_reachable_and_where_it_looked(office: Office) -> None:
    command = ("goal", "comment", GOAL, "--as", MORI, "--text", "x")
    said = await office.refused(*command, code=3, TEMPORAL_ADDRESS=NOBODY)
    assert "Temporal cannot be reached" in said
    assert NOBODY in said
    said = await office.refused(*command, code=3, DATABASE_URL=f"postgresql://u:secret@{NOBODY}/d")
    assert "PostgreSQL cannot be reached" in said
    assert NOBODY in said
    assert "secret" not in said
    result = await office.type(*command, "--json", TEMPORAL_ADDRESS=NOBODY, MEGURI_LOCALE="ja")
    assert (result.exit_code, json.loads(result.stdout)["error"]["code"]) == (3, "unreachable")
    assert "Temporal に接続できません" in result.stderr


async def test_both_servers_that_are_not_reachable_are_named(office: Office) -> None:
    said = await office.refused(
        "goal", "recall", GOAL, "--as", MORI, code=3,
        TEMPORAL_ADDRESS=NOBODY, DATABASE_URL=f"postgresql://u:p@{NOBODY}/d",
    )  # fmt: skip
    assert {"PostgreSQL cannot be reached.", "Temporal cannot be reached."} <= set(said.splitlines())


@pytest.fixture
async def unattended(temporal: WorkflowEnvironment, database_url: str, tmp_path: Path) -> AsyncIterator[Office]:
    """Servers without a worker."""
    address = temporal.client.service_client.config.target_host
    env = {"DATABASE_URL": database_url, "TEMPORAL_ADDRESS": address, "MEGURI_LOCALE": "en"}
    office = Office(env, tmp_path)
    await office.done("people", "import", office.file("people.csv", PEOPLE))
    yield office
    with suppress(RPCError):  # a test before this one ended the cycle of the same id
        await temporal.client.get_workflow_handle("cycle/unattended").terminate()


async def test_a_launch_that_no_worker_takes_up_is_not_waited_for_for_ever(
    unattended: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = ("cycle", "start", unattended.cycle_file("unattended"), "--as", HR, "--starts", today().isoformat())
    monkeypatch.setattr(cycle_waiting, "_SILENT", 0.2)
    monkeypatch.setattr(cycle_waiting, "ANSWER_SECONDS", 1.0)
    said = (await unattended.refused(*start, code=3)).splitlines()
    assert said[0] == "cycle unattended is accepted; it waits for a worker"
    assert "no worker answered within 1 s" in said[-1]
    told = await unattended.told(*start, "--no-wait")
    assert (told["already_launched"], told["participants"]) == (True, {"waiting": 6})


async def test_a_launch_without_waiting_says_that_it_was_accepted_and_how_to_follow_it(unattended: Office) -> None:
    start = ("cycle", "start", unattended.cycle_file("unattended"), "--as", HR, "--starts", today().isoformat())
    told = await unattended.done(*start, "--no-wait")
    assert told == "accepted: `meguri cycle status unattended` shows how far it is\n"


async def test_an_instruction_that_no_worker_takes_up_says_at_once_what_it_waits_for(
    unattended: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = ("cycle", "start", unattended.cycle_file("unattended"), "--as", HR, "--starts", today().isoformat())
    await unattended.told(*start, "--no-wait")
    await unattended.alter("UPDATE cycle SET state = 'open'")
    monkeypatch.setattr(cycle_waiting, "_SILENT", 0.2)
    monkeypatch.setattr(cycle_waiting, "ANSWER_SECONDS", 1.0)
    pause = ("cycle", "pause", "unattended", "--as", HR, "--reason", "x", "--yes", "--id", "alone-1")
    result = await unattended.type(*pause)
    assert result.exit_code == 3
    assert result.stderr.splitlines() == [
        "instruction alone-1 is accepted; it waits for a worker",
        "instruction alone-1 is accepted, but no worker carries it out: start one (`meguri up`), and it goes on; `meguri instruction alone-1` shows how far it is",
    ]


async def test_a_database_of_another_schema_is_told_with_the_command_that_mends_it(
    empty_database_url: str, tmp_path: Path
) -> None:
    office = Office({"DATABASE_URL": empty_database_url, "MEGURI_LOCALE": "en"}, tmp_path)
    assert "run `meguri migrate`" in await office.refused("goal", "list")


async def test_a_statement_that_fails_on_our_own_schema_is_a_defect_and_told_in_full(
    database_url: str, tmp_path: Path
) -> None:
    engine = open_database(database_url)
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE goal RENAME COLUMN score TO points"))
    await engine.dispose()
    code, out, err = await Office({"DATABASE_URL": database_url}, tmp_path).shell("goal", "list")
    assert (code, out) == (70, "")
    assert "Traceback" in err


async def test_a_server_that_leaves_during_a_command_is_named(
    postgres: Postgres, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = GoalReads.list_goals

    async def after_the_connection_is_cut(self: GoalReads, *wanted: object) -> object:
        name = make_url(database_url).database
        await postgres.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        await postgres.execute(
            f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608 - the test's own
        )
        return await asked(self, *wanted)  # type: ignore[arg-type] # handed through as it came

    monkeypatch.setattr(GoalReads, "list_goals", after_the_connection_is_cut)
    office = Office({"DATABASE_URL": database_url, "MEGURI_LOCALE": "en"}, tmp_path)
    said = await office.refused("goal", "list", code=3)
    assert "PostgreSQL cannot be reached" in said


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("goal", "approve", GOAL), "--as"),
        (("goal", "list", "--state", "asleep"), "asleep"),
        (("goal", "list", "--limit", "0"), "--limit"),
        (("goal", "step", GOAL, "first", "--as", MORI), "'N'"),
        (("goal", "review", "decide", GOAL, "fine", "--as", MORI), "fine"),
        (("cycle", "check", "x.toml", "--starts", "soon"), "soon"),
        (("fly",), "fly"),
    ],
)
async def test_a_wrong_command_line_is_told_with_what_is_wrong(
    tmp_path: Path, words: tuple[str, ...], named: str
) -> None:
    assert named in await Office({}, tmp_path).refused(*words, code=2)


async def test_a_wrong_setting_is_named_and_its_value_is_not_shown(tmp_path: Path) -> None:
    code, out, err = await Office({}, tmp_path).shell("goal", "list", MEGURI_LOCALE="klingon")
    assert (code, out) == (2, "")
    assert err.startswith("MEGURI_LOCALE: ")
    assert "klingon" not in err


async def test_the_process_itself_ends_with_the_code_and_with_clean_output(office: Office) -> None:
    code, out, err = await office.shell("goal", "show", GOAL, "--json")
    assert (code, json.loads(out)["goal"], err) == (0, GOAL, "")
    code, out, err = await office.shell("goal", "show", "nothing")
    assert (code, out, err) == (1, "", "goal nothing was not found; see `meguri goal list`\n")
    code, out, err = await office.shell("migrate", DATABASE_URL=f"postgresql://u:p@{NOBODY}/d")
    assert (code, out) == (3, "")
    assert NOBODY in err


async def test_a_reader_that_leaves_early_is_no_defect(office: Office) -> None:
    command = f"{' '.join(MEGURI)} audit show {GOAL} --json | head -c 1; exit ${{PIPESTATUS[0]}}"
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", command, env={**os.environ, **office.env}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    _, err = await process.communicate()
    assert b"Traceback" not in err
    assert process.returncode in (0, 1)


async def test_a_terminal_that_cannot_show_a_name_ends_no_command(office: Office) -> None:
    code, out, _ = await office.shell("goal", "show", GOAL, PYTHONIOENCODING="ascii")
    assert code == 0
    assert "\\u68ee" in out  # 森
    code, out, _ = await office.shell("goal", "list", "--json", PYTHONIOENCODING="ascii")
    assert "森 香織" in [one["owner_name"] for one in json.loads(out)["goals"]]


def test_a_defect_of_ours_is_told_in_full_with_a_code_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(**_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(starter, "app", broken)
    assert starter._run() == 70
    assert "RuntimeError: a defect" in capsys.readouterr().err


def test_help_answers_at_once() -> None:
    def once() -> float:
        begun = time.perf_counter()
        subprocess.run([*MEGURI, "--help"], check=True, capture_output=True)
        return time.perf_counter() - begun

    assert min(once() for _ in range(3)) < 1.0  # 0.3 s is intended, but the machine may be busy


def test_help_imports_neither_servers_libraries_nor_settings() -> None:
    heavy = {"temporalio", "sqlalchemy", "pydantic", "rich", "alembic", "asyncpg", "holidays"}
    program = f"import sys, starter; print(*({heavy} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=ROOT)
    assert found.stdout.split() == []
