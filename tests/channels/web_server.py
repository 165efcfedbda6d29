"""A real HTTP server on a free port, which answers as a test tells it to."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Request:
    path: str
    headers: dict[str, str]  # names in lower case
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """The requests that arrived, and the answers that the server is to give."""

    port: int = 0
    posted: list[Request] = field(default_factory=list)
    status: int = 200
    answer_headers: dict[str, str] = field(default_factory=dict)
    hang_up: bool = False
    say_nothing: bool = False
    talk_for_ever: bool = False  # behind the head of the answer
    mumble: bool = False  # in its head: a letter now and then
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def url(self, path: str = "/services/T0/B0/SECRET") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.posted.append(await _read(reader))
            if self.say_nothing:
                await self.done.wait()
            elif not self.hang_up:
                await self._answer(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            return  # the other side left, which some tests are about
        finally:
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter) -> None:
        while self.mumble:
            writer.write(b"H")
            await writer.drain()
            await asyncio.sleep(0.05)
        extra = "".join(f"{name}: {value}\r\n" for name, value in self.answer_headers.items())
        writer.write(f"HTTP/1.1 {self.status} As Asked\r\nConnection: close\r\n{extra}\r\nok".encode())
        await writer.drain()
        while self.talk_for_ever:
            writer.write(b"and so on" * 1000)
            await writer.drain()


async def _read(reader: asyncio.StreamReader) -> Request:
    start, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines) if name}
    return Request(start.split(" ")[1], headers, await reader.readexactly(int(headers.get("content-length", "0"))))


@asynccontextmanager
async def web_server() -> AsyncIterator[Receiver]:
    desk = Receiver()
    server = await asyncio.start_server(desk.serve, "127.0.0.1", 0)
    desk.port = server.sockets[0].getsockname()[1]
    try:
        yield desk
    finally:
        desk.talk_for_ever = desk.mumble = False
        desk.done.set()
        server.close()
        await server.wait_closed()
