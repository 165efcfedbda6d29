"""The sample company of `meguri demo`: its people, a cycle that has run for some weeks, its departments, and who did what so far.

Everything is done by the use cases that commands and the API call, as HR and the people themselves would. Each part is done
once: a demo that was stopped goes on where it was, and a second one changes nothing.
"""

import asyncio
import csv
import io
import json
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from cli.session.callers import caller_for, operator
from cli.session.output import print_findings, sentence_of
from cli.session.sample_story import Story, is_known, play, read_story, wait_for

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine
    from temporalio.client import Client

    from cli.session.session import Terminal
    from domain.findings import Finding
    from domain.policy.calendar import BusinessCalendar
    from service.cycles import Cycles
    from storage.cycles import Cycle

CYCLE = "2026-q4"
_SAMPLES = Path(__file__).parents[2] / "samples"
_LAUNCH_SECONDS = 300
_ADD, _DEPARTMENTS = "demo-add", "demo-departments"  # ids of instructions
_LOOK = 0.2  # seconds between two looks at the database, which tells nobody when it changes


class Opened(NamedTuple):
    """The servers, and the reader of what is printed."""

    engine: "AsyncEngine"
    client: "Client"
    to: "Terminal"

    def tell(self, key: str, /, **fields: Any) -> None:
        """Prints the catalogue's text at once: somebody waits for what comes next."""
        self.to.tell(key, **fields)
        sys.stdout.flush()


async def set_up(opened: Opened) -> bool:
    """Makes the company, or the rest of what an earlier demo began. Returns whether its cycle is open for everybody."""
    story = read_story((_SAMPLES / "story.toml").read_bytes())
    if not await _launched(opened, story):
        return False
    await _add_everybody_else(opened, story)
    await _apply_departments(opened, story)
    left = await play(story, CYCLE, opened.engine, opened.client)
    opened.tell("screen.servers.story", goals=len(story.goals), commands=story.commands)
    for goal, reason in left.items():
        opened.tell("screen.servers.story_left", goal=goal, reason=sentence_of(reason, opened.to.locale))
    return True


async def show_drafts(opened: Opened) -> None:
    """What the writing rules find in each department's draft; in those from the catalogue, nothing."""
    from domain.writing.rules import check

    row = await _cycle(opened)
    opened.tell("screen.servers.drafts")
    for draft in row.file.drafts:
        findings = check(draft.content(), row.launched_policy)
        key = "screen.servers.draft_of_catalog" if draft.catalog else "screen.servers.draft"
        about = {"department": draft.department, "theme": draft.theme, "entry": draft.catalog}
        opened.tell(key, **about, n=len(findings))
        print_findings(findings, opened.to.locale, sys.stdout)


async def _cycle(opened: Opened) -> "Cycle":
    from domain.values import CycleId
    from service.cycle_lookup import require_cycle
    from storage.database import read_transaction

    async with read_transaction(opened.engine) as connection:
        return await require_cycle(connection, CycleId(CYCLE))


# --- the launch ------------------------------------------------------------------------------------------------------


class Days(NamedTuple):
    """When the launch was, and the first day of the cycle, before today.

    A draft has 10 business days. So the drafts of the launch are 4 late, and after 3 the next manager is asked to help.
    """

    launched: date
    starts: date

    @classmethod
    def before(cls, today: date, calendar: "BusinessCalendar") -> "Days":
        return cls(launched=calendar.add(today, -14), starts=calendar.add(today, -5))


async def _launched(opened: Opened, story: Story) -> bool:
    """Imports the people and launches the cycle for the first departments, unless an earlier demo did."""
    from domain.lifecycles import CycleState
    from domain.values import CycleId
    from service.cycle_updates import CycleUpdates
    from service.cycles import Cycles
    from storage.cycles import find_cycle
    from storage.database import read_transaction

    async with read_transaction(opened.engine) as connection:
        known = await find_cycle(connection, CYCLE)
    if known is None:
        if not await _import(opened) or not await _launch(opened, story):
            return False
    else:
        opened.tell("screen.servers.launched_earlier", cycle=CYCLE)
        if known.state is CycleState.LAUNCHING:  # that demo was stopped, perhaps before it started the workflow
            await CycleUpdates(opened.engine, opened.client).start(CycleId(CYCLE))
    return await _watch_launch(opened, Cycles(opened.engine, opened.client))


async def _import(opened: Opened) -> bool:
    from service.people import People

    people = (_SAMPLES / "company.csv").read_bytes()
    done = await People(opened.engine).import_file(operator(), people, {}, dry_run=False)
    print_findings(done.findings, opened.to.locale)
    if done.imported is None:
        return False
    opened.tell("screen.servers.imported", added=done.imported.added, unchanged=done.imported.unchanged)
    return True


