"""A comparison of the directory as the rows of its page: the first of each kind, and how many there are."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from domain.findings import Finding, Level
from domain.instructions.reorganisation import Difference, FieldChange
from domain.values import EmployeeId
from service.sync_effects import Effect

MOST = 50  # people of a kind, and findings of a level, that the page names


class Changes(NamedTuple):
    """The changes of one kind. `rows`: the first ones, each with the values before and after where there are any."""

    kind: str
    number: int
    rows: tuple[FieldChange, ...]

    @property
    def more(self) -> int:
        return self.number - len(self.rows)


class Findings(NamedTuple):
    """The findings of a level, the first ones."""

    number: int
    rows: tuple[Finding, ...]

    @property
    def more(self) -> int:
        return self.number - len(self.rows)


def changes_of(difference: Difference) -> list[Changes]:
    """The kinds of changes that there are, in the order in which HR looks at them."""
    kinds: list[tuple[str, Sequence[FieldChange]]] = [
        ("joined", _people(difference.joined)),
        ("left", _people(difference.left)),
        ("leaving", difference.leaving),
        ("moved", difference.moved),
        ("managers", difference.managers),
        ("evaluators", difference.evaluators),
        ("posts", difference.posts),
        ("leave", difference.leave),
        ("sites", difference.sites),
        ("companies", difference.companies),
        ("joining", difference.joining),
        ("numbers", difference.numbers),
        ("other", _people(difference.other)),
        ("absent", _people(difference.absent)),
    ]
    return [Changes(kind, len(rows), tuple(rows[:MOST])) for kind, rows in kinds if rows]


def effects_that_are(effects: Iterable[Effect]) -> list[str]:
    """The names of the effects that some cycle has: of columns without any number, a table says nothing."""
    rows = list(effects)
    return [name for name in Effect.model_fields if name != "cycle" and any(getattr(one, name) for one in rows)]


def shown_findings(findings: Iterable[Finding], level: Level) -> Findings:
    found = [one for one in findings if one.level is level]
    return Findings(len(found), tuple(found[:MOST]))


def _people(people: Iterable[EmployeeId]) -> list[FieldChange]:
    return [FieldChange(one, "", "") for one in people]
