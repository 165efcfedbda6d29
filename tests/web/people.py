"""What tests of the API need: tokens of people, and the company's Temporal server."""

from datetime import UTC, datetime, timedelta

from temporalio.client import Client

from domain.access import Caller
from domain.programs import program_id
from domain.roles import CompanyRole
from service.programs import Programs
from service.roles import Roles
from service.sign_in import SessionLimits, SignIn
from service.tokens import ApiTokens
from tests.callers import by
from tests.service.steered import MANAGER, Steered
from web.opened import Temporal


async def token_of(company: Steered, employee: str, *scopes: str) -> dict[str, str]:
    """The headers of a request by this person; without scopes, all of them."""
    wish = {"label": "test", "scopes": scopes or ("read", "goals", "cycles", "people", "system")}
    made = await ApiTokens(company.engine).make(by(employee), wish, datetime.now(UTC))
    return {"Authorization": f"Bearer {made.secret}"}


async def program_token(
    company: Steered, name: str, role: CompanyRole, *scopes: str, by_whom: Caller
) -> dict[str, str]:
    """The headers of a request by a new program, for which the manager answers."""
    given, now = Programs(company.engine), datetime.now(UTC)
    await given.make(by_whom, {"name": name, "purpose": "連携", "owner": MANAGER}, now)
    await Roles(company.engine).give(by_whom, program_id(name), role)
    made = await given.make_token(by_whom, name, {"label": "test", "scopes": scopes}, now)
    return {"Authorization": f"Bearer {made.secret}"}


# Routes of people who are signed in; a token is refused whatever its scopes.
BY_SESSION = frozenset(
    {
        "end_session",
        "make_token",
        "end_token",
        "make_account",
        "answer_for_account",
        "end_account",
        "make_account_token",
        "make_calendar_link",
        "end_calendar_link",
        "list_unsent",
        "read_unsent",
        "keep_unsent",
        "forget_unsent",
    }
)


async def session_of(company: Steered, employee: str) -> dict[str, str]:
    """The headers of a request from this person's browser, by a page of this site."""
    limits = SessionLimits(timedelta(hours=1), timedelta(hours=1))
    session = await SignIn(company.engine, limits).choose(employee, None, datetime.now(UTC))
    return {"Cookie": f"meguri-session={session}", "Sec-Fetch-Site": "same-origin"}


def temporal_of(company: Steered) -> Temporal:
    async def client() -> Client:
        return company.client

    return Temporal(client)
