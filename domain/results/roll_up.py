"""The progress that rolls up through the themes and department goals of a cycle, from sums over the goals under each.

The same rule as for a whole tree (alignment.py), without the goals: a page that shows one node needs no other goals.
"""

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from domain.goal.goal import Outcome

GIVEN_UP = (
    Outcome.WITHDRAWN,
    Outcome.LAPSED,
    Outcome.REMOVED,
    Outcome.CANCELLED,
    Outcome.HANDED_OVER,  # its successor has
)  # such goals have no place in the tree
_SECTION_WEIGHT = 100
_SHARE = Decimal("0.0001")


class Section(NamedTuple):
    """A theme or a department goal of the cycle file; it has no measure of its own."""

    id: str
    title: str
    parent: str | None
    department: str | None  # none: a theme


class Sums(NamedTuple):
    """Of the goals directly under a node: Σ weight and Σ weight × progress."""

    weight: Decimal
    weighted: Decimal

    @property
    def share(self) -> Decimal | None:
        """What comes from below; none where there is nothing."""
        return (self.weighted / self.weight).quantize(_SHARE, ROUND_HALF_UP) if self.weight else None


def under(sections: Iterable[Section], root: str) -> list[Section]:
    """The section with this id and all sections below it, each once."""
    by_parent: dict[str | None, list[Section]] = {}
    found = {}
    for one in sections:
        by_parent.setdefault(one.parent, []).append(one)
        if one.id == root:
            found[root] = one
    waiting = list(found)
    while waiting:
        for child in by_parent.get(waiting.pop(), []):
            if child.id not in found:
                found[child.id] = child
                waiting.append(child.id)
    return list(found.values())


def roll_up(sections: Iterable[Section], of_goals: Mapping[str, Sums]) -> dict[str, Decimal | None]:
    """What comes from below to each section: from the goals under it and from the sections under it.

    Raises `ValueError` where sections lead back to themselves, which a checked cycle file excludes.
    """
    below = {one.id: list[str]() for one in sections}
    for one in sections:
        if one.parent in below:
            below[one.parent].append(one.id)
    shares: dict[str, Decimal | None] = {}
    for section in below:
        _visit(section, below, of_goals, shares, ())
    return shares


def _visit(
    section: str,
    below: Mapping[str, list[str]],
    of_goals: Mapping[str, Sums],
    shares: dict[str, Decimal | None],
    way: tuple[str, ...],
) -> Decimal | None:
    if section in way:
        raise ValueError(f"section {section} leads back to itself")
    if section not in shares:
        weight, weighted = of_goals.get(section, Sums(Decimal(0), Decimal(0)))
        for child in below[section]:
            share = _visit(child, below, of_goals, shares, (*way, section))
            if share is not None:
                weight, weighted = weight + _SECTION_WEIGHT, weighted + _SECTION_WEIGHT * share
        shares[section] = Sums(weight, weighted).share
    return shares[section]
