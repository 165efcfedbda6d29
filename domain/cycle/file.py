"""The cycle file that HR writes (TOML): dates, calendar, rules, drafts by department. Reading and checking it."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import NamedTuple, Self, TypeVar

from pydantic import Field, ValidationError

from domain.cycle.drafts import fill_from_catalog
from domain.cycle.fiscal_year import Period, nearest_period
from domain.cycle.sections import (
    CalendarSection,
    CycleSection,
    DepartmentGoalSection,
    DraftSection,
    PolicySection,
    SiteSection,
    ThemeSection,
)
from domain.findings import Finding, refuse, refuse_with
from domain.messages import did_you_mean
from domain.people.departments import NO_DEPARTMENTS, Departments
from domain.people.organisation import Employee, Organisation
from domain.policy.policy import DEFAULT_LADDERS, Policy
from domain.problems import UNKNOWN_KEY, Problem, problems_of
from domain.toml_text import read_toml
from domain.values import EmployeeId, Frozen, Id, Locale
from domain.writing.content import Content

__all__ = [  # the sections too: code that makes a cycle needs them
    "CalendarSection", "CycleFile", "CycleSection", "DraftSection", "PolicySection", "SiteSection", "read_cycle_file",
]  # fmt: skip

ContentT = TypeVar("ContentT", bound=Content)
_SPAN_BEFORE, _SPAN_AFTER = timedelta(days=31), timedelta(days=400)  # days that a cycle can touch around its own


class PostDraft(NamedTuple):
    """A draft, and the department of the additional post to which it belongs; None: the main post."""

    post: str | None
    content: Content


class CycleFile(Frozen):
    cycle: CycleSection
    calendar: CalendarSection = CalendarSection()
    sites: dict[Id, SiteSection] = Field(default_factory=dict, max_length=200)  # by their names in the directory
    policy: PolicySection = PolicySection()
    themes: tuple[ThemeSection, ...] = Field(default=(), max_length=50)
    department_goals: tuple[DepartmentGoalSection, ...] = Field(default=(), max_length=500)
    drafts: tuple[DraftSection, ...] = Field(default=(), max_length=500)

    @property
    def name(self) -> str:
        """The cycle's name: that of the file, else of the nearest period of the fiscal year (2026年度 第4四半期; FY2026 Q4)."""
        period = self.period
        if self.cycle.name is not None or period is None:
            return self.cycle.name or self.cycle.id
        return period.name.text(self.locale)

    @property
    def period(self) -> Period | None:
        """The period of the fiscal year that is nearest to the cycle; None if the file does not say when the year begins."""
        month = self.cycle.fiscal_year_starts
        return None if month is None else nearest_period(self.cycle.starts, self.cycle.ends, month)

    @property
    def locale(self) -> Locale:
        """The language of the place of the cycle's own calendar."""
        return Locale.JA if self.calendar.country == "JP" else Locale.EN

    @property
    def span(self) -> tuple[date, date]:
        """First and last day whose holidays can matter."""
        return self.cycle.starts - _SPAN_BEFORE, self.cycle.closes + _SPAN_AFTER

    def policy_with(
        self, public_holidays: tuple[date, ...], of_sites: Mapping[str, tuple[date, ...]] | None = None
    ) -> Policy:
        """The policy that is frozen at launch; `of_sites` are each site's public holidays, by its name.

        Raises ValueError where dates are out of order.
        """
        holidays = of_sites or {}
        return Policy(
            calendar=self.calendar.with_holidays(public_holidays),
            sites={name: site.with_holidays(holidays.get(name, ())) for name, site in self.sites.items()},
            starts=self.cycle.starts,
            ends=self.cycle.ends,
            closes=self.cycle.closes,
            reviews=self.cycle.reviews,
            hr=self.cycle.hr,
            ladders={**DEFAULT_LADDERS, **self.policy.ladders},
            **self.policy.model_dump(exclude={"ladders"}),
        )

    def moved_to(self, starts: date) -> Self:
        """The same cycle, every date moved by as many days as it takes to start on `starts`.

        Days off stay where they are: the new year does not come later because a cycle does.
        """
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
            _moved(draft, by).model_copy(update={"en": _moved(draft.en, by) if draft.en else None})
            for draft in self.drafts
        )
        return self.model_copy(update={"cycle": cycle, "drafts": drafts})

    def participants(self, organisation: Organisation) -> Iterator[Employee]:
        """Who takes part, in the order of their ids."""
        for employee in sorted(organisation.employees.values(), key=lambda one: one.id):
            known, company = organisation.departments, employee.company
            if employee.active and self.includes(employee.id, employee.department, known, company=company):
                yield employee

    def includes(
        self,
        employee: EmployeeId,
        department: str,
        departments: Departments = NO_DEPARTMENTS,
        *,
        company: str | None = None,
    ) -> bool:
        """Whether somebody of this department and company takes part while they work here: their company is chosen, and their
        department or one above it is.
        """
        if self.cycle.companies and company not in self.cycle.companies:
            return False
        if not self.cycle.departments or employee in self.cycle.without:
            return employee not in self.cycle.without
        chosen = {departments.current(name) for name in self.cycle.departments}
        return any(name in chosen for name in departments.path(department))

    def drafts_for(
        self, department: str, locale: Locale = Locale.JA, *, departments: Departments = NO_DEPARTMENTS
    ) -> tuple[Content, ...]:
        """The drafts of an owner in a department, in their language: its own, else those of the nearest department above
        that has some, else the general ones, else one blank.
        """
        nearest = self._nearest(department, departments)
        return tuple(self._drafts_of(nearest, locale, departments)) or (Content(),)

    def drafts_of_posts(
        self,
        department: str,
        posts: Iterable[str],
        locale: Locale = Locale.JA,
        *,
        departments: Departments = NO_DEPARTMENTS,
    ) -> tuple[PostDraft, ...]:
        """The drafts of an owner by posts: for the main one as in `drafts_for`; for additional ones, by their departments, those that
        name the department or one above.
        """
        main = [PostDraft(None, one) for one in self.drafts_for(department, locale, departments=departments)]
        others = [(post, self._nearest(post, departments)) for post in posts]
        return (
            *main,
            *(
                PostDraft(post, one)
                for post, nearest in others
                if nearest is not None
                for one in self._drafts_of(nearest, locale, departments)
            ),
        )

    def _nearest(self, department: str, departments: Departments) -> str | None:
        """The department, or the nearest one above it, that some draft names."""
        named = {departments.current(draft.department) for draft in self.drafts if draft.department}
        return next((name for name in departments.path(department) if name in named), None)

    def _drafts_of(self, named: str | None, locale: Locale, departments: Departments) -> Iterator[Content]:
        for draft in self.drafts:
            if (departments.current(draft.department) if draft.department else None) == named:
                yield draft.content(locale)


