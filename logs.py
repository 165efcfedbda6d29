"""Structured logs: one line per event, with ids and numbers only, in the same form for our code and for libraries.

A log identifies a person by id, never by name or mail address. Error messages and libraries may quote names or addresses, so the
last processor (`redact`) removes them.
"""

import logging
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
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
# Text with an at sign in the middle, also full-width or percent-encoded. This includes the user and password of a URL.
_MAIL: Final = re.compile(r"[^\s<>\"'(),;\[\]{}=]{1,200}(?:@|＠|%40)[^\s<>\"'(),;:\[\]{}]+")
_VERBOSE: Final = ("sqlalchemy", "asyncio", "aiosmtplib")  # libraries that log every step at `info`

_NUMBERS: Final = (bool, int, float, type(None))


def configure(settings: Settings, stream: TextIO | None = None) -> None:
    """Makes structlog and the standard library's loggers write to `stream` (default: stderr) with the same processors.

    Writes JSON if the stream is not a terminal, unless the setting says otherwise. A second call replaces the first.
    """
    stream = stream or sys.stderr
    as_json = settings.log_format == "json" or (settings.log_format == "auto" and not stream.isatty())
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *_shared(), ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )
    _install(_OurHandler(stream), _formatter(stream, as_json=as_json), level)


def redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Replaces what could identify a person: values under personal keys, and mail addresses everywhere."""
    return {key: _without_persons(key, value) for key, value in event.items()}


class _OurHandler(logging.StreamHandler[TextIO]):
    """A class of our own, so that `configure` replaces only our handler and keeps others, such as a test runner's."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the standard library's name
        """Writes only that a line was lost, and the error: the standard method would print the event before `redact`."""
        error = sys.exc_info()[0]
        with suppress(OSError, ValueError):  # stderr may be the stream that failed
            sys.stderr.write(f"a log line of {record.name} was lost: {error.__name__ if error else 'unknown error'}\n")


def _install(handler: _OurHandler, formatter: logging.Formatter, level: int) -> None:
    handler.setFormatter(formatter)
    root = logging.getLogger()
    for old in [other for other in root.handlers if isinstance(other, _OurHandler)]:
        root.removeHandler(old)
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


def _formatter(stream: TextIO, *, as_json: bool) -> ProcessorFormatter:
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=stream.isatty(), timestamp_key="at")
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
    return _MAIL.sub(REDACTED, str(value))
