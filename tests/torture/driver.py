"""People who use Meguri in any order: legal and illegal commands, by right and wrong people, through Temporal's own client.

Uses nothing of `service/`: it writes the JSON of an update as a program in another language would, and remembers each answer.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from time import monotonic
from typing import Any, NamedTuple

from temporalio.client import Client, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

BOSS, HR, STRANGER = "B1", "H1", "E999"
_PATIENCE = timedelta(seconds=8)  # for one try; then the same command is sent again
_TRIES = 30
_LAST_COMMANDS_OF_A_GOAL = 40
_PASSED_BY = 0.99  # of the times that chance picks a goal which is over


class Answer(StrEnum):
    """What became of a command, as its sender knows it."""

    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    RECORDED = "refused though it is recorded"  # the goal does not know yet what a killed worker recorded
    OVER = "over"  # the goal's workflow has ended; an earlier try may have been carried out
    UNKNOWN = "unknown"  # no try was answered


class Sent(NamedTuple):
    """A command and its answer. `seq` and `head` are of the receipt; `code` is the refusal's.

    `asked_at` is the time of the first try, `answered_at` that of the answer: monotonic seconds.
    """

    goal: str
    id: str
    name: str
    answer: Answer
    seq: int = 0
    head: str = ""
    code: str = ""
    asked_at: float = 0.0
    answered_at: float = 0.0


@dataclass
class Known:
    """What the driver knows of a goal from its last answer; it may be out of date, as on anybody's screen."""

    id: str
    seq: int = 1
    state: str = "draft"
    over: bool = False
    sent: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)  # the last commands: id, name, JSON

    @property
    def owner(self) -> str:
        return self.id.split("/")[1]


Fields = dict[str, Any]
_Make = Callable[[Known, random.Random], tuple[str, Fields]]


def _submit(goal: Known, _: random.Random) -> tuple[str, Fields]:
    return "submit", {"actor": goal.owner}


def _recall(goal: Known, _: random.Random) -> tuple[str, Fields]:
    return "recall", {"actor": goal.owner}


def _approve(goal: Known, _: random.Random) -> tuple[str, Fields]:
    return "approve", {"actor": BOSS, "expected_seq": goal.seq}


def _return(goal: Known, _: random.Random) -> tuple[str, Fields]:
    return "return_for_changes", {"actor": BOSS, "comment": "数字で書いてください", "expected_seq": goal.seq}


def _report(goal: Known, chance: random.Random) -> tuple[str, Fields]:
    return "report_progress", {"actor": goal.owner, "value": str(chance.randint(7, 10))}


def _step(goal: Known, chance: random.Random) -> tuple[str, Fields]:
    return "complete_step", {"actor": goal.owner, "step": chance.randint(0, 2), "evidence": "議事録"}


def _call_review(goal: Known, _: random.Random) -> tuple[str, Fields]:
    return "call_review", {"actor": goal.owner, "reason": "相談"}


def _self_review(goal: Known, chance: random.Random) -> tuple[str, Fields]:
    fields = {"proposed": chance.choice(["continue", "achieved", "unrealistic"]), "went_well": "回収が早くなった"}
    return "submit_self_review", {"actor": goal.owner} | fields


def _verdict(goal: Known, chance: random.Random) -> tuple[str, Fields]:
    verdict, then = chance.choice([("continue", "continue"), ("achieved", "reset"), ("unrealistic", "reset")])
    fields = {"verdict": verdict, "then": then, "comment": "次の期に生かす"}
    return "decide_review", {"actor": BOSS, "expected_seq": goal.seq} | fields


def _comment(goal: Known, chance: random.Random) -> tuple[str, Fields]:
    return "comment", {"actor": chance.choice([goal.owner, BOSS, HR]), "text": "確認しました"}


def _pause(_: Known, __: random.Random) -> tuple[str, Fields]:
    return "pause", {"actor": HR, "reason": "繁忙期"}


def _resume(_: Known, __: random.Random) -> tuple[str, Fields]:
    return "resume", {"actor": HR}


def _extend(_: Known, chance: random.Random) -> tuple[str, Fields]:
    day = date.today() + timedelta(days=chance.randint(1, 20))  # noqa: DTZ011 - any day will do
    return "extend", {"actor": HR, "due": day.isoformat(), "reason": "監査対応"}


def _erase(goal: Known, _: random.Random) -> tuple[str, Fields]:
    return "erase_texts", {"actor": HR, "entries": [goal.seq], "reason": "本人の請求"}


def _close(_: Known, __: random.Random) -> tuple[str, Fields]:
    return "close", {"actor": HR, "reason": "異動"}


def _withdraw(goal: Known, _: random.Random) -> tuple[str, Fields]:
    return "withdraw", {"actor": goal.owner, "reason": "重複"}