async def _launch(opened: Opened, story: Story) -> bool:
    """Launches the cycle file for the first departments, as of a day some weeks ago, with its dates moved as `--starts` does."""
    from domain.findings import refuses
    from service.cycles import Cycles

    cycles, data = Cycles(opened.engine, opened.client), _file_of(story)
    today = datetime.now(ZoneInfo("Asia/Tokyo")).date()
    checked = await cycles.check(operator(), data, today, today)
    if checked.policy is None:
        return _refused(opened, checked.findings)
    days = Days.before(today, checked.policy.calendar)
    checked = await cycles.check(operator(), data, days.launched, days.starts)
    if refuses(checked.findings) or checked.policy is None:
        return _refused(opened, checked.findings)
    print_findings(checked.findings, opened.to.locale)
    about = {"people": checked.people, "goals": checked.goals, "departments": story.first}
    opened.tell("screen.servers.checked", **about, **days._asdict())
    await cycles.launch(caller_for(story.hr), checked, checked.policy.calendar.opening(days.launched))
    return True


def _file_of(story: Story) -> bytes:
    """The cycle file, for the people of the first departments: the others are named as those who do not take part yet.

    A file that named the departments would give no draft to who joins another one later.
    """
    rows = csv.DictReader(io.StringIO((_SAMPLES / "company.csv").read_text("utf-8-sig")))
    others = dict.fromkeys(row["社員番号"] for row in rows if row["部署"] not in story.first)
    file = (_SAMPLES / "cycle.toml").read_text("utf-8")
    return file.replace("[calendar]", f"without = {json.dumps([*others])}\n\n[calendar]", 1).encode()


def _refused(opened: Opened, findings: "Sequence[Finding]") -> bool:
    print_findings(findings, opened.to.locale)
    return False


async def _watch_launch(opened: Opened, cycles: "Cycles") -> bool:
    """Waits until the launch is over. Returns whether it succeeded for everybody."""
    from rich.console import Console
    from rich.progress import Progress

    from domain.lifecycles import CycleState
    from domain.values import CycleId

    with Progress(console=Console(file=sys.stdout)) as bar:
        task = bar.add_task(opened.to.text("screen.cycle.launching"), total=None)
        async with asyncio.timeout(_LAUNCH_SECONDS):
            while True:
                status = await cycles.status(operator(), CycleId(CYCLE), datetime.now(UTC))
                done = status.participants.get("started", 0) + status.participants.get("failed", 0)
                bar.update(task, completed=done, total=status.people)
                if done >= status.people and status.state is not CycleState.LAUNCHING:
                    break
                await asyncio.sleep(_LOOK)
    for one in status.failed:
        opened.tell("screen.servers.failed", employee=one.employee, reason=one.reason)
    return not status.failed


# --- what HR does after it -------------------------------------------------------------------------------------------


async def _add_everybody_else(opened: Opened, story: Story) -> None:
    """Adds the other departments to the cycle, as `meguri cycle add` does. Their drafts are of today."""
    from domain.instructions.instructions import Add, Selection
    from domain.values import CycleId
    from service.instructions import Instructions

    if not await is_known(_ADD, opened.engine):
        asked = Add(selection=Selection(departments=story.then), reason=story.then_because)
        await Instructions(opened.engine, opened.client).give(caller_for(story.hr), asked, CycleId(CYCLE), _ADD)
    added = await wait_for(_ADD, opened.engine, opened.client)
    opened.tell("screen.servers.added", goals=added.total)


async def _apply_departments(opened: Opened, story: Story) -> None:
    """Applies the department file, which renames a department of the running cycle; nothing if an earlier demo did."""
    from service.departments import DepartmentRecords
    from service.reorganisation import Reorganisation

    if await is_known(_DEPARTMENTS, opened.engine):
        await wait_for(_DEPARTMENTS, opened.engine, opened.client)
        return
    hr = caller_for(story.hr)
    compared = await DepartmentRecords(opened.engine).compare(hr, (_SAMPLES / "departments.csv").read_bytes())
    if compared.difference is None or compared.is_empty:
        return
    reason = opened.to.text("screen.sync.reason")
    await Reorganisation(opened.engine).apply(hr, opened.client, compared, reason, _DEPARTMENTS)
    await wait_for(_DEPARTMENTS, opened.engine, opened.client)
    opened.tell("screen.servers.departments", n=len(compared.departments))
