"""What must not leave its place: secrets, names and mail addresses are in no log line, no problem and no history of Temporal."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.values import CycleId, EmployeeId
from service.tokens import ApiTokens
from storage.database import read_transaction
from storage.tables import EmployeeRow
from tests.as_of.shift import shifted_as_here
from tests.callers import by
from tests.service.steered import HR, MANAGER, MORI, ONO, Steered
from tests.web.people import session_of, token_of
from web.serving import listen

pytestmark = pytest.mark.slow
CYCLE = CycleId("secrets")
MAIL = "kaori.mori@secret-place.example"
WRITTEN = "家庭の事情を伺いました"  # what people write travels in histories (decision 29), and is in no log
WRONG = "meguri_" + "ab" * 6 + "_" + "cd" * 32  # of the form of a token


@asynccontextmanager
async def web_process(company: Steered, log: list[bytes], **more: str) -> AsyncIterator[httpx.AsyncClient]:
    """`python web.py`, which logs everything it can; at its end its log is in `log`. `more`: variables of its environment."""
    with listen("127.0.0.1:0") as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    environment = {
        "DATABASE_URL": company.engine.url.set(drivername="postgresql").render_as_string(hide_password=False),
        "TEMPORAL_ADDRESS": company.client.service_client.config.target_host, "MEGURI_WEB_ADDRESS": address,
        "MEGURI_LOG_LEVEL": "debug",
    }  # fmt: skip
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "web.py",
        env={**os.environ, **shifted_as_here(), **environment, **more},
        stderr=pipe,
        stdout=pipe,
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://{address}", timeout=40) as client, asyncio.timeout(60):
            while True:
                try:
                    await client.get("/healthz")
                    break
                except httpx.TransportError:
                    await asyncio.sleep(0.1)
            yield client
    finally:
        process.terminate()
        log.extend(await process.communicate())


async def test_no_secret_no_name_and_no_mail_is_in_a_log_a_problem_or_a_history(company: Steered) -> None:
    async with company.engine.begin() as connection:
        await connection.execute(update(EmployeeRow).where(EmployeeRow.id == MORI).values(mail=MAIL))
    await company.launch(CYCLE)
    names = await _names(company.engine)
    tokens = ApiTokens(company.engine)
    wish = {"label": "秘密の名札", "scopes": ("read", "goals", "cycles", "people")}
    secrets = {one: (await tokens.make(by(one), wish, datetime.now(UTC))).secret for one in (MORI, MANAGER, HR)}
    log: list[bytes] = []
    async with web_process(company, log) as web:

        def headers(person: EmployeeId) -> dict[str, str]:
            return {"Authorization": f"Bearer {secrets[person]}"}

        goal = f"/api/v1/goals/{CYCLE}/{MORI}/1"
        seq = (await company.goal(CYCLE, MORI)).seq
        done = [
            await web.post(f"{goal}/submit", headers=headers(MORI) | {"If-Match": f'"{seq}"'}, json={}),
            await web.post(f"{goal}/comment", headers=headers(MANAGER), json={"text": WRITTEN}),
            await web.get("/api/v1/inbox", headers=headers(MANAGER)),
            await web.get("/api/v1/tokens", headers=headers(MORI)),
            await web.post(
                f"/api/v1/cycles/{CYCLE}/instructions", headers=headers(HR) | {"Idempotency-Key": "secrets-1"},
                json={"kind": "pause", "reason": WRITTEN, "selection": {"people": [ONO]}},
            ),
        ]  # fmt: skip
        assert [one.status_code for one in done] == [200, 200, 200, 200, 202], [one.text for one in done]
        secret = secrets[MORI]
        problems = [
            await web.get("/api/v1/inbox", headers={"Authorization": f"Bearer {WRONG}"}),
            await web.get("/api/v1/inbox", headers={"Authorization": f"Basic {WRONG}"}),
            await web.get("/api/v1/inbox", headers={"Cookie": f"meguri-session={WRONG}"}),
            await web.get(f"/api/v1/people/{MAIL}", headers=headers(MORI)),
            await web.get(f"/api/v1/goals/{CYCLE}/{secret}/1", headers=headers(MORI)),
            await web.get("/api/v1/goals", params={"cursor": secret, "limit": MAIL}, headers=headers(MORI)),
            await web.post(f"{goal}/approve", headers=headers(MORI) | {"If-Match": f'"{secret}"'}, json={}),
            await web.post(f"{goal}/comment", headers=headers(MANAGER), json={"text": 7, "secret": secret, MAIL: 1}),
            await web.post(f"{goal}/comment", headers=headers(MANAGER), content=f'{{"text": "{secret}'.encode()),
            await web.post("/api/v1/directory/comparisons", headers=headers(HR), content=f"{MAIL}\n{secret}".encode()),
            await web.delete(f"/{secret}"),
            await web.get("/scim/v2/Users", headers=headers(MORI)),
            await web.get("/scim/v2/Users", headers={"Authorization": f"Bearer {WRONG}"}),
            await web.post("/scim/v2/Users", headers=headers(MORI), json={"userName": secret, "emails": MAIL}),
            await web.get(f"/calendar/{secret}.ics"),
            await web.get("/api/v1/journal", params={"log": "roles"}, headers=headers(MORI)),
        ]
        assert [one.status_code for one in problems if not 400 <= one.status_code < 500] == []
    hidden = {*names, MAIL, WRONG, WRONG[-64:], *secrets.values(), *(one[-64:] for one in secrets.values())}

    # A problem may say who may do it, by name. It may repeat an id that was asked for; no other secret that was sent.
    told = {*secrets.values(), *(one[-64:] for one in secrets.values()), WRONG, WRONG[-64:]}
    repeating = {str(one.url.path) for one in problems for part in told if part in one.text}
    assert repeating <= {f"/api/v1/goals/{CYCLE}/{secret}/1"}
    text = b"".join(log).decode()
    assert '"event": "stranger_refused"' in text
    assert '"event": "refused"' in text
    assert '"route": "/Users"' in text  # of SCIM, which has errors of its own form
    assert [one for one in {*hidden, WRITTEN} if one in text] == []
    histories = await _histories(company)
    assert len(histories) > 4
    assert [one for one in hidden for history in histories if one in history] == []


async def test_what_was_typed_and_not_sent_is_in_no_log_and_no_history(company: Steered) -> None:
    mine, path, log = await session_of(company, MORI), "/api/v1/unsent/goal/x/E11/1/content", list[bytes]()
    typed = {"fields": {"text": WRITTEN}}
    async with web_process(company, log) as web:
        saved = await web.put(path, headers=mine, json=typed)
        other = await web.put(path, headers=mine, json={"fields": {"text": WRITTEN * 2}})
        wrong = await web.put(path, headers=mine, json={"fields": {"text": WRITTEN + "\0"}})
        large = await web.put(path, headers=mine, json={"fields": {"text": WRITTEN * 10_000}})
        refused = await web.put(path, headers=await token_of(company, MORI), json=typed)
        assert [one.status_code for one in (saved, other, wrong, large, refused)] == [200, 412, 422, 413, 403]
        assert WRITTEN in other.text  # for the person themselves
        assert [one for one in (wrong, large, refused) if WRITTEN in one.text] == []
        await web.delete(path, headers=mine, params={"version": saved.json()["version"]})
    text = b"".join(log).decode()
    assert '"event": "refused"' in text
    assert WRITTEN not in text
    assert [one for one in await _histories(company) if "goal/x/E11/1/content" in one] == []


async def _names(engine: AsyncEngine) -> list[str]:
    """Of everybody; the first is of who acts in the test."""
    async with read_transaction(engine) as connection:
        rows = await connection.execute(select(EmployeeRow.id, EmployeeRow.name))
    return [name for _, name in sorted(rows, key=lambda one: one.id != MORI)]


async def _histories(company: Steered) -> list[str]:
    """Every history of the server: with its payloads as they are stored, and their bytes as text."""
    found = []
    async for one in company.client.list_workflows():
        history = await company.client.get_workflow_handle(one.id, run_id=one.run_id).fetch_history()
        payloads = b"".join(event.SerializeToString() for event in history.events)
        found.append(f"{one.id} {payloads.decode(errors='replace')} {_unescaped(history.to_json())}")
    return found


def _unescaped(text: str) -> str:
    return re.sub(r"\\u([0-9a-f]{4})", lambda one: chr(int(one[1], 16)), text)
