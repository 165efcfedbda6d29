"""Evaluators (一次評価者, 二次評価者 …): who is asked to approve and review somebody's goals, where it is not the line of managers.

Each is asked for the stage of the same number. Where one is not named, has left or reports to the owner, the next one is asked as
`chain` says; the line of managers where there is none.
"""

from collections.abc import Iterator
from typing import NamedTuple

from domain.findings import Finding, advise
from domain.goal.goal import Chain
from domain.people.organisation import Organisation, some_of
from domain.policy.policy import Policy
from domain.values import EmployeeId


class Evaluators(NamedTuple):
    """The chains of a person's goals, as in `Goal.stages` and `Goal.reviewers`."""

    stages: tuple[Chain, ...] = ()
    reviewers: Chain = ()

    @property
    def people(self) -> tuple[EmployeeId, ...]:
        """Everybody in the chains, each once."""
        return tuple(dict.fromkeys(one for chain in (*self.stages, self.reviewers) for one in chain))


NO_EVALUATORS = Evaluators()


def may_be_asked(
    owner: EmployeeId, line: tuple[EmployeeId, ...], evaluators: Evaluators, policy: Policy
) -> tuple[EmployeeId, ...]:
    """Everybody whom the owner's goals may ask: the owner, the managers, the evaluators, HR; each once."""
    return tuple(dict.fromkeys((owner, *line, *evaluators.people, *policy.hr)))


def evaluators_of(owner: EmployeeId, organisation: Organisation, review_stage: int) -> Evaluators:
    """Who approves and reviews the goals of `owner`, as far as it is not the line of managers.

    The evaluator of `review_stage` (from 1) gives the verdict. All stages are kept, also those that the rules do not ask for:
    HR can amend how many they are.
    """
    named = organisation.employees[owner].evaluators
    if not named and review_stage == 1:
        return NO_EVALUATORS
    line = organisation.active_line(owner)
    chains = [_chain(one, owner, organisation) for one in named]
    stages = [() if chain == line[stage:] else chain for stage, chain in enumerate(chains)]
    while stages and not stages[-1]:
        stages.pop()
    return Evaluators(tuple(stages), _reviewers(chains, line, review_stage))


def _reviewers(chains: list[Chain], line: Chain, stage: int) -> Chain:
    """The chain of the verdict: the stage's evaluator, else the manager at its place, else the highest manager."""
    named = chains[stage - 1] if stage <= len(chains) else ()
    chain = named or line[stage - 1 :] or line[-1:]
    return () if chain == line else chain


def _chain(evaluator: EmployeeId | None, owner: EmployeeId, organisation: Organisation) -> Chain:
    """The evaluator and the managers above, without those who have left; empty if the evaluator reports to the owner."""
    if evaluator is None or evaluator not in organisation.employees:
        return ()
    line = (evaluator, *organisation.manager_line(evaluator))
    return () if owner in line else tuple(one for one in line if organisation.employees[one].active)


def inactive_findings(organisation: Organisation) -> Iterator[Finding]:
    """Suggestions about evaluators who have left, while those whom they evaluate have not: who is asked instead."""
    people = organisation.employees
    evaluated: dict[
        tuple[EmployeeId, EmployeeId | None], list[EmployeeId]
    ] = {}  # by the evaluator and who is asked instead
    for one in people.values():
        for evaluator in one.evaluators if one.active else ():
            if evaluator is not None and evaluator in people and not people[evaluator].active:
                instead = next(iter(_chain(evaluator, one.id, organisation)), None)
                evaluated.setdefault((evaluator, instead), []).append(one.id)
    for (evaluator, instead), theirs in evaluated.items():
        yield advise(
            "evaluator_inactive",
            evaluator,
            text="finding.evaluator_inactive" if instead else "finding.evaluator_inactive.line",
            evaluator=evaluator,
            instead=instead or "",
            count=len(theirs),
            people=some_of(theirs),
            concerned=theirs,
        )
