"""A goal's score, term by term, each with how it came about."""

from collections.abc import Iterator

from cli.goal.goal_screen import sharing_lines
from cli.session.session import Terminal
from domain.goal import scoring
from domain.goal.explained import Added, explained
from service.goal_documents import ScoreSheet
from texts.say import say
from texts.wording import visible

_Row = tuple[str, str, str]
_LONGEST = 60


def rows(sheet: ScoreSheet, to: Terminal) -> list[_Row]:
    """What was added, in the order of a goal's life."""
    return [_row(one, to) for one in explained(sheet.goal, sheet.events)]


def _row(added: Added, to: Terminal) -> _Row:
    how = say(added.how, to.locale) if added.how else ""
    parts = [part for part in (visible(added.wrote, _LONGEST), how) if part]
    weight = "" if added.weight is None else f" x {added.weight} %"
    return (say(added.term, to.locale), ": ".join(parts), f"{added.points:f}{weight}")


def summary(sheet: ScoreSheet, to: Terminal) -> Iterator[str]:
    """The sum, what calibration adds beside it, and how it is divided."""
    goal = sheet.goal
    total = scoring.score(goal)
    yield to.text("screen.score.total", total=f"{total:f}")
    if points := scoring.unreviewed(goal):
        yield to.text("screen.score.unreviewed", points=f"{points:f}")
    if goal.adjusted:
        final = scoring.calibrated(goal)
        yield to.text("screen.score.adjusted", adjusted=f"{goal.adjusted:+f}", final=f"{final:f}")
    yield from sharing_lines(goal, sheet.names, to)
