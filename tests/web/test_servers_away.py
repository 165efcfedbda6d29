"""While Temporal is away, reads are answered; while PostgreSQL is away, the answer says which server is, and what to do."""

import socket
from functools import partial

import httpx
import pytest

from domain.values import CycleId
from service.connection import connect_temporal
from settings import Settings
from storage.database import open_database
from tests.servers import Postgres
from tests.service.steered import HR, MANAGER, MORI, ONO, Steered
from tests.web.people import token_of
from web.opened import Temporal
from web.serving import listen, serving

pytestmark = pytest.mark.slow
CYCLE = CycleId("away")


def _nobody() -> str:
    """An address at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        host, port = closed.getsockname()
        return f"{host}:{port}"


async def test_without_temporal_a_program_reads_and_hears_that_commands_wait(company: Steered) -> None:
    await company.launch(CYCLE)
    headers = await token_of(company, MORI) | {"Accept-Language": "en"}
    temporal = Temporal(partial(connect_temporal, Settings(), at=_nobody()))
    async with (
        serving(Settings(), company.engine, temporal, listen("127.0.0.1:0")) as url,
        httpx.AsyncClient(base_url=url, timeout=60) as web,
    ):
        path = f"/api/v1/goals/{CYCLE}/{MORI}/1"
        assert (await web.get(path, headers=headers)).status_code == 200
        for looks, asked in (("check", {}), ("hand_over/check", {"to": ONO, "reason": "x"})):
            answer = await web.post(f"{path}/{looks}", headers=await token_of(company, MANAGER), json=asked)
            assert answer.json().get("code") != "unreachable", answer.text
        before = (await company.goal(CYCLE, MORI)).seq
        refused = await web.post(f"{path}/comment", headers=headers, json={"text": "x"})
        assert (refused.status_code, refused.json()["code"]) == (503, "unreachable"), refused.text
        assert "Temporal" in refused.json()["detail"]
        assert int(refused.headers["retry-after"]) > 0
        body = {"kind": "pause", "reason": "x", "selection": {"people": [MORI]}}
        given = headers | await token_of(company, HR) | {"Idempotency-Key": "away-1"}
        refused = await web.post(f"/api/v1/cycles/{CYCLE}/instructions", headers=given, json=body)
        assert refused.status_code == 503
        assert (await company.goal(CYCLE, MORI)).seq == before


async def test_without_postgresql_everything_says_so_and_the_process_is_not_ready(postgres: Postgres) -> None:
    async with postgres.migrated_database() as url:
        engine = open_database(url)
    temporal = Temporal(partial(connect_temporal, Settings(), at=_nobody()))
    async with (
        serving(Settings(), engine, temporal, listen("127.0.0.1:0")) as address,
        httpx.AsyncClient(base_url=address, timeout=60) as web,
    ):
        headers = {"Authorization": f"Bearer meguri_{'0' * 12}_{'0' * 64}", "Accept-Language": "en"}
        for path in ("/api/v1/inbox", "/api/v1/goals"):
            away = await web.get(path, headers=headers)
            assert (away.status_code, away.json()["code"]) == (503, "unreachable"), away.text
            assert "PostgreSQL" in away.json()["detail"]
        assert (await web.get("/readyz")).status_code == 503
        assert (await web.get("/healthz")).status_code == 200
    await engine.dispose()
