"""Rules on what a goal must have: theme, measure, baseline, a target ahead of it, dated steps in order."""

from collections.abc import Callable, Iterator

from domain.findings import Finding, Level, refuse
from domain.policy.calendar import describe_day
from domain.policy.policy import Policy
from domain.values import Text
from domain.writing.content import Content, Direction, NumericMeasure, QualitativeMeasure

Rule = Callable[[Content, Policy], Iterator[Finding]]

MIN_STEPS = 2


def has_theme(content: Content, policy: Policy) -> Iterator[Finding]:
    if not content.theme:
        yield refuse("no_theme", "theme", "目標のテーマを書いてください。", "write the goal's theme")


def has_challenge(content: Content, policy: Policy) -> Iterator[Finding]:
    if not content.challenge:
        yield Finding(
            level=Level.ADVISE,
            code="no_challenge",
            where="challenge",
            message=Text(
                ja="この目標が応える現状の課題を書くと、承認者が判断しやすくなります。",
                en="say which of today's problems the goal answers: the approver can judge it better",
            ),
        )


def has_measure(content: Content, policy: Policy) -> Iterator[Finding]:
    if content.measure is None:
        yield refuse(
            "no_measure",
            "measure",
            "指標がありません。数値、または成功した状態の具体的な姿を書いてください。",
            "there is no measure: give a number, or a concrete picture of success",
        )


def has_baseline(content: Content, policy: Policy) -> Iterator[Finding]:
    if isinstance(content.measure, NumericMeasure) and content.measure.baseline is None:
        yield refuse(
            "no_baseline",
            "measure.baseline",
            "現在の値(基準値)を書いてください。",
            "give the value as it is today (baseline)",
        )


def target_is_ahead(content: Content, policy: Policy) -> Iterator[Finding]:
    measure = content.measure
    if not isinstance(measure, NumericMeasure) or measure.baseline is None:
        return
    ahead = measure.target - measure.baseline
    if (ahead if measure.direction is Direction.UP else -ahead) <= 0:
        yield refuse(
            "target_not_ahead",
            "measure.target",
            f"目標値 {measure.target} が基準値 {measure.baseline} より良い値になっていません(現状維持)。一歩先の値にしてください。",
            f"the target {measure.target} is not ahead of the baseline {measure.baseline}: aim one step further",
        )


def has_criteria(content: Content, policy: Policy) -> Iterator[Finding]:
    if isinstance(content.measure, QualitativeMeasure) and not content.measure.criteria:
        yield refuse(
            "no_criteria",
            "measure.criteria",
            "達成したと誰が見ても分かる基準を 1 つ以上書いてください。",
            "give at least one criterion that anybody can see to be met",
        )


def has_steps(content: Content, policy: Policy) -> Iterator[Finding]:
    if len(content.steps) < MIN_STEPS:
        yield refuse(
            "too_few_steps",
            "steps",
            f"日付のあるステップを {MIN_STEPS} つ以上に分けてください(現在 {len(content.steps)} つ)。",
            f"divide the way into at least {MIN_STEPS} dated steps (there are {len(content.steps)})",
        )


def steps_are_in_order(content: Content, policy: Policy) -> Iterator[Finding]:
    for n in range(1, len(content.steps)):
        if content.steps[n].due < content.steps[n - 1].due:
            yield refuse(
                "steps_out_of_order",
                f"steps[{n}].due",
                "ステップの日付が前のステップより早くなっています。順番を直してください。",
                "the step is due before the one in front of it: put them in order",
            )


def steps_are_inside_the_cycle(content: Content, policy: Policy) -> Iterator[Finding]:
    first, last = describe_day(policy.starts), describe_day(policy.ends)
    for n, step in enumerate(content.steps):
        if not policy.starts <= step.due <= policy.ends:
            day = describe_day(step.due)
            yield refuse(
                "step_outside_cycle",
                f"steps[{n}].due",
                f"ステップの日付 {day.ja} が評価サイクルの期間({first.ja}〜{last.ja})の外です。",
                f"{day.en} is outside the cycle ({first.en} to {last.en})",
            )


STRUCTURE: tuple[Rule, ...] = (
    has_theme,
    has_challenge,
    has_measure,
    has_baseline,
    target_is_ahead,
    has_criteria,
    has_steps,
    steps_are_in_order,
    steps_are_inside_the_cycle,
)