def _moved(content: ContentT, by: timedelta) -> ContentT:
    steps = tuple(step.model_copy(update={"due": step.due + by}) for step in content.steps)
    return content.model_copy(update={"steps": steps})


def read_cycle_file(data: bytes) -> CycleFile | tuple[Finding, ...]:
    """The file, or why it cannot be read: each finding names the key."""
    read = read_toml(data)
    if isinstance(read, Finding):
        return (read,)
    tree, unknown = fill_from_catalog(read)
    if unknown:
        return unknown
    try:
        return CycleFile.model_validate(tree)
    except ValidationError as error:
        return tuple(_of_problem(problem) for problem in problems_of(error))


def _of_problem(problem: Problem) -> Finding:
    if problem.message.key == UNKNOWN_KEY:
        return refuse("unknown_key", problem.where, near=did_you_mean(problem.where.rpartition(".")[2], _KEYS))
    if problem.message.key == "problem.zone_unknown":
        return refuse_with("zone_unknown", problem.where, problem.message)
    return refuse_with("invalid", problem.where or "file", problem.message)


_KEYS = sorted(
    {
        name
        for model in (
            CycleFile,
            CycleSection,
            SiteSection,
            PolicySection,
            ThemeSection,
            DepartmentGoalSection,
            DraftSection,
        )
        for name in model.model_fields
    }
)
