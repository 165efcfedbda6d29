"""What stands against launching a cycle file, held against the organisation, and what is worth a look."""

from collections import Counter
from collections.abc import Iterator
from datetime import date

from domain.cycle.file import CycleFile, hint
from domain.cycle.sections import CycleSection
from domain.findings import Finding, advise, refuse, refuses
from domain.goal.constraints import MOST_WEIGHT
from domain.people.organisation import Employee, Organisation
from domain.policy.calendar import describe_day
from domain.values import EmployeeId
from domain.writing.rules import check


def check_cycle(file: CycleFile, organisation: Organisation, today: date) -> tuple[Finding, ...]:
    """Everything that stands against launching, and what is worth a look. Whether the id is taken is asked elsewhere."""
    dates = (*_order_findings(file.cycle), *_hours_findings(file), *_past_findings(file.cycle, today))
    people = (*organisation.findings(tops=file.cycle.tops), *_people_findings(file, organisation))
    if refuses((*dates, *people)):
        return (*dates, *people)
    sites = _site_findings(file, organisation)
    drafts = (*_tree_findings(file), *_draft_findings(file))
    return (*dates, *people, *sites, *_approver_findings(file, organisation), *drafts)


def _order_findings(cycle: CycleSection) -> Iterator[Finding]:
    for first, second in (("starts", "ends"), ("ends", "closes")):
        a, b = getattr(cycle, first), getattr(cycle, second)
        if a > b or (a == b and first == "starts"):
            yield refuse(
                "dates_out_of_order",
                f"cycle.{second}",
                f"{second}({describe_day(b).ja})は {first}({describe_day(a).ja})より後の日付にしてください。",
                f"{second} ({describe_day(b).en}) must come after {first} ({describe_day(a).en})",
            )
    if list(cycle.reviews) != sorted(set(cycle.reviews)):
        yield refuse(
            "reviews_out_of_order",
            "cycle.reviews",
            "見直しの日付を順に並べてください。",
            "put the reviews in order, each on its own day",
        )
    for n, day in enumerate(cycle.reviews):
        if not cycle.starts < day <= cycle.closes:
            said = describe_day(day)
            yield refuse(
                "review_outside_cycle",
                f"cycle.reviews[{n}]",
                f"見直しの日付 {said.ja} が期間の外です(開始の翌日から締め日まで)。",
                f"{said.en} is outside the cycle (after starts, up to closes)",
            )


def _hours_findings(file: CycleFile) -> Iterator[Finding]:
    """A deadline ends at the closing hour: an office that closes before it opens would be late on time."""
    for where, place in (("calendar", file.calendar), *((f"sites.{name}", site) for name, site in file.sites.items())):
        if place.opens >= place.closes:
            yield refuse(
                "hours_out_of_order",
                f"{where}.closes",
                f"終業時刻({place.closes:%H:%M})は始業時刻({place.opens:%H:%M})より後にしてください。",
                f"closes ({place.closes:%H:%M}) must come after opens ({place.opens:%H:%M})",
            )


def _past_findings(cycle: CycleSection, today: date) -> Iterator[Finding]:
    said = describe_day(today)
    places = [("cycle.ends", cycle.ends), ("cycle.closes", cycle.closes)]
    places += [(f"cycle.reviews[{n}]", day) for n, day in enumerate(cycle.reviews)]
    for where, day in places:
        if day < today:
            yield refuse(
                "date_in_the_past",
                where,
                f"{describe_day(day).ja} は過去の日付です(今日は {said.ja})。`--starts` で期間全体をずらせます。",
                f"{describe_day(day).en} is past (today is {said.en}); `--starts` moves the whole cycle",
            )
    if cycle.starts < today:
        ja, en = f"開始日を過ぎています(今日は {said.ja})。", f"the cycle has begun (today is {said.en})"
        yield advise("already_started", "cycle.starts", ja, en)


def _people_findings(file: CycleFile, organisation: Organisation) -> Iterator[Finding]:
    for n, member in enumerate(file.cycle.hr):
        found = organisation.employees.get(member)
        if found is None or not found.active:
            yield refuse(
                "hr_unknown",
                f"cycle.hr[{n}]",
                f"人事担当 {member} が社員名簿にいないか、在籍していません。",
                f"{member} is not in the directory, or not active",
            )
    departments = {employee.department for employee in organisation.employees.values()}
    for where, name in (
        *((f"cycle.departments[{n}]", name) for n, name in enumerate(file.cycle.departments)),
        *((f"department_goals[{n}].department", one.department) for n, one in enumerate(file.department_goals)),
        *((f"drafts[{n}].department", draft.department) for n, draft in enumerate(file.drafts)),
    ):
        if name is not None and name not in departments:
            hint_ja, hint_en = hint(name, departments)
            yield refuse(
                "department_unknown",
                where,
                f"部署「{name}」に社員がいません。{hint_ja}",
                f"nobody is in department {name}{hint_en}",
            )
    if not any(True for _ in file.participants(organisation)):
        yield refuse(
            "nobody_takes_part", "cycle", "対象となる社員がいません。", "nobody takes part; import people first"
        )


