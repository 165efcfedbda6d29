# ruff: noqa: INP001 - a script that `make docs` runs; nothing imports it
"""Print the documents that come from the code, so that they cannot say something else than the code does.

`python -m docs.print` writes them; with `--check` it writes nothing, names those that are stale, and exits with 1.
"""

import argparse
import inspect
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Le
from pydantic.fields import FieldInfo

from docs.policy_page import policy
from domain.goal.commands import COMMANDS, Command
from domain.lifecycle import NEUTRAL, TRANSITIONS, State
from domain.policy.policy import TaskKind
from domain.values import Locale
from settings import Settings
from texts.words import word
from web.app import make_app
from web.opened import Opened

# What an open goal waits for, by state, in the order in which it comes; tests/test_docs.py compares it with real goals.
TASKS: dict[State, dict[TaskKind, str]] = {
    State.DRAFT: {TaskKind.DRAFT: "owner: write and submit"},
    State.PENDING_APPROVAL: {TaskKind.APPROVAL: "approver of the stage: sign off or return"},
    State.ACTIVE: {TaskKind.STEP: "owner: the next step"},
    State.IN_REVIEW: {
        TaskKind.SELF_REVIEW: "owner: look back",
        TaskKind.VERDICT: "reviewer: decide",
    },
    State.CLOSED: {},
}

# What temporalio.envconfig reads; tests/test_docs.py tries each of them.
TEMPORAL: dict[str, str] = {
    "TEMPORAL_ADDRESS": "`host:port` of the Temporal server; unset: the profile's, else the server of `meguri up`",
    "TEMPORAL_NAMESPACE": "namespace; unset: the profile's, else `default`",
    "TEMPORAL_API_KEY": "API key, where the server asks for one; turns TLS on",
    "TEMPORAL_TLS": "`true` or `false`: TLS on or off",
    "TEMPORAL_TLS_CLIENT_CERT_PATH": "file with the client's certificate (`…_DATA`: the certificate itself)",
    "TEMPORAL_TLS_CLIENT_KEY_PATH": "file with its key (`…_DATA`: the key itself)",
    "TEMPORAL_TLS_SERVER_CA_CERT_PATH": "file with the authority that signed the server's (`…_DATA`: itself)",
    "TEMPORAL_TLS_SERVER_NAME": "name that the server's certificate must carry, where it is not the address",
    "TEMPORAL_CONFIG_FILE": "TOML file with profiles; unset: Temporal's own place for it",
    "TEMPORAL_PROFILE": "profile to take from that file; unset: `default`",
}

_PRINTED = "<!-- printed by docs/print.py from {source}; change it there, then `make docs` -->"

FOLDER = Path(__file__).parent


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = (head, tuple("---" for _ in head), *rows)
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


# --- docs/lifecycle.md -----------------------------------------------------------------------------------------------


def lifecycle() -> str:
    """The lifecycle as a picture and as a table, and the commands."""
    return f"""# The lifecycle of a goal

{_PRINTED.format(source="domain/lifecycle.py and domain/goal/commands.py")}

A goal is always in one of {len(State)} states and waits for at most one task. Events alone move it; what is not in the
table cannot happen.

```mermaid
{_diagram()}
```

{_table(("state", "waits for", "leaves by", "stays with"), _states())}

Wherever a goal stands, these events leave its state as it is: {_listed(sorted(NEUTRAL))}.

HR alone reopens a closed goal (`reopened`), with a reason; it goes back to the state that it was closed in. A reset starts
the next revision as a draft; the points of the old one stay. Paused is not a state but a flag: the clock stops, and when
the goal is resumed its date moves by the business days that the pause lasted.

## Commands

Each is a Temporal update of `GoalWorkflow` by its own name. *Assignee* means of the open task; *concerned* are the owner,
the managers of the line, HR and the assignees. Whoever may give a command may be represented by their delegate, but nobody
signs off a goal of their own, in whosever name.

{_table(("command", "who may give it", "what it does"), _commands())}
"""


def _diagram() -> str:
    lines = ["stateDiagram-v2", "    direction LR"]
    lines += [f'    state "{word("state", state, Locale.JA)} {state}" as {state}' for state in State]
    lines.append(f"    [*] --> {State.DRAFT}: created")
    for state, row in TRANSITIONS.items():
        for target in dict.fromkeys(row.values()):
            if target is not state:
                events = " / ".join(event for event, leads_to in row.items() if leads_to is target)
                lines.append(f"    {state} --> {target}: {events}")
    lines += [f"    {state} --> [*]" for state, row in TRANSITIONS.items() if not row]
    return "\n".join(lines)


