"""The sections of a cycle file; domain/cycle/file.py reads and checks the whole."""

from datetime import date, time
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from domain.policy.calendar import BusinessCalendar, TimeZone
from domain.policy.policy import HrOfPart, Ladder, Leavers, StageRule, TaskKind
from domain.values import ID_FORM, ClockTime, CycleId, Day, EmployeeId, Frozen, Id, Line, Locale, Number, invalid_value
from domain.writing.content import Content


class CalendarSection(Frozen):
    """Whose public holidays count, the hours of the day, and the company's own days off.

    `working_days` (出勤日) are weekends and holidays on which people work; `short_days` (短縮営業日) gives the closing hour of single days.
    """

    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "JP"
    subdivision: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,20}$")] | None = None  # state, Land, canton: `BE`
    timezone: TimeZone = "Asia/Tokyo"
    opens: ClockTime = time(9)
    closes: ClockTime = time(18)
    days_off: tuple[Day, ...] = ()
    working_days: tuple[Day, ...] = ()
    short_days: dict[Day, ClockTime] = Field(default_factory=dict)

    def with_holidays(self, public_holidays: tuple[date, ...]) -> BusinessCalendar:
        """The calendar that is frozen at launch; weekends are off anyway, so they are not written down."""
        days_off = sorted({*public_holidays, *self.days_off})
        return BusinessCalendar(
            timezone=self.timezone,
            opens=self.opens,
            closes=self.closes,
            days_off=tuple(day for day in days_off if day.weekday() < 5),  # noqa: PLR2004 - Saturday
            working_days=tuple(sorted(set(self.working_days))),
            short_days=dict(sorted(self.short_days.items())),
        )


class SiteSection(CalendarSection):
    """An office in another place: the file must give its holidays and its time zone."""

    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    timezone: TimeZone


class CycleSection(Frozen):
    id: Annotated[CycleId, ID_FORM]
    name: Line | None = None  # None: that of the period of the fiscal year
    starts: Day
    ends: Day
    closes: Day
    reviews: tuple[Day, ...] = Field(max_length=24)
    hr: tuple[Annotated[EmployeeId, ID_FORM], ...] = Field(min_length=1, max_length=50)
    departments: tuple[Line, ...] = ()  # who takes part; empty: everybody
    without: tuple[Annotated[EmployeeId, ID_FORM], ...] = ()  # who does not
    tops: tuple[Annotated[EmployeeId, ID_FORM], ...] = ()  # who has no manager, where they are several
    carry_over: Annotated[CycleId, ID_FORM] | None = None  # whose unfinished goals become drafts of their owners
    fiscal_year_starts: int | None = Field(default=None, ge=1, le=12)  # the month in which the company's year begins
    companies: tuple[
        Line, ...
    ] = ()  # who takes part: the people who work in one of these, of `departments` if it is given

    @model_validator(mode="after")
    def _has_a_name(self) -> Self:
        if self.name is None and self.fiscal_year_starts is None:
            raise invalid_value("no_cycle_name")
        return self


class PolicySection(Frozen):
    approval_stages: int = Field(default=1, ge=1, le=5)
    review_stage: int = Field(default=1, ge=1, le=5)
    stages: tuple[StageRule, ...] = Field(default=(), max_length=5)
    self_review: bool = True
    max_goals: int = Field(default=5, ge=1, le=20)
    attainment_cap: Number = Field(default="1.5", ge=1, le=10, validate_default=True)
    max_bonus: int = Field(default=20, ge=0, le=1000)
    spread_minutes: int = Field(default=15, ge=1, le=480)
    joiners_get_drafts: bool = True
    moves_settle: bool = False
    edition: int = Field(default=2, ge=1, le=2)
    max_stretch: int = Field(default=200, ge=10, le=10_000)
    causes: tuple[Line, ...] = Field(default=(), max_length=30)
    adjust_down: bool = False
    leavers: Leavers = Leavers.SETTLE
    owners_begin_goals: bool = False
    weighted: bool = False
    time_at_work: bool = False
    hr_of: tuple[HrOfPart, ...] = Field(default=(), max_length=200)
    ladders: dict[TaskKind, Ladder] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _as_many_stages_as_are_given(cls, given: Any) -> Any:
        """Where the file describes the stages, it need not count them."""
        if isinstance(given, dict) and isinstance(stages := given.get("stages"), list) and stages:
            return {"approval_stages": len(stages)} | given
        return given


class ThemeSection(Frozen):
    """A theme of the company for this cycle; goals refer to it by its id."""

    id: Id
    name: Line


class DepartmentGoalSection(Frozen):
    """A goal of a department; `parent` is a theme, or a goal of a department above."""

    id: Id
    department: Line
    name: Line
    parent: Id | None = None


class DraftSection(Content):
    """A draft that everyone of `department` gets; without a department, everyone whose department has none.

    `catalog` names an entry of the catalogue: what the section leaves out comes from the entry. `en` is the draft of owners
    who read English: it comes from the catalogue too, and takes from the section what it leaves out.
    """

    department: Line | None = None
    catalog: str | None = Field(default=None, max_length=80)
    en: Content | None = None

    @model_validator(mode="after")
    def _has_no_contributors(self) -> Self:
        """Many people get the draft: owners name who works with them."""
        if self.contributors or (self.en and self.en.contributors):
            raise invalid_value("draft_contributors")
        return self

    def content(self, locale: Locale = Locale.JA) -> Content:
        """The draft in that language, as far as the file or the catalogue has it."""
        if self.en and locale is Locale.EN:
            return self.en
        return Content.model_validate(self.model_dump(exclude={"department", "catalog", "en"}))
