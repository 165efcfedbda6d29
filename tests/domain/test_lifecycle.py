"""The table of the lifecycle: it is total, every state is reachable, and `decide` and `evolve` obey it."""

import pytest

from domain.goal import events
from domain.goal.commands import SYSTEM
from domain.goal.decide import decide
from domain.goal.evolve import evolve
from domain.lifecycle import NEUTRAL, TRANSITIONS, EventKind, ImpossibleTransition, State, next_state
from domain.values import CommandId
from tests.domain.builders import LAUNCH, SITUATIONS, at, closed, created, day, draft
from tests.domain.command_cases import CASES

MOVED_BY_NO_TABLE = {EventKind.CREATED, EventKind.REOPENED}  # the first event; and HR's way back to the state before


def test_every_state_has_a_row() -> None:
    assert set(TRANSITIONS) == set(State)


def test_the_row_of_a_final_state_is_empty() -> None:
    assert [state for state, row in TRANSITIONS.items() if not row] == [State.CLOSED]


def test_every_event_stands_in_the_table_or_is_neutral_and_never_both() -> None:
    in_the_table = {kind for row in TRANSITIONS.values() for kind in row}
    assert in_the_table | NEUTRAL | MOVED_BY_NO_TABLE == set(EventKind)
    assert not in_the_table & NEUTRAL
    assert not in_the_table & MOVED_BY_NO_TABLE


def test_neutral_are_exactly_the_events_of_the_clock_of_hr_of_the_organisation_and_comments() -> None:
    named = (
        "reminded escalated reassigned delegated extended paused resumed commented policy_amended sign_off_refused "
        "line_changed adjusted exemplar_marked texts_erased repaired delegation_ended parent_followed"
    )
    assert set(named.split()) == NEUTRAL


def test_every_state_is_reached_from_a_draft_and_every_open_one_leads_to_the_end() -> None:
    for first in State:
        reached, waiting = {first}, [first]
        while waiting:
            for state in TRANSITIONS[waiting.pop()].values():
                if state not in reached:
                    reached.add(state)
                    waiting.append(state)
        assert State.CLOSED in reached
        if first is State.DRAFT:
            assert reached == set(State)


@pytest.mark.parametrize("kind", EventKind)
@pytest.mark.parametrize("state", State)
def test_an_event_moves_a_goal_as_the_table_says_or_not_at_all(state: State, kind: EventKind) -> None:
    if kind in NEUTRAL:
        assert next_state(state, kind) is state
    elif kind in TRANSITIONS[state]:
        assert next_state(state, kind) is TRANSITIONS[state][kind]
    else:
        with pytest.raises(ImpossibleTransition, match=f"^{kind} cannot happen to a goal that is {state}$"):
            next_state(state, kind)


@pytest.mark.parametrize("name", [name for name in CASES if name not in {"resume", "reopen"}])
def test_what_decide_allows_the_table_allows(name: str) -> None:
    for situation in CASES[name].accepted:
        goal = SITUATIONS[situation]()
        for event in decide(goal, CASES[name].make(goal), at(day(11, 4))):
            state = next_state(goal.state, event.kind)
            goal = evolve(goal, event)
            assert goal.state is state


def test_an_event_that_cannot_happen_is_a_bug_and_changes_nothing() -> None:
    goal = closed()
    event = events.Event(
        seq=goal.seq + 1, revision=1, at=LAUNCH, actor=SYSTEM, command=CommandId("x"), body=events.Recalled()
    )
    with pytest.raises(ImpossibleTransition):
        evolve(goal, event)


def test_a_ledger_begins_with_created_and_has_it_once() -> None:
    again = created().model_copy(update={"seq": 2})
    with pytest.raises(ImpossibleTransition):
        evolve(draft(), again)


def test_an_event_out_of_order_is_refused() -> None:
    event = created().model_copy(update={"seq": 3, "body": events.Recalled()})
    with pytest.raises(ValueError, match=r"^event 3 does not follow 1 in 2026-q4/e100/1$"):
        evolve(draft(), event)
