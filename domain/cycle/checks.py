"""The checks of a cycle file against the organisation, before it is launched: errors and suggestions."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date

from domain.cycle.calendar_checks import calendar_findings
from domain.cycle.draft_checks import draft_findings
from domain.cycle.evaluators import EvaluatorRules, evaluators_of, inactive_findings, role_findings, rules_of
from domain.cycle.file import CycleFile
from domain.cycle.leavers import leaver_findings
from domain.cycle.period_checks import period_findings
from domain.cycle.sections import CycleSection
from domain.findings import Finding, advise, refuse, refuses
from domain.goal.constraints import MAX_WEIGHT
from domain.messages import did_you_mean, message
from domain.people.organisation import Employee, Organisation, some_of
from domain.values import EmployeeId, shown


def check_cycle(file: CycleFile, organisation: Organisation, today: date) -> tuple[Finding, ...]:
    """Every error that forbids the launch, and every suggestion. Whether the id is taken is checked elsewhere."""
    return _findings(file, organisation, (*past_findings(file.cycle, today), *_early_findings(file.cycle, today)))


def check_without_dates(file: CycleFile, organisation: Organisation) -> tuple[Finding, ...]:
    """The same checks, but a date may be in the past: for the file of a cycle that runs."""
    return _findings(file, organisation, ())


def _findings(file: CycleFile, organisation: Organisation, past: Iterable[Finding]) -> tuple[Finding, ...]:
    dates = (
        *_order_findings(file.cycle),
        *_hours_findings(file),
        *calendar_findings(file),
        *period_findings(file),
        *past,
    )
    lines = (_for_cycle(one) for one in organisation.findings(tops=file.cycle.tops))
    people = (*lines, *_people_findings(file, organisation))
    if refuses((*dates, *people)):
        return (*dates, *people)
    sites = _site_findings(file, organisation)
    drafts = (*_tree_findings(file), *draft_findings(file), *_numbers_of_drafts(file))
    evaluators = (*inactive_findings(organisation), *_unused_evaluators(file, organisation))
    evaluators += (*role_findings(organisation, _evaluator_rules(file)), *_joint_findings(file, organisation))
    leave = (*_leave_findings(file, organisation), *_leaver_findings(file, organisation))
    leave += tuple(_joining_findings(file, organisation))
    return (*dates, *people, *sites, *_approver_findings(file, organisation), *evaluators, *leave, *drafts)


_TEXTS = {  # of findings about the directory, as a cycle's check says them: it has other ways forward than an import
    "finding.several_tops": "finding.several_tops.of_cycle",
    "finding.not_a_top": "finding.not_a_top.of_cycle",
    "finding.not_a_top.unknown": "finding.not_a_top.unknown_in_cycle",
    "finding.not_a_top.has_manager": "finding.not_a_top.has_manager_in_cycle",
    "finding.manager_missing": "finding.manager_missing.of_cycle",
    "finding.manager_inactive": "finding.manager_inactive.of_cycle",
}


def _for_cycle(finding: Finding) -> Finding:
    key = _TEXTS.get(finding.message.key, finding.message.key)
    return finding.model_copy(update={"message": finding.message.model_copy(update={"key": key})})


def _order_findings(cycle: CycleSection) -> Iterator[Finding]:
    for first, second in (("starts", "ends"), ("ends", "closes")):
        a, b = getattr(cycle, first), getattr(cycle, second)
        if a > b or (a == b and first == "starts"):
            yield refuse("dates_out_of_order", f"cycle.{second}", first=first, earlier=a, second=second, later=b)
    if list(cycle.reviews) != sorted(set(cycle.reviews)):
        yield refuse("reviews_out_of_order", "cycle.reviews")
    for n, day in enumerate(cycle.reviews):
        if not cycle.starts < day <= cycle.closes:
            yield refuse("review_outside_cycle", f"cycle.reviews[{n}]", day=day)


def _hours_findings(file: CycleFile) -> Iterator[Finding]:
    """A deadline ends at the closing hour: an office that closes before it opens would be late on time."""
    for where, place in (("calendar", file.calendar), *((f"sites.{name}", site) for name, site in file.sites.items())):
        if place.opens >= place.closes:
            opens, closes = f"{place.opens:%H:%M}", f"{place.closes:%H:%M}"
            yield refuse("hours_out_of_order", f"{where}.closes", opens=opens, closes=closes)


def past_findings(cycle: CycleSection, today: date) -> Iterator[Finding]:
    """The dates of the cycle that are before today."""
    places = [("cycle.ends", cycle.ends), ("cycle.closes", cycle.closes)]
    places += [(f"cycle.reviews[{n}]", day) for n, day in enumerate(cycle.reviews)]
    for where, day in places:
        if day < today:
            yield refuse("date_in_the_past", where, day=day, today=today)
    if cycle.starts < today:
        yield advise("already_started", "cycle.starts", today=today)


def _early_findings(cycle: CycleSection, today: date) -> Iterator[Finding]:
    """A launch asks for the drafts at once, also where the period begins later: often meant, and a surprise where it is not."""
    if cycle.starts > today:
        yield advise("starts_later", "cycle.starts", starts=cycle.starts, today=today)


def _people_findings(file: CycleFile, organisation: Organisation) -> Iterator[Finding]:
    for n, member in enumerate(file.cycle.hr):
        found = organisation.employees.get(member)
        if found is None or not found.active:
            yield refuse("hr_unknown", f"cycle.hr[{n}]", person=member)
    if not _somebody_stays(file.cycle, organisation):
        yield refuse("hr_leaves", "cycle.hr", people=file.cycle.hr, closes=file.cycle.closes)
    departments = {employee.department for employee in organisation.employees.values()}
    for where, name in (
        *((f"cycle.departments[{n}]", name) for n, name in enumerate(file.cycle.departments)),
        *((f"department_goals[{n}].department", one.department) for n, one in enumerate(file.department_goals)),
        *((f"drafts[{n}].department", draft.department) for n, draft in enumerate(file.drafts)),
    ):
        if name is None:
            continue
        if departments.isdisjoint(organisation.departments.names_meant([name])):
            yield refuse("department_unknown", where, department=name, near=did_you_mean(name, departments))
        elif (now := organisation.departments.current(name)) != name:
            yield advise("department_renamed", where, department=name, now=now)
    yield from _company_findings(file, organisation)
    yield from _part_findings(file, organisation)
    if not any(True for _ in file.participants(organisation)):
        yield refuse("nobody_takes_part", "cycle")


def _company_findings(file: CycleFile, organisation: Organisation) -> Iterator[Finding]:
    companies = {one.company for one in organisation.employees.values() if one.active and one.company}
    for n, name in enumerate(file.cycle.companies):
        if name not in companies:
            near = did_you_mean(name, companies)
            yield refuse("company_unknown", f"cycle.companies[{n}]", company=name, near=near)


def _part_findings(file: CycleFile, organisation: Organisation) -> Iterator[Finding]:
    """HR of parts: the part must be known and named once, and the people must be active."""
    people, known = organisation.employees.values(), organisation.departments
    companies = {one.company for one in people if one.active and one.company}
    departments = {one.department for one in people}
    seen: set[tuple[str | None, str | None]] = set()
    for n, part in enumerate(file.policy.hr_of):
        where = f"policy.hr_of[{n}]"
        if part.company is not None and part.company not in companies:
            near = did_you_mean(part.company, companies)
            yield refuse("company_unknown", f"{where}.company", company=part.company, near=near)
        if part.department is not None and departments.isdisjoint(known.names_meant([part.department])):
            near = did_you_mean(part.department, departments)
            yield refuse("department_unknown", f"{where}.department", department=part.department, near=near)
        key = part.company, known.current(part.department) if part.department else None
        if key in seen:
            yield refuse("part_twice", where, part=part.name)
        seen.add(key)
        for m, member in enumerate(part.people):
            found = organisation.employees.get(member)
            if found is None or not found.active:
                yield refuse("hr_unknown", f"{where}.people[{m}]", person=member)


def _somebody_stays(cycle: CycleSection, organisation: Organisation) -> bool:
    """Whether one of HR has no last day before the cycle closes; true where none is active, which is another finding."""
    found = [organisation.employees[one] for one in cycle.hr if one in organisation.employees]
    active = [one for one in found if one.active]
    return not active or any(one.works_on(cycle.closes) for one in active)


def _concerned(file: CycleFile, organisation: Organisation) -> Iterator[Employee]:
    """Everybody who may get a task in this cycle: participants, their managers and evaluators, HR."""
    of_parts = (one for part in file.policy.hr_of for one in part.people)
    ids: dict[EmployeeId, None] = dict.fromkeys((*file.cycle.hr, *of_parts))
    rules = _evaluator_rules(file)
    for employee in file.participants(organisation):
        evaluators = evaluators_of(employee.id, organisation, rules).people
        ids |= dict.fromkeys((employee.id, *organisation.manager_line(employee.id), *evaluators))
    return (organisation.employees[one] for one in ids)


def _site_findings(file: CycleFile, organisation: Organisation) -> Iterator[Finding]:
    """Somebody whose site has no calendar would have their deadlines counted in another country's days."""
    people = Counter(one.site for one in _concerned(file, organisation) if one.site is not None)
    for site, count in sorted(people.items()):
        if site not in file.sites:
            yield refuse("site_unknown", f"sites.{site}", site=site, n=count, near=did_you_mean(site, file.sites))
    known = {one.site for one in organisation.employees.values() if one.active}
    for site in file.sites:
        if site not in known:
            yield advise("site_unused", f"sites.{site}", site=site)


