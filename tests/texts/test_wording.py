from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import get_args

import pytest

from domain.goal.events import AnyBody
from domain.goal.goal import Delegation, Goal, Outcome
from domain.instructions.instructions import KINDS, Selection
from domain.lifecycle import EventKind
from domain.policy.policy import TaskKind
from domain.values import Locale, percent
from texts import wording
from texts.translations import catalog
from texts.words import word

ROOT = Path(__file__).resolve().parents[2]
_FACT = "screen.fact."
BODIES = get_args(get_args(AnyBody)[0])


@pytest.mark.parametrize(("kind", "whole"), [("task", TaskKind), ("outcome", Outcome), ("event", EventKind)])
def test_everything_has_a_japanese_name_of_its_own(kind: str, whole: type[StrEnum]) -> None:
    names = {one: word(kind, one, Locale.JA) for one in whole}
    assert all(name != one for one, name in names.items())
    assert len(set(names.values())) == len(whole)


def test_every_fact_of_every_event_has_a_japanese_name_and_none_is_left_over() -> None:
    fields = {name for body in BODIES for name in body.model_fields} | set(Delegation.model_fields)
    told_of_a_new_line = {"line", "stages", "reviewers", "joint", "department"}
    ids = [str(one.id) for one in catalog("screens", Locale.JA)]
    named = {one.removeprefix(_FACT) for one in ids if one.startswith(_FACT)}
    wanted = (fields - wording.OMITTED) | told_of_a_new_line
    assert named >= wanted
    assert {one for one in named - wanted if not _is_in_the_journal(one)} == set()


def _is_in_the_journal(fact: str) -> bool:
    """Whether an entry of the journal can have the fact: a storage function writes it, an instruction asks for it, or a page that an
    auditor looks at has it in its address.
    """
    sources = [*(ROOT / "storage").glob("*.py"), ROOT / "service/tokens.py", *(ROOT / "web").rglob("*.py")]
    return any(f'"{fact}"' in one.read_text(encoding="utf-8") for one in sources) or any(
        fact in kind.model_fields or fact in Selection.model_fields for kind in KINDS
    )


def test_facts_are_one_short_line() -> None:
    body = {"kind": "returned", "comment": "a\nb" + "x" * 5000, "content": {"theme": "long"}, "met": []}
    said = wording.facts(body, Locale.JA, "Asia/Tokyo")
    assert said.startswith("コメント a bxxx")
    assert said.endswith("…")
    assert len(said) < 80


def test_the_values_of_facts_are_words() -> None:
    body = {"kind": "closed", "verdict": "unrealistic", "proposed": "continue", "outcome": "cancelled", "late": False}
    assert wording.facts(body, Locale.JA, "Asia/Tokyo") == "判定 目標を見直し; 提案 継続; 結果 取り止め; 遅延 いいえ"
    assert (
        wording.facts({"kind": "self_reviewed", "cause_kinds": ["time"]}, Locale.JA, "Asia/Tokyo")
        == "原因の種類 時間・人手"
    )


@pytest.mark.parametrize(
    ("share", "said"),
    [
        ("0", "0 %"),
        ("0.5", "50 %"),
        ("0.666666666667", "66.66 %"),
        ("0.99999", "99.99 %"),
        ("1", "100 %"),
        ("1.5", "150 %"),
    ],
)
def test_a_share_is_told_with_two_places_and_never_as_reached_before_it_is(share: str, said: str) -> None:
    assert percent(Decimal(share)) == said


def test_a_delegation_is_told_from_its_first_day_to_its_last() -> None:
    delegation = {"to": "M0017", "last": "2026-12-07", "first": "2026-11-27", "delegator": "M0015"}
    said = wording.facts({"kind": "delegated", "delegation": delegation}, Locale.JA, "Asia/Tokyo")
    assert said == "代理 被代理者 M0015 代理人 M0017 初日 2026-11-27 最終日 2026-12-07"


def test_every_field_of_a_goal_that_may_differ_from_its_ledger_has_a_japanese_name() -> None:
    assert all(word("screen.state_field", one, Locale.JA) != one for one in (*Goal.model_fields, "due_at", "aggregate"))


def test_a_deadline_among_the_facts_is_shown_as_the_clocks_of_the_site_show_it() -> None:
    body = {"kind": "reminded", "rung": 0, "due": "2026-12-12T01:30:00Z", "late": False}
    assert "due 2026-12-11 17:30 UTC-8" in wording.facts(body, Locale.EN, "America/Los_Angeles")
    assert "due 2026-12-11" in wording.facts({"kind": "extended", "due": "2026-12-11"}, Locale.EN, "Asia/Tokyo")


def test_what_is_of_use_to_the_program_only_is_no_fact_for_people() -> None:
    assert wording.facts({"kind": "created", "slot": 31}, Locale.JA, "Asia/Tokyo") == ""


def test_the_facts_of_a_delegation_have_the_order_of_its_model() -> None:
    assert list(wording._ORDER) == list(Delegation.model_fields)


def test_pages_write_moments_days_shares_and_people_of_facts_as_they_write_them_elsewhere() -> None:
    body = {
        "kind": "reminded", "due": "2026-11-27T00:10:00Z", "copied": ["M0018", "M0019"], "attained": "0.4", "rung": 1, "late": True,
    }  # fmt: skip
    names = {"M0018": "福田 千尋"}
    told = {name: value for name, _, value in wording.fact_list(body, Locale.JA, "Asia/Tokyo", names)}
    assert told == {
        "due": "2026/11/27 09:10", "copied": "福田 千尋 M0018、M0019", "attained": "40 %", "rung": "2", "late": "はい",
    }  # fmt: skip
    asked = {"asked": '{"kind": "extend", "due": "2026-12-11", "reason": "決算のため"}', "employee": "M0018"}
    told = {name: value for name, _, value in wording.journal_fact_list(asked, Locale.EN, "Asia/Tokyo", names)}
    assert told == {"employee": "福田 千尋 M0018", "due": "Dec 11, 2026", "reason": "決算のため"}
