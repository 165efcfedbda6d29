"""What a check found, in words for the person who must mend it."""

from collections.abc import Iterable
from enum import StrEnum

from domain.values import Frozen, Text


class Level(StrEnum):
    REFUSE = "refuse"  # nothing starts while one of these stands
    ADVISE = "advise"  # worth a look; goes through


class Finding(Frozen):
    """One thing that a check found.

    `where` is a row (`row 12`), a key (`reviews[1]`) or an employee id, as the reader finds it in what they gave;
    `message` says what is wrong and what to do.
    """

    level: Level
    code: str
    where: str
    message: Text
    suggestion: Text | None = None


def refuse(code: str, where: str, ja: str, en: str, suggestion: Text | None = None) -> Finding:
    """A finding that forbids going on."""
    return Finding(level=Level.REFUSE, code=code, where=where, message=Text(ja=ja, en=en), suggestion=suggestion)


def advise(code: str, where: str, ja: str, en: str, suggestion: Text | None = None) -> Finding:
    """A finding that is worth a look."""
    return Finding(level=Level.ADVISE, code=code, where=where, message=Text(ja=ja, en=en), suggestion=suggestion)


def refuses(findings: Iterable[Finding]) -> bool:
    """Whether any of the findings forbids going on."""
    return any(finding.level is Level.REFUSE for finding in findings)
