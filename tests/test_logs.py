"""Structured logs never contain names or mail addresses, neither from our code nor from libraries."""

import ast
import io
import json
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
import structlog

import logs
from logs import REDACTED, RepeatedLines, redact
from settings import Settings

ROOT = Path(__file__).parent.parent
OURS = [
    path for path in ROOT.rglob("*.py") if not {"tests", ".venv", "build", "var"} & set(path.relative_to(ROOT).parts)
]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _leave_logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def written() -> io.StringIO:
    stream = io.StringIO()
    logs.configure(Settings(log_format="auto", log_level="info"), stream)
    return stream


def last(written: io.StringIO) -> dict[str, Any]:
    line: dict[str, Any] = json.loads(written.getvalue().splitlines()[-1])
    return line


def test_an_event_is_one_line_of_json_with_its_ids_and_the_time_in_utc(written: io.StringIO) -> None:
    structlog.get_logger("meguri").info("goal_approved", goal="2026-q4.M0012.1", seq=7, overdue=None, ok=True)
    line = last(written)
    at = datetime.fromisoformat(line.pop("at"))
    assert at.utcoffset() == timedelta(0)
    assert line == {
        "event": "goal_approved",
        "level": "info",
        "logger": "meguri",
        "goal": "2026-q4.M0012.1",
        "seq": 7,
        "overdue": None,
        "ok": True,
    }


@pytest.mark.parametrize(
    "key",
    [
        "name",
        "owner_name",
        "fullName",
        "Name",
        "mail",
        "mails",
        "email",
        "e_mail",
        "E-Mail",
        "mailTo",
        "mail_from",
        "to",
        "cc",
        "bcc",
        "subject",
        "Subject",
        "body",
        "comment",
        "recipient",
        "password",
        "氏名",
        "メールアドレス",
    ],
)
def test_a_key_that_could_hold_a_person_is_emptied_at_any_depth(written: io.StringIO, key: str) -> None:
    structlog.get_logger().info("tried", **{key: "山田太郎"}, inner=[{key: ("山田", "太郎")}])
    assert last(written)[key] == REDACTED
    assert last(written)["inner"] == [{key: REDACTED}]


@pytest.mark.parametrize(
    "key", ["goal", "employee", "actor", "recipient_id", "names_count", "func_name", "hostname", "seq"]
)
def test_a_key_that_holds_an_id_or_a_count_is_kept(written: io.StringIO, key: str) -> None:
    structlog.get_logger().info("tried", **{key: "M0012"})
    assert last(written)[key] == "M0012"


def test_no_log_line_of_ours_gives_an_id_under_a_key_that_is_emptied() -> None:
    emptied = [
        f"{path.relative_to(ROOT)}:{call.lineno} {one.arg}"
        for path in OURS
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and _is_a_log_line(call.func)
        for one in call.keywords
        if one.arg and redact(None, "", {one.arg: "M0012"})[one.arg] == REDACTED
    ]
    assert emptied == []


def _is_a_log_line(called: ast.expr) -> bool:
    return (
        isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) and called.value.id in {"log", "_log"}
    )


def test_a_number_of_mails_is_kept(written: io.StringIO) -> None:
    structlog.get_logger().info("notices_sent", mails=120)
    assert last(written)["mails"] == 120


@pytest.mark.parametrize(
    "text",
    [
        "taro@example.co.jp",
        "Key (mail)=(taro@example.co.jp) already exists.",
        "<taro.yamada+x@example.jp>",
        "550 taro@intranet: no such user",
        "山田＠例え.jp",
        "smtp://taro%40example.jp:secret@mail:25",
        "mailto:taro@a.b",
        "postgresql://meguri:taro-secret@db:5432/meguri",
    ],
)
def test_what_looks_like_a_mail_address_is_taken_out_of_any_value(written: io.StringIO, text: str) -> None:
    structlog.get_logger().info(text, detail=text, inner={"list": [text], text: 1}, thing=ValueError(text))
    logging.getLogger("somebodys").warning("said: %s", text, extra={"also": text})
    everything = written.getvalue()
    assert everything.count(REDACTED) >= 7
    for part in ("taro", "山田", "secret"):
        assert part not in everything


