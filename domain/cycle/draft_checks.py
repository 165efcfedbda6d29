"""Checks of the goals that a cycle file writes for people, by the rules for writing goals."""

from collections.abc import Iterator

from domain.cycle.file import CycleFile
from domain.findings import Finding, Level
from domain.policy.policy import Policy
from domain.writing.content import Content
from domain.writing.rules import check

_DATES = frozenset({"step_outside_cycle", "steps_out_of_order"})
# Everybody who gets the draft fills these in: that they are empty in the file says nothing.
_OWNERS = frozenset({"no_theme", "no_challenge", "no_measure", "no_baseline", "no_criteria", "too_few_steps"})


def draft_findings(file: CycleFile) -> Iterator[Finding]:
    """The dates of the drafts must lie in the cycle. Other findings about what the file says are suggestions: the owners may still
    change it, and their goals are refused until somebody does. What the file leaves open is the owners' to write.
    """
    policy = file.policy_with(())
    for n, draft in enumerate(file.drafts):
        found = [*_of_content(draft.content(), policy)]
        yield from (_at(f"drafts[{n}]", one) for one in found)
        if draft.en:
            known = {(one.code, one.where) for one in found}  # what both languages share is said once
            english = (one for one in _of_content(draft.en, policy) if (one.code, one.where) not in known)
            yield from (_at(f"drafts[{n}].en", one) for one in english)


def _of_content(content: Content, policy: Policy) -> Iterator[Finding]:
    return (one for one in check(content, policy) if one.code not in _OWNERS)


def _at(draft: str, finding: Finding) -> Finding:
    level = Level.REFUSE if finding.code in _DATES else Level.ADVISE
    return finding.model_copy(update={"where": f"{draft}.{finding.where}", "level": level})