def _approver_findings(file: CycleFile, organisation: Organisation) -> Iterator[Finding]:
    """HR approves a stage that has neither an evaluator nor a manager: one of them must be another person than the owner."""
    for employee in file.participants(organisation):
        if not set(file.cycle.hr) <= {employee.id}:
            continue
        line = organisation.manager_line(employee.id)
        stages, _, joint = evaluators_of(employee.id, organisation, _evaluator_rules(file))
        asked = [any(stages[stage : stage + 1]) or bool(line[stage:]) for stage in range(file.policy.approval_stages)]
        asked = [all(joint[stage]) if any(joint[stage : stage + 1]) else one for stage, one in enumerate(asked)]
        if not all(asked):
            yield refuse("nobody_approves", employee.id, person=employee.id)


def _joint_findings(file: CycleFile, organisation: Organisation) -> Iterator[Finding]:
    """A suggestion where all whom a stage asks at the same time are one person: one signature is enough there."""
    rules = _evaluator_rules(file)
    alone: dict[int, list[EmployeeId]] = {stage: [] for stage, sources in enumerate(rules.joint) if sources}
    for employee in file.participants(organisation) if alone else ():
        joint = evaluators_of(employee.id, organisation, rules).joint
        for stage, owners in alone.items():
            if len(joint[stage]) < 2:  # noqa: PLR2004 - two must agree
                owners.append(employee.id)
    for stage, owners in alone.items():
        if owners:
            where, count, people = f"policy.stages[{stage}].all", len(owners), some_of(owners)
            yield advise("one_signature", where, stage=stage + 1, count=count, people=people, concerned=owners)


