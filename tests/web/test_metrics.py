"""What a web server measures, as Prometheus reads it: `python web.py` with an address for it."""

import asyncio
import socket

import httpx
import pytest

from settings import Settings
from tests.service.steered import MORI, Steered
from tests.web.people import token_of
from tests.web.test_secrets import web_process
from web.serving import AddressTaken, listen, work

pytestmark = pytest.mark.slow


async def test_requests_are_counted_by_route_and_end_and_no_path_is_told(company: Steered) -> None:
    with listen("127.0.0.1:0") as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    headers = await token_of(company, MORI)
    async with web_process(company, [], MEGURI_METRICS_ADDRESS=address) as web, httpx.AsyncClient() as prometheus:
        for _ in range(2):
            assert (await web.get(f"/api/v1/people/{MORI}", headers=headers)).status_code == 200
        assert (await web.get("/api/v1/inbox")).status_code == 401
        assert (await web.request("MADE-UP", "/nothing/here")).status_code in (404, 405)
        text = (await prometheus.get(f"http://{address}/metrics")).text
    count = "meguri_web_request_seconds_count"
    assert f'{count}{{method="GET",route="/people/{{employee}}",status="200"}} 2.0' in text
    assert f'{count}{{method="GET",route="/inbox",status="401"}} 1.0' in text
    assert 'method="other"' in text
    assert "meguri_web_requests_running 0.0" in text
    assert not {one for one in (MORI, "MADE-UP", "/nothing/here") if one in text}


async def test_an_address_that_is_taken_is_said_so(company: Steered) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        settings = Settings(
            database_url=company.engine.url.set(drivername="postgresql").render_as_string(hide_password=False),
            web_address="127.0.0.1:0", metrics_address=f"127.0.0.1:{other.getsockname()[1]}",
        )  # fmt: skip
        async with asyncio.timeout(30):
            with pytest.raises(AddressTaken):
                await work(settings)
