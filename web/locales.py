"""The language of an answer's sentences."""

from fastapi import Request

from domain.values import Locale
from web.opened import opened_of


def locale_of(request: Request) -> Locale:
    """The language that the request prefers; the company's where it names none of ours."""
    best, chosen = 0.0, Locale(opened_of(request).settings.company_locale)
    for part in request.headers.get("accept-language", "")[:200].split(","):
        name, _, quality = part.strip().partition(";q=")
        language = name.partition("-")[0].lower()
        weight = _weight(quality)
        if language in set(Locale) and weight > best:
            best, chosen = weight, Locale(language)
    return chosen


def _weight(quality: str) -> float:
    try:
        return float(quality or 1)
    except ValueError:
        return 0.0
