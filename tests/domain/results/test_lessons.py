"""What a self-review teaches, without names, and how often causes are named."""

from typing import Any

from domain.results.exemplars import KnownNames
from domain.results.lessons import Lesson, count_causes, lesson_of

NAMES = KnownNames(["森 香織", "清水 幸恵"])
HASH = "0123456789abcdef"


def lesson(erased: tuple[str, ...] = (), **body: Any) -> Lesson:
    return lesson_of(HASH, "経理部", {"kind": "self_reviewed", "proposed": "continue", **body}, erased, NAMES)


def test_a_lesson_has_an_id_that_tells_nothing_of_the_owner_and_no_names() -> None:
    found = lesson(cause_kinds=["time"], causes="森さんの承認を待った", to_improve="清水 幸恵へ早めに相談する")
    assert found.id == "0123456789"
    assert (found.cause, found.improvement) == ("担当者さんの承認を待った", "担当者へ早めに相談する")
    assert found.cause_kinds == ("time",)


def test_the_cause_becomes_the_problem_and_the_improvement_where_there_is_none() -> None:
    assert lesson(causes="遅れた", to_improve="早める").as_problem == "遅れた"
    assert lesson(to_improve="早める").as_problem == "早める"
    assert lesson(cause_kinds=["time"]).as_problem is None


def test_what_was_erased_is_no_lesson() -> None:
    found = lesson(erased=("/causes",), causes="(消去済み)", to_improve="早める")
    assert (found.cause, found.as_problem) == (None, "早める")


def test_causes_are_counted_by_department_the_most_frequent_first() -> None:
    lessons = [
        Lesson(id="1", department="経理部", cause_kinds=("time", "plan")),
        Lesson(id="2", department="経理部", cause_kinds=("plan",)),
        Lesson(id="3", department="営業部", cause_kinds=("time",)),
        Lesson(id="4", department="営業部", improvement="早める"),
    ]
    assert [(one.department, one.cause, one.reviews) for one in count_causes(lessons)] == [
        ("営業部", "time", 1), ("経理部", "plan", 2), ("経理部", "time", 1),
    ]  # fmt: skip
