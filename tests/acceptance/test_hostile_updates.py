"""Every field of every command, as another program sends it through Temporal's own client, with hostile JSON."""

import json
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowUpdateFailedError
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from domain.goal.commands import COMMANDS
from domain.values import EmployeeId, GoalId
from tests.acceptance.scene import CHIEF, CYCLE, HR, Company
from tests.domain import builders
from tests.domain.builders import active
from tests.domain.command_cases import CASES
from tests.hostile import EVERYTHING, JSON_VALUES, NO_JSON, dealt

pytestmark = pytest.mark.slow

OWNER = EmployeeId("M0034")
GOAL = GoalId(f"{CYCLE}/{OWNER}/1")
_VALUES = 6  # of each field; over all fields, every value is used many times


async def answer(company: Company, name: str, data: str) -> str:
    """`acknowledged`, or the code of the refusal."""
    argument = RawValue(Payload(metadata={"encoding": b"json/plain"}, data=data.encode("utf-8", "surrogatepass")))
    try:
        await company.workflow(GOAL).execute_update(name, argument)
    except WorkflowUpdateFailedError as failure:
        cause = failure.cause
    else:
        return "acknowledged"
    assert isinstance(cause, ApplicationError)
    assert cause.details
    return cause.type or ""


def usual(name: str) -> dict[str, Any]:
    """The JSON of a command that its model takes; the goal may still refuse it."""
    text = CASES[name].make(active()).model_dump_json(exclude={"id"})
    for one, here in ((builders.OWNER, OWNER), (builders.MANAGER, CHIEF), (builders.HR, HR)):
        text = text.replace(f'"{one}"', f'"{here}"')
    form: dict[str, Any] = json.loads(text)
    return form


def with_hostile_fields(name: str) -> Iterator[str]:
    form = usual(name)
    values = {**{text: json.dumps(value) for text, value in EVERYTHING.items()}, **{one: one for one in JSON_VALUES}}
    for field in form:
        start = zlib.crc32(f"{name} {field}".encode())
        for value in dealt(values, _VALUES, start):
            rest = json.dumps({key: one for key, one in form.items() if key != field})
            yield f"{rest[:-1]}{', ' if len(form) > 1 else ''}{json.dumps(field)}: {value}}}"


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"amend_policy"}))
async def test_every_field_of_a_command_answers_hostile_json_with_a_refusal_or_takes_it(
    company: Company, name: str
) -> None:
    answers = [await answer(company, name, data) for data in with_hostile_fields(name)]
    assert answers
    proof = await company.goals.prove(GOAL)
    assert proof.holds
    assert (await company.view(GOAL)).head == proof.head


async def test_what_is_no_json_is_refused(company: Company) -> None:
    answers = {await answer(company, "comment", data) for data in NO_JSON}
    assert answers == {"invalid"}
