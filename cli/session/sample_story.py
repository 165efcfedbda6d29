"""Who did what so far in the sample company (samples/story.toml), told by the use cases that commands and the API call.

Each command has an id that says what it is for. So a story that was interrupted goes on, and one that was told changes nothing.
"""

import asyncio
import tomllib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from cli.session.callers import caller_for, operator

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine
    from temporalio.client import Client

    from domain.messages import Message
    from domain.writing.content import Content
    from service.giving import Goals
    from service.writing import Writing
    from storage.instructions import Progress

_AT_ONCE = 8  # goals whose stories are told at the same time
_DONE_SECONDS = 300
_LOOK = 0.2
_DECIDES_ON_WHAT_IT_SAW = ("approve", "return_for_changes", "decide_review")

Table = Mapping[str, Any]  # of the file


class Story(NamedTuple):
    """The file's tables, and what it says about the launch: who is HR, which departments began, and which follow."""

    hr: str
    first: tuple[str, ...]
    then: tuple[str, ...]
    then_because: str
    problems: Sequence[Table]
    delegations: Sequence[Table]
    goals: Sequence[Table]

    @property
    def commands(self) -> int:
        return sum(len(goal["acts"]) for goal in self.goals)


def read_story(toml: bytes) -> Story:
    """Raises `KeyError` or `TypeError` for a file with other keys: it is ours, and a test tells it."""
    tree = tomllib.loads(toml.decode(), parse_float=Decimal)
    launch = tree.pop("launch")
    return Story(**{**launch, "first": tuple(launch["first"]), "then": tuple(launch["then"])}, **tree)


async def play(story: Story, cycle: str, engine: "AsyncEngine", client: "Client") -> dict[str, "Message"]:
    """Tells the story. Returns the goals with which somebody else went on meanwhile, and which refused the rest of theirs."""
    from service.giving import Goals
    from service.writing import Writing

    answers = {one["id"]: await _hear(engine, cycle, one) for one in story.problems}
    for one in story.delegations:
        await _delegate(engine, client, one)
    goals, writing, room = Goals(engine, client), Writing(engine), asyncio.Semaphore(_AT_ONCE)
    left: dict[str, Message] = {}

    async def tell(goal: Table) -> None:
        async with room:
            if reason := await _Teller(goals, writing, cycle, goal, answers).tell():
                left[f"{cycle}/{goal['owner']}/1"] = reason

    await asyncio.gather(*(tell(one) for one in story.goals))
    return left


async def wait_for(instruction: str, engine: "AsyncEngine", client: "Client") -> "Progress":
    """Waits until the instruction is carried out at all goals. If a demo was stopped before it started the workflow, this does."""
    from service.instruction_start import start
    from service.instructions import InstructionReads

    reads = InstructionReads(engine)
    async with asyncio.timeout(_DONE_SECONDS):
        while (progress := await reads.progress(operator(), instruction)).state != "done":
            await start(client, instruction)
            await asyncio.sleep(_LOOK)
    return progress


async def is_known(instruction: str, engine: "AsyncEngine") -> bool:
    """Whether the instruction was given before."""
    from domain.refusals import Code, Refusal
    from service.instructions import InstructionReads

    try:
        await InstructionReads(engine).progress(operator(), instruction)
    except Refusal as refusal:
        if refusal.code is not Code.UNKNOWN_INSTRUCTION:
            raise
        return False
    return True


async def _hear(engine: "AsyncEngine", cycle: str, problem: Table) -> str:
    """Adds the problem; returns its id in the cycle."""
    from service.hearing import Hearing

    caller, identity = caller_for(problem["by"]), f"story/{cycle}/{problem['id']}"
    return await Hearing(engine).add(caller, cycle=cycle, text=problem["text"], command_id=identity)


async def _delegate(engine: "AsyncEngine", client: "Client", table: Table) -> None:
    """Gives the delegation from today on, unless an earlier demo did."""
    from domain.goal.goal import Delegation
    from domain.instructions.instructions import Delegate
    from domain.people.organisation import DIRECTORY_ZONE
    from service.instructions import Instructions

    identity = f"demo-delegate-{table['by']}"
    if not await is_known(identity, engine):
        first = datetime.now(DIRECTORY_ZONE).date()
        last = first + timedelta(days=table["days"])
        given = Delegation(delegator=table["by"], to=table["to"], first=first, last=last)
        asked = Delegate(delegation=given, reason=table["reason"])
        await Instructions(engine, client).give(caller_for(table["by"]), asked, instruction=identity)
    await wait_for(identity, engine, client)


class _Teller:
    """Gives the commands of one goal's story, in their order."""

    def __init__(
        self, goals: "Goals", writing: "Writing", cycle: str, story: Table, answers: Mapping[str, str]
    ) -> None:
        from domain.values import GoalId

        self._goals, self._writing, self._story, self._answers = goals, writing, story, answers
        self._goal = GoalId(f"{cycle}/{story['owner']}/1")

    async def tell(self) -> "Message | None":
        """Returns why the goal refused a command; the rest of its story is left out then."""
        from domain.refusals import Code, Refusal

        for number, act in enumerate(self._story["acts"], start=1):
            try:
                await self._give(f"story/{self._goal}/{number}-{act['do']}", dict(act))
            except Refusal as refusal:
                if refusal.code is not Code.COMMAND_ID_USED:  # it was given, on what was seen then
                    return refusal.message
        return None

    async def _give(self, identity: str, fields: dict[str, Any]) -> None:
        from service.giving import Request

        goal = (await self._goals.look(operator(), self._goal)).goal
        if identity in goal.commands:
            return
        name, by = fields.pop("do"), fields.pop("by", self._story["owner"])
        acting_for = fields.pop("in_name_of", None)
        seen = goal.seq if name in _DECIDES_ON_WHAT_IT_SAW else None
        if name == "submit" and "catalog" in self._story:
            fields["content"] = await self._content()
        await self._goals.give(caller_for(by), self._goal, Request(name, fields, acting_for, seen, identity))

    async def _content(self) -> "Content":
        """The entry of the catalogue, dated within the cycle, with what the owner wrote instead of its own texts."""
        from domain.writing.content import Content
        from service.writing import DraftSource

        story = self._story
        answers = tuple(self._answers[one] for one in story.get("answers", ()))
        parent, baseline, target = (story.get(name) for name in ("parent", "baseline", "target"))
        source = DraftSource(story["catalog"], None, _number(baseline), _number(target), parent, answers)
        draft = (await self._writing.draft(caller_for(story["owner"]), self._goal, source)).content
        own = {name: story[name] for name in ("theme", "challenge", "heard") if name in story}
        return Content.model_validate(draft.model_dump() | own | _shared(draft, story.get("shared")))


def _number(value: int | Decimal | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def _shared(draft: "Content", shared: Table | None) -> dict[str, Any]:
    """The contributor of a shared goal, their share in percent, and the step (from 0) that they do."""
    if shared is None:
        return {}
    steps = [step.model_dump() for step in draft.steps]
    steps[shared["step"]]["by"] = shared["with"]
    return {"contributors": [{"person": shared["with"], "share": shared["share"]}], "steps": steps}
