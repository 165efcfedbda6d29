"""The OpenAPI document says enough to write a client: words for everything, and examples that are understood."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from domain.values import CycleId
from settings import Settings
from tests.service.steered import HR, MORI, Steered
from tests.web.people import token_of
from web.app import make_app
from web.document import _LINKS
from web.opened import Opened

CYCLE = CycleId("document")
DOCUMENT = make_app(Opened(Settings(), None, None)).openapi()  # type: ignore[arg-type]  # nothing is asked of it
METHODS = {way["operationId"]: method for ways in DOCUMENT["paths"].values() for method, way in ways.items()}
ROUTES = {way["operationId"]: (path, way) for path, ways in DOCUMENT["paths"].items() for way in ways.values()}


def _bodies() -> Iterator[tuple[str, str, str, Any]]:
    """The operation, its path, the media type of its body, and what the document says about it."""
    for name, (path, way) in ROUTES.items():
        for media_type, body in way.get("requestBody", {"content": {}})["content"].items():
            if body["schema"].get("format") == "binary":
                continue  # a workbook or a zip file, which no document shows
            yield name, path, media_type, body


def _fits(value: Any, schema: dict[str, Any]) -> bool:
    return bool(Draft202012Validator({**schema, "components": DOCUMENT["components"]}).is_valid(value))


def test_it_is_openapi_3_1() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    assert "Idempotency-Key" in DOCUMENT["info"]["description"]


@pytest.mark.parametrize("name", ROUTES)
def test_an_operation_and_its_parameters_are_described(name: str) -> None:
    _, way = ROUTES[name]
    assert way["summary"]
    assert len(way["description"]) > 10
    assert [one["name"] for one in way.get("parameters", ()) if not one.get("description")] == []


def test_every_body_has_an_example_that_fits_its_schema() -> None:
    assert [name for name, _, _, body in _bodies() if "example" not in body] == []
    assert [name for name, _, _, body in _bodies() if not _fits(body["example"], body["schema"])] == []


def test_examples_of_parameters_fit_their_schemas() -> None:
    for name, (_, way) in ROUTES.items():
        for one in way.get("parameters", ()):
            if "example" in one:
                assert _fits(one["example"], one["schema"]), (name, one["name"])


def test_links_lead_to_operations_and_hand_over_parameters_that_they_have() -> None:
    assert {link[0] for link in _LINKS} <= {*ROUTES}
    for name, status, target, parameters in _LINKS:
        assert target in ROUTES[name][1]["responses"][status]["links"], name
        assert {*parameters} <= {one["name"] for one in ROUTES[target][1]["parameters"]}, (name, target)


def test_a_body_without_the_key_that_tells_its_form_does_not_fit() -> None:
    schema = ROUTES["begin_goal"][1]["requestBody"]["content"]["application/json"]["schema"]
    measure = {"kind": "qualitative", "name": "x", "success_image": "y", "criteria": []}
    for lost, fits in (("", True), ("measure", False), ("source", False)):
        content = {"theme": "x", "measure": _without_kind(measure) if lost == "measure" else measure}
        source = {"kind": "content", "content": content}
        assert _fits({"source": _without_kind(source) if lost == "source" else source}, schema) is fits


def _without_kind(form: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in form.items() if name != "kind"}


def test_a_route_that_needs_the_version_says_so() -> None:
    needing = {name for name, (_, way) in ROUTES.items() if "428" in way["responses"]}
    required = {
        name for name, (_, way) in ROUTES.items()
        for one in way.get("parameters", ()) if one["name"] == "If-Match" and one["required"]
    }  # fmt: skip
    assert needing == required != set()


@pytest.mark.slow
async def test_every_example_of_a_body_is_understood(company: Steered, web: httpx.AsyncClient) -> None:
    """It may be refused by the rules: the company of the examples is another one."""
    await company.launch(CYCLE)
    headers = await token_of(company, HR)
    for name, path, media_type, body in _bodies():
        example, at = body["example"], path.format_map(_Anything(cycle=CYCLE, owner=MORI, number="1", employee=MORI))
        sent = {"json": example} if media_type == "application/json" else {"content": example.encode()}
        own = headers | {"Content-Type": media_type, "If-Match": '"1"'}
        wanted = {
            one["name"]: "x"
            for one in ROUTES[name][1].get("parameters", ())
            if one["in"] == "query" and one.get("required")
        }
        answer = await web.request(METHODS[name], at, headers=own, params=wanted, **sent)
        assert answer.json().get("code") not in {"invalid", "wrong_media_type"}, (name, answer.text)


class _Anything(dict[str, str]):
    """Ids of what does not exist."""

    def __missing__(self, key: str) -> str:
        return "x"
