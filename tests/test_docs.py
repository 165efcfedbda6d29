"""The generated pages are current; and the check finds a page that is not."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
from pydantic import Field
from temporalio.envconfig import ClientConfigProfile

import settings
from docs import policy_page
from domain.goal import commands
from domain.goal.commands import COMMANDS, Command
from domain.goal.goal import Goal
from domain.lifecycle import TRANSITIONS, EventKind, State
from domain.policy.policy import DEFAULT_LADDERS, Act, Ladder, Policy, Rung, TaskKind
from service.calendars import public_holidays
from tests.domain.builders import (
    OWNER,
    SITUATIONS,
    active,
    after,
    approve,
    at,
    awaited,
    awaiting_verdict,
    day,
    draft,
    fresh_id,
    pending,
    policy,
    rung,
    self_review,
)

DOCS = Path(__file__).parent.parent / "docs"


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_print", DOCS / "print.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


docs = _script()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with newly generated pages."""
    assert docs.main([], tmp_path) == 0
    return tmp_path


@pytest.mark.parametrize("name", docs.PAGES)
def test_a_printed_page_is_what_the_code_says(name: str) -> None:
    assert DOCS / name not in docs.stale(DOCS), f"docs/{name} is stale; print it with: make docs"


def test_pages_that_are_current_pass_and_are_not_written_again(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert docs.main(["--check"], folder) == docs.main([], folder) == 0
    assert capsys.readouterr() == ("", "")


def test_a_page_that_was_altered_or_lost_is_named_with_the_command_that_mends_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = folder / "lifecycle.md"
    page.write_text(page.read_text(encoding="utf-8").replace("`recalled`", "`taken back`"), encoding="utf-8")
    (folder / "settings.md").unlink()
    capsys.readouterr()

    assert docs.main(["--check"], folder) == 1

    assert capsys.readouterr().err.splitlines() == [
        "docs/lifecycle.md is not what the code says any more; print it with: make docs",
        "docs/settings.md is not what the code says any more; print it with: make docs",
    ]
    assert not (folder / "settings.md").exists()
    assert docs.main([], folder) == docs.main(["--check"], folder) == 0


def test_a_changed_table_makes_the_lifecycle_page_stale(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TRANSITIONS[State.CLOSED], EventKind.REVISED, State.DRAFT)
    assert docs.stale(folder) == [folder / "lifecycle.md"]


def test_a_changed_docstring_of_a_command_makes_the_lifecycle_page_stale(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(COMMANDS["withdraw"], "__doc__", "HR: take the goal away.")
    assert docs.stale(folder) == [folder / "lifecycle.md"]


def test_a_new_setting_makes_the_settings_page_stale(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class More(settings.Settings):
        colour: str = Field(default="blue", description="colour of the console")

    monkeypatch.setattr(docs, "Settings", More)
    assert docs.stale(folder) == [folder / "settings.md"]
    assert "| `MEGURI_COLOUR` | `blue` | text | colour of the console |" in docs.settings()


def test_a_setting_that_does_not_say_what_it_is_for_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    class More(settings.Settings):
        colour: str = "blue"

    monkeypatch.setattr(docs, "Settings", More)
    with pytest.raises(ValueError, match=r"colour in settings\.py needs a description"):
        docs.settings()


def test_the_settings_page_names_the_words_and_limits_that_a_setting_takes() -> None:
    page = docs.settings()
    assert "| `MEGURI_CHANNEL` | `console` | `console`, `mail`, `chat`, `null` |" in page
    assert "| `MEGURI_LOCALE` | unset | `ja`, `en` |" in page
    assert "| `MEGURI_DATABASE_POOL` | `10` | from 1 to 200 |" in page


def test_a_command_that_does_not_say_who_may_give_it_is_not_printed() -> None:
    class Vanish(Command):
        """Make the goal disappear."""

    with pytest.raises(
        ValueError, match=r"docstring of Vanish in domain/goal/commands.py must read `Who: what they do\.`"
    ):
        docs.who_and_what(Vanish)


def test_every_variable_on_the_page_sets_its_field(monkeypatch: pytest.MonkeyPatch) -> None:
    strings = {
        name
        for name, field in settings.Settings.model_fields.items()
        if field.annotation in {str, str | None} and not field.metadata  # some have a form of their own
    }
    assert {"database_url", "smtp_url"} <= strings
    for name in strings:
        monkeypatch.setenv(docs.variable(name, settings.Settings.model_fields[name]), "given")
    read = settings.Settings()
    assert {name: getattr(read, name) for name in strings} == dict.fromkeys(strings, "given")


@pytest.mark.parametrize("name", docs.TEMPORAL)
def test_temporal_reads_every_variable_that_the_page_says_it_reads(name: str, tmp_path: Path) -> None:
    file = tmp_path / "temporal.toml"
    file.write_text('[profile.default]\naddress = "one:1"\n[profile.true]\naddress = "two:2"\n')
    unset = {"TEMPORAL_CONFIG_FILE": str(tmp_path / "none.toml")}
    if name == "TEMPORAL_PROFILE":
        unset = {"TEMPORAL_CONFIG_FILE": str(file)}
    value = str(file) if name == "TEMPORAL_CONFIG_FILE" else "true"
    given = ClientConfigProfile.load(override_env_vars=unset | {name: value})
    assert given != ClientConfigProfile.load(override_env_vars=unset)


def test_goals_wait_for_what_the_page_says_they_wait_for() -> None:
    second_stage = pending(policy(approval_stages=2))
    goals = [make() for make in SITUATIONS.values()]
    goals += [after(second_stage, approve(second_stage, id=fresh_id()), at(day(10, 6)))]
    goals += [awaiting_verdict(line=())]
    waits = {(goal.state, goal.task.kind) for goal in goals if goal.task}
    assert waits == {(state, kind) for state, kinds in docs.TASKS.items() for kind in kinds}
    assert set(docs.TASKS) == set(State)


def test_a_changed_ladder_makes_the_policy_page_stale(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shorter = Ladder(due_in=3, rungs=(Rung(1, Act.ESCALATE_TO_HR),))
    monkeypatch.setitem(DEFAULT_LADDERS, TaskKind.APPROVAL, shorter)
    assert docs.stale(folder) == [folder / "policy.md"]


def test_the_policy_page_has_a_word_for_every_task_and_every_rung() -> None:
    assert set(policy_page.KINDS) == set(TaskKind)
    assert set(policy_page.ACTS) == set(Act)


def test_the_holidays_of_the_picture_are_those_of_japan() -> None:
    there = public_holidays("JP", day(12, 20), day(1, 31, 2027))
    assert tuple(policy_page.HOLIDAYS) == there


@pytest.mark.parametrize("kind", [TaskKind.DRAFT, TaskKind.APPROVAL, TaskKind.VERDICT, TaskKind.SELF_REVIEW])
def test_the_picture_shows_the_days_on_which_a_real_goal_is_reminded(kind: TaskKind) -> None:
    asked, rules = policy_page.ASKED, policy(calendar=policy_page.CALENDAR, closes=day(3, 26, 2027), reviews=())
    goal = _waiting(rules, kind)
    assert goal.task
    assert (goal.task.kind, goal.task.opened, goal.task.due) == (kind, asked, policy_page.due_day(kind))
    rings = {}
    for _ in rules.ladders[kind].rungs:
        alarm = awaited(goal)
        rings[alarm.day] = rules.ladders[kind].rungs[alarm.rung].act
        goal = rung(goal)
    assert rings == policy_page.days_of(kind)


def _waiting(rules: Policy, kind: TaskKind) -> Goal:
    asked = policy_page.ASKED
    if kind is TaskKind.DRAFT:
        return draft(rules, now=at(asked))
    if kind is TaskKind.APPROVAL:
        return pending(rules, asked)
    goal = after(active(rules), commands.CallReview(id=fresh_id(), actor=OWNER, reason="相談"), at(asked))
    return after(goal, self_review(), at(asked)) if kind is TaskKind.VERDICT else goal


def test_the_picture_of_an_approval_before_the_new_year_shows_the_days_off_and_the_rungs_on_their_days() -> None:
    picture = docs.policy().split("### Approval")[1].split("### Step")[0]
    assert "| 12/28<br>**due 期限** | 12/29<br>休 | 12/30<br>休 | 12/31<br>休 | 1/1<br>休 元日 |" in picture
    assert "| 1/4<br>remind and copy 督促と写し |" in picture
    assert "| 1/11<br>休 成人の日 |" in picture
    assert "| 1/14<br>escalate to HR 人事へエスカレーション |" in picture


def test_the_script_runs_as_make_runs_it(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["print.py", "--check"])
    spec = importlib.util.spec_from_file_location("__main__", DOCS / "print.py")
    assert spec
    assert spec.loader
    with pytest.raises(SystemExit) as left:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    assert left.value.code == 0, capsys.readouterr().err


def test_every_test_that_reliability_names_exists() -> None:
    page = (DOCS / "reliability.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/.]+)(?:::(\w+))?`", page)
    assert len(named) > 10
    for file, name in named:
        path = DOCS.parent / file
        assert path.exists(), file
        assert not name or f"def {name}(" in path.read_text(encoding="utf-8"), name
