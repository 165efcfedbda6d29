"""`schemathesis` tries every operation of the OpenAPI document as several roles: what it sends, and in which order, nobody thought of.

By hand, for longer and at random: `MEGURI_FUZZ_EXAMPLES=200 pytest tests/web/test_schemathesis.py`.
"""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
import pytest_asyncio

from domain.roles import CompanyRole
from service.roles import Roles
from settings import Settings
from tests.callers import OPERATOR, by
from tests.service.steered import HARA, HR, MANAGER, MORI, ONO, SALES, Steered
from tests.web.people import temporal_of, token_of
from web.serving import listen, serving

pytestmark = pytest.mark.slow
CYCLE = "fuzz"
ROOT = Path(__file__).parents[2]
EXAMPLES = os.environ.get("MEGURI_FUZZ_EXAMPLES")  # for each operation; set: at random

_ALL_PHASES = "examples,coverage,fuzzing,stateful"
_SOME_PHASES = "examples,fuzzing,stateful"
# Who asks, by which scopes (none: all of a person), and in which phases: coverage sends ten thousand requests, so one role is enough.
ROLES: Mapping[str, tuple[str, tuple[str, ...], str]] = {
    "owner": (MORI, (), _SOME_PHASES),
    "manager": (MANAGER, (), _SOME_PHASES),
    "directory": (ONO, (), _SOME_PHASES),
    "system": (SALES, (), _SOME_PHASES),
    "auditor": (HARA, ("audit",), _SOME_PHASES),
    "hr": (HR, (), _ALL_PHASES),  # the last one: it closes the cycle
}
# Streams end after ten minutes, or when a launch is done; tests/web/test_events.py reads them.
_LEFT_OUT = "/events$"

_CONFIG = f"""
hooks = "tests.web.schemathesis_hooks"
continue-on-failure = true
request-timeout = 40
warnings = false

# Most requests are about things that exist.
[dictionaries]
cycles = {{ values = ["{CYCLE}"] }}
owners = {{ values = ["{MORI}", "{MANAGER}", "{SALES}"] }}
numbers = {{ values = ["1"] }}

[parameters]
"path.cycle" = {{ dictionary = "cycles", probability = 0.95 }}
"query.cycle" = {{ dictionary = "cycles", probability = 0.95 }}
"query.owner" = {{ dictionary = "owners", probability = 0.95 }}
"path.owner" = {{ dictionary = "owners", probability = 0.95 }}
"path.employee" = {{ dictionary = "owners", probability = 0.95 }}
"path.number" = {{ dictionary = "numbers", probability = 0.95 }}

[phases.fuzzing.generation]
max-examples = {EXAMPLES or 3}

[phases.stateful]
max-steps = 8

[phases.stateful.generation]
max-examples = {EXAMPLES or 20}

[checks.positive_data_acceptance]
# And: 412 of a version that is not the last, 422 of what the rules refuse; the check in the hooks looks at 422.
expected-statuses = ["2xx", "401", "403", "404", "409", "412", "422"]

[checks.missing_required_header]
expected-statuses = ["401", "403", "415", "422", "428"]

[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "409", "412", "413", "415", "422", "428"]
"""


@pytest_asyncio.fixture(scope="module")
async def url(company: Steered) -> AsyncIterator[str]:
    """The address of the served API, without a limit of rate."""
    roles = Roles(company.engine)
    await roles.give(OPERATOR, SALES, CompanyRole.SYSTEM)
    await roles.give(by(SALES), ONO, CompanyRole.DIRECTORY)
    await roles.give(by(SALES), HARA, CompanyRole.AUDITOR)
    await company.launch(CYCLE)
    async with serving(Settings(web_rate=0), company.engine, temporal_of(company), listen("127.0.0.1:0")) as url:
        yield url


@pytest.mark.parametrize("role", ROLES)
async def test_the_api_does_what_its_document_says(company: Steered, url: str, tmp_path: Path, role: str) -> None:
    person, scopes, phases = ROLES[role]
    token = (await token_of(company, person, *scopes))["Authorization"]
    (tmp_path / "schemathesis.toml").write_text(_CONFIG, encoding="utf-8")
    print(f"left out: paths that match {_LEFT_OUT}, which are streams")
    run = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(tmp_path / "schemathesis.toml")),
        *("run", f"{url}/api/v1/openapi.json", "--header", f"Authorization: {token}", "--no-color"),
        *("--checks", "all", "--phases", phases, "--exclude-path-regex", _LEFT_OUT),
        *(("--generation-database", "none") if EXAMPLES else ("--generation-deterministic",)),
        cwd=tmp_path,  # it keeps a cache where it runs
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await run.communicate()
    print(output.decode(errors="replace"))
    assert run.returncode == 0
    assert re.search(rb"API Links: +[1-9]", output), "no link was followed"
