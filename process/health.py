"""A small HTTP server for health checks. `/healthz`: the process runs. `/readyz`: it can do its work."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import structlog

_CHECK_SECONDS = 5.0
_REQUEST_SECONDS = 10.0

Check = Callable[[], Awaitable[bool]]
Report = Callable[[], Mapping[str, Any]]

log = structlog.get_logger()


@asynccontextmanager
async def health(address: str, ready: Check, report: Report = dict) -> AsyncIterator[None]:
    """Answers health checks at `address` (`host:port`) until the block ends.

    The process is ready if `ready` returns True; an exception, or no result within five seconds, means not ready. The answer
    of `/readyz` also holds what `report` returns; that does not decide whether the process is ready.
    """
    checks: dict[str, tuple[Check, Report]] = {
        "/healthz": (_alive, dict),
        "/readyz": (lambda: _is_ready(ready), report),
    }

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_REQUEST_SECONDS):
                request = (await reader.readline()).decode("latin-1").split()
                writer.write(await _response(checks.get(request[1] if len(request) > 1 else "")))
                await writer.drain()
        except (TimeoutError, ConnectionError):
            log.info("health_request_aborted")
        finally:
            writer.close()

    host, _, port = address.rpartition(":")
    async with await asyncio.start_server(answer, host.strip("[]") or "0.0.0.0", int(port)):  # noqa: S104 - the operator chooses the address
        yield


async def _alive() -> bool:
    return True


async def _is_ready(ready: Check) -> bool:
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            return await ready()
    except Exception:  # every failure means "not ready", and is logged
        log.warning("process_not_ready", exc_info=True)
        return False


async def _response(found: tuple[Check, Report] | None) -> bytes:
    check, report = found or (None, dict)
    status = "404 Not Found" if check is None else "200 OK" if await check() else "503 Service Unavailable"
    body = json.dumps({"status": status[4:], **report()})
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close"
    return f"{head}\r\n\r\n{body}".encode()
