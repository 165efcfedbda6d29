"""The cycle file that HR writes (TOML): dates, calendar, rules, drafts by department. Reading and checking it."""

import tomllib
from collections.abc import Iterator
from datetime import date, time, timedelta
from difflib import get_close_matches
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError

from domain.calendar import BusinessCalendar, describe_day
from domain.content import Content
from domain.findings import Finding, Level, refuses
from domain.organisation import Employee, Organisation
from domain.policy import DEFAULT_LADDERS, Ladder, Policy, TaskKind
from domain.rules import check
from domain.values import CycleId, EmployeeId, Frozen, Id, Line, Number, Text

_SPAN_BEFORE, _SPAN_AFTER = timedelta(days=31), timedelta(days=400)  # days that a cycle can touch around its own


class CalendarSection(Frozen):
    """Whose public holidays count, the hours of the day, and the company's own days off."""

    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "JP"
    timezone: str = "Asia/Tokyo"
    opens: time = time(9)
    closes: time = time(18)
    days_off: tuple[date, ...] = ()


class CycleSection(Frozen):
    id: Annotated[CycleId, Id]
    name: Line
    starts: date
    ends: date
    closes: date
    reviews: tuple[date, ...] = Field(max_length=24)
    hr: tuple[Annotated[EmployeeId, Id], ...] = Field(min_length=1, max_length=50)
    departments: tuple[Line, ...] = ()  # who takes part; empty: everybody
    without: tuple[Annotated[EmployeeId, Id], ...] = ()  # who does not
    tops: tuple[Annotated[EmployeeId, Id], ...] = ()  # who has no manager, where they are several


class PolicySection(Frozen):
    approval_stages: int = Field(default=1, ge=1, le=3)
    self_review: bool = True
    max_goals: int = Field(default=5, ge=1, le=20)
    attainment_cap: Number = Field(default="1.5", ge=1, le=10, validate_default=True)
    max_bonus: int = Field(default=20, ge=0, le=1000)
    ladders: dict[TaskKind, Ladder] = Field(default_factory=dict)


class DraftSection(Content):
    """A draft that everyone of `department` gets; without a department, everyone whose department has none."""

    department: Line | None = None

    def content(self) -> Content:
        return Content.model_validate(self.model_dump(exclude={"department"}))


class CycleFile(Frozen):
    cycle: CycleSection
    calendar: CalendarSection = CalendarSection()
    policy: PolicySection = PolicySection()
    drafts: tuple[DraftSection, ...] = Field(default=(), max_length=500)

    @property
    def span(self) -> tuple[date, date]:
        """First and last day whose holidays can matter."""
        return self.cycle.starts - _SPAN_BEFORE, self.cycle.closes + _SPAN_AFTER

    def policy_with(self, public_holidays: tuple[date, ...]) -> Policy:
        """The policy that is frozen at launch. Raises ValueError where dates are out of order."""
        days_off = sorted({*public_holidays, *self.calendar.days_off})
        section = self.policy.model_dump(exclude={"ladders"})
        return Policy(
            calendar=BusinessCalendar(
                timezone=self.calendar.timezone,
                opens=self.calendar.opens,
                closes=self.calendar.closes,
                days_off=tuple(day for day in days_off if day.weekday() < 5),  # noqa: PLR2004 - Saturday; weekends are off anyway
            ),
            starts=self.cycle.starts,
            ends=self.cycle.ends,
            closes=self.cycle.closes,
            reviews=self.cycle.reviews,
            hr=self.cycle.hr,
            ladders={**DEFAULT_LADDERS, **self.policy.ladders},
            **section,
        )

    def moved_to(self, starts: date) -> Self:
        """The same cycle, every date moved by as many days as it takes to start on `starts`."""
        by = starts - self.cycle.starts
        cycle = self.cycle.model_copy(
            update={
                "starts": starts,
                "ends": self.cycle.ends + by,
                "closes": self.cycle.closes + by,
                "reviews": tuple(day + by for day in self.cycle.reviews),
            }
        )
        drafts = tuple(
            draft.model_copy(update={"steps": tuple(s.model_copy(update={"due": s.due + by}) for s in draft.steps)})
            for draft in self.drafts
        )
        return self.model_copy(update={"cycle": cycle, "drafts": drafts})

    def participants(self, organisation: Organisation) -> Iterator[Employee]:
        """Who takes part, in the order of their ids."""
        chosen, without = set(self.cycle.departments), set(self.cycle.without)
        for employee in sorted(organisation.employees.values(), key=lambda one: one.id):
            if employee.active and employee.id not in without and (not chosen or employee.department in chosen):
                yield employee

    def drafts_for(self, department: str) -> tuple[Content, ...]:
        """The drafts of a department: its own, else the general ones, else one blank."""
        own = [draft.content() for draft in self.drafts if draft.department == department]
        general = [draft.content() for draft in self.drafts if draft.department is None]
        return tuple(own or general or [Content()])


