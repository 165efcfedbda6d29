"""What a command's parameters are called, in the reader's language: options, placeholders, and the values that may be chosen."""

import re
from datetime import date
from pathlib import Path
from typing import Any

from cli.session.choices import Choice
from domain.locale import Locale

_METAVARS: dict[Any, str] = {int: "NUMBER", date: "DATE", Path: "FILE"}


def text(key: str, locale: Locale, **fields: object) -> str:
    """A text of help.po."""
    from texts.translations import template

    return template(key, locale).format(**fields)


def name_of(param: Any, locale: Locale) -> str:
    """What a parameter is called: `--as EMPLOYEE`, or the placeholder of an argument."""
    if param.param_type_name == "argument":
        return metavar(param, locale)
    names = " / ".join((*param.opts, *param.secondary_opts))
    return names if param.is_flag else f"{names} {metavar(param, locale)}"


def metavar(param: Any, locale: Locale) -> str:
    """The placeholder for the value of a parameter: EMPLOYEE; 社員番号."""
    name = param.metavar or _METAVARS.get(param.type_descriptor.annotation, "TEXT")
    return text(metavar_key(name), locale)


def metavar_key(name: str) -> str:
    """The key of a placeholder: of `FIELD=HEADER`, `help.metavar.field_header`."""
    return "help.metavar." + re.sub(r"\W+", "_", name).lower()


def choice_of(param: Any) -> Choice[Any] | None:
    """The values that a parameter takes, where they are a closed set."""
    parser = param.type_descriptor.parameter_info.parser
    return parser if isinstance(parser, Choice) else None
