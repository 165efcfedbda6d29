"""A small HTTP server for health checks. `/healthz`: the process lives. `/readyz`: it can do its work."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog

_CHECK_SECONDS = 5.0
_CALLER_SECONDS = 10.0

Check = Callable[[], Awaitable[bool]]

log = structlog.get_logger()


@asynccontextmanager
async def health(address: str, ready: Check) -> AsyncIterator[None]:
    """Answers at `address` (`host:port`) until the block is left. `ready` may raise or take long: both mean not ready."""
    checks: dict[str, Check] = {"/healthz": _alive, "/readyz": lambda: _is_ready(ready)}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_CALLER_SECONDS):
                request = (await reader.readline()).decode("latin-1").split()
                writer.write(await _response(checks.get(request[1] if len(request) > 1 else "")))
                await writer.drain()
        except (TimeoutError, ConnectionError):
            log.info("health_caller_left")
        finally:
            writer.close()

    host, _, port = address.rpartition(":")
    async with await asyncio.start_server(answer, host.strip("[]") or "0.0.0.0", int(port)):  # noqa: S104 - the operator's choice
        yield


async def _alive() -> bool:
    return True


async def _is_ready(ready: Check) -> bool:
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            return await ready()
    except Exception:  # whatever it is, the answer is "not ready", and it is logged
        log.warning("process_not_ready", exc_info=True)
        return False


async def _response(check: Check | None) -> bytes:
    status = "404 Not Found" if check is None else "200 OK" if await check() else "503 Service Unavailable"
    body = json.dumps({"status": status[4:]})
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close"
    return f"{head}\r\n\r\n{body}".encode()
