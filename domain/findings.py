"""What a check found: a code and values for programs, and the text that says it to the person who must correct it."""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from domain.messages import FieldInput, Message, message
from domain.values import EmployeeId, Frozen


class Level(StrEnum):
    REFUSE = "refuse"  # nothing starts before it is corrected
    ADVISE = "advise"  # a suggestion; goes through


class Finding(Frozen):
    """One thing that a check found.

    `where` is a row (`row 12`), a key (`reviews[1]`) or an employee id, as it is called in what was checked; texts/places.py
    says it in words. `message` says what is wrong and what to do. `concerned` are all people whom it is about, also where
    the sentence names only the first of them.
    """

    level: Level
    code: str
    where: str
    message: Message
    suggestion: Message | None = None
    concerned: tuple[EmployeeId, ...] = ()


def refuse(
    code: str,
    where: str,
    /,
    *,
    text: str | None = None,
    suggestion: Message | None = None,
    concerned: Sequence[EmployeeId] = (),
    **fields: FieldInput,
) -> Finding:
    """A finding that forbids going on. Its text is `finding.<code>` with these fields, or another `text`."""
    words = message(text or f"finding.{code}", **fields)
    return Finding(
        level=Level.REFUSE, code=code, where=where, message=words, suggestion=suggestion, concerned=tuple(concerned)
    )


def advise(
    code: str,
    where: str,
    /,
    *,
    text: str | None = None,
    suggestion: Message | None = None,
    concerned: Sequence[EmployeeId] = (),
    **fields: FieldInput,
) -> Finding:
    """A finding that is a suggestion."""
    words = message(text or f"finding.{code}", **fields)
    return Finding(
        level=Level.ADVISE, code=code, where=where, message=words, suggestion=suggestion, concerned=tuple(concerned)
    )


def refuse_with(code: str, where: str, why: Message) -> Finding:
    """A finding that forbids going on, for a reason that is a message already."""
    return Finding(level=Level.REFUSE, code=code, where=where, message=why)


def refuses(findings: Iterable[Finding]) -> bool:
    """Whether any of the findings forbids going on."""
    return any(finding.level is Level.REFUSE for finding in findings)
