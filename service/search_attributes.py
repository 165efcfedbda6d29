"""The search attributes with which Temporal's web UI finds goals. Each worker registers them at its start."""

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.errors import MeguriError
from domain.messages import Message, message
from workflows.goal import CYCLE, DEPARTMENT, OWNER


class Unprepared(MeguriError):
    """Temporal answers, but the search attributes could not be registered."""

    def __init__(self, why: Message) -> None:
        super().__init__("not_prepared", why)


async def register_search_attributes(client: Client) -> None:
    """Registers those of cycle, owner and department that are missing. Safe to repeat. Raises `Unprepared`."""
    wanted = dict.fromkeys((CYCLE.name, OWNER.name, DEPARTMENT.name), IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD)
    try:
        found = await client.operator_service.list_search_attributes(
            ListSearchAttributesRequest(namespace=client.namespace)
        )
        if missing := {name: kind for name, kind in wanted.items() if name not in found.custom_attributes}:
            await client.operator_service.add_search_attributes(
                AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing)
            )
    except RPCError as error:
        if error.status is RPCStatusCode.ALREADY_EXISTS:  # another worker was first
            return
        raise Unprepared(message("error.no_search_attributes", reason=error.message, names=list(wanted))) from error