def read_cycle_file(data: bytes) -> CycleFile | tuple[Finding, ...]:
    """The file, or why it cannot be read: each finding names the key."""
    try:
        tree = tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return (_refuse("not_utf8", f"byte {error.start}", "UTF-8 で保存してください。", "save the file as UTF-8"),)
    except tomllib.TOMLDecodeError as error:
        return (_refuse("not_toml", "file", f"TOML として読めません: {error}", f"this is not TOML: {error}"),)
    try:
        return CycleFile.model_validate(tree)
    except ValidationError as error:
        return tuple(_of_problem(problem) for problem in error.errors(include_url=False, include_input=False))


def _of_problem(problem: Any) -> Finding:
    where = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        close = get_close_matches(str(problem["loc"][-1]), _KEYS, n=1)
        hint_ja, hint_en = (f"「{close[0]}」のことですか。", f"; did you mean {close[0]}?") if close else ("", "")
        return _refuse("unknown_key", where, f"知らないキーです。{hint_ja}", f"unknown key{hint_en}")
    return _refuse("invalid", where, f"値が正しくありません: {problem['msg']}", problem["msg"])


_KEYS = sorted(
    {
        name
        for model in (CycleFile, CycleSection, CalendarSection, PolicySection, DraftSection)
        for name in model.model_fields
    }
)


def _refuse(code: str, where: str, ja: str, en: str) -> Finding:
    return Finding(level=Level.REFUSE, code=code, where=where, message=Text(ja=ja, en=en))


def check_cycle(file: CycleFile, organisation: Organisation, today: date) -> tuple[Finding, ...]:
    """Everything that stands against launching, and what is worth a look. Whether the id is taken is asked elsewhere."""
    dates = (*_order_findings(file.cycle), *_past_findings(file.cycle, today))
    people = (*organisation.findings(tops=file.cycle.tops), *_people_findings(file, organisation))
    if refuses((*dates, *people)):
        return (*dates, *people)
    return (*dates, *people, *_approver_findings(file, organisation), *_draft_findings(file))


def _order_findings(cycle: CycleSection) -> Iterator[Finding]:
    for first, second in (("starts", "ends"), ("ends", "closes")):
        a, b = getattr(cycle, first), getattr(cycle, second)
        if a > b or (a == b and first == "starts"):
            yield _refuse(
                "dates_out_of_order",
                f"cycle.{second}",
                f"{second}({describe_day(b).ja})は {first}({describe_day(a).ja})より後の日付にしてください。",
                f"{second} ({describe_day(b).en}) must come after {first} ({describe_day(a).en})",
            )
    if list(cycle.reviews) != sorted(set(cycle.reviews)):
        yield _refuse(
            "reviews_out_of_order",
            "cycle.reviews",
            "見直しの日付を順に並べてください。",
            "put the reviews in order, each on its own day",
        )
    for n, day in enumerate(cycle.reviews):
        if not cycle.starts < day <= cycle.closes:
            said = describe_day(day)
            yield _refuse(
                "review_outside_cycle",
                f"cycle.reviews[{n}]",
                f"見直しの日付 {said.ja} が期間の外です(開始の翌日から締め日まで)。",
                f"{said.en} is outside the cycle (after starts, up to closes)",
            )


