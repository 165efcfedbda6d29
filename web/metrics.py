"""Metrics of a web server, for Prometheus: how many requests, how they ended, how long they took, how many are under way."""

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Gauge, Histogram, start_http_server
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """`meguri_web_request_seconds` by method, route and status, and `meguri_web_requests_running`; streams of events count until they end."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._seconds = Histogram(
            "meguri_web_request_seconds", "seconds until a request was answered", ["method", "route", "status"],
            registry=self._registry, buckets=_SECONDS,
        )  # fmt: skip
        self._running = Gauge("meguri_web_requests_running", "requests under way", registry=self._registry)

    def serve(self, address: str) -> Callable[[], None]:
        """Answers `/metrics` at `host:port` until the function that it returns is called. Raises `OSError` if it cannot listen there."""
        host, _, port = address.rpartition(":")
        server, thread = start_http_server(int(port), host.strip("[]") or "0.0.0.0", self._registry)  # noqa: S104 - the operator chooses the address

        def stop() -> None:
            server.shutdown()
            server.server_close()
            thread.join()

        return stop

    def measuring(self, app: ASGIApp) -> ASGIApp:
        """The same application, measured."""

        async def measured(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            status, started = "500", time.perf_counter()

            async def noting(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = str(message["status"])
                await send(message)

            with self._running.track_inprogress():
                try:
                    await app(scope, receive, noting)
                finally:
                    seconds = self._seconds.labels(_method(scope), _route(scope), status)
                    seconds.observe(time.perf_counter() - started)

        return measured


def _route(scope: Scope) -> str:
    """The route's pattern, never the path: that holds ids of people, and every one of them would be a series of its own."""
    return str(getattr(scope.get("route"), "path", ""))


def _method(scope: Scope) -> str:
    """One that HTTP knows: a caller may send any word."""
    return scope["method"] if scope["method"] in _METHODS else "other"


_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
