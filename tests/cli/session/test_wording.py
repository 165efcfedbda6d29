from enum import StrEnum
from typing import get_args

import pytest

from cli.session import wording
from domain.goal.events import AnyBody
from domain.goal.goal import Delegation, Outcome
from domain.lifecycle import EventKind
from domain.policy.policy import TaskKind
from domain.values import Locale

BODIES = get_args(get_args(AnyBody)[0])


@pytest.mark.parametrize(
    ("table", "whole"),
    [(wording.TASKS, TaskKind), (wording.OUTCOMES, Outcome), (wording.EVENTS, EventKind)],
)
def test_everything_has_a_japanese_name_of_its_own(table: dict[str, str], whole: type[StrEnum]) -> None:
    assert set(table) == set(whole)
    assert len(set(table.values())) == len(table)


def test_every_fact_of_every_event_has_a_japanese_name_and_none_is_left_over() -> None:
    fields = {name for body in BODIES for name in body.model_fields} | set(Delegation.model_fields)
    told_of_a_new_line = {"line", "department"}
    assert set(wording.FACTS) == (fields - wording.UNSAID) | told_of_a_new_line


def test_facts_are_one_short_line() -> None:
    body = {"kind": "returned", "comment": "a\nb" + "x" * 5000, "content": {"theme": "long"}, "met": []}
    said = wording.facts(body, Locale.JA)
    assert said.startswith("コメント a bxxx")
    assert said.endswith("…")
    assert len(said) < 80
