"""The pages that `--help` prints, and how commands are registered so that their pages are in the reader's language.

The texts are in help.po: a command's by its path (`help.meguri.goal.list`), an option's by the key that its declaration
names, a placeholder's by its name in lower case (`help.metavar.employee`). Nothing here imports pydantic: `--help` answers
at once.
"""

import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from cli.session.choices import Choice, WrongUsage
from cli.session.layout import in_two_columns, indented, width
from cli.session.output import Exit, locale_of_environment, note_json, print_error, wants_json
from cli.session.parameters import choice_of, metavar, name_of, text
from cli.session.usage import explain
from domain.characters import NOT_STORABLE
from domain.locale import Locale

_INDENT = "  "
_MAX_COLUMNS = 80
_FIRST_SENTENCE = re.compile(r".*?(?:。|\.(?=\s)|$)", re.DOTALL)


class Command(TyperCommand):
    """A command whose help and usage errors come from help.po."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        from domain.messages import message

        ctx.allow_extra_args = True  # told below in the reader's language
        try:
            rest = super().parse_args(ctx, args)
        except typer.TyperException as error:
            error.ctx = getattr(error, "ctx", None) or ctx  # type: ignore[attr-defined] # an error of the parser has none
            raise
        for param in self.params:
            _require_storable(param, ctx)
        if rest and not ctx.resilient_parsing:
            raise WrongUsage(message("help.usage.extra", values=rest), ctx)
        return rest

    def format_help(self, ctx: Any, formatter: Any) -> None:
        formatter.write(page(self, ctx, locale_of_environment()))


def _require_storable(param: Any, ctx: Any) -> None:
    """Refuses control characters and bytes that are no text: no id, day or reason has them, and databases do not take them."""
    from domain.messages import message

    typed = ctx.params.get(param.name)
    for value in typed if isinstance(typed, list | tuple) else (typed,):
        if isinstance(value, str | Path) and (found := NOT_STORABLE.search(str(value))):
            problem = message("problem.not_storable", at=found.start() + 1, character=f"U+{ord(found[0]):04X}")
            error = WrongUsage(problem, ctx)
            error.param = param
            raise error


class Group(TyperGroup):
    """A group of commands whose help and usage errors come from help.po. Without a command it prints its help."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if ctx.parent is None:
            note_json(wanted="--json" in args)
        if not args and self.no_args_is_help:
            typer.echo(ctx.get_help(), err=True)
            ctx.exit(Exit.USAGE)
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        from domain.messages import did_you_mean, message

        name = args[0]
        if name not in self.commands and not name.startswith("-"):
            near = did_you_mean(name, self.commands)
            raise WrongUsage(message("help.usage.no_such_command", name=name, near=near), ctx)
        return super().resolve_command(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        formatter.write(page(self, ctx, locale_of_environment()))

    def main(self, *args: Any, **settings: Any) -> Any:
        """Runs the command and ends the process."""
        try:
            code = super().main(*args, **{**settings, "standalone_mode": False})
        except typer.TyperException as error:
            _complain(error, locale_of_environment())
            sys.exit(error.exit_code)
        sys.exit(code if isinstance(code, int) else 0)


class Commands(typer.Typer):
    """A set of commands, registered with the classes above."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"cls": Group, "no_args_is_help": True, **settings})

    def command(self, name: str | None = None, **settings: Any) -> Callable[[Any], Any]:
        return super().command(name, **{"cls": Command, **settings})


def _complain(error: Any, locale: Locale) -> None:
    """Prints a usage error: how the command is used, and what is wrong."""
    lines = []
    if ctx := getattr(error, "ctx", None):
        lines += [*_usage(ctx.command, ctx, locale), text("help.usage.see_help", locale, command=ctx.command_path), ""]
    sentence = explain(error, locale)
    sys.stderr.write("\n".join([*lines, sentence]) + "\n")
    if wants_json():
        print_error("usage", sentence, where=_place_of(error, locale))


def _place_of(error: Any, locale: Locale) -> str | None:
    """The option or the argument that is wrong."""
    param = getattr(error, "param", None)
    return name_of(param, locale).partition(" ")[0] if param is not None else getattr(error, "option_name", None)


def page(command: Any, ctx: Any, locale: Locale) -> str:
    """The help of a command or a group."""
    params = command.get_params(ctx)
    lines = [*_usage(command, ctx, locale), "", *indented(text(key_of(ctx), locale), _INDENT, _columns())]
    sections = (
        ("help.heading.arguments", [_row(one, locale) for one in params if one.param_type_name == "argument"]),
        ("help.heading.options", [_row(one, locale) for one in params if one.param_type_name == "option"]),
        ("help.heading.commands", list(_commands(command, ctx, locale))),
    )
    for heading, rows in sections:
        if rows:
            lines += ["", text(heading, locale), *in_two_columns(rows, _INDENT, _columns())]
    return "\n".join(lines) + "\n"


def key_of(ctx: Any) -> str:
    """The key of a command's help: `help.meguri` and the names of the groups and the command, with dots between."""
    names = []
    while ctx.parent is not None:
        names.append(ctx.info_name)
        ctx = ctx.parent
    return ".".join(("help.meguri", *reversed(names)))


def _usage(command: Any, ctx: Any, locale: Locale) -> Iterator[str]:
    """`Usage: meguri goal show [OPTIONS] GOAL`, wrapped."""
    begin = text("help.heading.usage", locale, command=ctx.command_path)
    pieces = [text("help.heading.any_options", locale)]
    for one in command.get_params(ctx):
        if one.param_type_name == "argument":
            name = metavar(one, locale) + ("..." if one.nargs == -1 else "")
            pieces.append(name if one.required else f"[{name}]")
    if isinstance(command, Group):
        pieces.append(text("help.heading.any_command", locale))
    lines = list(indented(" ".join(pieces), " " * (width(begin) + 1), _columns()))
    yield begin + lines[0][width(begin) :]
    yield from lines[1:]


def _row(param: Any, locale: Locale) -> tuple[str, str]:
    """A parameter, and its help with what else one must know about it: `[required]`, `[default: 100; 1 to 10000]`."""
    key = "help.option.show_help" if "--help" in param.opts else param.help
    more = "; ".join(_constraints(param, locale))
    return name_of(param, locale), text(key, locale) + (f" [{more}]" if more else "")


def _constraints(param: Any, locale: Locale) -> Iterator[str]:
    choice = choice_of(param)
    if choice:
        yield text("help.constraint.choices", locale, values=text("join.list", locale).join(choice.allowed(locale)))
    if param.required:
        yield text("help.constraint.required", locale)
    if param.default not in (None, "", False, ()) and not param.required:
        yield text("help.constraint.default", locale, value=_default(param.default, choice, locale))
    info = param.type_descriptor.parameter_info
    if info.min is not None:
        key = "help.constraint.at_least" if info.max is None else "help.constraint.range"
        yield text(key, locale, min=info.min, max=info.max)


def _default(value: Any, choice: Choice[Any] | None, locale: Locale) -> str:
    if choice and isinstance(value, Enum):
        return choice.name_of(choice.members(value), locale)
    return str(value)


def _commands(command: Any, ctx: Any, locale: Locale) -> Iterable[tuple[str, str]]:
    """The commands of a group, each with the first sentence of its help."""
    for name in getattr(command, "commands", ()):
        found = _FIRST_SENTENCE.match(text(f"{key_of(ctx)}.{name}", locale))
        yield name, found[0] if found else ""


def _columns() -> int:
    return max(min(shutil.get_terminal_size().columns, _MAX_COLUMNS) - 2, 50)
