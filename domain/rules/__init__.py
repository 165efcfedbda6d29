"""Rules for writing a goal: small named functions in one tuple. A rule returns what it found; `submit` refuses on refusals."""

from domain.content import Content
from domain.findings import Finding
from domain.policy import Policy
from domain.rules.structure import STRUCTURE

RULES = STRUCTURE


def check(content: Content, policy: Policy) -> tuple[Finding, ...]:
    """Every finding of every rule, in the order of the rules."""
    return tuple(finding for rule in RULES for finding in rule(content, policy))
