"""The checks of a changed cycle file, before it gives a running cycle new rules."""

from collections.abc import Iterator
from datetime import date

from domain.cycle.checks import check_without_dates, past_findings
from domain.cycle.evaluators import rules_of
from domain.cycle.file import CycleFile
from domain.findings import Finding, refuse
from domain.people.organisation import Organisation
from domain.policy.policy import Policy


def check_amendment(
    file: CycleFile, launched: CycleFile, rules: Policy, organisation: Organisation, today: date
) -> tuple[Finding, ...]:
    """The findings of a launch about the changed file, without those that the change did not cause.

    `launched` is the file of the cycle, `rules` are its current rules. A date that is unchanged may be in the past, and a
    department that is gone since the launch is no reason to refuse. HR must be active in any case: they steer the cycle.
    """
    known = {_key(one) for one in check_without_dates(launched, organisation)}
    if file.policy.review_stage != rules.review_stage:
        return (refuse("review_stage_fixed", "policy.review_stage", stage=rules.review_stage),)
    if rules_of(1, file.policy.stages) != rules_of(1, rules.stages):
        return (refuse("titles_fixed", "policy.stages"),)
    if file.policy.weighted != rules.weighted:
        return (refuse("weighted_fixed", "policy.weighted"),)
    found = (*_changed_dates(file, rules, today), *check_without_dates(file, organisation))
    return tuple(one for one in found if one.code == "hr_unknown" or _key(one) not in known)


def _key(finding: Finding) -> tuple[str, str, str]:
    return finding.code, finding.where, str(finding.message)


def _changed_dates(file: CycleFile, rules: Policy, today: date) -> Iterator[Finding]:
    """The dates that the file moves to a day before today."""
    unchanged = {("cycle.ends", rules.ends), ("cycle.closes", rules.closes)}
    unchanged |= {(f"cycle.reviews[{n}]", day) for n, day in enumerate(file.cycle.reviews) if day in rules.reviews}
    days = {"cycle.ends": file.cycle.ends, "cycle.closes": file.cycle.closes}
    days |= {f"cycle.reviews[{n}]": day for n, day in enumerate(file.cycle.reviews)}
    for finding in past_findings(file.cycle, today):
        if finding.where in days and (finding.where, days[finding.where]) not in unchanged:
            yield finding
