"""Examples to follow: what others may read, and that no person is named."""

import json
from decimal import Decimal
from time import perf_counter

import pytest

from domain.goal import commands
from domain.goal.decide import decide
from domain.goal.goal import Goal, Outcome
from domain.refusals import Code
from domain.results.exemplars import SOMEBODY, KnownNames, exemplar_of
from tests.domain.builders import MANAGER, OWNER, active, after, at, closed, content, day, fresh_id, refusal

NOW = at(day(11, 4), 15)
MARK = "0123456789" + "ab" * 27  # the hash of the entry that marks it
NAMES = ("佐藤 花子", "岡本 蓮", "Sam Lee", "林 一", "de la Cruz")


def mark(reason: str = "全社の手本", actor: str = MANAGER) -> commands.MarkExemplar:
    return commands.MarkExemplar.model_validate({"id": fresh_id(), "actor": actor, "reason": reason})


def shown(text: str) -> str:
    goal = closed().model_copy(update={"content": content(challenge=text)})
    ledger = [{"body": {"kind": "exemplar_marked", "reason": text}}]
    example = exemplar_of(goal, MARK, ledger, KnownNames(NAMES))
    assert example.reason == example.content.challenge
    return example.reason


def test_a_closed_goal_is_marked_once() -> None:
    goal = after(closed(), mark(), NOW)
    assert goal.exemplar
    assert decide(goal, mark(), NOW) == ()


@pytest.mark.parametrize("outcome", [Outcome.WITHDRAWN, Outcome.LAPSED, Outcome.CANCELLED, Outcome.UNREALISTIC])
def test_what_was_given_up_is_no_example(outcome: Outcome) -> None:
    given_up: Goal = closed().model_copy(update={"outcome": outcome})
    refusal(given_up, mark(), NOW, Code.NOT_WORKED_ON)


def test_a_goal_that_is_worked_on_is_no_example_yet_and_nobody_marks_their_own() -> None:
    refusal(active(), mark(), NOW, Code.WRONG_STATE)
    refusal(closed(), mark(actor=OWNER), NOW, Code.SELF_APPROVAL)


@pytest.mark.parametrize(
    ("text", "clear"),
    [
        ("佐藤 花子が試した", f"{SOMEBODY}が試した"),
        ("佐藤花子さんが試した", f"{SOMEBODY}さんが試した"),
        ("岡本さんと佐藤課長に聞いた", f"{SOMEBODY}さんと{SOMEBODY}課長に聞いた"),
        ("asked Sam Lee and Sam", f"asked {SOMEBODY} and {SOMEBODY}"),
        ("mail to sam.lee@example.co.jp", f"mail to {SOMEBODY}"),
        ("林業の統計を一つ見た", "林業の統計を一つ見た"),  # a short name that is part of other words
        ("Samples of leeway", "Samples of leeway"),
        ("de facto a la carte", "de facto a la carte"),
    ],
)
def test_names_and_addresses_are_left_out_and_other_words_stay(text: str, clear: str) -> None:
    assert shown(text) == clear


def test_neither_the_id_nor_anything_else_leads_back_to_the_owner() -> None:
    goal = closed().model_copy(update={"content": content(parent="2026-q4/m10/1", answers=("H1",))})
    example = exemplar_of(goal, MARK, [{"body": {"kind": "exemplar_marked", "reason": "手本"}}], KnownNames(NAMES))
    said = json.dumps(example.model_dump(mode="json"))
    assert OWNER not in said
    assert MANAGER not in said
    assert example.id == MARK[:10]
    assert (example.content.steps, example.content.measure) == (goal.content.steps, goal.content.measure)


def test_a_text_is_compared_with_the_names_whose_parts_it_holds() -> None:
    names = KnownNames(["山田 太郎", "佐藤 花子", "Jane van Doe", *(f"社員 {n}番" for n in range(10_000))])
    assert names.within("山田部長と Jane が決めた") == {"山田 太郎", "Jane van Doe"}
    assert names.within("佐藤花子") == {"佐藤 花子"}
    assert names.within("誰もいない") == names.within("") == set()


@pytest.mark.parametrize("piece", ["a", "a.", "a@", "a@b", "a@b.", "佐藤 ", "花子"])
def test_no_text_keeps_the_search_for_names_and_addresses_busy(piece: str) -> None:
    text = (piece * 4_000)[:4_000].strip()
    assert min(seconds_for(text) for _ in range(5)) < 0.05  # a search from every letter took 0.1 s


def seconds_for(text: str) -> float:
    began = perf_counter()
    shown(text)
    return perf_counter() - began


def test_a_goal_of_which_no_review_confirmed_anything_is_no_example() -> None:
    nothing = closed().model_copy(update={"attained": Decimal(0)})
    refusal(nothing, mark(), NOW, Code.NOT_WORKED_ON)
