"""Every command: in each state, by a person without permission, while the goal is paused, and sent twice."""

from collections.abc import Iterator, Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
from annotated_types import MaxLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from domain.goal import commands
from domain.goal.commands import COMMANDS, FROM_WITHIN
from domain.goal.decide import decide
from domain.goal.evolve import evolve_all
from domain.refusals import Code
from domain.values import EmployeeId
from tests.domain.builders import (
    HR,
    SITUATIONS,
    STRANGER,
    after,
    at,
    awaiting_verdict,
    day,
    fresh_id,
    list_of,
    pause,
    refusal,
    verdict,
)
from tests.domain.command_cases import CASES, IN_PROGRESS, NOW, WHILE_PAUSED, ready


def test_every_command_has_a_case_here() -> None:
    assert set(CASES) == set(COMMANDS)


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("name", sorted(set(CASES) - {"end_delegation"}))  # brings nothing where there is none to end
def test_a_command_is_accepted_where_it_belongs_and_refused_elsewhere(name: str, situation: str) -> None:
    goal, case = SITUATIONS[situation](), CASES[name]
    command = case.make(goal)
    if situation in case.accepted:
        events = decide(goal, command, NOW)
        assert [event.seq for event in events] == list(range(goal.seq + 1, goal.seq + 1 + len(events)))
        assert {(event.command, event.actor, event.at) for event in events} == {(command.id, command.actor, NOW)}
        assert evolve_all(goal, events).seq > goal.seq
    else:
        refusal(goal, command, NOW, _why_not(name, situation))


def _why_not(name: str, situation: str) -> Code:
    if (name, situation) == ("decide_review", "in_review"):
        return Code.SELF_REVIEW_FIRST
    if name == "resume" and situation != "closed":
        return Code.NOT_PAUSED
    if name == "erase_texts":  # the entry holds the content of an open goal
        return Code.TEXTS_IN_USE
    if name == "undo_report" and situation in IN_PROGRESS:
        return Code.STEP_NOT_DONE
    return Code.WRONG_STATE


@pytest.mark.parametrize("name", CASES)
def test_the_wrong_person_is_refused_and_nothing_changes(name: str) -> None:
    goal, case = ready(name), CASES[name]
    for person in case.not_by:
        command = case.make(goal).model_copy(update={"actor": person})
        said = refusal(goal, command, NOW, Code.NOT_ALLOWED)
        assert said.fields["actor"] == person
        assert person not in list_of(said, "allowed")


@pytest.mark.parametrize("name", CASES)
def test_nobody_acts_in_a_name_that_was_not_given_to_them(name: str) -> None:
    goal, case = ready(name), CASES[name]
    for actor in (STRANGER, case.make(goal).actor):  # nor does who may do it anyway: the ledger would say an untruth
        false = case.make(goal).model_copy(update={"actor": actor, "acting_for": EmployeeId("n0")})
        said = refusal(goal, false, NOW, Code.NOT_DELEGATED)
        assert said.fields == {"actor": actor, "acting_for": "n0"}


@pytest.mark.parametrize(
    "name", sorted(set(CASES) - {"reopen", "adjust", "mark_exemplar", "erase_texts"})
)  # closed: not paused
def test_a_paused_goal_takes_only_what_hr_steers_it_with_and_comments(name: str) -> None:
    goal = ready(name)
    if not goal.is_paused:
        goal = after(goal, pause("産休"), at(day(11, 4)))
    command = CASES[name].make(goal)
    if name in WHILE_PAUSED:
        assert decide(goal, command, NOW)
    else:
        assert refusal(goal, command, NOW, Code.PAUSED).fields == {"reason": "産休"}


@pytest.mark.parametrize("name", CASES)
def test_a_command_that_is_sent_again_with_its_id_brings_nothing(name: str) -> None:
    goal = ready(name)
    command = CASES[name].make(goal)
    goal = after(goal, command, NOW)
    assert decide(goal, command, NOW) == ()

    if not goal.is_closed:  # nor when the answer was lost, and others came in between
        goal = after(goal, commands.Comment(id=fresh_id(), actor=HR, text="確認中"), NOW)
        assert decide(goal, command, NOW) == ()


def test_a_command_that_is_sent_again_after_a_reset_is_answered_not_refused() -> None:
    goal = awaiting_verdict()
    command = verdict(goal, "unrealistic")
    goal = after(goal, command, NOW)
    assert goal.revision == 2
    assert decide(goal, command, NOW) == ()


# Their keys are a closed set, or the policy bounds all of them together.
BOUNDED_OTHERWISE = {
    "Policy.ladders",
    "BusinessCalendar.days_off",
    "BusinessCalendar.working_days",
    "BusinessCalendar.short_days",
}


def test_every_list_in_a_command_has_a_bound_so_that_no_goal_grows_until_it_is_stuck() -> None:
    seen: set[type[BaseModel]] = set()
    unbounded = {
        one
        for command in (COMMANDS | FROM_WITHIN).values()
        for name, field in _new_fields(command, seen)
        for one in _unbounded(name, field.annotation, field.metadata, seen)
    }
    assert unbounded == BOUNDED_OTHERWISE


def _new_fields(model: type[BaseModel], seen: set[type[BaseModel]]) -> Iterator[tuple[str, FieldInfo]]:
    """The fields of a model that was not looked at before."""
    if model not in seen:
        seen.add(model)
        yield from ((f"{model.__name__}.{name}", field) for name, field in model.model_fields.items())


def _unbounded(name: str, annotation: Any, metadata: Sequence[Any], seen: set[type[BaseModel]]) -> Iterator[str]:
    """The names of fields of any length in what the annotation stands for."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from _unbounded(name, arguments[0], [*metadata, *arguments[1:]], seen)
    elif origin in (Union, UnionType):
        for one in arguments:
            yield from _unbounded(name, one, metadata, seen)
    elif origin in (tuple, dict, list, set, frozenset):
        limits = [limit for one in metadata for limit in getattr(one, "metadata", [one])]
        has_any_length = origin is not tuple or Ellipsis in arguments
        if has_any_length and not any(isinstance(one, MaxLen) for one in limits):
            yield name
        for one in arguments:
            yield from _unbounded(name, one, (), seen)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for inner, field in _new_fields(annotation, seen):
            yield from _unbounded(inner, field.annotation, field.metadata, seen)
