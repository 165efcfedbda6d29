"""Pages: templates, their style sheet and their module. A page works from this origin alone: nothing inline, nothing from elsewhere."""

from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from domain.values import Locale
from texts.say import say
from web.locales import locale_of

_FOLDER = Path(__file__).parent
_KINDS = {"css": "text/css", "js": "text/javascript"}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types",
    "Permissions-Policy": "publickey-credentials-create=(self), publickey-credentials-get=(self)",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Vary": "Accept-Language",
}


def page(request: Request, name: str, family: str, **values: Any) -> Response:
    """The page in the request's language. In its template, `say("x")` is the text `<family>.x`."""
    locale = locale_of(request)
    html = _templates().get_template(name).render(say=_Texts(locale, family), locale=locale.value, **values)
    return HTMLResponse(html, headers={**_HEADERS, "Content-Language": locale.value})


@cache
def asset(name: str) -> Response:
    """A style sheet or a module, as it lies beside the templates."""
    kind = _KINDS[name.rpartition(".")[2]]
    return Response((_FOLDER / name).read_text(encoding="utf-8"), media_type=kind)


class _Texts:
    def __init__(self, locale: Locale, family: str) -> None:
        self._locale, self._family = locale, family

    def __call__(self, name: str, **fields: Any) -> str:
        return say(f"{self._family}.{name}", self._locale, **fields)


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
