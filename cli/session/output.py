"""How the command line speaks: its language, its tables and JSON, its refusals and its exit codes.

Answers go to stdout, refusals to stderr. What takes long to import is imported where it is used: `--help` uses none of it.
"""

import json
import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from enum import IntEnum
from typing import TYPE_CHECKING, Any, TextIO

import typer

from domain.locale import Locale

if TYPE_CHECKING:
    from domain.errors import MeguriError
    from domain.findings import Finding
    from domain.messages import Message
    from domain.values import Text
    from settings import Settings

MAX_FINDINGS = 50  # printed; nobody corrects more in one pass
_UNBOUNDED = 10_000  # columns: the cells are wrapped already
_PIPED_WIDTH = 240  # columns of a table that is written to a file or a pipe, where rows need not be folded


_wants_json: ContextVar[bool] = ContextVar("wants_json", default=False)


class Exit(IntEnum):
    """The process's exit code."""

    DONE = 0
    REFUSED = 1  # the rules say no, or the installation must be corrected; stderr says why
    USAGE = 2  # the command line itself is wrong
    UNREACHABLE = 3  # a server does not answer; stderr says which one, and where we looked


def exit_code(error: "MeguriError") -> Exit:
    """The exit code of an error, by its status."""
    from domain.errors import Status

    return Exit.UNREACHABLE if error.status is Status.UNAVAILABLE else Exit.REFUSED


def reader_locale(settings: "Settings") -> Locale:
    """The setting; without one, the language of the environment."""
    return Locale(settings.locale) if settings.locale is not None else _locale_of_language()


def locale_of_environment() -> Locale:
    """The same without reading the settings, which takes longer than `--help` may take."""
    chosen = os.environ.get("MEGURI_LOCALE", "")
    return Locale(chosen) if chosen in set(Locale) else _locale_of_language()


def _locale_of_language() -> Locale:
    """Japanese where the environment's language is Japanese, else English."""
    language = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return Locale.JA if language.startswith("ja") else Locale.EN


def print_json(value: Any, holder: str = "") -> None:
    """One document on stdout, with the keys of docs/json.md; models, dates and decimals as their JSON form.

    `holder` is the list in which other documents have such a thing: `entries` for an entry of the catalogue.
    """
    sys.stdout.write(json.dumps(_document(value, holder), ensure_ascii=False, indent=2) + "\n")


def json_line(value: Any, holder: str = "") -> str:
    """The value's JSON form on one line, for documents that are written part by part."""
    return json.dumps(_document(value, holder), ensure_ascii=False)


def _document(value: Any, holder: str) -> Any:
    from pydantic_core import to_jsonable_python

    from cli.session.vocabulary import in_vocabulary

    return in_vocabulary(to_jsonable_python(value), holder)


def print_error(code: str, message: str, *, where: str | None = None, findings: Sequence[Any] = ()) -> None:
    """The document of a command that failed: why, and where (an option, an argument, a file), if that is known."""
    error: dict[str, Any] = {"code": code, "message": message, "where": where}
    print_json({"error": error | ({"findings": findings} if findings else {})})


def note_json(*, wanted: bool) -> None:
    """Keeps whether the command line asks for JSON: errors that are found before the command runs are documents too."""
    _wants_json.set(wanted)


def wants_json() -> bool:
    return _wants_json.get()


def print_part(part: str) -> None:
    """A part of a document, as it is."""
    sys.stdout.write(part)


def print_line(line: str, file: TextIO | None = None) -> None:
    """Prints a line to stdout, or to `file`."""
    (file or sys.stdout).write(line + "\n")


def print_table(headers: Sequence[str], rows: Iterable[Sequence[str | int]], *, title: str | None = None) -> None:
    """Prints a table, numbers to the right. Cells are printed literally: brackets in a name are no markup.

    On a narrow terminal text is wrapped; ids are never cut, whatever becomes of the width.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text as Cell

    from cli.session.columns import fitted

    lines = list(rows)
    available = shutil.get_terminal_size().columns if sys.stdout.isatty() else _PIPED_WIDTH
    (head, *cells), gap = fitted([list(headers), *([str(cell) for cell in line] for line in lines)], available)
    table = Table(title=title and Cell(title), title_justify="left", box=None, pad_edge=False, header_style="bold")
    table.padding = (0, gap - 1, 0, 1)
    for at, header in enumerate(head):
        numeric = bool(lines) and all(isinstance(line[at], int) for line in lines)
        table.add_column(Cell(header), justify="right" if numeric else "left", no_wrap=True)
    for line in cells:
        table.add_row(*(Cell(cell) for cell in line))
    Console(file=sys.stdout, width=_UNBOUNDED).print(table)


def heads(key: str, locale: Locale) -> tuple[str, ...]:
    """The headers of a table: one text of the catalogue, with ` | ` between them."""
    from texts.say import say

    return tuple(say(key, locale).split(" | "))


def print_findings(findings: Sequence["Finding"], locale: Locale, file: TextIO | None = None) -> None:
    """Prints a finding per line, with its place; at most `MAX_FINDINGS`, then the number of the rest. To stderr, or `file`."""
    from texts.findings import finding_hint, finding_text, suggestion_text
    from texts.say import say

    out = file or sys.stderr
    for finding in findings[:MAX_FINDINGS]:
        out.write(finding_text(finding, locale) + "\n")
        if hint := finding_hint(finding, locale):
            out.write(f"    {hint}\n")
        if suggestion := suggestion_text(finding, locale):
            out.write(f"    -> {suggestion}\n")
    more = len(findings) - MAX_FINDINGS
    if more > 0:
        out.write(say("screen.findings_more", locale, n=more) + "\n")


def sentence_of(message: "Message | Text", locale: Locale) -> str:
    """The sentence in the reader's language, with the hint which option or command helps."""
    from domain.messages import Message
    from texts.say import say_with_hint

    return say_with_hint(message, locale) if isinstance(message, Message) else message.in_(locale)


def stopped(
    message: "Message | Text",
    locale: Locale,
    code: Exit = Exit.REFUSED,
    *,
    kind: str = "usage",
    findings: Sequence["Finding"] = (),
) -> typer.Exit:
    """The end of the command, to be raised; the reason is on stderr by then, and with `--json` the document on stdout."""
    sentence = sentence_of(message, locale)
    sys.stderr.write(sentence + "\n")
    if wants_json():
        from texts.findings import documents_of

        print_error(kind, sentence, findings=documents_of(findings))
    return typer.Exit(code)
