"""The review form (見直しシート) at the terminal: where the goal is, what its owner wrote, and a reset beside it."""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from cli.session.callers import caller_for
from cli.session.output import Exit, print_json, print_line, print_table
from cli.session.session import Reading, Terminal, reading, run, terminal
from domain.goal import scoring
from domain.goal.events import SelfReviewed
from domain.goal.goal import Goal
from domain.values import GoalId, percent
from domain.writing.causes import CAUSES
from domain.writing.content import Content, NumericMeasure, QualitativeMeasure
from service.review_form import ReviewForm
from texts.wording import visible
from texts.words import word


def show(goal_id: str, new_target: str | None, new_weight: str | None, viewer: str | None, *, as_json: bool) -> None:
    async def work(session: Reading) -> None:
        to = session.terminal
        target, weight = number(new_target, "--target", to), number(new_weight, "--weight", to)
        form = await session.goals.review_form(caller_for(viewer), GoalId(goal_id), target, weight)
        if to.as_json:
            print_json(form.document())
            return
        for line in (*_progress(form.goal, to), *_own_words(form.self_review, to), *_choices(form, to)):
            print_line(line)
        print_line(to.text("screen.review.after_reset"))
        print_table(to.heads("screen.review.heads"), _side_by_side(form, to))

    run(terminal(as_json), reading, work)


def number(given: str | None, option: str, to: Terminal) -> Decimal | None:
    """What an option holds as a number; ends the command where it is none."""
    try:
        found = None if given is None else Decimal(given)
    except InvalidOperation:
        found = Decimal("NaN")
    if found is None or found.is_finite():
        return found
    message = to.text("screen.review.wants_number", option=option)
    raise to.refuse(message, kind="usage", code=Exit.USAGE)


def _progress(goal: Goal, to: Terminal) -> Iterator[str]:
    yield f"{goal.id}  {visible(goal.content.theme)}"
    reached, confirmed = percent(scoring.attainment(goal)), percent(goal.attained)
    yield to.text("screen.review.progress", reached=reached, confirmed=confirmed, score=scoring.score(goal))
    for n, step in enumerate(goal.content.steps):
        mark = "[x]" if n in goal.done else "[ ]"
        yield f"           {mark} {n + 1}: {visible(step.title)} ({step.due})"


def _own_words(review: SelfReviewed | None, to: Terminal) -> Iterator[str]:
    if review is None:
        yield to.text("screen.review.no_self_review")
        return
    causes = ", ".join(word("cause", one, to.locale) for one in review.cause_kinds or ())
    proposed = word("verdict", review.proposed, to.locale) if review.proposed else ""
    for key, value in (
        ("screen.review.so_far", review.progress),
        ("screen.review.went_well", review.went_well),
        ("screen.review.cause_kinds", causes),
        ("screen.review.why", review.causes),
        ("screen.review.to_improve", review.to_improve),
        ("screen.review.proposed", proposed),
    ):
        if value:
            yield to.text(key) + visible(value)


def _choices(form: ReviewForm, to: Terminal) -> Iterator[str]:
    yield to.text("screen.review.causes")
    for code in form.causes:
        own = code in CAUSES
        yield f"  --cause {code}  {word('cause', code, to.locale)}" if own else f"  --cause '{code}'"


def _side_by_side(form: ReviewForm, to: Terminal) -> list[tuple[str, str, str]]:
    now, after = form.goal.content, form.after_reset
    rows = [
        (to.text("screen.review.target"), _target(now), _target(after)),
        (to.text("screen.review.baseline"), _baseline(now), _baseline(after)),
        (to.text("screen.review.steps_left"), str(len(now.steps)), str(len(after.steps))),
        (to.text("screen.review.weight"), f"{now.weight} %", f"{after.weight} %"),
    ]
    rows.append((to.text("screen.review.settled"), f"{form.settled:f}", to.text("screen.review.adds_from_0")))
    return rows


def _target(content: Content) -> str:
    match content.measure:
        case NumericMeasure(target=target, unit=unit):
            return visible(f"{target:f} {unit}")
        case QualitativeMeasure(criteria=criteria):
            return f"{len(criteria)}"
    return "-"


def _baseline(content: Content) -> str:
    measure = content.measure
    return f"{measure.baseline:f}" if isinstance(measure, NumericMeasure) and measure.baseline is not None else "-"
