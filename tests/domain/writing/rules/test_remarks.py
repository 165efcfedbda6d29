"""Remarks while a goal is written: vague words in theme, problem and steps, and examples that were left as they are."""

from decimal import Decimal

import pytest

from domain.findings import Level
from domain.values import Locale
from domain.writing.catalog import CatalogEntry, draft, entries
from domain.writing.content import NumericMeasure, Step
from domain.writing.rules.remarks import remarks
from tests.domain.builders import content, policy

POLICY = policy(edition=2)
_STEPS = content().steps


def _found(**changes: object) -> list[tuple[str, str]]:
    found = remarks(
        content(**{"theme": "月次決算を早く締める", "challenge": "請求書が月初に集中し、確定が遅れている", **changes})
    )
    assert all(one.level is Level.ADVISE for one in found)
    return [(one.code, one.where) for one in found]


@pytest.mark.parametrize(
    "theme",
    [
        "業務をしっかり改善する",
        "さらに業務効率を向上させる".replace("させる", "する"),
        "引き続き頑張る",
        "Continuously improve our work",
    ],
)
def test_a_theme_of_filling_words_gets_a_remark(theme: str) -> None:
    assert _found(theme=theme) == [("vague_theme", "theme")]


@pytest.mark.parametrize(
    "challenge",
    [
        "業務に問題がある",
        "効率が悪い",
        "コミュニケーションが足りない",
        "改善が必要",
        "忙しい",
        "There are some issues",
        "Efficiency is low",
    ],
)
def test_a_problem_that_fits_any_work_gets_a_remark(challenge: str) -> None:
    assert _found(challenge=challenge) == [("vague_challenge", "challenge")]


@pytest.mark.parametrize(
    "title", ["手順をしっかり確認する", "連携を強化する", "改善に取り組む", "Improve communication"]
)
def test_a_step_that_is_never_done_gets_a_remark(title: str) -> None:
    assert _found(steps=(Step(title=title, due=_STEPS[0].due), *_STEPS[1:])) == [("vague_step", "steps[0].title")]


@pytest.mark.parametrize(
    "challenge",
    [
        "",
        "請求書の回収が月初に集中している",
        "支払の遅れが月4件ある",
        "新任者の相談先が分からず、着任後の問い合わせが多い",
        "Claims go back and forth each month",
    ],
)
def test_a_problem_that_says_what_happens_gets_none(challenge: str) -> None:
    assert _found(challenge=challenge) == []


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.id)
@pytest.mark.parametrize("locale", Locale)
def test_of_an_entry_of_the_catalogue_only_what_was_left_as_it_is_gets_a_remark(
    entry: CatalogEntry, locale: Locale
) -> None:
    made = draft(entry, locale, POLICY.starts, POLICY.ends)
    left = {("example_challenge", "challenge")} | (
        {("example_numbers", "measure.baseline")} if isinstance(made.measure, NumericMeasure) else set()
    )
    assert {(one.code, one.where) for one in remarks(made)} == left
    if isinstance(made.measure, NumericMeasure):
        measure = made.measure.model_copy(update={"target": made.measure.target + Decimal("0.5")})
        own = made.model_copy(update={"measure": measure, "challenge": f"{made.challenge} (12)"})
        assert remarks(own) == ()