def _evaluator_rules(file: CycleFile) -> EvaluatorRules:
    return rules_of(file.policy.review_stage, file.policy.stages)


def _unused_evaluators(file: CycleFile, organisation: Organisation) -> Iterator[Finding]:
    """A suggestion where people have evaluators of a stage that the rules do not ask for."""
    asked = max(file.policy.approval_stages, file.policy.review_stage)
    people = [one for one in file.participants(organisation) if len(one.evaluators) > asked]
    if people:
        most = max(len(one.evaluators) for one in people)
        yield advise("evaluators_unused", "policy.approval_stages", number=asked + 1, stages=most, n=len(people))


def _leave_findings(file: CycleFile, organisation: Organisation) -> Iterator[Finding]:
    away = [one.id for one in file.participants(organisation) if one.is_away(file.cycle.starts)]
    if away:
        yield advise("on_leave", away[0], count=len(away), people=some_of(away), concerned=away)


def _joining_findings(file: CycleFile, organisation: Organisation) -> Iterator[Finding]:
    """Where the time at work counts: that nobody's date of joining is known, or who joins after the cycle."""
    people = list(file.participants(organisation)) if file.policy.time_at_work else []
    if people and not any(one.joined_on for one in people):
        yield advise("joining_unknown", "policy.time_at_work", n=len(people))
    late = [one.id for one in people if one.joined_on is not None and one.joined_on > file.cycle.closes]
    if late:
        count, some, closes = len(late), some_of(late), file.cycle.closes
        yield advise(
            "joins_after_cycle", "policy.time_at_work", count=count, people=some, closes=closes, concerned=late
        )


def _leaver_findings(file: CycleFile, organisation: Organisation) -> Iterator[Finding]:
    return leaver_findings(file.participants(organisation), file.cycle.closes, file.policy.leavers)


def _tree_findings(file: CycleFile) -> Iterator[Finding]:
    """Each id of a theme or department goal is used once; a parent is one of them, and parents form no circle."""
    ids = [theme.id for theme in file.themes] + [goal.id for goal in file.department_goals]
    for one, count in Counter(ids).items():
        if count > 1:
            yield refuse("id_twice", "themes, department_goals", id=one, count=count)
    known = dict.fromkeys(theme.id for theme in file.themes) | {goal.id: goal.parent for goal in file.department_goals}
    places = [("department_goals", n, one.parent) for n, one in enumerate(file.department_goals)]
    places += [("drafts", n, draft.parent) for n, draft in enumerate(file.drafts)]
    for section, n, parent in places:
        if parent is not None and parent not in known:
            near = did_you_mean(parent, known)
            yield refuse("parent_unknown", f"{section}[{n}].parent", parent=parent, near=near)
    for n, goal in enumerate(file.department_goals):
        above, seen = goal.parent, {goal.id}
        while above is not None and above not in seen:
            seen.add(above)
            above = known.get(above)
        if above == goal.id:
            yield refuse("circle", f"department_goals[{n}].parent")


def _numbers_of_drafts(file: CycleFile) -> Iterator[Finding]:
    """What the drafts of a department add up to."""
    for department in {draft.department for draft in file.drafts}:
        weights = [draft.weight for draft in file.drafts if draft.department == department]
        drafts = len(weights)
        of = message("part.department", name=department) if department else message("part.all_departments")
        if drafts > 1 and sum(weights) > MAX_WEIGHT:
            yield advise("weights_over_100", "drafts", department=of, total=shown(sum(weights)))
        if drafts > file.policy.max_goals:
            yield refuse("too_many_drafts", "drafts", department=of, count=drafts, most=file.policy.max_goals)
