"""Evaluators (一次評価者, 二次評価者 …): who is asked to approve and review somebody's goals, where it is not the line of managers.

Each is asked for the stage of the same number: whom the people file names, else who has the title that the rules name, or is the head
of the department. Where one has
left, the next active manager above is asked; where there is none, or they report to the owner, the line of managers is.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from domain.findings import Finding, advise, refuse
from domain.goal.goal import Chain
from domain.messages import did_you_mean
from domain.people.organisation import Organisation, some_of
from domain.people.posts import Post
from domain.policy.policy import Policy, StageRule
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
    owner: EmployeeId,
    line: tuple[EmployeeId, ...],
    evaluators: Evaluators,
    policy: Policy,
    part_hr: tuple[EmployeeId, ...] = (),
) -> tuple[EmployeeId, ...]:
    """Everybody whom the owner's goals may ask: the owner, the managers, the evaluators, HR; each once."""
    return tuple(dict.fromkeys((owner, *line, *evaluators.people, *part_hr, *policy.hr)))


class Role(NamedTuple):
    """Who has a title, in any department or in one; without a title, the head of the owner's department."""

    title: str | None
    department: str | None = None


HEAD = Role(None)


class EvaluatorRules(NamedTuple):
    """What the rules of a cycle say about evaluators. It cannot change while the cycle runs."""

    review_stage: int = 1  # whose evaluator gives the verdict
    roles: tuple[Role | None, ...] = ()  # for each stage, who is asked where the people file names nobody


def rules_of(review_stage: int, stages: Iterable[StageRule]) -> EvaluatorRules:
    """The rules by the fields of a policy, or of a cycle file."""
    roles = tuple(HEAD if one.head else Role(one.title, one.department) if one.title else None for one in stages)
    return EvaluatorRules(review_stage, roles if any(roles) else ())


def titles_of(stages: Iterable[StageRule]) -> set[str]:
    """The titles that the rules name: who has one of them must be in the organisation that chains are computed from."""
    return {one.title for one in stages if one.title}


def names_heads(stages: Iterable[StageRule]) -> bool:
    """Whether the heads of departments must be in the organisation that chains are computed from."""
    return any(one.head for one in stages)


def evaluators_of(
    owner: EmployeeId, organisation: Organisation, rules: EvaluatorRules, post: Post | None = None
) -> Evaluators:
    """Who approves and reviews the goals of `owner`, as far as it is not the line of managers. `post` is an additional one.

    All stages are kept, also those that the rules do not ask for: HR can amend how many they are.
    """
    person = organisation.employees[owner]
    named = post.evaluators if post else person.evaluators
    if not named and rules == _BY_THE_LINE:
        return NO_EVALUATORS
    line = organisation.active_line(owner, post)
    chains = [_chain(one, owner, organisation) for one in named]
    chains += [()] * (len(rules.roles) - len(chains))
    for stage, role in enumerate(rules.roles):
        if role and not chains[stage]:
            where = post.department if post else person.department
            chains[stage] = _chain(_holder(role, owner, line, organisation, where), owner, organisation)
    stages = [() if chain == line[stage:] else chain for stage, chain in enumerate(chains)]
    while stages and not stages[-1]:
        stages.pop()
    return Evaluators(tuple(stages), _reviewers(chains, line, rules.review_stage))


_BY_THE_LINE = EvaluatorRules()


def _holder(
    role: Role, owner: EmployeeId, line: Chain, organisation: Organisation, department: str
) -> EmployeeId | None:
    """Who has the role for this owner: the nearest manager who has it, else the first by id who does not report to the owner."""
    if role.title is None:
        return organisation.head_of(owner, department)
    holders = [one for one in organisation.holders(role.title, role.department) if one != owner]
    nearest = next((one for one in line if one in holders), None)
    return nearest or next((one for one in holders if owner not in organisation.manager_line(one)), None)


def role_findings(organisation: Organisation, rules: EvaluatorRules) -> Iterator[Finding]:
    """A title that nobody has refuses, and so does a head where no department has one; of a title that several have it is said
    who is asked.
    """
    for stage, role in enumerate(rules.roles):
        if role == HEAD and not organisation.has_heads():
            yield refuse("no_heads", f"policy.stages[{stage}].head")
        if role is None or role.title is None:
            continue
        holders, where = organisation.holders(role.title, role.department), f"policy.stages[{stage}].title"
        if not holders:
            titles = {one.title for one in organisation.employees.values() if one.active and one.title}
            yield refuse("title_vacant", where, role=_role_name(role), near=did_you_mean(role.title, titles))
        elif len(holders) > 1:
            yield advise("title_shared", where, role=_role_name(role), count=len(holders), people=some_of(holders))


def _role_name(role: Role) -> str:
    return f"{role.department} {role.title}" if role.department else str(role.title)


def _reviewers(chains: list[Chain], line: Chain, stage: int) -> Chain:
    """The chain of the verdict: the stage's evaluator, else the manager at its place, else the highest manager."""
    named = chains[stage - 1] if stage <= len(chains) else ()
    chain = named or line[stage - 1 :] or line[-1:]
    return () if chain == line else chain


def _chain(evaluator: EmployeeId | None, owner: EmployeeId, organisation: Organisation) -> Chain:
    """The evaluator and the managers above, as far as they can be asked; empty if the evaluator reports to the owner."""
    if evaluator is None or evaluator not in organisation.employees:
        return ()
    line = (evaluator, *organisation.manager_line(evaluator))
    return () if owner in line else organisation.present(line, owner)


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
