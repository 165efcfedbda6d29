"""Rules for writing a goal: small named functions in two tuples. A rule returns what it found; `submit` refuses on refusals.

Running goals are replayed through today's code. Therefore a rule that finds something new in old goals holds from an
edition of the policy on: 1 is structure, 2 adds what can be reached and how it is worded. README.md beside this file shows
each rule.
"""

from domain.findings import Finding
from domain.policy.policy import Policy
from domain.writing.content import Content
from domain.writing.rules.realism import has_points, percent_is_possible, steps_leave_time, stretch_is_reachable
from domain.writing.rules.structure import STRUCTURE, Rule
from domain.writing.rules.wording import (
    adds_rather_than_deducts,
    criteria_are_observable,
    image_is_concrete,
    measure_has_unit,
    one_goal_at_a_time,
    steps_are_acts,
    theme_says_what,
)

WRITING: tuple[Rule, ...] = (
    stretch_is_reachable,
    percent_is_possible,
    steps_leave_time,
    has_points,
    adds_rather_than_deducts,
    image_is_concrete,
    criteria_are_observable,
    theme_says_what,
    steps_are_acts,
    measure_has_unit,
    one_goal_at_a_time,
)
_EDITIONS: dict[int, tuple[Rule, ...]] = {1: STRUCTURE, 2: (*STRUCTURE, *WRITING)}


def check(content: Content, policy: Policy) -> tuple[Finding, ...]:
    """Every finding of every rule that holds under the policy, in the order of the rules."""
    return tuple(finding for rule in _EDITIONS[policy.edition] for finding in rule(content, policy))
