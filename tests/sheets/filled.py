"""Goals for sheets: one of every kind, and strategies for Hypothesis."""

from datetime import date
from decimal import Decimal

from hypothesis import strategies as st

from domain.goal.goal import Goal
from domain.values import GoalId
from domain.writing.content import Content, Contributor, Direction, NumericMeasure, QualitativeMeasure, Step
from sheets.fields import cell_text
from sheets.model import GoalSheet, Person, Review, SheetGoal
from tests.domain.builders import POLICY, draft

_SIGNS = st.characters(
    codec="utf-8",
    exclude_categories=["Cc", "Cs"],
    exclude_characters="\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
) | st.sampled_from("\t\n\r\x85")
TEXTS = st.text(_SIGNS, max_size=40) | st.sampled_from(
    [
        "=1+1",
        "+81",
        "-",
        "@x",
        "'=1",
        "''+",
        "12",
        "1e5",
        "TRUE",
        "2026-12-11",
        "_x000D_",
        "a\r\nb",
        " x ",
        "\t=",
        "'",
        "０",
        "あ" * 200,
    ]
)


def _fits_a_line(text: str) -> bool:
    """Whether a cell can hold the text on one line: a text of control characters only would become empty."""
    return bool(cell_text(text)) and len(text.splitlines()) == 1 and len(text.strip()) <= 200


LINES = TEXTS.filter(_fits_a_line)
OPEN_LINES = st.just("") | LINES
PROSES = OPEN_LINES | st.lists(TEXTS, max_size=4).map("\n".join)
NUMBERS = st.decimals("-999999999999999999", "999999999999999999", places=6) | st.integers(-1000, 1000).map(Decimal)
MEASURES = st.builds(
    NumericMeasure, name=LINES, unit=OPEN_LINES, direction=st.sampled_from(Direction), baseline=st.none() | NUMBERS,
    target=NUMBERS, points=st.integers(0, 1000),
) | st.builds(
    QualitativeMeasure, name=LINES, success_image=PROSES.filter(lambda one: bool(cell_text(one))),
    criteria=st.lists(LINES, max_size=4).map(tuple), points=st.integers(0, 1000),
)  # fmt: skip
STEPS = st.builds(Step, title=LINES, due=st.dates(date(2000, 1, 1), date(2100, 1, 1)), points=st.integers(0, 1000))
SHARINGS = st.sampled_from(
    [None, (Contributor(person="M0001", share=30),), (Contributor(person="M0001", share=30), Contributor(person="x-2", share=5))]
)  # fmt: skip


def _shared(content: Content, contributors: tuple[Contributor, ...] | None) -> Content:
    """The content with these contributors, of whom the first does every second step."""
    by = contributors[0].person if contributors else None
    steps = tuple(step.model_copy(update={"by": by if n % 2 else None}) for n, step in enumerate(content.steps))
    return content.model_copy(update={"contributors": contributors, "steps": steps})


CONTENTS = st.builds(
    _shared,
    st.builds(
    Content, theme=OPEN_LINES, challenge=PROSES, heard=st.lists(LINES, max_size=3).map(tuple), aligned_to=OPEN_LINES,
    measure=st.none() | MEASURES, steps=st.lists(STEPS, max_size=12).map(tuple), weight=st.decimals(1, 100, places=2),
    parent=st.sampled_from([None, "digital", "2026-q4/M0005/1"]), answers=st.sampled_from([None, ("H1",), ("H1", "H12")]),
    ),
    SHARINGS,
)  # fmt: skip

PERSON = Person("M0031", "岡本 蓮", "経理部", "主任", "清水 幸恵")


def goal_with(content: Content, number: int = 1) -> Goal:
    return draft(goal_id=GoalId(f"2026-q4/e100/{number}")).model_copy(update={"content": content})


def sheet_of(*contents: Content, review: Review | None = None) -> GoalSheet:
    said = review or Review()
    goals = tuple(SheetGoal(goal_with(one, n), said) for n, one in enumerate(contents, start=1))
    return GoalSheet("2026-q4", "2026年度 第4四半期", POLICY.starts, POLICY.ends, PERSON, goals)
