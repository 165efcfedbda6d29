"""Rules on wording: deductive, unobservable, and two goals in one; in both languages, and similar texts without a finding."""

from typing import Any

import pytest

from domain.findings import Finding, Level
from domain.writing.content import Content, NumericMeasure, QualitativeMeasure, Step
from domain.writing.rules import check
from domain.writing.rules.matching import has_number, is_japanese, is_percent
from domain.writing.rules.wording import (
    adds_rather_than_deducts,
    criteria_are_observable,
    image_is_concrete,
    measure_has_unit,
    one_goal_at_a_time,
    steps_are_acts,
    theme_says_what,
)
from tests.domain.builders import content, policy
from texts.say import say_both

POLICY = policy(edition=2)


def picture(image: str, *criteria: str) -> Content:
    return content(measure=QualitativeMeasure(name="成功の姿", success_image=image, criteria=criteria))


def codes(found: Any) -> list[tuple[str, Level]]:
    return [(finding.where, finding.level) for finding in found]


@pytest.mark.parametrize(
    "theme",
    [
        "ミスをゼロにする", "ﾐｽをｾﾞﾛにする", "苦情０件を達成", "遅刻をなくす", "経費の無駄を無くす", "入力ミスをしない", "期日に遅れない", "締切に遅れず提出する",
        "報告を忘れないようにする", "無災害を続ける", "ノー残業", "クレームなし", "不正の撲滅", "遅れのない支払", "残業させない",
        "Zero defects", "ＺＥＲＯ ｅｒｒｏｒｓ", "No late payments", "No more overtime", "Error-free payroll", "0 complaints", "Never be late",
        "Close without a single mistake", "Eliminate all rework", "Avoid penalties", "Do not exceed the budget", "Stop forgetting renewals",
        "We will not miss filings", "No missed deadlines",
    ],
)  # fmt: skip
def test_a_theme_that_can_only_be_missed_is_refused_with_one_that_adds(theme: str) -> None:
    (finding,) = adds_rather_than_deducts(content(theme=theme), POLICY)
    assert (finding.code, finding.level, finding.where) == ("deductive", Level.REFUSE, "theme")
    assert finding.suggestion
    assert say_both(finding.suggestion).ja == say_both(finding.suggestion).en, (
        "in the goal's language, whoever reads it"
    )
    assert is_japanese(say_both(finding.suggestion).ja) is is_japanese(theme)
    assert has_number(say_both(finding.suggestion).ja)
    assert not list(adds_rather_than_deducts(content(theme=say_both(finding.suggestion).ja), POLICY))


