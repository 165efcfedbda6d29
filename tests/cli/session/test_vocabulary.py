"""Every command has `--json`, and every error is a document. What commands print is compared with docs/json.md in tests/cli/office.py."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from cli.session.vocabulary import in_vocabulary
from starter import app
from tests.cli.json_vocabulary import KEYS, differences

RUNS_UNTIL_STOPPED = {"up", "demo", "worker", "web"}  # they print addresses and logs, and no result


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, one in group.commands.items():
        if hasattr(one, "commands"):
            yield from commands(one, (*path, name))
        else:
            yield (*path, name), one


COMMANDS = dict(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_json_but_those_that_run_until_they_are_stopped(path: tuple[str, ...]) -> None:
    options = {option for param in COMMANDS[path].params for option in param.opts}
    assert ("--json" in options) is (path[0] not in RUNS_UNTIL_STOPPED)


@pytest.mark.parametrize("path", [path for path in COMMANDS if path[0] not in RUNS_UNTIL_STOPPED], ids=" ".join)
def test_a_wrong_option_is_a_document_with_the_place(path: tuple[str, ...]) -> None:
    result = CliRunner(env={"MEGURI_LOCALE": "en"}).invoke(app, [*path, "--nonsense", "--json"])
    error = json.loads(result.stdout)["error"]
    assert (result.exit_code, error["code"]) == (2, "usage")
    assert error["message"] == result.stderr.splitlines()[-1]
    assert list(differences({"error": error})) == []


@pytest.mark.parametrize(
    ("words", "code", "where"),
    [
        (("goal", "recall", "--as", "E1"), "usage", "GOAL"),
        (("goal", "list", "--state", "asleep"), "usage", "--state"),
        (("people", "import", "nothing.csv"), "usage", None),
        (("people", "show", "E1", "--department", "x"), "usage", None),
        (("catalog", "nothing/there"), "unknown_entry", None),
        (("cycle", "check", "nothing.toml"), "file", None),
    ],
)
def test_an_error_is_one_document_on_stdout_whatever_finds_it(
    words: tuple[str, ...], code: str, where: str | None
) -> None:
    result = CliRunner(env={"MEGURI_LOCALE": "en"}).invoke(app, [*words, "--json"])
    error = json.loads(result.stdout)["error"]
    assert (error["code"], error["where"]) == (code, where)
    assert result.exit_code in (1, 2)
    assert result.stderr


def test_an_id_is_called_by_the_thing_that_it_identifies() -> None:
    document = {"people": [{"id": "E1", "manager_id": "E2", "name": "a"}], "goals": 3, "overdue": 2}
    assert in_vocabulary(document) == {
        "people": [{"employee": "E1", "manager": "E2", "name": "a"}], "goal_count": 3, "overdue_count": 2,
    }  # fmt: skip


def test_what_people_wrote_keeps_its_own_keys() -> None:
    assert in_vocabulary({"content": {"terms": 1, "id": "x"}}) == {"content": {"terms": 1, "id": "x"}}


def test_a_number_of_things_is_named_as_a_count() -> None:
    document = {"failures": 2, "attempts": 3, "goals": 4}
    assert in_vocabulary(document) == {"failure_count": 2, "attempt_count": 3, "goal_count": 4}
    plural = {key for key, kind in KEYS.items() if kind == "number" and key.endswith("s") and not key.endswith("ss")}
    assert plural == {"bonus"}


def test_the_list_names_each_key_once() -> None:
    assert len(KEYS) > 100
    assert "id" not in KEYS
