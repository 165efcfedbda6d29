"""The worker of production that kills itself (SIGKILL) at an exact point of the code: `killable_worker.py ROLE PLACE WHICH`.

A kill from outside cannot hit a point that lasts a microsecond. Otherwise it is `worker.py`, except that Temporal notices its death
sooner: for a bulk activity after 3 seconds instead of 30, for a workflow task after 1 second instead of 10.
"""

import os
import signal
import sys
from datetime import timedelta
from enum import StrEnum
from functools import partial
from itertools import count
from typing import Any
from unittest.mock import patch

from pydantic_core import from_json
from sqlalchemy import event
from temporalio import activity
from temporalio.worker import Worker

import activities.instruction
import worker
import workflows.cycle
import workflows.handing_over
import workflows.instruction
from activities.asking import Asking
from activities.beginning import BeginningActivities
from activities.handing_over import HandoverActivities
from activities.launch import LaunchActivities
from activities.recording import RecordingActivities
from domain.cycle.succession import Handover
from domain.goal.commands import Command
from domain.goal.goal import Goal
from domain.instructions.instructions import Skipped
from domain.values import GoalId
from storage.instructions import InstructionResult
from workflows.beginning import Begun, TimedBeginning
from workflows.cycle import ParticipantRange, WrittenGoals
from workflows.recording import Recorded, Recording


class Place(StrEnum):
    WRITING = "writing"  # all rows of a launch's batch were sent, and nothing is committed
    WRITTEN = "written"  # the batch is committed, and Temporal does not know
    STARTING = "starting"  # WHICH goals of the launch were started
    INSTRUCTION = (
        "asked"  # after WHICH other goals, a goal has carried out an instruction, and its result is not recorded
    )
    BEGIN_WRITING = "begin_writing"  # the rows of a goal that a person begins were sent, and nothing is committed
    BEGUN = "begun"  # a goal that a person begins is committed, and Temporal does not know
    BEGINNING = "beginning"  # Temporal knows, and the goal's workflow is not started
    TAKEN_BACK = "taken_back"  # the goal of somebody who is back was reopened, and has not got its next command
    HANDED_OVER = "handed_over"  # a goal and its successor are committed, and Temporal does not know
    FOLLOWED = "followed"  # one of the goals under a goal that was handed over has the new parent
    RECORDED = "recorded"  # an event of the kind WHICH is committed, and Temporal does not know


_, _role, _place, *_which = sys.argv
ROLE, PLACE, WHICH = worker.Role(_role), Place(_place), "".join(_which)


def die(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class DyingLaunch(LaunchActivities):
    _starts = count(1)

    @activity.defn(name="write_goals")
    async def write_goals(self, piece: ParticipantRange) -> WrittenGoals:
        if PLACE is Place.WRITING:
            event.listen(self._engine.sync_engine, "commit", die)  # called before the commit is sent
        written = await super().write_goals(piece)
        if PLACE is Place.WRITTEN:
            die()
        return written

    async def _start(self, *arguments: Any) -> str | None:
        if PLACE is Place.STARTING and next(self._starts) > int(WHICH):
            die()
        return await super()._start(*arguments)


class DyingAsking(Asking):
    _results = count(1)

    async def _result_at(self, *arguments: Any) -> InstructionResult | None:
        result = await super()._result_at(*arguments)
        if PLACE is Place.INSTRUCTION and next(self._results) > int(WHICH):
            die()
        return result

    async def _take_back(self, *arguments: Any) -> tuple[Goal, Command | Skipped]:
        found = await super()._take_back(*arguments)
        if PLACE is Place.TAKEN_BACK:
            die()
        return found


class DyingHandover(HandoverActivities):
    @activity.defn(name="hand_goal_over")
    async def hand_goal_over(self, asked: Handover) -> Begun:
        begun = await super().hand_goal_over(asked)
        if PLACE is Place.HANDED_OVER:
            die()
        return begun

    async def _follow(self, *arguments: Any) -> None:
        await super()._follow(*arguments)
        if PLACE is Place.FOLLOWED:
            die()


class DyingRecording(RecordingActivities):
    @activity.defn(name="record")
    async def record(self, recording: Recording) -> Recorded | None:
        found = await super().record(recording)
        if PLACE is Place.RECORDED and WHICH in [entry["kind"] for entry in from_json(recording.events)]:
            die()
        return found


class DyingBeginning(BeginningActivities):
    @activity.defn(name="write_begun_goal")
    async def write_begun_goal(self, timed: TimedBeginning) -> Begun:
        if PLACE is Place.BEGIN_WRITING:
            event.listen(self._engine.sync_engine, "commit", die)  # as above
        begun = await super().write_begun_goal(timed)
        if PLACE is Place.BEGUN:
            die()
        return begun

    @activity.defn(name="start_begun_goal")
    async def start_begun_goal(self, goal: GoalId) -> None:
        if PLACE is Place.BEGINNING:
            die()
        await super().start_begun_goal(goal)


if __name__ == "__main__":
    with (
        patch.object(worker, "LaunchActivities", DyingLaunch),
        patch.object(worker, "BeginningActivities", DyingBeginning),
        patch.object(worker, "HandoverActivities", DyingHandover),
        patch.object(worker, "RecordingActivities", DyingRecording),
        patch.object(activities.instruction, "Asking", DyingAsking),
        patch.object(worker, "Worker", partial(Worker, sticky_queue_schedule_to_start_timeout=timedelta(seconds=1))),
        patch.object(workflows.cycle, "BULK_HEARTBEAT", timedelta(seconds=3)),
        patch.object(workflows.instruction, "BULK_HEARTBEAT", timedelta(seconds=3)),
        patch.object(workflows.handing_over, "HANDOVER_HEARTBEAT", timedelta(seconds=3)),
    ):
        sys.exit(worker.run(ROLE))
