"""Public holidays: read from the `holidays` library at launch, and then frozen in the policy."""

from datetime import date

import holidays
from pydantic import ValidationError

from domain.close_match import close_match
from domain.cycle.file import CycleFile
from domain.cycle.sections import CalendarSection
from domain.findings import Finding, refuse, refuse_with
from domain.policy.policy import Policy
from domain.problems import problems_of


def public_holidays(country: str, first: date, last: date, subdivision: str | None = None) -> tuple[date, ...]:
    """The country's public holidays from `first` to `last`, with those of its `subdivision` (such as a state).

    Raises `LookupError` for an unknown country or subdivision.
    """
    try:
        found = holidays.country_holidays(country, subdiv=subdivision, years=range(first.year, last.year + 1))
    except NotImplementedError as error:
        place = country if subdivision is None else f"{country}-{subdivision}"
        raise LookupError(f"no public holidays are known for {place!r}; use a code such as JP") from error
    return tuple(sorted(day for day in found if first <= day <= last))


def freeze(file: CycleFile) -> Policy | tuple[Finding, ...]:
    """The policy of the file with the public holidays of the cycle's country and of each site; or findings.

    Another version of the library may know other holidays, so this is done only at launch and when rules are amended.
    """
    places: dict[str, CalendarSection] = {"calendar": file.calendar}
    places |= {f"sites.{name}": site for name, site in file.sites.items()}
    unknown = tuple(finding for where, place in places.items() if (finding := _unknown_place(where, place)))
    if unknown:
        return unknown
    days = {where: _holidays_of(place, file.span) for where, place in places.items()}
    try:
        return file.policy_with(days["calendar"], {name: days[f"sites.{name}"] for name in file.sites})
    except ValidationError as error:
        return tuple(
            refuse_with("policy", problem.where or "policy", problem.message) for problem in problems_of(error)
        )


def _holidays_of(place: CalendarSection, span: tuple[date, date]) -> tuple[date, ...]:
    return public_holidays(place.country, *span, place.subdivision)


def _unknown_place(where: str, place: CalendarSection) -> Finding | None:
    """The finding about an unknown country or subdivision, which names its key in the file."""
    known = holidays.list_supported_countries()
    if place.country not in known:
        return refuse("country_unknown", f"{where}.country", country=place.country)
    if place.subdivision is None or place.subdivision in known[place.country]:
        return None
    close = close_match(place.subdivision, known[place.country])
    return refuse(
        "subdivision_unknown",
        f"{where}.subdivision",
        country=place.country,
        subdivision=place.subdivision,
        known=[close] if close else known[place.country] or ["-"],
    )
