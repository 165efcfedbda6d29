"""docs/first_goal.md is correct: its commands, run in their order, print the output that the document shows."""

import asyncio
import re
import sys
from itertools import zip_longest
from pathlib import Path

from tests.as_of.shift import shifted_as_here
from tests.cli.conftest import bare_office
from tests.cli.office import ROOT, Office, today

__all__ = ["bare_office"]  # the fixture: servers and a worker, nobody employed yet
_BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?: \d{2}:\d{2} JST)?")
_SKIPPED = "…"  # lines that the document leaves out


def commands_of(document: str) -> list[tuple[str, list[str]]]:
    """The commands in its console blocks, each with its expected output."""
    found: list[tuple[str, list[str]]] = []
    for block in _BLOCK.findall(document):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line.removeprefix("$ "), []))
            else:
                found[-1][1].append(line)
    return found


def is_same_output(said: list[str], printed: list[str]) -> bool:
    """Whether the outputs are equal, apart from dates and from spaces at the ends of lines."""
    left, right = ([_DATE.sub("DATE", line).rstrip() for line in lines] for lines in (said, printed))
    if _SKIPPED not in left:
        return left == right
    at = left.index(_SKIPPED)
    return left[:at] == right[:at] and (at + 1 == len(left) or left[at + 1 :] == right[-(len(left) - at - 1) :])


async def shell(command: str, office: Office, folder: Path) -> list[str]:
    """The output of the command, in a shell that finds the program `meguri`."""
    process = await asyncio.create_subprocess_shell(
        f'meguri() {{ "{sys.executable}" "{ROOT / "starter.py"}" "$@"; }}\n{command}',
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", **shifted_as_here(), **office.env, "MEGURI_LOCALE": "ja"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    return out.decode().splitlines()


async def test_the_way_from_the_catalogue_to_an_approved_goal_is_as_the_document_says(
    bare_office: Office, tmp_path: Path
) -> None:
    office = bare_office
    await office.done("people", "import", ROOT / "samples" / "company.csv")
    await office.done(
        "cycle", "start", ROOT / "samples" / "cycle.toml", "--as", "M0006", "--starts", today().isoformat()
    )
    commands = commands_of((ROOT / "docs" / "first_goal.md").read_text("utf-8"))
    assert len(commands) > 15
    for command, said in commands:
        printed = await shell(command, office, tmp_path)
        lines = "\n".join(f"{a!r:60} {b!r}" for a, b in zip_longest(said, printed) if a != b)
        assert is_same_output(said, printed), f"{command}\n{lines}"
    assert (await office.told("goal", "show", "2026-q4/M0032/1"))["state"] == "active"


def test_a_line_that_differs_would_be_noticed() -> None:
    assert is_same_output(["a 2026-01-01", "b"], ["a 2027-12-31  ", "b"])
    assert not is_same_output(["a"], ["b"])
    assert not is_same_output(["a"], ["a", "b"])
    assert is_same_output(["a", "…", "c"], ["a", "b", "b", "c"])
    assert is_same_output(["a", "…"], ["a", "b"])
    assert not is_same_output(["a", "…", "c"], ["a", "b", "d"])
