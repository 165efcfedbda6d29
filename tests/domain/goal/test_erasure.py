"""Erasing texts: who may, of which entries, and what of the goal is left."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.commitments import ERASED, open_texts
from domain.goal import commands
from domain.goal.decide import decide
from domain.goal.events import Commented, Event, TextsErased
from domain.goal.evolve import created_goal, evolve, evolve_all
from domain.goal.goal import Delegation, Goal
from domain.goal.ledger import Beside, Break, seal, verify_beside
from domain.refusals import Code
from domain.values import EmployeeId
from tests.domain.builders import (
    GOAL_ID,
    HR,
    MANAGER,
    OWNER,
    POLICY,
    at,
    content,
    created,
    day,
    draft,
    fresh_id,
    policy,
    refusal,
)
from tests.salts import fresh_salts

NOW = at(day(10, 6))


def erase(*entries: int, actor: EmployeeId = HR) -> commands.EraseTexts:
    return commands.EraseTexts(id=fresh_id(), actor=actor, entries=entries, reason="本人の請求による")


def ledger_of(*given: commands.Command) -> tuple[Goal, list[Event]]:
    """A goal after these commands, and its salted events."""
    salts = fresh_salts()
    events = [created().salted(salts)]
    goal = created_goal(GOAL_ID, POLICY, events[0])
    for command in given:
        for event in decide(goal, command, NOW):
            events.append(salted := event.salted(salts))
            goal = evolve(goal, salted)
    return goal, events


def stored(event: Event, erased: set[int]) -> Event:
    """The event as it is read from a ledger in which the texts of these entries were erased."""
    opened, gone = open_texts(event.json_form["body"], {} if event.seq in erased else event.texts)
    return Event.model_validate(
        event.model_dump() | {"body": opened, "salts": {} if event.seq in erased else event.salts, "erased": gone}
    )


REVISE = commands.Revise(id=fresh_id(), actor=OWNER, content=content(theme="決算を早める"))
COMMENT = commands.Comment(id=fresh_id(), actor=OWNER, text="治療のため通院します")
WITHDRAW = commands.Withdraw(id=fresh_id(), actor=OWNER, reason="休職します")


def test_the_goal_built_again_from_an_erased_ledger_is_the_goal_that_its_workflow_knows() -> None:
    for entries in ((1,), (2, 3), (1, 2, 3, 4)):
        goal, events = ledger_of(REVISE, COMMENT, WITHDRAW, erase(*entries))
        read = [stored(event, set(entries)) for event in events]
        again = evolve_all(created_goal(GOAL_ID, POLICY, read[0]), read[1:])
        assert again == goal
        assert again.head == goal.head
        assert (goal.content.theme == ERASED) == (2 in entries), "entry 2 wrote the present content"
        assert goal.written == 2


def test_an_erasure_says_by_whom_and_why_and_repeats_no_text() -> None:
    _, events = ledger_of(REVISE, COMMENT, erase(3))
    last = events[-1]
    assert last.body == TextsErased(entries=(3,), reason="本人の請求による")
    assert last.actor == HR
    assert "通院" not in last.model_dump_json()


def test_the_present_content_of_an_open_goal_is_not_erased() -> None:
    goal, _ = ledger_of(REVISE, COMMENT)
    assert refusal(goal, erase(2, 3), NOW, Code.TEXTS_IN_USE).fields == {"entry": 2}
    assert decide(goal, erase(1, 3), NOW)


def test_an_entry_that_does_not_exist_yet_is_not_erased_in_advance() -> None:
    goal, _ = ledger_of(COMMENT)
    assert refusal(goal, erase(1, 3), NOW, Code.NO_SUCH_ENTRY).fields == {"entry": 3, "seq": 2}


def test_hr_does_not_erase_in_their_own_goal() -> None:
    colleague = EmployeeId("h2")
    goal = draft().model_copy(update={"policy": policy(hr=(OWNER, colleague))})
    said = refusal(goal, erase(1, actor=OWNER), NOW, Code.NOT_ALLOWED)
    assert said.fields == {"actor": OWNER, "allowed": [colleague]}
    lent = Delegation(delegator=OWNER, to=MANAGER, first=day(10, 1), last=day(10, 31), own_goals=True)
    by_delegate = erase(1, actor=MANAGER).model_copy(update={"acting_for": OWNER})
    refusal(goal.model_copy(update={"delegations": (lent,)}), by_delegate, NOW, Code.NOT_ALLOWED)


def test_entries_are_named_once_and_in_order() -> None:
    goal, _ = ledger_of(REVISE, COMMENT)
    (event,) = decide(goal, erase(3, 1, 3), NOW)
    assert isinstance(event.body, TextsErased)
    assert event.body.entries == (1, 3)


def beside(events: list[Event], **changes: Any) -> list[Beside]:
    """What a ledger stores beside the hashed forms; `changes` are made to the last but one entry."""
    rows = [Beside(one.seq, one.json_form["body"], one.kind, one.texts or None, is_sealed=True) for one in events]
    rows[-2] = rows[-2]._replace(**changes)
    return rows


def test_what_stands_beside_the_hashed_form_is_compared_with_it() -> None:
    _, events = ledger_of(REVISE, COMMENT, WITHDRAW)
    texts = events[-2].texts
    assert isinstance(events[-2].body, Commented)
    assert verify_beside(beside(events)) is None
    altered = {"/text": texts["/text"] | {"text": "承認します"}}
    salted = {"/text": texts["/text"] | {"salt": "0" * 32}}
    cases: tuple[tuple[dict[str, Any], str], ...] = (
        ({"kind": "approved"}, "kind"),
        ({"is_sealed": False}, "time"),
        ({"texts": altered}, "text"),
        ({"texts": salted}, "text"),
        ({"texts": None}, "text"),
        ({"texts": texts | {"/more": texts["/text"]}}, "text"),
    )
    for changes, reason in cases:
        assert verify_beside(beside(events, **changes)) == Break(3, reason), changes


def test_a_text_that_is_gone_is_right_only_where_a_later_entry_says_that_it_was_erased() -> None:
    _, events = ledger_of(COMMENT, erase(2))
    assert verify_beside(beside(events, texts=None)) is None
    assert verify_beside(beside(events)) == Break(2, "erasure"), "it says so, but the text is there"
    _, others = ledger_of(REVISE, COMMENT, erase(1))
    assert verify_beside(beside(others, texts=None)) == Break(1, "erasure")
    without_first = [beside(others)[0]._replace(texts=None), *beside(others, texts=None)[1:]]
    assert verify_beside(without_first) == Break(3, "text"), "another entry was erased, not this one"


def test_no_entry_erases_itself_or_a_later_one() -> None:
    _, events = ledger_of(COMMENT, erase(2), COMMENT.model_copy(update={"id": fresh_id()}))
    rows = beside(events)
    rows[1] = rows[1]._replace(texts=None)
    assert verify_beside(rows) is None
    for number in (3, 4):
        forged = list(rows)
        forged[2] = rows[2]._replace(body=rows[2].body | {"entries": [2, number]})
        forged[number - 1] = forged[number - 1]._replace(texts=None)
        assert verify_beside(forged) == Break(number, "text")


def test_the_seal_covers_the_hash_and_the_time_to_the_microsecond() -> None:
    moment = datetime(2026, 10, 6, 1, 2, 3, 4, tzinfo=UTC)
    own = seal("a" * 64, moment)
    assert own == seal("a" * 64, moment.astimezone(ZoneInfo("Asia/Tokyo")))
    assert len({own, seal("b" * 64, moment), seal("a" * 64, moment + timedelta(microseconds=1))}) == 3