def _states() -> Iterator[tuple[str, ...]]:
    for state, row in TRANSITIONS.items():
        yield (
            f"`{state}` {word('state', state, Locale.JA)}",
            ", then ".join(f"{who_and_what} (`{kind}`)" for kind, who_and_what in TASKS[state].items()) or "nobody",
            "; ".join(f"`{event}` → `{target}`" for event, target in row.items() if target is not state) or "—",
            _listed(event for event, target in row.items() if target is state),
        )


def _listed(names: Any) -> str:
    return ", ".join(f"`{name}`" for name in names) or "—"


def _commands() -> Iterator[tuple[str, ...]]:
    for name, command in COMMANDS.items():
        who, what = who_and_what(command)
        yield (f"`{name}`", who, what)


def who_and_what(command: type[Command]) -> tuple[str, str]:
    """The two halves of a command's docstring, `Who: what.`; its first paragraph only."""
    said = re.sub(r"\s+", " ", inspect.cleandoc(command.__doc__ or "").split("\n\n")[0])
    who, colon, what = said.partition(": ")
    if not colon:
        raise ValueError(
            f"the docstring of {command.__name__} in domain/goal/commands.py must read `Who: what they do.`"
        )
    return who, what.rstrip(".")


# --- docs/settings.md ------------------------------------------------------------------------------------------------


def settings() -> str:
    """Every variable that Meguri reads, and Temporal's own."""
    return f"""# Settings

{_PRINTED.format(source="settings.py")}

Settings are environment variables, read once when a process starts. Unset, everything runs on one machine with servers of
its own.

{_table(("variable", "default", "values", "what for"), _fields())}

Where the Temporal server is, Temporal's own variables and profiles say, as they do for all of its tools:

{_table(("variable", "what for"), ((f"`{name}`", what) for name, what in TEMPORAL.items()))}
"""


def _fields() -> Iterator[tuple[str, ...]]:
    for name, field in Settings.model_fields.items():
        if not field.description:
            raise ValueError(f"{name} in settings.py needs a description: what is it for?")
        yield (f"`{variable(name, field)}`", _default(field), _values(field), field.description)


def variable(name: str, field: FieldInfo) -> str:
    """The environment variable that sets the field."""
    alias = field.validation_alias
    return alias if isinstance(alias, str) else f"{Settings.model_config.get('env_prefix', '')}{name}".upper()


def _default(field: FieldInfo) -> str:
    return "unset" if field.default is None else f"`{field.default}`"


def _values(field: FieldInfo) -> str:
    """The words that a closed choice takes, the limits of a number, else any text."""
    alternatives = (field.annotation, *get_args(field.annotation))
    words = [word for one in alternatives if get_origin(one) is Literal for word in get_args(one)]
    limits = [f"from {one.ge}" for one in field.metadata if isinstance(one, Ge)]
    limits += [f"to {one.le}" for one in field.metadata if isinstance(one, Le)]
    return ", ".join(f"`{word}`" for word in words) or " ".join(limits) or "text"


# --- printing --------------------------------------------------------------------------------------------------------

# --- docs/openapi.json -----------------------------------------------------------------------------------------------


def openapi() -> str:
    """The OpenAPI document of the API, as its server gives it."""
    document = make_app(Opened(Settings(), None, None)).openapi()  # type: ignore[arg-type]  # no route is called
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "lifecycle.md": lifecycle,
    "openapi.json": openapi,
    "policy.md": policy,
    "settings.md": settings,
}


def stale(folder: Path) -> list[Path]:
    """The pages in `folder` that are not, or no longer, what the code says."""
    return [
        page
        for name, printed in PAGES.items()
        if not (page := folder / name).is_file() or page.read_text(encoding="utf-8") != printed()
    ]


def main(arguments: list[str], folder: Path = FOLDER) -> int:
    """Print the stale pages, or with `--check` only name them; gives the exit code."""
    parser = argparse.ArgumentParser(description="Print the documents that come from the code.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 where a page is stale")
    check = parser.parse_args(arguments).check
    pages = stale(folder)
    for page in pages:
        if check:
            sys.stderr.write(f"docs/{page.name} is not what the code says any more; print it with: make docs\n")
        else:
            page.write_text(PAGES[page.name](), encoding="utf-8")
            sys.stdout.write(f"docs/{page.name}\n")
    return int(check and bool(pages))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
