"""Causes to choose from in a review, so that a company can count them, beside the owner's own words.

Source: the practice of reviews looks for causes in the plan, the means, other people's part and the environment before it
looks at the person. What they are called is in texts/ (`cause.<code>`).
"""

from domain.policy.policy import Policy

CAUSES = ("plan", "target", "time", "skills", "tools", "cooperation", "priorities", "surroundings")


def known(policy: Policy) -> tuple[str, ...]:
    """Every cause that a review may name under this policy: ours by their codes, the company's by their words."""
    return (*CAUSES, *policy.causes)
