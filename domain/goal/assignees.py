"""Who has the open task: after an escalation, after a signature, and after a change of the organisation.

A joint stage asks several people at the same time, and all of them must agree. Each of them is a part of the one task, with a chain
of its own: who is asked, and who is above. A part is seen as a goal whose stage asks only this chain (`Goal.asking_only`), so the
rules about chains are the same for all stages.
"""

from collections.abc import Collection, Iterable, Mapping

from domain.goal.goal import Chain, Goal, Part
from domain.policy.policy import Act, TaskKind
from domain.values import EmployeeId

DECISIONS = (TaskKind.APPROVAL, TaskKind.VERDICT)  # owners never make these for their own goals


def next_manager(goal: Goal, climbed: int) -> tuple[tuple[EmployeeId, ...], int]:
    """The next manager of the line who is not an assignee yet (HR if there is none), and the new value of `climbed`.

    The search begins above the first `climbed` managers.
    """
    assignees, chain = (goal.task.assignees, goal.above(goal.task.kind)) if goal.task else ((), goal.line)
    for level in range(climbed, len(chain)):
        if chain[level] not in (*assignees, *goal.signed):
            return (chain[level],), level + 1
    return goal.hr_asked, len(chain)


def climbed_in(chain: Chain, assignees: Iterable[EmployeeId], climbed: int) -> int:
    """Escalation goes on above the highest assignee of the new chain."""
    places = [chain.index(person) + 1 for person in assignees if person in chain]
    return max(places, default=min(climbed, len(chain)))


def copied_to(goal: Goal) -> dict[EmployeeId, EmployeeId]:
    """The managers who get a copy of a reminder and need not act, and whose reminder it is."""
    task = goal.task
    if task is None:
        return {}
    asked = [(part.assignees, next_manager(*_alone(goal, part))[0]) for part in task.parts if part.is_awaited]
    asked = asked or [(task.assignees, next_manager(goal, task.climbed)[0])]
    found: dict[EmployeeId, EmployeeId] = {}
    for assignees, managers in asked:
        for one in managers:
            if one not in (*task.assignees, *goal.sharers):
                found.setdefault(one, assignees[0])
    return found


# --- joint stages ----------------------------------------------------------------------------------------------------


def awaited(parts: Iterable[Part]) -> tuple[EmployeeId, ...]:
    """The assignees of the parts that are awaited, each once."""
    return tuple(dict.fromkeys(one for part in parts if part.is_awaited for one in part.assignees))


def asked_first(goal: Goal, stage: int, agreed: Collection[EmployeeId]) -> tuple[EmployeeId, ...]:
    """Who is asked when that stage opens; nobody if nobody is left who has not approved."""
    if goal.joint_chains(stage):
        return awaited(_opened(goal, stage, agreed))
    return goal.approvers_left(stage)


def opened_parts(goal: Goal, stage: int, agreed: Collection[EmployeeId]) -> tuple[Part, ...]:
    """The parts of a joint stage when it opens; none for a stage that asks one person."""
    return _with_somebody(goal, _opened(goal, stage, agreed)) if goal.joint_chains(stage) else ()


def _opened(goal: Goal, stage: int, agreed: Collection[EmployeeId]) -> tuple[Part, ...]:
    return tuple(_open_part(goal, chain, agreed) for chain in goal.joint_chains(stage))


def _open_part(goal: Goal, chain: Chain, agreed: Collection[EmployeeId]) -> Part:
    """The part of one chain; somebody who has agreed signs once for all."""
    signer = next(iter(chain), None)
    if signer in agreed:
        return Part(signer=signer, assignees=(), agreed=signer)
    assignees = goal.first_left(chain)
    return Part(signer=signer, assignees=assignees, climbed=climbed_in(chain, assignees, len(chain)))