@pytest.mark.parametrize(
    "theme",
    [
        "ゼロから学ぶ経理講座を開く", "ゼロベースの予算", "業務に欠かせない台帳をつくる", "会議の資料を少なくする", "紙を少なくし、探す時間を減らす",
        "10件の改善を行う", "誰も取り残さない研修に資料を添える", "ペーパーレス会議", "切れ目のない引き継ぎ", "少ない手数で終わる申請", "差し支えない範囲を広げる",
        "法令で定めなければならない規程を10件整える", "遅れの原因を3つ挙げる", "クレームから学ぶ会を開く", "残業の理由を記録する",
        "Zero-based budgeting for five departments", "From zero to a working archive", "No-code forms", "Notice boards for all sites",
        "Nine templates", "Learn from complaints", "Reduce rework", "Noteworthy cases", "Find the cause of delays",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_deduction_passes(theme: str) -> None:
    found = [one for one in adds_rather_than_deducts(content(theme=theme), POLICY) if one.where == "theme"]
    assert not found


def test_the_rewrite_is_about_the_work_that_the_goal_names() -> None:
    """「ミスをゼロにする」 becomes a goal that adds points, about the same work."""
    goal = content(theme="ミスをゼロにする", challenge="経費処理で同じ訂正が続いている")
    (finding,) = adds_rather_than_deducts(goal, POLICY)
    assert finding.suggestion
    assert say_both(finding.suggestion).ja == "経費処理の効率化施策を3つ提案する"
    goal = content(theme="No more errors in payroll", challenge="")
    (finding,) = adds_rather_than_deducts(goal, POLICY)
    assert finding.suggestion
    assert say_both(finding.suggestion).en == "propose 3 ways to make payroll smoother"


def test_of_two_names_for_a_work_the_longer_one_is_taken() -> None:
    (finding,) = adds_rather_than_deducts(content(theme="契約書の管理のミスをゼロにする"), POLICY)
    assert finding.suggestion
    assert say_both(finding.suggestion).ja.startswith("契約書の管理の")


def test_a_target_of_nothing_is_refused_where_less_is_better_only() -> None:
    down = NumericMeasure(name="件数", unit="件", direction="down", baseline="4", target="0")
    assert codes(adds_rather_than_deducts(content(measure=down), POLICY)) == [("measure.target", Level.REFUSE)]
    up = NumericMeasure(name="損益", unit="円", direction="up", baseline="-4", target="0")
    assert not list(adds_rather_than_deducts(content(measure=up), POLICY))


def test_in_steps_and_criteria_it_is_advice() -> None:
    goal = picture("担当でない人が手順書で作業を終えられる", "ミスゼロ").model_copy(
        update={"steps": (Step(title="遅れないように声をかける", due=content().steps[0].due),)}
    )
    assert codes(adds_rather_than_deducts(goal, POLICY)) == [
        ("measure.criteria[0]", Level.ADVISE), ("steps[0].title", Level.ADVISE),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "image",
    [
        "良い職場",
        "業務を適切に改善し向上させる",
        "社員の意識が高い状態",
        "A better team",
        "Work runs smoothly and efficiently",
        "Good",
    ],
)
def test_a_picture_that_nobody_can_see_is_refused(image: str) -> None:
    (finding,) = image_is_concrete(picture(image), POLICY)
    assert (finding.code, finding.level) == ("vague_image", Level.REFUSE)
    assert finding.suggestion


@pytest.mark.parametrize(
    "image",
    [
        "誰でも審査の進み具合を一覧で見られ、問い合わせが要らない",
        "三人が決算の主な作業を担える",
        "Two people close the month alone",
        "Anybody finds a contract within a minute",
    ],
)
def test_a_picture_with_who_what_or_how_many_passes(image: str) -> None:
    assert not list(image_is_concrete(picture(image), POLICY))


def test_a_criterion_on_which_two_could_disagree_gets_advice() -> None:
    found = criteria_are_observable(picture("-", "しっかり案内する", "5部署で案内を改善した", "better service"), POLICY)
    assert codes(found) == [("measure.criteria[0]", Level.ADVISE), ("measure.criteria[2]", Level.ADVISE)]


@pytest.mark.parametrize(
    "theme",
    [
        "業務改善",
        "スキルアップ",
        "業務効率化を図る",
        "品質の向上に努める",
        "improve quality",
        "Do our best",
        "Enhance our processes",
    ],
)
def test_a_theme_that_fits_any_work_gets_advice(theme: str) -> None:
    assert codes(theme_says_what(content(theme=theme), POLICY)) == [("theme", Level.ADVISE)]
    for measure in (content().measure, picture("誰でも一覧で見られる").measure, None):
        (finding,) = theme_says_what(content(theme=theme, measure=measure), POLICY)
        assert finding.suggestion
        assert not check(content(theme=say_both(finding.suggestion).ja, measure=content().measure), POLICY)


@pytest.mark.parametrize(
    "theme", ["", "月次決算の早期化", "契約審査の改善", "Improve the travel guide", "採用広報の強化"]
)
def test_a_theme_that_names_its_work_passes(theme: str) -> None:
    assert not list(theme_says_what(content(theme=theme), POLICY))


def test_a_step_that_nobody_can_see_done_gets_advice() -> None:
    titles = ("なるべく早く始める", "対応を検討する", "検討会を3回開く", "Work on it", "Publish the guide")
    steps = tuple(Step(title=title, due=content().steps[0].due) for title in titles)
    assert [where for where, _ in codes(steps_are_acts(content(steps=steps), POLICY))] == [
        "steps[0].title", "steps[1].title", "steps[3].title",
    ]  # fmt: skip


def test_a_number_without_a_unit_gets_advice() -> None:
    bare = NumericMeasure(name="所要", baseline="4", target="5")
    found: list[Finding] = list(measure_has_unit(content(measure=bare), POLICY))
    assert codes(found) == [("measure.unit", Level.ADVISE)]
    assert not list(measure_has_unit(content(), POLICY))


@pytest.mark.parametrize(
    "theme",
    [
        "台帳を直す。研修も開く",
        "規程を整備するとともに、周知を図る",
        "Write a guide; train people",
        "Write a guide and also train",
    ],
)
def test_two_goals_in_one_get_advice(theme: str) -> None:
    assert codes(one_goal_at_a_time(content(theme=theme), POLICY)) == [("theme", Level.ADVISE)]


@pytest.mark.parametrize("theme", ["規程と様式を整える。", "契約および請求の台帳", "Templates and guides"])
def test_one_goal_about_two_things_passes(theme: str) -> None:
    assert not list(one_goal_at_a_time(content(theme=theme), POLICY))


@pytest.mark.parametrize("text", ["3件", "３件", "三つ", "二十社", "百件", "three cases", "月1回"])
def test_numbers_count_in_whatever_way_they_are_written(text: str) -> None:
    assert has_number(text)


@pytest.mark.parametrize("text", ["一覧", "一緒に", "十分に", "一人ひとり", "万全", "someone"])
def test_signs_of_numbers_in_other_words_are_no_numbers(text: str) -> None:
    assert not has_number(text)


def test_percent_in_every_spelling() -> None:
    assert all(map(is_percent, ("%", "％", "パーセント", "Percent")))
    assert not is_percent("件")
