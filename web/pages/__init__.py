"""Pages: templates, their style sheet and their modules. A page works from this origin alone: nothing inline, nothing from elsewhere."""

from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException

from domain.people.organisation import DIRECTORY_ZONE
from domain.values import Locale, percent
from texts.dates import short_day, short_moment
from texts.places import place_text
from texts.say import say
from texts.translations import has
from texts.words import actor_word, reason_text, word

_FOLDER = Path(__file__).parent
_KINDS = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_ASSETS = frozenset(one.name for one in _FOLDER.iterdir() if one.suffix[1:] in _KINDS)
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types",
    "Permissions-Policy": "publickey-credentials-create=(self), publickey-credentials-get=(self)",
    "Vary": "Accept-Language, Cookie",
}
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable", "Cross-Origin-Resource-Policy": "same-origin"}

router = APIRouter(include_in_schema=False)


def page(name: str, locale: Locale, status: int = 200, /, **values: Any) -> Response:
    """The template as a page. In it `t("console.x")` is a text, and `word("state", x)` the word for a value."""
    html = _templates(locale).get_template(name).render(values)
    return HTMLResponse(html, status, {**_HEADERS, "Content-Language": locale.value})


@router.get("/assets/{version}/{name}")
async def asset(version: str, name: str) -> Response:
    """A style sheet or a module. Its address changes with its content, so browsers keep it."""
    if name not in _ASSETS or version != _version(name):
        raise HTTPException(404)
    kind = _KINDS[name.rpartition(".")[2]]
    return Response(_read(name), media_type=kind, headers=_FOR_EVER)


def asset_url(name: str) -> str:
    return f"/assets/{_version(name)}/{name}"


@cache
def _version(name: str) -> str:
    return sha256(_read(name)).hexdigest()[:12]


@cache
def _read(name: str) -> bytes:
    return (_FOLDER / name).read_bytes()


@cache
def _templates(locale: Locale) -> Environment:
    """One set of templates for each language: their macros then need nothing of the page that uses them."""
    found = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals |= {
        "t": _texts(locale),
        "locale": locale.value,
        "asset": asset_url,
        "word": lambda kind, value: word(kind, str(value), locale),
        "own": lambda text: text.in_(locale),
        "actor_word": lambda actor: actor_word(actor, locale),
        "company_zone": DIRECTORY_ZONE.key,
        "has": lambda key: has(key, locale),
        "field_label": lambda name: _field_label(name, locale),
        "labels_of": lambda form: {
            one.name: say(f"console.field.{form.name}.{one.name}", locale) for one in form.fields
        },
        "message": lambda what, names={}: _plain(say(what, locale, names)),
    }
    found.filters |= {
        "day": lambda day: short_day(day, locale),
        "moment": lambda moment, zone: short_moment(moment, zone, locale),
        "percent": percent,
        "number": lambda number: format(number, "f"),
        "pair": lambda value: (value, value),
        "count": _grouped,
        "plain": _plain,
        "signed": lambda number: format(number, "+f"),
        "named": lambda person, names: names.get(person, person),
        "reason": lambda reason: reason_text(reason, locale),
    }
    return found


def _grouped(value: Any) -> Any:
    """A count with commas, as `10,000`; anything else as it is."""
    return f"{value:,}" if type(value) is int else value


def _plain(sentence: str) -> str:
    """Without the marks that a terminal shows around what is typed."""
    return sentence.replace("`", "")


def _field_label(name: str, locale: Locale) -> str:
    """What a field of the form of a goal is called; those of steps as in a sheet."""
    key = f"console.write.field.{name}"
    return say(key, locale) if has(key, locale) else place_text(name, locale)


def _texts(locale: Locale) -> Callable[..., str]:
    @cache
    def plain(key: str) -> str:
        return say(key, locale)

    def text(key: str, **fields: Any) -> str:
        return say(key, locale, **{name: _grouped(value) for name, value in fields.items()}) if fields else plain(key)

    return text
