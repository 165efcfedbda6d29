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
from temporalio.service import RPCError

from domain.goal.commands import COMMANDS
from domain.goal.goal import Goal
from tests.acceptance.scene import CYCLE, HR, Company
from tests.domain import builders
from tests.domain.builders import active
from tests.domain.command_cases import CASES
from tests.hostile import EVERYTHING, JSON_VALUES, NO_JSON, dealt

pytestmark = pytest.mark.slow

_VALUES = 6  # of each field; over all fields, every value is used many times
NAMES = sorted(set(COMMANDS) - {"amend_policy"})  # a policy has no field that is one value


async def goal_for(company: Company, name: str) -> Goal:
    """A goal for each command, since some of them end it."""
    lines = await company.goals.find_all(cycle=CYCLE)
    return await company.goals.require(lines[-1 - NAMES.index(name)].goal)


async def answer(company: Company, goal: Goal, name: str, data: str) -> str:
    """`acknowledged`, `over` where the goal's workflow has ended, or the code of the refusal."""
    argument = RawValue(Payload(metadata={"encoding": b"json/plain"}, data=data.encode("utf-8", "surrogatepass")))
    try:
        await company.workflow(goal.id).execute_update(name, argument)
    except WorkflowUpdateFailedError as failure:
        cause = failure.cause
    except RPCError as error:
        if "already completed" not in error.message:
            raise
        return "over"
    else:
        return "acknowledged"
    assert isinstance(cause, ApplicationError)
    assert cause.details
    return cause.type or ""


def usual(name: str, goal: Goal) -> dict[str, Any]:
    """The JSON of a command that its model takes; the goal may still refuse it."""
    text = CASES[name].make(active()).model_dump_json(exclude={"id"})
    for one, here in ((builders.OWNER, goal.owner), (builders.MANAGER, goal.line[0]), (builders.HR, HR)):
        text = text.replace(f'"{one}"', f'"{here}"')
    form: dict[str, Any] = json.loads(text)
    return form


def with_hostile_fields(name: str, goal: Goal) -> Iterator[str]:
    form = usual(name, goal)
    values = {**{text: json.dumps(value) for text, value in EVERYTHING.items()}, **{one: one for one in JSON_VALUES}}
    for field in form:
        start = zlib.crc32(f"{name} {field}".encode())
        for value in dealt(values, _VALUES, start):
            rest = json.dumps({key: one for key, one in form.items() if key != field})
            yield f"{rest[:-1]}{', ' if len(form) > 1 else ''}{json.dumps(field)}: {value}}}"


@pytest.mark.parametrize("name", NAMES)
async def test_every_field_of_a_command_answers_hostile_json_with_a_refusal_or_takes_it(
    company: Company, name: str
) -> None:
    goal = await goal_for(company, name)
    answers = [await answer(company, goal, name, data) for data in with_hostile_fields(name, goal)]
    assert answers
    proof = await company.goals.prove(goal.id)
    assert proof.holds
    assert (await company.view(goal.id)).head == proof.head


async def test_what_is_no_json_is_refused(company: Company) -> None:
    goal = await goal_for(company, "comment")
    answers = {await answer(company, goal, "comment", data) for data in NO_JSON}
    assert answers == {"invalid"}