_FITTING: dict[str, tuple[_Make, ...]] = {
    "draft": (_submit, _submit, _submit, _comment),
    "pending_approval": (_approve, _approve, _approve, _return, _recall, _comment),
    "active": (_report, _report, _step, _call_review, _comment, _extend),
    "in_review": (_self_review, _self_review, _verdict, _verdict, _comment),
    "closed": (_comment,),
}
_ANYTHING: tuple[_Make, ...] = (
    _submit, _recall, _approve, _return, _report, _step, _call_review, _self_review, _verdict, _comment, _pause, _resume,
    _resume, _resume, _extend, _erase,
)  # fmt: skip
_RARE: tuple[_Make, ...] = (_close, _withdraw)


def _hostile(goal: Known, chance: random.Random) -> tuple[str, Fields]:
    """A command that must be refused: of the wrong person, of an unknown kind, or not what its model takes."""
    make = chance.choice([*_ANYTHING, *_RARE])
    name, fields = make(goal, chance)
    return chance.choice(
        [
            (name, fields | {"actor": STRANGER}),
            (name, fields | {"actor": "@clock"}),
            (name, fields | {"nobody": "knows this"}),
            ("promote", fields),
            ("approve", {"actor": goal.owner, "expected_seq": goal.seq}),
            ("report_progress", {"actor": goal.owner, "value": "NaN"}),
            ("comment", {"actor": goal.owner, "text": "\0"}),
        ]
    )


@dataclass
class Driver:
    """`people` tasks that give one command after the other until `stopping`.

    `is_recorded` tells whether the ledger of a goal holds a command. It is asked after each refusal, as `service/` does.
    """

    client: Client
    goals: list[Known]
    chance: random.Random
    is_recorded: Callable[[str, str], Awaitable[bool]]
    sent: list[Sent] = field(default_factory=list)
    last_answer: float = field(default_factory=monotonic)  # monotonic seconds
    stopping: bool = False
    _number: int = 0

    async def run(self, people: int) -> None:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(people):
                tasks.create_task(self._person())

    def counts(self) -> Counter[Answer]:
        return Counter(one.answer for one in self.sent)

    async def _person(self) -> None:
        while not self.stopping:
            goal = self.chance.choice(self.goals)
            if goal.over and self.chance.random() < _PASSED_BY:
                await asyncio.sleep(0)
            elif goal.sent and self.chance.random() < 0.05:
                await self._again(goal)
            else:
                await self._give(goal, *self._choose(goal))

    def _choose(self, goal: Known) -> tuple[str, Fields]:
        dice = self.chance.random()
        if dice < 0.2:
            return _hostile(goal, self.chance)
        if dice < 0.202:
            return self.chance.choice(_RARE)(goal, self.chance)
        makes = _FITTING[goal.state] if dice < 0.8 else _ANYTHING
        return self.chance.choice(makes)(goal, self.chance)

    async def _give(self, goal: Known, name: str, fields: Fields) -> None:
        self._number += 1
        command_id = f"t{self._number}"
        goal.sent = [*goal.sent[1 - _LAST_COMMANDS_OF_A_GOAL :], (command_id, name, fields)]
        self.sent.append(await self._until_answered(goal, command_id, name, fields))

    async def _again(self, goal: Known) -> None:
        """Somebody sends an old command once more, as after a lost answer. What was refused may be accepted now."""
        self.sent.append(await self._until_answered(goal, *self.chance.choice(goal.sent)))

    async def _until_answered(self, goal: Known, command_id: str, name: str, fields: Fields) -> Sent:
        asked_at = monotonic()
        for _ in range(_TRIES):
            answered = await self._try(goal, command_id, name, fields)
            if answered:
                self.last_answer = monotonic()
                if answered.answer is Answer.REFUSED and await self.is_recorded(goal.id, command_id):
                    answered = answered._replace(answer=Answer.RECORDED)
                return answered._replace(asked_at=asked_at, answered_at=self.last_answer)
            await asyncio.sleep(self.chance.random())
        return Sent(goal.id, command_id, name, Answer.UNKNOWN)

    async def _try(self, goal: Known, command_id: str, name: str, fields: Fields) -> Sent | None:
        """None: no answer came, and nobody knows whether the command was carried out."""
        handle = self.client.get_workflow_handle(f"goal/{goal.id}")
        try:
            async with asyncio.timeout(_PATIENCE.total_seconds() * 2):
                receipt = await handle.execute_update(name, fields, id=command_id, rpc_timeout=_PATIENCE)
        except WorkflowUpdateFailedError as failure:
            cause = failure.cause
            code = cause.type if isinstance(cause, ApplicationError) else None
            return Sent(goal.id, command_id, name, Answer.REFUSED, code=code) if code else None
        except (RPCError, WorkflowUpdateRPCTimeoutOrCancelledError, TimeoutError, RuntimeError) as error:
            goal.over = isinstance(error, RPCError) and error.status is RPCStatusCode.NOT_FOUND
            return Sent(goal.id, command_id, name, Answer.OVER) if goal.over else None
        goal.over = False
        if receipt["seq"] >= goal.seq:
            goal.seq, goal.state = receipt["seq"], receipt["state"]
        return Sent(goal.id, command_id, name, Answer.ACKNOWLEDGED, receipt["seq"], receipt["head"])
