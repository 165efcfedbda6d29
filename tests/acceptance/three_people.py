"""The smallest company with an owner, a manager and HR; and a Temporal client that refuses to start some goals."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import (
    Client,
    Interceptor,
    OutboundInterceptor,
    StartWorkflowInput,
    WorkflowHandle,
)
from temporalio.service import RPCError, RPCStatusCode

from service.people import People
from tests.acceptance.scene import today
from tests.callers import OPERATOR

PEOPLE = """社員番号,氏名,部署,上長
P1,代表,経営,
P2,課長,経理部,P1
P3,担当,経理部,P2
"""

_CYCLE = """
[cycle]
id = "{id}"
name = "三人の評価サイクル"
starts = {starts}
ends = {year}-03-12
closes = {year}-03-26
reviews = []
hr = ["P1", "P2"]
"""


async def employ_three(engine: AsyncEngine) -> None:
    result = await People(engine).import_file(OPERATOR, PEOPLE.encode())
    assert result.imported, result.findings


def cycle_of_three(cycle: str = "three") -> bytes:
    """A cycle from today to the March after next."""
    return _CYCLE.format(id=cycle, starts=today(), year=today().year + 2).encode()


class RefusesStarts(Interceptor):
    """A client interceptor that always refuses to start the workflows in `ids`, like a server that is full."""

    def __init__(self, *ids: str) -> None:
        self.ids = set(ids)

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002 - Temporal's name
        return _Refusing(next, self)

    def on(self, client: Client) -> Client:
        """The same client, with this interceptor."""
        return Client(**(client.config() | {"interceptors": [self]}))


class _Refusing(OutboundInterceptor):
    def __init__(self, next: OutboundInterceptor, refuses: RefusesStarts) -> None:  # noqa: A002 - as above
        super().__init__(next)
        self._refuses = refuses

    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:  # noqa: A002 - as above
        if input.id in self._refuses.ids:
            raise RPCError("the request is too large", RPCStatusCode.INVALID_ARGUMENT, b"")
        return await super().start_workflow(input)
