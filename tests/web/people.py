"""What tests of the API need: tokens of people, and the company's Temporal server."""

from datetime import UTC, datetime

from temporalio.client import Client

from service.tokens import ApiTokens
from tests.callers import by
from tests.service.steered import Steered
from web.opened import Temporal


async def token_of(company: Steered, employee: str, *scopes: str) -> dict[str, str]:
    """The headers of a request by this person; without scopes, all of them."""
    wish = {"label": "test", "scopes": scopes or ("read", "goals", "cycles", "people", "system")}
    made = await ApiTokens(company.engine).make(by(employee), wish, datetime.now(UTC))
    return {"Authorization": f"Bearer {made.secret}"}


def temporal_of(company: Steered) -> Temporal:
    async def client() -> Client:
        return company.client

    return Temporal(client)