def _with_somebody(goal: Goal, parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """The parts; with one of HR where nobody is awaited any more, but nobody's signature completed the stage."""
    if awaited(parts):
        return parts
    return (*parts, Part(assignees=goal.first_left(()) or goal.hr_without_sharers))


def signed_parts(goal: Goal, who: EmployeeId) -> tuple[Part, ...]:
    """The parts after a signature of `who`, or in their name; `goal.signed` holds it already.

    It counts for every part in which `who` is asked. Nobody signs twice: a delegate who has signed is no longer asked for a
    part of their own, but the next of the chain is.
    """
    return tuple(_after_signature(goal, part, who) if part.is_awaited else part for part in _parts(goal))


def _after_signature(goal: Goal, part: Part, who: EmployeeId) -> Part:
    if who in part.assignees:
        return part.model_copy(update={"assignees": (), "agreed": who})
    left = tuple(one for one in part.assignees if one not in goal.signed)
    return part.model_copy(update={"assignees": left or goal.first_left(_chain_of(goal, part))})


def escalated_parts(goal: Goal, act: Act) -> tuple[Part, ...]:
    """The parts after an escalation: of each that is awaited, the next of its chain joins, or HR."""
    return tuple(_escalated(goal, part, act) if part.is_awaited else part for part in _parts(goal))


def _escalated(goal: Goal, part: Part, act: Act) -> Part:
    joined, climbed = goal.hr_asked, part.climbed
    if act is Act.ESCALATE:
        joined, climbed = next_manager(*_alone(goal, part))
    assignees = (*part.assignees, *(one for one in joined if one not in (*goal.sharers, *goal.signed)))
    return part.model_copy(update={"assignees": tuple(dict.fromkeys(assignees)), "climbed": climbed})


def reassigned_parts(goal: Goal, replaced: Mapping[EmployeeId, EmployeeId]) -> tuple[Part, ...]:
    return tuple(
        part.model_copy(update={"assignees": tuple(dict.fromkeys(replaced.get(one, one) for one in part.assignees))})
        for part in _parts(goal)
    )


def is_joint(goal: Goal, after: Goal) -> bool:
    """Whether the open task has parts, or has them `after` a change of the organisation."""
    is_approval = goal.task is not None and goal.task.kind is TaskKind.APPROVAL
    return is_approval and bool((goal.task and goal.task.parts) or after.joint_chains(after.stage))


def parts_after(goal: Goal, after: Goal, replaced: Mapping[EmployeeId, EmployeeId]) -> tuple[Part, ...]:
    """The parts where `after` is the goal with its new chains.

    A part stays with the chain that begins with the same person; the others follow in order. A signature stays: who has signed
    is left alone, also where somebody else is asked now.
    """
    left, chains = list(_parts(goal)), after.chains_of_stage(after.stage)
    found: dict[int, Part] = {}
    for n, chain in enumerate(chains):
        same = next((part for part in left if part.signer == next(iter(chain), None)), None)
        if same:
            left.remove(same)
            found[n] = same
    agreed = [part.agreed for part in _parts(goal) if part.agreed]
    for n, chain in enumerate(chains):
        if n not in found and left:
            found[n] = left.pop(0)
        found[n] = (
            _part_after(goal, after, found[n], chain, replaced) if n in found else _open_part(after, chain, agreed)
        )
    return _with_somebody(after, tuple(found[n] for n in range(len(chains))))


def _part_after(goal: Goal, after: Goal, part: Part, chain: Chain, replaced: Mapping[EmployeeId, EmployeeId]) -> Part:
    signer = next(iter(chain), None)
    if part.agreed:
        return part.model_copy(update={"signer": signer})
    alone = goal.asking_only(_chain_of(goal, part), part.assignees)
    found = assignees_after(alone, after.asking_only(chain, part.assignees), replaced)
    # Somebody of another chain can have the part, because HR said so: until they are in none, or have signed for another part.
    dropped = {*goal.asked_of} - {*after.asked_of} | {*goal.signed}
    assignees = tuple(one for one in found if one not in dropped) or after.first_left(chain)
    return part.model_copy(
        update={"signer": signer, "assignees": assignees, "climbed": climbed_in(chain, assignees, part.climbed)}
    )


def _parts(goal: Goal) -> tuple[Part, ...]:
    """The parts of the open task; of a stage that asks one person, the one."""
    if goal.task is None:
        return ()
    signer = next(iter(goal.chain_of_stage(goal.stage)), None)
    return goal.task.parts or (Part(signer=signer, assignees=goal.task.assignees, climbed=goal.task.climbed),)


def _chain_of(goal: Goal, part: Part) -> Chain:
    return next((chain for chain in goal.chains_of_stage(goal.stage) if chain[:1] == (part.signer,)), ())


def _alone(goal: Goal, part: Part) -> tuple[Goal, int]:
    return goal.asking_only(_chain_of(goal, part), part.assignees), part.climbed


# --- a change of the organisation ------------------------------------------------------------------------------------


def assignees_after(goal: Goal, after: Goal, replaced: Mapping[EmployeeId, EmployeeId]) -> tuple[EmployeeId, ...]:
    """The assignees of the open task where `after` is the goal with its new managers and evaluators.

    An assignee who may still be asked for the task keeps it. One who may not is replaced by who has the same place now, or by
    HR if nobody has. Somebody of HR whom the goal asks no more is replaced by HR whom it asks now. An assignee whom HR appointed
    stays, or is replaced as `replaced` says. An owner's task stays with the owner.
    """
    if goal.task is None:
        return ()
    if is_joint(goal, after):
        return awaited(parts_after(goal, after, replaced))
    kind, decides = goal.task.kind, goal.task.kind in DECISIONS
    asked, now_asked = _asked(goal, kind), _asked(after, kind)
    found: list[EmployeeId] = []
    stays = any(person in after.above(kind) for person in goal.task.assignees)
    if decides and not stays and now_asked != asked:  # if they are equal, HR may have replaced them on purpose
        found += now_asked
    for person in goal.task.assignees:
        found += _in_place_of(person, goal, after, kind, replaced)
    if not decides:
        return tuple(dict.fromkeys(found))
    without_share = tuple(dict.fromkeys(one for one in found if one not in after.sharers))
    return without_share or now_asked or after.approvers(after.stage)


def _in_place_of(
    person: EmployeeId, goal: Goal, after: Goal, kind: TaskKind, replaced: Mapping[EmployeeId, EmployeeId]
) -> tuple[EmployeeId, ...]:
    """Who has the task of this assignee afterwards."""
    before, chain = goal.above(kind), after.above(kind)
    places, now_places = _places(goal, kind), _places(after, kind)
    if person in chain or person in after.contributors:  # whose step it is, wherever they are in the organisation
        return (person,)
    if person in places:
        return after.first_left(now_places[places.index(person) :])
    if person in before:
        return after.first_left(chain[before.index(person) :])
    if person not in replaced and person in goal.hr_asked and person not in after.hr_asked:
        return after.first_left(())  # the goal belongs to another part of the company, or somebody of HR has left
    return () if person in goal.contributors else (replaced.get(person, person),)  # who is none any more has left


def _places(goal: Goal, kind: TaskKind) -> tuple[EmployeeId, ...]:
    """The people who can be asked for the task, from the first who is asked on.

    Places are counted from there: the line of managers begins below a later stage, and the chain of an evaluator does not.
    """
    return goal.chain_of_stage(goal.stage) if kind is TaskKind.APPROVAL else goal.above(kind)


def _asked(goal: Goal, kind: TaskKind) -> tuple[EmployeeId, ...]:
    """Who is asked for a decision of that kind; for tasks of owners, nobody but the owner."""
    match kind:
        case TaskKind.APPROVAL:
            return goal.approvers_left(goal.stage)
        case TaskKind.VERDICT:
            return goal.review_deciders()
        case _:
            return (goal.owner,)
