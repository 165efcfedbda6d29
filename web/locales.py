"""The language of an answer's sentences."""

from fastapi import Request

from domain.values import Locale
from web.opened import opened_of

CHOSEN = "meguri-language"  # a cookie: what somebody chose on a page


def locale_of(request: Request) -> Locale:
    """The language of the page's visitor; of others the one that the request prefers, and the company's where it names none of ours."""
    return getattr(request.state, "locale", None) or chosen_locale(request) or _preferred(request)


def chosen_locale(request: Request) -> Locale | None:
    """The language that somebody chose in this browser."""
    chosen = request.cookies.get(CHOSEN, "")
    return Locale(chosen) if chosen in set(Locale) else None


def _preferred(request: Request) -> Locale:
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
