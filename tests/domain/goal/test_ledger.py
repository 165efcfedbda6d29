"""The hash chain: the changes that it detects, and the canonical form of events."""

import json
import unicodedata
from decimal import Decimal
from typing import Any

import pytest

from domain.commitments import salts_from
from domain.goal import commands
from domain.goal.decide import decide
from domain.goal.events import Commented, Event, ProgressReported
from domain.goal.evolve import evolve_all
from domain.goal.ledger import Break, Link, canonical, chain, genesis, verify
from domain.values import GoalId
from tests.domain.builders import GOAL_ID, HR, OWNER, at, content, created, day, draft, fresh_id, policy


def _ledger(goal_id: GoalId = GOAL_ID) -> list[Link]:
    """Five entries; one of them contains a whole policy."""
    goal, events = draft(goal_id=goal_id), [created()]
    for command in (
        commands.Revise(id=fresh_id(), actor=OWNER, content=content(theme="決算の早期化")),
        commands.Comment(id=fresh_id(), actor=OWNER, text="相談済みです"),
        commands.AmendPolicy(id=fresh_id(), actor=HR, policy=policy(max_bonus=30), reason="規程の変更"),
        commands.Submit(id=fresh_id(), actor=OWNER),
    ):
        events.extend(new := decide(goal, command, at(day(10, 2))))
        goal = evolve_all(goal, new)
    links, previous = [], genesis(goal_id)
    for event in events:
        head = chain(previous, event.json_form)
        links.append(Link(event.seq, event.json_form, previous, head))
        previous = head
    assert goal.head == previous  # what evolve computed is what a ledger holds
    return links


def _altered(event: dict[str, Any], **body: Any) -> dict[str, Any]:
    return event | {"body": event["body"] | body}


def test_a_chain_that_nobody_touched_holds() -> None:
    assert verify(GOAL_ID, _ledger()) is None


@pytest.mark.parametrize("missing", [0, 1, 3])
def test_an_entry_that_was_taken_out_leaves_a_gap(missing: int) -> None:
    links = _ledger()
    del links[missing]
    assert verify(GOAL_ID, links) == Break(missing + 1, "gap")


def test_entries_that_changed_places_leave_a_gap() -> None:
    links = _ledger()
    links[1], links[2] = links[2], links[1]
    assert verify(GOAL_ID, links) == Break(2, "gap")


@pytest.mark.parametrize("n", range(5))
def test_a_word_that_was_altered_is_found_where_it_stands(n: int) -> None:
    links = _ledger()
    links[n] = links[n]._replace(event=_altered(links[n].event, note="x"))
    assert verify(GOAL_ID, links) == Break(n + 1, "content")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("actor", "m10"),
        ("acting_for", "m10"),
        ("at", "2026-10-02T01:00:01Z"),
        ("revision", 2),
        ("command", "other"),
        ("seq", 9),
    ],
)
def test_every_field_of_an_entry_is_under_the_hash(field: str, value: object) -> None:
    links = _ledger()
    links[2] = links[2]._replace(event=links[2].event | {field: value})
    assert verify(GOAL_ID, links) == Break(3, "content")


def test_an_altered_link_is_found() -> None:
    links = _ledger()
    links[3] = links[3]._replace(prev_hash="0" * 64)
    assert verify(GOAL_ID, links) == Break(4, "link")


def test_an_entry_that_was_altered_together_with_its_hash_breaks_the_link_of_the_next() -> None:
    links = _ledger()
    forged = _altered(links[1].event, fields=["weight"])
    links[1] = links[1]._replace(event=forged, hash=chain(links[1].prev_hash, forged))
    assert verify(GOAL_ID, links) == Break(3, "link")


def test_another_goals_ledger_cannot_be_passed_off_as_this_ones() -> None:
    assert verify(GOAL_ID, _ledger(GoalId("2026-q4/e101/1"))) == Break(1, "link")


def test_a_chain_is_the_same_after_a_journey_through_json_with_its_keys_in_another_order() -> None:
    def journey(event: dict[str, Any]) -> Any:  # as JSONB does: text, shorter keys first, and back
        ordered = {key: event[key] for key in sorted(event, key=lambda key: (len(key), key))}
        return json.loads(json.dumps(ordered, ensure_ascii=True, indent=1))

    assert verify(GOAL_ID, [link._replace(event=journey(link.event)) for link in _ledger()]) is None


def test_an_event_read_back_from_its_json_has_the_same_hash() -> None:
    salts = salts_from("0" * 32)
    for event in (created().salted(salts), _commented("相談済みです").salted(salts)):
        again = Event.model_validate_json(event.model_dump_json())
        assert (again.json_form, again.texts) == (event.json_form, event.texts)


def _commented(text: str) -> Event:
    return created().model_copy(update={"body": Commented(text=text), "seq": 2})


def _reported(value: object) -> Event:
    body = ProgressReported.model_validate({"value": value})
    return created().model_copy(update={"body": body, "seq": 2})


@pytest.mark.parametrize(
    "spellings",
    [
        [1, 1.0, "1", "1.0", "1.000000", "01", "1E0", Decimal("1.00")],
        ["0", "-0", "0.000", -0.0, Decimal("-0E+3")],
        ["-12.5", "-12.500", -12.5],
        ["1200", "1.2E3", Decimal("12E2"), 1200],
        [999_999_999_999, "999999999999", Decimal("999999999999.0")],
        ["999999999999.999999", Decimal("999999999999.999999")],  # a float would be 1000000000000
    ],
)
def test_one_number_has_one_spelling(spellings: list[object]) -> None:
    assert len({canonical(_reported(value).json_form) for value in spellings}) == 1


def test_a_number_is_spelt_the_same_when_it_is_read_back() -> None:
    for value in ("0.1", "999999999999.999999", "-0.000001", "100"):
        event = _reported(value)
        assert event.json_form["body"]["value"] == value
        assert Event.model_validate_json(canonical(event.json_form)).json_form == event.json_form


def test_big_whole_numbers_are_not_rounded_by_a_float() -> None:
    exact = 2**63 + 1
    assert json.loads(canonical({"n": exact})) == {"n": exact}
    assert canonical({"n": exact}) != canonical({"n": exact - 1})


@pytest.mark.parametrize(
    "text", ["ガス削減", "カ\u3099ス", "👨‍👩‍👧 と 𠮷野家", 'quote " back\\slash', "two\nlines\tand \u2028"]
)
def test_a_text_is_kept_character_by_character(text: str) -> None:
    event = canonical({"text": text})
    assert json.loads(event)["text"] == text
    assert canonical(json.loads(event)) == event


def test_two_spellings_of_one_japanese_word_are_two_contents_and_neither_is_changed() -> None:
    composed = "ガス削減"
    decomposed = unicodedata.normalize("NFD", composed)
    said = [commands.Comment(id=fresh_id(), actor=OWNER, text=text) for text in (composed, decomposed)]
    assert [command.text for command in said] == [composed, decomposed]
    assert canonical({"t": composed}) != canonical({"t": decomposed})


def test_an_instant_has_one_spelling_whatever_the_offset() -> None:
    spellings = ("2026-10-01T09:00:00+09:00", "2026-10-01T00:00:00Z", "2026-09-30T20:00:00-04:00")
    read = [Event.model_validate(created().model_dump() | {"at": spelling}) for spelling in spellings]
    assert {canonical(event.json_form) for event in read} == {canonical(created().json_form)}
