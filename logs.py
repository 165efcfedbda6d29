"""Structured logs: one line per event, with ids and numbers only, in the same form for our code and for libraries.

A log identifies a person by id, never by name or mail address. Error messages and libraries may quote names or addresses, so the
last processor (`redact`) removes them.
"""

import logging
import re
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, Final, TextIO

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

from settings import Settings

REDACTED: Final = "[redacted]"

# Keys whose values may identify a person or are text that a person wrote: keys that contain a word for mail (`mailTo`,
# `E-Mail`, `mail_from`), and keys that end in one of the other words (`name`, `owner_name`, `Subject`).
_MAIL_WORDS: Final = frozenset({"mail", "mails", "email", "emails", "メール", "メールアドレス"})
_LAST_WORDS: Final = frozenset(
    {"name", "names", "recipient", "recipients", "to", "cc", "bcc", "sender", "subject", "body", "comment"}
    | {"password", "token", "secret", "phone", "氏名", "名前", "宛先", "件名", "本文"}
)
_IMPERSONAL: Final = frozenset({"func_name", "thread_name", "process_name", "file_name"})
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_a-zA-Z]+")
# Text with an at sign in the middle, also full-width or percent-encoded. This includes the user and password of a URL. Each piece
# between blanks and brackets is matched once, from its beginning, so the time grows with the text alone.
_PIECE: Final = re.compile(r"[^\s<>\"'(),;\[\]{}=]+")
_MAIL: Final = re.compile(r".+(?:@|＠|%40)[^:]+")
_VERBOSE: Final = ("sqlalchemy", "asyncio", "aiosmtplib")  # libraries that log every step at `info`

_NUMBERS: Final = (bool, int, float, type(None))


def configure(settings: Settings, target: TextIO | Path | None = None) -> None:
    """Makes structlog and the standard library's loggers write to `target` (default: stderr) with the same processors.

    A file is rotated at 5 MB, and three older ones are kept. Writes JSON if the target is not a terminal, unless the setting
    says otherwise. A second call replaces the first.
    """
    stream = None if isinstance(target, Path) else target or sys.stderr
    handler = _OurFile(str(target), **_ROTATION) if stream is None else _OurHandler(stream)
    is_terminal = stream is not None and stream.isatty()
    as_json = settings.log_format == "json" or (settings.log_format == "auto" and not is_terminal)
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *_shared(), ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )
    handler.addFilter(RepeatedLines())
    _install(handler, _formatter(as_json=as_json, colors=is_terminal), level)


def redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Replaces what could identify a person: values under personal keys, and mail addresses everywhere."""
    return {key: _without_persons(key, value) for key, value in event.items()}


class RepeatedLines(logging.Filter):
    """Lets through a warning or error with the same text at most `MOST` times a minute; the next one says how many are left out.

    While a server is down, each try would write the same trace, hundreds of times an hour.
    """

    MOST: Final = 5
    SECONDS: Final = 60.0

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}  # when the minute began, and lines since

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        key, now = _kind_of(record), self._clock()
        began, count = self._seen.get(key, (now, 0))
        left_out = 0
        if now - began >= self.SECONDS:
            began, count, left_out = now, 0, max(count - self.MOST, 0)
        if len(self._seen) > 1_000:  # noqa: PLR2004 - texts with numbers in them; forgetting them costs a few lines
            self._seen.clear()
        self._seen[key] = (began, count + 1)
        if left_out and isinstance(record.msg, dict):
            record.msg["repeated_lines_left_out"] = left_out
        elif left_out:
            record.repeated_lines_left_out = left_out
        return count < self.MOST


def _kind_of(record: logging.LogRecord) -> tuple[str, str]:
    """The logger and the text, without the values in it."""
    text = record.msg.get("event", "") if isinstance(record.msg, dict) else record.msg
    error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
    return record.name, f"{str(text)[:200]} {error}"


class _OursMixin:
    """What our handlers have in common. `configure` replaces only ours and keeps others, such as a test runner's."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the standard library's name
        """Writes only that a line was lost, and the error: the standard method would print the event before `redact`."""
        error = sys.exc_info()[0]
        with suppress(OSError, ValueError):  # stderr may be the stream that failed
            sys.stderr.write(f"a log line of {record.name} was lost: {error.__name__ if error else 'unknown error'}\n")


class _OurHandler(_OursMixin, logging.StreamHandler[TextIO]):
    """Writes to a stream."""


class _OurFile(_OursMixin, RotatingFileHandler):
    """Writes to a file."""


_ROTATION: Final[Any] = {"maxBytes": 5_000_000, "backupCount": 3, "encoding": "utf-8"}


def _install(handler: _OurHandler | _OurFile, formatter: logging.Formatter, level: int) -> None:
    handler.setFormatter(formatter)
    root = logging.getLogger()
    for old in [other for other in root.handlers if isinstance(other, _OursMixin)]:
        root.removeHandler(old)
        old.close()  # of a file; a stream stays open
    root.addHandler(handler)
    root.setLevel(level)
    for library in _VERBOSE:
        logging.getLogger(library).setLevel(max(level, logging.WARNING))


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,  # before `redact`, which then sees the text
    ]


def _formatter(*, as_json: bool, colors: bool) -> ProcessorFormatter:
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=colors, timestamp_key="at")
    )
    return ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *_shared()],
        processors=[ProcessorFormatter.remove_processors_meta, redact, renderer],
    )


def _is_personal(key: str) -> bool:
    words = [word.lower() for word in _WORD.findall(key)]
    if not words or "_".join(words) in _IMPERSONAL:
        return False
    return words[-1] in _LAST_WORDS or not _MAIL_WORDS.isdisjoint(words)


def _without_persons(key: str, value: Any) -> Any:
    is_text = not isinstance(value, _NUMBERS)  # a number is not personal, for example a count of mails
    return REDACTED if is_text and _is_personal(key) else _without_mail(value)


def _without_mail(value: Any) -> Any:
    if isinstance(value, _NUMBERS):
        return value
    if isinstance(value, Mapping):
        return {_without_mail(str(key)): _without_persons(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_without_mail(inner) for inner in value]
    return _PIECE.sub(_without_address, str(value))


def _without_address(piece: re.Match[str]) -> str:
    found = _MAIL.match(piece[0])
    return REDACTED + piece[0][found.end() :] if found else piece[0]