@pytest.mark.parametrize(
    "text", ["x" * 1_000_000, "x" * 500_000 + "@", "@" * 1_000_000, "a@:" * 300_000, "@b:" * 300_000]
)
def test_no_text_keeps_the_log_busy(text: str) -> None:
    began = perf_counter()
    redact(None, "", {"event": text})
    assert perf_counter() - began < 1, "200 steps for each character took 3 seconds"


def test_an_exceptions_text_is_looked_through_too(written: io.StringIO) -> None:
    try:
        raise ValueError("no mailbox: taro@example.co.jp")  # noqa: TRY301 - it must have a traceback
    except ValueError:
        structlog.get_logger().exception("notice_failed", message_id="m1")
    assert "no mailbox: [redacted]" in last(written)["exception"]
    assert "taro" not in last(written)["exception"].replace('raise ValueError("no mailbox: taro@example.co.jp")', "")


def test_the_standard_librarys_loggers_take_the_same_way(written: io.StringIO) -> None:
    logging.getLogger("temporalio.worker").warning("slow %s", "task", extra={"attempt": 3})
    line = last(written)
    assert (line["event"], line["level"], line["logger"], line["attempt"]) == (
        "slow task",
        "warning",
        "temporalio.worker",
        3,
    )


def test_what_is_below_the_level_is_not_written(written: io.StringIO) -> None:
    structlog.get_logger().debug("looked")
    logging.getLogger("temporalio").debug("looked")
    logging.getLogger("sqlalchemy.engine").info("SELECT")
    assert written.getvalue() == ""


def test_configuring_again_does_not_write_everything_twice(written: io.StringIO) -> None:
    logs.configure(Settings(), written)
    structlog.get_logger().info("once")
    assert len(written.getvalue().splitlines()) == 1


@pytest.mark.parametrize(("stream", "log_format", "is_json"), [
    (io.StringIO, "auto", True), (Terminal, "auto", False), (Terminal, "json", True), (io.StringIO, "console", False),
])  # fmt: skip
def test_json_is_written_where_nobody_reads_along(stream: type[io.StringIO], log_format: Any, *, is_json: bool) -> None:
    written = stream()
    logs.configure(Settings(log_format=log_format), written)
    structlog.get_logger().info("seen", mail="taro@example.jp")
    assert written.getvalue().startswith("{") is is_json
    assert "taro" not in written.getvalue()


def test_a_line_that_cannot_be_written_is_not_shown_unredacted_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    logs.configure(Settings(), stream)
    stream.close()
    structlog.get_logger("meguri").info("seen", name="山田太郎", note="taro@example.jp")
    said = capsys.readouterr().err
    assert "a log line of meguri was lost: ValueError" in said
    assert "山田" not in said
    assert "taro" not in said


def test_the_same_warning_is_written_a_few_times_a_minute_and_then_with_the_number_that_is_left_out() -> None:
    now = 0.0
    repeated = RepeatedLines(clock=lambda: now)

    def passes(text: str) -> logging.LogRecord | None:
        record = logging.LogRecord("temporalio", logging.WARNING, __file__, 1, text, None, None)
        return record if repeated.filter(record) else None

    written = [passes("cannot reach the server") for _ in range(100)]
    assert sum(record is not None for record in written) == RepeatedLines.MOST
    assert passes("another warning")
    now = 61.0
    again = passes("cannot reach the server")
    assert again
    assert vars(again)["repeated_lines_left_out"] == 100 - RepeatedLines.MOST


def test_information_is_never_left_out(written: io.StringIO) -> None:
    for _ in range(20):
        structlog.get_logger().info("goal_recorded")
    assert written.getvalue().count("goal_recorded") == 20


def test_the_file_of_the_log_is_rotated(tmp_path: Path) -> None:
    logs.configure(Settings(log_format="json", log_level="info"), tmp_path / "worker.log")
    for number in range(300):
        structlog.get_logger().info("filler", text="x" * 100_000, number=number)
    logs.configure(Settings(), io.StringIO())  # closes the file
    sizes = {file.name: file.stat().st_size for file in tmp_path.iterdir()}
    assert set(sizes) == {"worker.log", "worker.log.1", "worker.log.2", "worker.log.3"}
    assert max(sizes.values()) <= 5_100_000