def _concerned(file: CycleFile, organisation: Organisation) -> Iterator[Employee]:
    """Everybody whom a goal of this cycle may ask: who takes part, their managers, HR."""
    ids: dict[EmployeeId, None] = dict.fromkeys(file.cycle.hr)
    for employee in file.participants(organisation):
        ids |= dict.fromkeys((employee.id, *organisation.manager_line(employee.id)))
    return (organisation.employees[one] for one in ids)


def _site_findings(file: CycleFile, organisation: Organisation) -> Iterator[Finding]:
    """Somebody whose site has no calendar would have their deadlines counted in another country's days."""
    people = Counter(one.site for one in _concerned(file, organisation) if one.site is not None)
    for site, count in sorted(people.items()):
        if site not in file.sites:
            hint_ja, hint_en = hint(site, file.sites)
            yield refuse(
                "site_unknown",
                f"sites.{site}",
                f"拠点「{site}」の社員が {count} 人いますが、ファイルにありません。[sites.{site}] を書いてください。{hint_ja}",
                f"{count} people are at {site}, which the file does not have: add [sites.{site}]{hint_en}",
            )
    known = {one.site for one in organisation.employees.values() if one.active}
    for site in file.sites:
        if site not in known:
            yield advise(
                "site_unused",
                f"sites.{site}",
                f"拠点「{site}」に社員がいません。社員名簿の拠点名と同じか確認してください。",
                f"nobody is at {site}; compare the name with the directory's sites",
            )


def _approver_findings(file: CycleFile, organisation: Organisation) -> Iterator[Finding]:
    """Where a line is shorter than the stages, HR signs; somebody of HR must be left who is not the owner."""
    for employee in file.participants(organisation):
        short = len(organisation.manager_line(employee.id)) < file.policy.approval_stages
        if short and set(file.cycle.hr) <= {employee.id}:
            yield refuse(
                "nobody_approves",
                employee.id,
                f"{employee.id} さんの目標を承認できる人がいません。cycle.hr に別の人を加えてください。",
                f"nobody can approve the goals of {employee.id}; add somebody else to cycle.hr",
            )


def _tree_findings(file: CycleFile) -> Iterator[Finding]:
    """Ids of themes and department goals stand once; what names a parent names one of them, and never comes round."""
    ids = [theme.id for theme in file.themes] + [goal.id for goal in file.department_goals]
    for one, count in Counter(ids).items():
        if count > 1:
            ja, en = (
                f"ID「{one}」が {count} 回使われています。",
                f"the id {one} stands {count} times; each needs its own",
            )
            yield refuse("id_twice", "themes, department_goals", ja, en)
    known = dict.fromkeys(theme.id for theme in file.themes) | {goal.id: goal.parent for goal in file.department_goals}
    places = [("department_goals", n, one.parent) for n, one in enumerate(file.department_goals)]
    places += [("drafts", n, draft.parent) for n, draft in enumerate(file.drafts)]
    for section, n, parent in places:
        if parent is not None and parent not in known:
            hint_ja, hint_en = hint(parent, known)
            ja = f"「{parent}」はテーマにも部署の目標にもありません。{hint_ja}"
            yield refuse(
                "parent_unknown", f"{section}[{n}].parent", ja, f"{parent} is no theme or department goal{hint_en}"
            )
    for n, goal in enumerate(file.department_goals):
        above, seen = goal.parent, {goal.id}
        while above is not None and above not in seen:
            seen.add(above)
            above = known.get(above)
        if above == goal.id:
            ja, en = "上位をたどると自分に戻ります。", "the parents lead back to this one"
            yield refuse("circle", f"department_goals[{n}].parent", ja, en)


def _draft_findings(file: CycleFile) -> Iterator[Finding]:
    """Dates of the drafts must lie in the cycle; what else is unfinished is the owner's to write."""
    policy = file.policy_with(())
    for n, draft in enumerate(file.drafts):
        for finding in check(draft.content(), policy):
            if finding.code in ("step_outside_cycle", "steps_out_of_order"):
                yield finding.model_copy(update={"where": f"drafts[{n}].{finding.where}"})
    for department in {draft.department for draft in file.drafts}:
        weights = [draft.weight for draft in file.drafts if draft.department == department]
        drafts = len(weights)
        if drafts > 1 and sum(weights) > MOST_WEIGHT:
            yield advise(
                "weights_over_100",
                f"drafts ({department or '*'})",
                f"下書きのウェイトの合計が {sum(weights)} % です。合計 100 % を超える目標は承認されません。",
                f"the drafts weigh {sum(weights)} % together: what goes beyond 100 % will not be approved",
            )
        if drafts > file.policy.max_goals:
            yield refuse(
                "too_many_drafts",
                f"drafts ({department or '*'})",
                f"下書きが {drafts} 件あり、上限の {file.policy.max_goals} 件を超えています。",
                f"{drafts} drafts are more than the limit of {file.policy.max_goals} goals",
            )
