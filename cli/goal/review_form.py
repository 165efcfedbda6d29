"""The review form (見直しシート): where the goal stands, what was said, and a reset with old and new side by side."""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from cli.session.output import Exit, print_json, print_line, print_table
from cli.session.session import Reading, Terminal, reading, run, terminal
from cli.session.wording import percent, visible
from domain.goal import scoring
from domain.goal.goal import Goal
from domain.goal.steering import next_revision
from domain.lifecycle import EventKind
from domain.values import GoalId
from domain.writing import causes
from domain.writing.content import Content, NumericMeasure, QualitativeMeasure
from storage.database import read_transaction
from storage.goals import read_ledger
from texts.say import say_both
from texts.words import word

_SAID = (EventKind.REVIEW_OPENED, EventKind.CONTINUED, EventKind.RESET, EventKind.MOVED)  # a new review begins behind


def show(goal_id: str, new_target: str | None, new_weight: int | None, *, as_json: bool) -> None:
    async def work(session: Reading) -> None:
        to = session.terminal
        goal = await session.goals.require(GoalId(goal_id))
        after = next_revision(goal, new_weight, _number(new_target, to))
        async with read_transaction(session.engine) as connection:
            said = _self_review([line.event for line in await read_ledger(connection, goal.id)])
        if to.as_json:
            print_json(_document(goal, after, said))
            return
        for line in (*_standing(goal, to), *_own_words(said, to), *_choices(goal, to)):
            print_line(line)
        print_line(to.words("\n再設定した場合", "\nafter a reset"))
        heads = (("", "今の版", "次の版"), ("", "this revision", "the next one"))
        print_table(heads[0 if to.japanese else 1], _side_by_side(goal, after, to))

    run(terminal(as_json), reading, work)


def _number(given: str | None, to: Terminal) -> Decimal | None:
    try:
        return None if given is None else Decimal(given)
    except InvalidOperation:
        said = to.words("--target には数値を指定してください。", "--target takes a number")
        raise to.refuse(said, kind="usage", code=Exit.USAGE) from None


def _self_review(ledger: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The latest self-review, where no verdict has come behind it."""
    for event in reversed(ledger):
        if event["body"]["kind"] == EventKind.SELF_REVIEWED:
            return dict(event["body"])
        if event["body"]["kind"] in _SAID:
            return None
    return None


def _standing(goal: Goal, to: Terminal) -> Iterator[str]:
    yield f"{goal.id}  {visible(goal.content.theme)}"
    reached, confirmed = percent(scoring.attainment(goal)), percent(goal.attained)
    yield to.words(
        f"進捗       到達 {reached}、確認済み {confirmed}、{scoring.score(goal)} 点",
        f"progress   reached {reached}, confirmed {confirmed}, {scoring.score(goal)} points",
    )
    for n, step in enumerate(goal.content.steps):
        mark = "[x]" if n in goal.done else "[ ]"
        yield f"           {mark} {n}: {visible(step.title)} ({step.due})"


def _own_words(said: dict[str, Any] | None, to: Terminal) -> Iterator[str]:
    if said is None:
        yield to.words("自己評価   まだありません", "self       not there yet")
        return
    for name, ja, en in (
        ("progress", "進み具合   ", "so far     "),
        ("went_well", "良かった点 ", "went well  "),
        ("cause_kinds", "原因       ", "causes     "),
        ("causes", "原因の説明 ", "why        "),
        ("to_improve", "改善点     ", "to improve "),
        ("proposed", "提案       ", "proposed   "),
    ):
        if name == "cause_kinds":
            value = ", ".join(word("cause", one, to.locale) for one in said.get(name) or ())
        else:
            value = said.get(name) or ""
        if value:
            yield to.words(ja, en) + visible(value)


def _choices(goal: Goal, to: Terminal) -> Iterator[str]:
    yield to.words("選べる原因:", "causes to choose from:")
    for code in causes.known(goal.policy):
        own = code in causes.CAUSES
        yield f"  --cause {code}  {word('cause', code, to.locale)}" if own else f"  --cause '{code}'"


def _side_by_side(goal: Goal, after: Content, to: Terminal) -> list[tuple[str, str, str]]:
    now = goal.content
    rows = [
        (to.words("目標値", "target"), _target(now), _target(after)),
        (to.words("基準値", "baseline"), _baseline(now), _baseline(after)),
        (to.words("残りのステップ", "steps left"), str(len(now.steps)), str(len(after.steps))),
        (to.words("ウェイト", "weight"), f"{now.weight} %", f"{after.weight} %"),
    ]
    total = goal.banked + scoring.revision_score(goal, scoring.confirmed(goal))
    rows.append((to.words("確定する得点", "settled"), f"{total:f}", to.words("0 から加点", "adds from 0")))
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


def _document(goal: Goal, after: Content, said: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "goal": goal.id,
        "attainment": scoring.attainment(goal),
        "confirmed": goal.attained,
        "self_review": said,
        "causes": {code: say_both("format.cause", cause=code) for code in causes.known(goal.policy)},
        "now": goal.content,
        "after_reset": after,
        "settled": goal.banked + scoring.revision_score(goal, scoring.confirmed(goal)),
    }
