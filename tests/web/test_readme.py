"""The program of the README works as it stands there: `python web.py`, real curl, an approval, a stale one, a launch that is followed."""

import asyncio
import re
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from tests.acceptance.test_first_goal import commands_of, is_same_output
from tests.as_of.shift import shifted_as_here
from tests.cli.conftest import bare_office
from tests.cli.office import ROOT, Office, today
from tests.cycle_dates import moved_to

__all__ = ["bare_office"]  # the fixture: servers and a worker, nobody employed yet
pytestmark = pytest.mark.slow
_NEXT = "@@@ next"


def commands() -> list[tuple[str, list[str]]]:
    document = (ROOT / "README.md").read_text("utf-8")
    section = document.partition("### A program: the API")[2].partition("\n### ")[0]
    return commands_of(section)


@asynccontextmanager
async def web_program(office: Office) -> AsyncIterator[str]:
    """`python web.py`, until SIGTERM; it must end by itself with 0. Gives the URL of the API."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        ROOT / "web.py",
        env={**shifted_as_here(), **office.env, "MEGURI_WEB_ADDRESS": "127.0.0.1:0"},
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr
    log = b""
    async with asyncio.timeout(30):
        while b"web_started" not in log:
            line = await process.stderr.readline()
            assert line, log.decode()
            log += line
    try:
        found = re.search(rb"http://127.0.0.1:\d+", log)
        assert found, log.decode()
        yield f"{found[0].decode()}/api/v1"
    finally:
        process.send_signal(signal.SIGTERM)
        rest = await process.stderr.read()
        assert await process.wait() == 0, (log + rest).decode()


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl, which the README's reader has")
async def test_the_commands_of_the_readme_do_what_it_says(bare_office: Office, tmp_path: Path) -> None:
    office = bare_office
    await office.done("people", "import", ROOT / "samples" / "company.csv")
    sample = (ROOT / "samples" / "cycle.toml").read_text("utf-8")
    await office.done(
        "cycle", "start", ROOT / "samples" / "cycle.toml", "--as", "M0006", "--starts", today().isoformat()
    )
    later = moved_to(today() + timedelta(days=370), sample).replace('id = "2026-q4"', 'id = "next"')
    (tmp_path / "next.toml").write_text(later, "utf-8")
    told = commands()
    assert len(told) > 8
    async with web_program(office) as api:
        lines = [f'meguri() {{ "{sys.executable}" "{ROOT / "starter.py"}" "$@"; }}']
        for command, _ in told:
            lines += [f"echo; echo '{_NEXT}'", command if not command.startswith("API=") else f"API={api}"]
        process = await asyncio.create_subprocess_shell(
            "\n".join(lines),
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin", **shifted_as_here(), **office.env, "MEGURI_LOCALE": "ja"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await process.communicate()
    outputs = [one.strip("\n").splitlines() for one in out.decode().split(_NEXT)[1:]]
    for (command, said), printed in zip(told, outputs, strict=True):
        assert is_same_output([one for one in said if one], printed), f"{command}\n{printed}"
    assert (await office.told("goal", "show", "2026-q4/M0031/1"))["state"] == "pending_approval"
