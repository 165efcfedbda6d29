"""Sixty goals as people write them, and the findings of the rules; the README of the rules reports the rates."""

import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import domain.writing.rules
from domain.findings import Finding, Level, refuses
from domain.writing.content import Content, NumericMeasure, QualitativeMeasure, Step
from domain.writing.rules import check
from domain.writing.rules.structure import STRUCTURE
from tests.domain.builders import policy
from texts.say import say_both

POLICY = policy(edition=2)
README = Path(domain.writing.rules.__file__).with_name("README.md").read_text("utf-8")
TABLE: dict[str, dict[str, list[dict[str, Any]]]] = tomllib.loads(
    (Path(__file__).with_name("goals.toml")).read_text("utf-8")
)
HELD_OUT: dict[str, dict[str, list[dict[str, Any]]]] = tomllib.loads(
    (Path(__file__).with_name("held_out.toml")).read_text("utf-8")
)
STEPS = {"ja": ("対象を10件一覧にする", "手引きを公開する"), "en": ("List ten cases", "Publish the guide")}
GOALS = [
    pytest.param(language, kind, goal, id=f"{language}-{kind}-{n}")
    for language, kinds in TABLE.items()
    for kind, goals in kinds.items()
    for n, goal in enumerate(goals)
]


def content_of(goal: dict[str, Any], language: str) -> Content:
    """The goal's content; with valid steps if it has none."""
    titles = goal.get("steps", STEPS[language])
    days = (date(2026, 10, 20), date(2026, 11, 20), date(2026, 12, 10))
    measure: NumericMeasure | QualitativeMeasure
    if "number" in goal:
        name, unit, direction, baseline, target = goal["number"]
        measure = NumericMeasure(name=name, unit=unit, direction=direction, baseline=str(baseline), target=str(target))
    else:
        image, *criteria = goal["picture"]
        measure = QualitativeMeasure(
            name="成功の姿" if language == "ja" else "picture", success_image=image, criteria=criteria
        )
    return Content(
        theme=goal["theme"],
        challenge="手間が月初に集まっている" if language == "ja" else "work piles up at the start of the month",
        measure=measure,
        steps=tuple(Step(title=title, due=day) for title, day in zip(titles, days, strict=False)),
    )


def found_in(goal: dict[str, Any], language: str) -> tuple[Finding, ...]:
    return check(content_of(goal, language), POLICY)


def test_there_are_fifteen_good_and_fifteen_flawed_goals_in_each_language() -> None:
    assert {(language, kind): len(goals) for language, kinds in TABLE.items() for kind, goals in kinds.items()} == {
        ("ja", "good"): 15, ("ja", "flawed"): 15, ("en", "good"): 15, ("en", "flawed"): 15,
    }  # fmt: skip


@pytest.mark.parametrize(("language", "kind", "goal"), GOALS)
def test_the_rules_find_what_is_wrong_and_nothing_else(language: str, kind: str, goal: dict[str, Any]) -> None:
    assert {finding.code for finding in found_in(goal, language)} == set(goal.get("finds", []))


@pytest.mark.parametrize(("language", "kind", "goal"), [one for one in GOALS if one.values[1] == "flawed"])
def test_a_theme_that_deducts_or_says_nothing_can_be_replaced_by_its_rewrite_as_it_is(
    language: str, kind: str, goal: dict[str, Any]
) -> None:
    for finding in found_in(goal, language):
        if finding.code not in ("deductive", "vague_theme"):
            continue
        assert finding.suggestion
        for text in (say_both(finding.suggestion).ja, say_both(finding.suggestion).en):
            again = content_of(goal | {"theme": text}, language)
            mended = [one for one in check(again, POLICY) if one.where == "theme"]
            assert not mended, (text, mended)


def share_of(table: dict[str, dict[str, list[dict[str, Any]]]], language: str) -> tuple[int, int]:
    """The share of good goals without a refusal, and the share of flawed goals with a finding."""
    good = sum(not refuses(found_in(goal, language)) for goal in table[language]["good"])
    flawed = sum(bool(found_in(goal, language)) for goal in table[language]["flawed"])
    return good, flawed


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize(("table", "name"), [(TABLE, "table"), (HELD_OUT, "held out")])
def test_the_readme_says_how_much_the_rules_get_right(
    language: str, table: dict[str, dict[str, list[dict[str, Any]]]], name: str
) -> None:
    good, flawed = share_of(table, language)
    kinds = table[language]
    row = rf"\| {name} \| {language} \| {good} of {len(kinds['good'])} \| {flawed} of {len(kinds['flawed'])} \|"
    assert re.search(row, README), f"domain/writing/rules/README.md has no row {row}"


def test_every_rule_stands_in_the_readme() -> None:
    for rule in (*STRUCTURE, *domain.writing.rules.WRITING):
        assert f"`{rule.__name__}`" in README


def test_older_cycles_keep_the_rules_that_they_were_launched_with() -> None:
    goal = content_of({"theme": "ミスをゼロにする", "number": ["ミス", "件", "down", 12, 0]}, "ja")
    assert not check(goal, policy())
    assert {finding.level for finding in check(goal, POLICY)} == {Level.REFUSE}
