"""Goals at different points of their lives, with their ledgers, made by `decide` and `evolve`: patterns that dataset.py copies.

The ids in a pattern are placeholders; `Life.replacing` says what each becomes in a copy.
"""

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from domain.goal import commands
from domain.goal.decide import decide
from domain.goal.events import Event
from domain.goal.evolve import evolve
from domain.goal.goal import Goal
from domain.lifecycle import State
from domain.values import EmployeeId
from tests.domain import builders
from tests.domain.builders import GOAL_ID, HR, MANAGER, OWNER, at, fresh_id
from tests.salts import fresh_salts
from workflows.recording import row_of

POLICY_OF_LIVES = builders.POLICY
_CYCLE, _DEPARTMENT, _ABOVE, _PARENT = "2026-q4", "経理", EmployeeId("ABOVE"), "PARENT"
_THEMES = (
    "月次決算の早期化",
    "問い合わせ対応の平準化",
    "契約審査の見える化",
    "採用選考の短縮",
    "経費精算の電子化",
    "在庫差異の削減",
)


class Entry(NamedTuple):
    """An entry of a pattern's ledger; `body` and `texts` are JSON."""

    kind: str
    at: datetime
    actor: str
    body: str
    texts: str | None
    revision: int


class Life(NamedTuple):
    """A pattern: the row of a goal, and the entries that led to it."""

    row: dict[str, Any]
    entries: tuple[Entry, ...]
    is_closed: bool

    def replacing(
        self, *, goal: str, cycle: str, owner: str, department: str, line: Sequence[str], hr: str, parent: str
    ) -> Callable[[str], str]:
        """Puts these ids in the places of the pattern's own, in an id or in JSON.

        The owner's id is four hexadecimal digits, which a random salt may contain too; so in JSON it is replaced with its quotes.
        """
        above = "".join(f',"{one}"' for one in line[1:])
        pairs = (
            (f',"{_ABOVE}"', above), (GOAL_ID, goal), (_CYCLE, cycle), (f'"{_PARENT}"', f'"{parent}"'),
            (f'"{OWNER}"', f'"{owner}"'), (MANAGER, line[0]), (_DEPARTMENT, department), (f'"{HR}"', f'"{hr}"'),
        )  # fmt: skip

        def put(value: str) -> str:
            if value in (HR, OWNER):
                return hr if value == HR else owner
            for old, new in pairs:
                value = value.replace(old, new)
            return value

        return put


class _Told:
    """A life that is being told: the goal as it is, and its events up to now."""

    def __init__(self, theme: str) -> None:
        content = builders.content(theme=theme, parent=_PARENT)
        first = builders.created(content=content, line=(MANAGER, _ABOVE))
        self.goal = builders.draft(content=content, line=(MANAGER, _ABOVE))
        self.events = [first]

    def give(self, command: commands.Command, on: date) -> None:
        for event in decide(self.goal, command, at(on)):
            self.goal = evolve(self.goal, event)
            self.events.append(event)

    def life(self) -> Life:
        return Life(_row(self.goal), tuple(_entry(one) for one in self.events), self.goal.is_closed)


def _row(goal: Goal) -> dict[str, Any]:
    return dict(row_of(goal))


def _entry(event: Event) -> Entry:
    salted = event.salted(fresh_salts())
    texts = _json(salted.texts) if salted.texts else None
    return Entry(event.kind, event.at, event.actor, _json(salted.json_form["body"]), texts, event.revision)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _draft(theme: str) -> _Told:
    return _Told(theme)


def _pending(theme: str) -> _Told:
    told = _draft(theme)
    told.give(commands.Submit(id=fresh_id(), actor=OWNER), builders.day(10, 5))
    return told


def _active(theme: str, value: int) -> _Told:
    told = _pending(theme)
    told.give(builders.approve(told.goal, MANAGER), builders.day(10, 6))
    told.give(commands.ReportProgress(id=fresh_id(), actor=OWNER, value=value), builders.day(10, 20))
    told.give(
        commands.CompleteStep(id=fresh_id(), actor=OWNER, step=0, evidence="手順書を置いた"), builders.day(10, 23)
    )
    return told


def _in_review(theme: str, value: int) -> _Told:
    told = _active(theme, value)
    told.give(commands.CallReview(id=fresh_id(), actor=MANAGER, reason="半ばの確認"), builders.day(10, 26))
    return told


def _reviewed(theme: str, value: int) -> _Told:
    told = _in_review(theme, value)
    told.give(builders.self_review(), builders.day(10, 27))
    return told


def _closed(theme: str, value: int, bonus: int) -> _Told:
    told = _reviewed(theme, value)
    told.give(builders.verdict(told.goal, "achieved", MANAGER, bonus=bonus), builders.day(10, 28))
    return told


def _adjusted(theme: str, value: int, bonus: int) -> _Told:
    told = _closed(theme, value, bonus)
    told.give(commands.Adjust(id=fresh_id(), actor=HR, points=bonus + 3, reason="部門間の調整"), builders.day(11, 4))
    return told


_CLOSED = [
    (_adjusted if n % 3 == 0 else _closed)(_THEMES[n % len(_THEMES)], 9 - n % 5, 5 * (n % 4)).life() for n in range(12)
]
CLOSED: tuple[Life, ...] = tuple(_CLOSED)

# Of twenty goals under way: 4 drafts, 3 to approve, 9 active, 2 in review of which one is reviewed, 2 closed.
RUNNING: tuple[Life, ...] = (
    *(_draft(_THEMES[n % 6]).life() for n in range(4)),
    *(_pending(_THEMES[n % 6]).life() for n in range(3)),
    *(_active(_THEMES[n % 6], 9 - n % 4).life() for n in range(9)),
    _in_review(_THEMES[0], 8).life(),
    _reviewed(_THEMES[1], 7).life(),
    *CLOSED[:2],
)

if {life.row["state"] for life in RUNNING} != set(State):
    raise RuntimeError("the patterns do not show every state")