def _past_findings(cycle: CycleSection, today: date) -> Iterator[Finding]:
    said = describe_day(today)
    places = [("cycle.ends", cycle.ends), ("cycle.closes", cycle.closes)]
    places += [(f"cycle.reviews[{n}]", day) for n, day in enumerate(cycle.reviews)]
    for where, day in places:
        if day < today:
            yield _refuse(
                "date_in_the_past",
                where,
                f"{describe_day(day).ja} は過去の日付です(今日は {said.ja})。`--starts` で期間全体をずらせます。",
                f"{describe_day(day).en} is past (today is {said.en}); `--starts` moves the whole cycle",
            )
    if cycle.starts < today:
        yield Finding(
            level=Level.ADVISE,
            code="already_started",
            where="cycle.starts",
            message=Text(
                ja=f"開始日を過ぎています(今日は {said.ja})。", en=f"the cycle has begun (today is {said.en})"
            ),
        )


def _people_findings(file: CycleFile, organisation: Organisation) -> Iterator[Finding]:
    for n, member in enumerate(file.cycle.hr):
        found = organisation.employees.get(member)
        if found is None or not found.active:
            yield _refuse(
                "hr_unknown",
                f"cycle.hr[{n}]",
                f"人事担当 {member} が社員名簿にいないか、在籍していません。",
                f"{member} is not in the directory, or not active",
            )
    departments = {employee.department for employee in organisation.employees.values()}
    for where, name in (
        *((f"cycle.departments[{n}]", name) for n, name in enumerate(file.cycle.departments)),
        *((f"drafts[{n}].department", draft.department) for n, draft in enumerate(file.drafts)),
    ):
        if name is not None and name not in departments:
            close = get_close_matches(name, sorted(departments), n=1)
            hint_ja, hint_en = (f"「{close[0]}」のことですか。", f"; did you mean {close[0]}?") if close else ("", "")
            yield _refuse(
                "department_unknown",
                where,
                f"部署「{name}」に社員がいません。{hint_ja}",
                f"nobody is in department {name}{hint_en}",
            )
    if not any(True for _ in file.participants(organisation)):
        yield _refuse(
            "nobody_takes_part", "cycle", "対象となる社員がいません。", "nobody takes part; import people first"
        )


def _approver_findings(file: CycleFile, organisation: Organisation) -> Iterator[Finding]:
    """Where a line is shorter than the stages, HR signs; somebody of HR must be left who is not the owner."""
    for employee in file.participants(organisation):
        short = len(organisation.manager_line(employee.id)) < file.policy.approval_stages
        if short and set(file.cycle.hr) <= {employee.id}:
            yield _refuse(
                "nobody_approves",
                employee.id,
                f"{employee.id} さんの目標を承認できる人がいません。cycle.hr に別の人を加えてください。",
                f"nobody can approve the goals of {employee.id}; add somebody else to cycle.hr",
            )


def _draft_findings(file: CycleFile) -> Iterator[Finding]:
    """Dates of the drafts must lie in the cycle; what else is unfinished is the owner's to write."""
    policy = file.policy_with(())
    for n, draft in enumerate(file.drafts):
        for finding in check(draft.content(), policy):
            if finding.code in ("step_outside_cycle", "steps_out_of_order"):
                yield finding.model_copy(update={"where": f"drafts[{n}].{finding.where}"})
    for department in {draft.department for draft in file.drafts}:
        drafts = sum(draft.department == department for draft in file.drafts)
        if drafts > file.policy.max_goals:
            yield _refuse(
                "too_many_drafts",
                f"drafts ({department or '*'})",
                f"下書きが {drafts} 件あり、上限の {file.policy.max_goals} 件を超えています。",
                f"{drafts} drafts are more than the limit of {file.policy.max_goals} goals",
            )
