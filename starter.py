"""The command line, installed as `meguri`: all commands are registered here, and the process ends here.

What a command needs is imported when it runs, so that `--help` answers at once (a test measures it).
"""

import gc
import os
import sys
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING

from cli.cycle.amending import amend
from cli.cycle.cycle import cycle
from cli.cycle.instruction_screen import delegations, instruction
from cli.cycle.scores import adjust, exemplar, scores
from cli.cycle.steering import delegate, reassign
from cli.cycle.tree import tree
from cli.goal.beginning import begin
from cli.goal.goal import goal
from cli.goal.handing_over import handover
from cli.goal.writing import check, draft, score
from cli.library.catalog import catalog
from cli.library.exemplars import exemplars
from cli.library.hearing import hearing
from cli.library.lessons import list_lessons, take_over
from cli.oversight.audit import audit
from cli.oversight.hooks import hook
from cli.oversight.inbox import inbox
from cli.oversight.notices import notices
from cli.oversight.repair import repair
from cli.papers.sheet import sheet
from cli.people.accounts import account
from cli.people.calendar_link import calendar
from cli.people.departments import departments
from cli.people.identities import identity
from cli.people.people import people
from cli.people.people_sync import sync
from cli.people.preferences import prefer
from cli.people.provisioning import scim
from cli.people.roles import admins, role
from cli.people.tokens import token
from cli.session.help import Commands
from cli.session.output import (
    Exit,
    exit_code,
    locale_of_environment,
    print_error,
    reader_locale,
    sentence_of,
    wants_json,
)
from cli.session.servers import demo, migrate, up, web, worker

if TYPE_CHECKING:
    from pydantic import ValidationError

_INTERRUPTED = 130  # a shell's exit code of a program that Ctrl-C ended
_BROKEN = 70  # EX_SOFTWARE of sysexits.h: a defect of ours

app = Commands(
    name="meguri",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich takes longer to import than --help may take
)
_COMMANDS: tuple[Callable[..., None], ...] = (
    up,
    demo,
    migrate,
    worker,
    web,
    inbox,
    delegate,
    delegations,
    reassign,
    instruction,
    repair,
    prefer,
    catalog,
    exemplars,
)
for command in _COMMANDS:
    app.command()(command)
people.command("sync")(sync)
people.command("departments")(departments)
people.command("scim")(scim)
people.add_typer(admins, name="admins")
for command in (amend, tree, scores):
    cycle.command()(command)
for command in (begin, handover, draft, check, score, adjust, exemplar):
    goal.command()(command)
hearing.command("lessons")(list_lessons)
hearing.command("carry")(take_over)
app.add_typer(people, name="people")
app.add_typer(cycle, name="cycle")
app.add_typer(goal, name="goal")
app.add_typer(hearing, name="hearing")
app.add_typer(sheet, name="sheet")
app.add_typer(notices, name="notices")
app.add_typer(role, name="role")
app.add_typer(token, name="token")
app.add_typer(calendar, name="calendar")
app.add_typer(hook, name="hook")
app.add_typer(identity, name="identity")
app.add_typer(account, name="account")
app.add_typer(audit, name="audit")


# New objects between two collections of garbage. A command ends soon; Python's own 700 take a sixth of a large import.
_COLLECTED_AFTER = 50_000


def main() -> None:
    """Runs the command and ends the process."""
    gc.set_threshold(_COLLECTED_AFTER)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(
                errors="backslashreplace"
            )  # a name that the terminal cannot show must not end the command
    code = _run()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:  # `meguri goal list | head`: the reader needs no more
        pass
    os._exit(code)  # the SDK's threads can abort an interpreter that exits in order (sdk-python #300)


def _run() -> int:
    try:
        app(standalone_mode=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last stop: an unknown error is printed in full
        if (known := _explained(error)) is None:
            traceback.print_exc()
            return _BROKEN
        message, code = known
        sys.stderr.write(message + "\n")
        if wants_json():
            print_error(_code_of(error), message)
        return code
    return 0


def _explained(error: Exception) -> tuple[str, int] | None:
    """The sentence and exit code of an error of ours; None for any other, which is a defect."""
    from pydantic import ValidationError

    from domain.errors import MeguriError

    if isinstance(error, ValidationError) and error.title == "Settings":
        return _wrong_settings(error), Exit.USAGE
    if not isinstance(error, MeguriError):
        return None
    from settings import Settings

    return sentence_of(error.message, reader_locale(Settings())), exit_code(error)


def _code_of(error: Exception) -> str:
    from domain.errors import MeguriError

    return error.code if isinstance(error, MeguriError) else "settings"


def _wrong_settings(error: "ValidationError") -> str:
    """The variables that do not fit; never their values, which may be secrets."""
    from domain.problems import problems_of
    from texts.say import say

    locale = locale_of_environment()
    wrong = [
        say("screen.settings.wrong", locale, variable=_variable(one.where), problem=one.message)
        for one in problems_of(error)
    ]
    return "\n".join([*wrong, say("screen.settings.see_docs", locale)])


def _variable(field: str) -> str:
    """The environment variable of a setting; a few have a name of their own."""
    return field if field.isupper() else f"MEGURI_{field.upper()}"


if __name__ == "__main__":
    main()
