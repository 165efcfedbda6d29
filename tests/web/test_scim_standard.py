"""A tester that others wrote finds nothing wrong with SCIM as it is served; every check runs."""

import asyncio

import httpx
import httpx2
import pytest
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server
from scim2_tester.utils import CheckResult

from domain.roles import CompanyRole
from service.roles import Roles
from tests.callers import OPERATOR
from tests.service.steered import ONO, Steered
from tests.web.people import token_of

pytestmark = pytest.mark.slow


async def test_every_check_of_the_tester_succeeds(company: Steered, web: httpx.AsyncClient) -> None:
    await Roles(company.engine).give(OPERATOR, ONO, CompanyRole.DIRECTORY)
    headers = await token_of(company, ONO, "provision")

    def check() -> list[CheckResult]:
        with httpx2.Client(base_url=str(web.base_url.join("/scim/v2")), headers=headers, timeout=40) as client:
            return check_server(SyncSCIMClient(client))

    found = await asyncio.to_thread(check)
    assert [(one.title, one.status, one.reason) for one in found if one.status is not Status.SUCCESS] == []
    assert len(found) > 60
    assert {one.resource_type for one in found if one.resource_type} >= {"User", "Group"}
