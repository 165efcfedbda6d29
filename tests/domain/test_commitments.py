"""Salted commitments: what stands in the hashed form where a person wrote a text, and what it does not tell."""

import json
from collections.abc import Iterator
from itertools import islice
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from domain.commitments import (
    ERASED,
    FREE_TEXT,
    commit,
    commitments_in,
    open_texts,
    salts_from,
    without_texts,
)
from domain.goal.events import AnyBody, Body, Commented, Event, Revised, SignOffRefused
from domain.goal.ledger import canonical
from domain.messages import message
from domain.policy.policy import Policy
from domain.refusals import Code
from domain.writing.content import Content, NumericMeasure, QualitativeMeasure
from tests.domain.builders import content, created
from tests.salts import fresh_salts

BODIES: tuple[type[Body], ...] = get_args(get_args(AnyBody)[0])
# Strings in events that no person writes: ids, names of the organisation, codes, digests.
NOT_FREE_TEXT = {
    "how",  # the steps of a repair, a closed set
    "acting_for", "actor", "advice", "answers", "assignees", "before", "cause_kinds", "code", "copied", "cycle", "delegator",
    "department", "direction", "fields", "joined", "kind", "line", "outcome", "owner", "parent", "policy", "proposed", "sites",
    "state", "to", "verdict",
}  # fmt: skip


def event_of(body: Body) -> Event:
    return Event(**{**dict(created()), "body": body})


def commented(text: str) -> Event:
    return event_of(Commented(text=text)).salted(fresh_salts())


def test_the_hashed_form_holds_neither_the_text_nor_its_salt() -> None:
    event = commented("産休に入るため")
    (beside,) = event.texts.values()
    hashed = canonical(event.json_form).decode()
    assert beside["text"] == "産休に入るため"
    assert "産休" not in hashed
    assert beside["salt"] not in hashed


def test_a_guess_about_a_text_cannot_be_confirmed_without_the_salt() -> None:
    guessed = "不合格"
    event = commented(guessed)
    in_form = event.json_form["body"]["text"]["sha256"]
    salt = event.texts["/text"]["salt"]
    assert commit(salt, guessed) == in_form, "with the salt it can"
    known = [str(value) for value in event.json_form.values()]
    public = ["", *known, *(str(number) for number in range(1000))]
    assert in_form not in {commit(guess, guessed) for guess in public}
    assert len(salt) * 4 == 128, "bits: too many to try"


def test_two_equal_texts_have_different_commitments() -> None:
    one, other = commented("了解しました"), commented("了解しました")
    assert one.json_form["body"] != other.json_form["body"]
    within = event_of(Revised(content=content(heard=("経理", "経理")), fields=("heard",))).salted(fresh_salts())
    first, second = within.json_form["body"]["content"]["heard"]
    assert first != second


def test_salts_never_repeat_and_follow_from_the_seed_alone() -> None:
    found = list(islice(salts_from("a" * 32), 2_000))
    assert len(set(found)) == len(found)
    assert found == list(islice(salts_from("a" * 32), 2_000))
    assert not set(found) & set(islice(salts_from("b" * 32), 2_000))


def strings_of(model: type[BaseModel]) -> Iterator[tuple[str, bool]]:
    """The fields of a model, and of the models in it, that hold strings; and whether they are marked as free text."""
    for name, field in model.model_fields.items():
        if FREE_TEXT in field.metadata:
            yield name, True
        else:
            yield from _strings_in(name, field.annotation)


def _strings_in(name: str, annotation: Any) -> Iterator[tuple[str, bool]]:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from [(name, True)] if FREE_TEXT in inner[1:] else _strings_in(name, inner[0])
    elif origin in (Union, UnionType, tuple, list, dict):
        for one in inner:
            yield from _strings_in(name, one)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if annotation is not Policy:  # HR's rules, no text about a person
            yield from strings_of(annotation)
    elif annotation is str or (isinstance(annotation, type) and issubclass(annotation, str)):
        yield name, False


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.__name__)
def test_every_string_of_an_event_is_free_text_or_listed_here_as_something_else(body: type[Body]) -> None:
    open_strings = {name for name, is_free in strings_of(body) if not is_free}
    assert open_strings <= NOT_FREE_TEXT


