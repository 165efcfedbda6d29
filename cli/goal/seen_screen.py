"""What a person sees of a goal before they decide on it: what it promises, by when, and how much it counts."""

from collections.abc import Iterator

from cli.goal.goal_screen import department_of, leaving_lines, measure_lines, sharing_lines, step_day, step_title
from cli.session.session import Terminal
from service.goals import SeenGoal
from texts.findings import finding_text
from texts.wording import person, visible


def seen_lines(seen: SeenGoal, to: Terminal) -> Iterator[str]:
    """The goal, its owner, measure with target, steps and weight, and what the writing rules advise."""
    goal = seen.goal
    theme = visible(goal.content.theme) or to.text("screen.goal.nothing_written")
    yield to.text("screen.goal.seen", goal=goal.id, seq=goal.seq, about=theme)
    yield to.text("screen.goal.owner", owner=person(goal.owner, seen.names), department=department_of(goal, to))
    yield from sharing_lines(goal, seen.names, to)
    yield from leaving_lines(goal, to)
    yield to.text("screen.goal.weight", weight=goal.content.weight)
    yield from measure_lines(goal, to)
    yield from _step_lines(seen, to)
    yield from (finding_text(one, to.locale) for one in seen.findings)


def _step_lines(seen: SeenGoal, to: Terminal) -> Iterator[str]:
    goal = seen.goal
    for n, step in enumerate(goal.content.steps):
        mark = "[x]" if n in goal.done else "[ ]"
        day = step_day(step.due, goal.calendar, to)
        yield to.text(
            "screen.goal.step", mark=mark, n=n + 1, title=step_title(step, seen.names), day=day, points=step.points
        )
