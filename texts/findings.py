"""A finding as people read it, and as programs do."""

import re
from collections.abc import Iterable, Mapping

from domain.findings import Finding, Level
from domain.values import EmployeeId, Frozen, Locale
from texts.say import BothTexts, hint, say, say_both

_NOBODY: Mapping[str, str] = {}
_CYCLE_FILE = re.compile(r"(cycle|calendar|policy|sites|themes|department_goals|drafts)\b[.\[]")


class FindingDocument(Frozen):
    """A finding for programs: code and `where` as they are, the place and the sentences in both languages.

    `concerned` are the ids of all people whom it is about; a sentence names only the first ones.
    """

    level: Level
    code: str
    where: str
    place: BothTexts
    message: BothTexts
    suggestion: BothTexts | None = None
    concerned: tuple[EmployeeId, ...] = ()


def finding_text(finding: Finding, locale: Locale, names: Mapping[str, str] = _NOBODY) -> str:
    """Where it is and what is wrong, in one line; without its suggestion. HR who edits a cycle file gets its key as well."""
    place = say("format.place", locale, names, where=finding.where)
    if _CYCLE_FILE.match(finding.where):
        place = say("format.place_with_key", locale, place=place, key=finding.where)
    return say("part.finding_at", locale, names, place=place, finding=finding.message)


def suggestion_text(finding: Finding, locale: Locale, names: Mapping[str, str] = _NOBODY) -> str | None:
    """What could be written instead, where the check knows it."""
    return say(finding.suggestion, locale, names) if finding.suggestion else None


def finding_hint(finding: Finding, locale: Locale) -> str | None:
    """What the command line adds: which option or command helps; none for most."""
    return hint(finding.message, locale)


def finding_document(finding: Finding, names: Mapping[str, str] = _NOBODY) -> FindingDocument:
    """The finding as `--json` and the API print it."""
    return FindingDocument(
        level=finding.level,
        code=finding.code,
        where=finding.where,
        place=say_both("format.place", names, where=finding.where),
        message=say_both(finding.message, names),
        suggestion=say_both(finding.suggestion, names) if finding.suggestion else None,
        concerned=finding.concerned,
    )


def documents_of(findings: Iterable[Finding], names: Mapping[str, str] = _NOBODY) -> list[FindingDocument]:
    """The findings as `--json` and the API print them."""
    return [finding_document(finding, names) for finding in findings]
