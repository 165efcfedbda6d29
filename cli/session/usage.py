"""A command line that cannot be read: what is wrong with it, in the reader's language.

typer raises its own errors, with English sentences; here each becomes a message of help.po.
"""

from typing import TYPE_CHECKING, Any

import typer

from cli.session.choices import Choice, WrongUsage
from cli.session.parameters import choice_of, name_of

if TYPE_CHECKING:
    from domain.locale import Locale
    from domain.messages import Message


def explain(error: typer.TyperException, locale: "Locale") -> str:
    """What is wrong, and which values would do."""
    from texts.say import say

    sentence = say(_message_of(error, locale), locale)
    choice = _choice_of(error)
    if choice is None:
        return sentence
    return say("help.usage.with_choices", locale, sentence=sentence, allowed=choice.allowed(locale))


def _message_of(error: Any, locale: "Locale") -> "Message":
    """By the class of the error. typer keeps these classes in a private module, so they are known by their names."""
    from domain.messages import message

    if isinstance(error, WrongUsage) and error.param is None:
        return error.reason
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if "NoSuchOption" in kinds:
        return _no_such_option(error)
    if "BadOptionUsage" in kinds:
        return _wrong_option(error)
    if "BadParameter" in kinds and error.param is not None:
        return _wrong_parameter(error, locale, missing="MissingParameter" in kinds)
    return message("help.usage.other")


def _no_such_option(error: Any) -> "Message":
    from domain.messages import did_you_mean, message

    near = did_you_mean(error.option_name, error.possibilities or ())
    return message("help.usage.no_such_option", option=error.option_name, near=near)


def _wrong_option(error: Any) -> "Message":
    """Typer has one class for an option without its value, and for a value of an option that takes none."""
    from domain.messages import message

    options = (one for one in error.ctx.command.get_params(error.ctx) if one.param_type_name == "option")
    flag = any(error.option_name in one.opts and one.is_flag for one in options)
    return message("help.usage.takes_no_value" if flag else "help.usage.wants_value", option=error.option_name)


def _wrong_parameter(error: Any, locale: "Locale", *, missing: bool) -> "Message":
    from domain.messages import message

    name = name_of(error.param, locale)
    if missing:
        argument = error.param.param_type_name == "argument"
        return message("help.usage.missing_argument" if argument else "help.usage.missing_option", name=name)
    return message("help.usage.wrong_value", name=name, problem=_problem(error))


def _problem(error: Any) -> "Message":
    """What does not fit in the value; typer checks values with pydantic."""
    from pydantic import ValidationError

    from domain.messages import message
    from domain.problems import problems_of

    if isinstance(error, WrongUsage):
        return error.reason
    if isinstance(error.__cause__, ValidationError):
        return next(problems_of(error.__cause__)).message
    return message("problem.other")


def _choice_of(error: Any) -> Choice[Any] | None:
    """The choice of the parameter that is wrong or missing."""
    if isinstance(error, WrongUsage):
        return error.choice
    return choice_of(error.param) if getattr(error, "param", None) else None
