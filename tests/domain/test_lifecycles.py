"""The lifecycles of cycle, participant, instruction and notice: every state has a row and is reached, every event is used."""

from typing import Any

import pytest

from domain.lifecycle import ImpossibleTransition
from domain.lifecycles import (
    CYCLE,
    ENDED,
    INSTRUCTION,
    NOTICE,
    PARTICIPANT,
    RUNNING,
    CycleEvent,
    CycleState,
    InstructionEvent,
    InstructionState,
    Lifecycle,
    NoticeEvent,
    NoticeState,
    ParticipantEvent,
    ParticipantState,
)

EVERY = [
    pytest.param(CYCLE, CycleState, CycleEvent, CycleState.LAUNCHING, id="cycle"),
    pytest.param(PARTICIPANT, ParticipantState, ParticipantEvent, ParticipantState.WAITING, id="participant"),
    pytest.param(INSTRUCTION, InstructionState, InstructionEvent, InstructionState.WAITING, id="instruction"),
    pytest.param(NOTICE, NoticeState, NoticeEvent, NoticeState.QUEUED, id="notice"),
]


@pytest.mark.parametrize(("lifecycle", "states", "events", "first"), EVERY)
def test_every_state_has_a_row_and_every_event_leads_to_one_state(
    lifecycle: Lifecycle[Any, Any], states: Any, events: Any, first: Any
) -> None:
    assert set(lifecycle.table) == set(states)
    assert first in states
    for event in events:
        targets = {row[event] for row in lifecycle.table.values() if event in row}
        assert targets == {lifecycle.target(event)}


@pytest.mark.parametrize(("lifecycle", "states", "events", "first"), EVERY)
def test_every_state_is_reached_from_the_first_one(
    lifecycle: Lifecycle[Any, Any], states: Any, events: Any, first: Any
) -> None:
    reached, new = {first}, {first}
    while new:
        new = {target for state in new for target in lifecycle.table[state].values()} - reached
        reached |= new
    assert reached == set(states)


@pytest.mark.parametrize(("lifecycle", "states", "events", "first"), EVERY)
def test_an_event_that_the_table_does_not_hold_is_impossible_and_its_state_is_no_source(
    lifecycle: Lifecycle[Any, Any], states: Any, events: Any, first: Any
) -> None:
    for state in states:
        for event in events:
            if event in lifecycle.table[state]:
                assert lifecycle.next_state(state, event) == lifecycle.table[state][event]
                assert state in lifecycle.sources(event)
            else:
                assert state not in lifecycle.sources(event)
                with pytest.raises(ImpossibleTransition, match=f"{event} cannot happen to a {lifecycle.name}"):
                    lifecycle.next_state(state, event)


def test_sent_and_withdrawn_notices_and_finished_instructions_stay_as_they_are() -> None:
    final = {state for one in (CYCLE, PARTICIPANT, INSTRUCTION, NOTICE) for state, row in one.table.items() if not row}
    assert final == {NoticeState.SENT, NoticeState.WITHDRAWN}


def test_a_cycle_is_either_running_or_ended() -> None:
    assert {*RUNNING, *ENDED} == set(CycleState)
    assert [state for state in CycleState if state.is_running] == list(RUNNING)
