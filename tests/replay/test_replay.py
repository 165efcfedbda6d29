"""The current workflows replay the recorded histories. `tests/replay/record.py` says how these are recorded."""

import csv
import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from domain.goal import commands, events, working
from domain.goal import decide as deciding
from domain.goal.authority import require_owner
from domain.goal.goal import Goal
from tests.acceptance.scene import GOAL, OWNER, SAMPLES
from tests.replay.recordings import Recording, read_all
from tests.replay.replaying import replay
from tests.replay.scenarios import ON_A_CLOCK_THAT_SKIPS, ON_A_REAL_CLOCK

_ACTIVITY_COMPLETED = "activityTaskCompletedEventAttributes"
RECORDINGS = list(read_all())


def recorded(name: str) -> Recording:
    return next(one for one in RECORDINGS if one.name == name)


def test_every_scenario_is_recorded_and_a_reset_in_both_its_runs() -> None:
    assert {one.scenario for one in RECORDINGS} == {*ON_A_REAL_CLOCK, *ON_A_CLOCK_THAT_SKIPS}
    assert [one.name for one in RECORDINGS if one.scenario == "reset"] == ["reset.1", "reset.2"]


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda one: one.name)
async def test_a_recorded_history_replays_to_the_answers_and_the_ledger_head_that_it_had(recording: Recording) -> None:
    replayed = await replay(recording)
    assert replayed.failure is None
    assert replayed.answers == recording.answers()
    assert replayed.ends_as(recording)


@pytest.mark.parametrize("name", ["lifecycle.1", "reset.2", "sign_off.1", "joint.1", "shared.1"])
async def test_a_decision_that_comes_out_otherwise_than_recorded_is_noticed(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def approve_with_a_remark(goal: Goal, command: commands.Approve, day: date) -> tuple[events.Body, ...]:
        found: tuple[Any, ...] = approve(goal, command, day)
        return tuple(body.model_copy(update={"comment": "drifted"}) for body in found)

    approve = deciding._DECIDERS[commands.Approve]
    drifted: dict[type[commands.Command], Any] = {**deciding._DECIDERS, commands.Approve: approve_with_a_remark}
    monkeypatch.setattr(deciding, "_DECIDERS", drifted)
    recording = recorded(name)
    replayed = await replay(recording)
    assert not replayed.ends_as(recording)
    assert replayed.answers != recording.answers()


async def test_a_step_that_a_contributor_may_not_complete_any_more_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def only_the_owner(goal: Goal, command: commands.Command, step: int, day: date) -> None:
        require_owner(goal, command, day)

    monkeypatch.setattr(working, "require_doer", only_the_owner)
    replayed = await replay(recorded("shared.1"))
    assert replayed.answers != recorded("shared.1").answers()


async def test_a_history_that_the_code_would_not_make_any_more_is_noticed() -> None:
    """The recorded run recorded its approval with one local activity; the test removes that activity from the history."""
    recording = recorded("adoption.1")
    history = recording.history["events"]
    first = next(n for n, event in enumerate(history) if "markerRecordedEventAttributes" in event)
    shorter = [event for n, event in enumerate(history) if n != first]
    for number, event in enumerate(shorter, start=1):
        event["eventId"] = str(number)
    replayed = await replay(recording._replace(history={"events": shorter}))
    assert replayed.failure is not None


@pytest.mark.parametrize("name", ["beginning.1", "handing_over.1", "handover_refused.1"])
async def test_a_workflow_that_would_go_on_after_a_refusal_or_stop_after_an_answer_is_noticed(name: str) -> None:
    """The test turns the answer of the first activity round: the current code decides the other way than the history."""
    recording = recorded(name)
    [first, *_] = [one for event in recording.history["events"] if (one := event.get(_ACTIVITY_COMPLETED))]
    payload = first["result"]["payloads"][0]
    refused = {"goal": None, "refused": {"code": "handed_over", "fields": {}}}
    other = {"goal": GOAL, "refused": None} if recording.ends["goal"] is None else refused
    payload["data"] = b64encode(json.dumps(other).encode()).decode()
    replayed = await replay(recording)
    assert replayed.failure is not None


def texts(value: object) -> Iterator[str]:
    """All texts of a history, with decoded payloads."""
    if isinstance(value, dict):
        for key, inner in value.items():
            is_payload = key == "data" and isinstance(inner, str)
            yield from [b64decode(inner).decode()] if is_payload else texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, str):
        yield value


def test_recordings_hold_ids_and_no_names_or_addresses() -> None:
    with (SAMPLES / "company.csv").open(encoding="utf-8") as file:
        people = [(row["氏名"], row["メールアドレス"]) for row in csv.DictReader(file)]
    for recording in RECORDINGS:
        said = "\n".join(texts(recording.history))
        assert OWNER in said or recording.workflow_id.startswith("cycle/"), "the payloads were read"
        assert not [one for person in people for one in person if one and one in said], recording.name


def test_recordings_hold_nothing_of_the_machine_that_made_them() -> None:
    """The SDK's own identity is a process at a host."""
    for recording in RECORDINGS:
        attributes = [inner for event in recording.history["events"] for inner in event.values()]
        identities = {one["identity"] for one in attributes if isinstance(one, dict) and one.get("identity")}
        assert identities <= {"recorder", "history-service"}, recording.name
