"""Public holidays, asked of the `holidays` library once, at launch."""

from datetime import date

import holidays


def public_holidays(country: str, first: date, last: date) -> tuple[date, ...]:
    """The country's public holidays from `first` to `last`. Raises LookupError for a country that is not known."""
    try:
        found = holidays.country_holidays(country, years=range(first.year, last.year + 1))
    except NotImplementedError as error:
        raise LookupError(f"no public holidays are known for {country!r}; use a code such as JP") from error
    return tuple(sorted(day for day in found if first <= day <= last))