def test_every_text_of_a_content_is_committed() -> None:
    event = event_of(Revised(content=content(), fields=("theme",))).salted(fresh_salts())
    hashed = canonical(event.json_form).decode()
    written = content()
    texts = {written.theme, written.challenge, *written.heard, *(step.title for step in written.steps)} - {""}
    assert texts
    assert not [text for text in texts if json.dumps(text, ensure_ascii=False) in hashed]
    assert set(commitments_in(event.json_form["body"])) == set(event.texts)


@pytest.mark.parametrize(
    "measure",
    [
        NumericMeasure(name="所要日数", unit="日", baseline=10, target=6),
        QualitativeMeasure(name="手順書", success_image="誰でも締められる", criteria=("目次がある", "例がある")),
    ],
    ids=["numeric", "qualitative"],
)
def test_the_texts_of_both_kinds_of_measure_are_committed(measure: NumericMeasure | QualitativeMeasure) -> None:
    event = event_of(Revised(content=content(measure=measure), fields=("measure",))).salted(fresh_salts())
    written = {value for value in _leaves(measure.model_dump(exclude={"kind", "direction"})) if isinstance(value, str)}
    assert written <= {one["text"] for one in event.texts.values()}
    assert not [text for text in written if text in canonical(event.json_form).decode()]


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for one in value:
            yield from _leaves(one)
    else:
        yield value


@pytest.mark.parametrize("sites", [{"sha256": "tokyo"}, {"sha256": "a" * 40}, {"sha256": "a" * 64, "e1": "tokyo"}])
def test_what_only_looks_like_a_commitment_is_left_as_it_is(sites: dict[str, str]) -> None:
    body = {"kind": "line_changed", "sites": sites}
    assert open_texts(body, {}) == (body, {})
    assert commitments_in(body) == {}


def test_a_place_is_a_json_pointer_so_no_two_texts_have_the_same_one() -> None:
    body = SignOffRefused.model_validate({"code": "invalid", "fields": {"a/0": "x", "a": ["y"], "b~1": "z"}})
    event = event_of(body).salted(fresh_salts())
    assert {place: one["text"] for place, one in event.texts.items()} == {
        "/fields/a~10": "x", "/fields/a/0": "y", "/fields/b~01": "z",
    }  # fmt: skip


def test_a_refused_sign_off_keeps_its_codes_and_commits_what_it_repeats() -> None:
    why = message("part.change", seq=3, kind="revised").model_dump(mode="json")
    body = SignOffRefused.model_validate(
        {"code": Code.PAUSED, "fields": {"reason": "休職", "changes": [why], "seq": 3}}
    )
    event = event_of(body).salted(fresh_salts())
    fields = event.json_form["body"]["fields"]
    assert fields["changes"][0]["key"] == "part.change"
    assert fields["seq"] == 3
    assert set(event.texts) >= {"/fields/reason"}
    opened, erased = open_texts(event.json_form["body"], event.texts)
    assert (opened, erased) == (body.model_dump(mode="json"), {})


def test_an_erased_text_is_shown_as_erased_and_its_event_keeps_its_hash() -> None:
    event = commented("本人の病名")
    opened, erased = open_texts(event.json_form["body"], {})
    again = Event.model_validate(event.model_dump() | {"body": opened, "salts": {}, "erased": erased})
    assert isinstance(again.body, Commented)
    assert again.body.text == ERASED
    assert (again.json_form, again.texts) == (event.json_form, {})


def test_a_content_without_its_texts_is_still_a_content_with_its_numbers() -> None:
    whole = content()
    bare = Content.model_validate(without_texts(whole.model_dump(mode="json"), Content))
    assert bare.theme == ERASED
    assert [(step.due, step.points, step.title) for step in bare.steps] == [
        (step.due, step.points, ERASED) for step in whole.steps
    ]
    assert bare.weight == whole.weight
