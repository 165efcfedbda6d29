"""Rules on what a goal must have: theme, measure, baseline, a target ahead of it, dated steps in order."""

from collections.abc import Callable, Iterator

from domain.findings import Finding, advise, refuse
from domain.policy.policy import Policy
from domain.writing.content import Content, Direction, NumericMeasure, QualitativeMeasure

Rule = Callable[[Content, Policy], Iterator[Finding]]

MIN_STEPS = 2


def has_theme(content: Content, policy: Policy) -> Iterator[Finding]:
    if not content.theme:
        yield refuse("no_theme", "theme")


def has_challenge(content: Content, policy: Policy) -> Iterator[Finding]:
    if not content.challenge:
        yield advise("no_challenge", "challenge")


def has_measure(content: Content, policy: Policy) -> Iterator[Finding]:
    if content.measure is None:
        yield refuse("no_measure", "measure")


def has_baseline(content: Content, policy: Policy) -> Iterator[Finding]:
    if isinstance(content.measure, NumericMeasure) and content.measure.baseline is None:
        yield refuse("no_baseline", "measure.baseline")


def target_is_ahead(content: Content, policy: Policy) -> Iterator[Finding]:
    measure = content.measure
    if not isinstance(measure, NumericMeasure) or measure.baseline is None:
        return
    ahead = measure.target - measure.baseline
    if (ahead if measure.direction is Direction.UP else -ahead) <= 0:
        yield refuse("target_not_ahead", "measure.target", target=measure.target, baseline=measure.baseline)


def has_criteria(content: Content, policy: Policy) -> Iterator[Finding]:
    if isinstance(content.measure, QualitativeMeasure) and not content.measure.criteria:
        yield refuse("no_criteria", "measure.criteria")


def has_steps(content: Content, policy: Policy) -> Iterator[Finding]:
    if len(content.steps) < MIN_STEPS:
        yield refuse("too_few_steps", "steps", least=MIN_STEPS, count=len(content.steps))


def steps_are_in_order(content: Content, policy: Policy) -> Iterator[Finding]:
    for n in range(1, len(content.steps)):
        if content.steps[n].due < content.steps[n - 1].due:
            yield refuse("steps_out_of_order", f"steps[{n}].due")


def steps_are_inside_the_cycle(content: Content, policy: Policy) -> Iterator[Finding]:
    for n, step in enumerate(content.steps):
        if not policy.starts <= step.due <= policy.ends:
            yield refuse("step_outside_cycle", f"steps[{n}].due", day=step.due, first=policy.starts, last=policy.ends)


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
