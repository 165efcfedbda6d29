"""The OpenAPI document: what FastAPI makes of the routes, and what it cannot know of them."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

from web.examples import BODIES
from web.problems import MEDIA_TYPE, Problem

_ABOUT = """Every request brings an API token (`Authorization: Bearer`), as `meguri token create` prints it.

Bodies are JSON, read strictly: no text for a number, no key that is not described. Numbers that must stay exact may be sent as a text
of their digits. No text has control characters but tabs and line ends, half surrogates, or characters that turn the direction of
writing; names, titles and units are one line. Spaces around a text are left out. Forms that were not sent (`/unsent`) are kept as they
were typed, with everything but zero bytes and half surrogates.

Errors are problem details (RFC 9457): `code` and `fields` are for programs; `detail` is a sentence in the language that
`Accept-Language` prefers, Japanese or English. 422 is what cannot be read, with the places in `errors`, and what the rules refuse.

A request with an `Idempotency-Key` may be repeated. `ETag` is the version of what was read; requests that decide on it bring it as
`If-Match`, and get 412 if it has changed.
"""

# What parameters of one name are on every route, unless the route says something else: a description, and an example.
_PARAMETERS: Mapping[str, tuple[str, Any]] = {
    "cycle": ("id of the cycle", "2026-q4"),
    "owner": ("id of the goal's owner", "M0031"),
    "number": ("number of the goal among those of its owner in the cycle, from 1", "1"),
    "employee": ("id of an employee", "M0031"),
    "instruction": ("id of the instruction, as `POST` answered it", "59a8d99166871e03"),
    "department": ("name of a department; those below it are meant too", "経理部"),
    "limit": ("how many at most", 100),
    "state": ("goals in this state", "draft"),
    "log": ("logs of the journal; all of them if none is named", None),
    "search": ("words that are in the text", "請求書"),
    "words": ("words that are in the goal", "決算"),
    "unanswered": ("only problems that no goal answers", True),
    "entry": ("id of the entry in the catalogue", "monthly-closing"),
    "baseline": ("today's value of the measure", "10"),
    "target": ("the value of the measure to reach", "7"),
    "parent": ("id of the goal or theme that it serves", "2026-q4/M0005/1"),
    "new_target": ("the target of the next revision", "8"),
    "new_weight": ("the weight of the next revision, in percent", "40"),
    "by": ("what the shares are counted by", None),
    "exemplar": ("id of the example", None),
    "problem": ("id of the problem, as `POST` answered it", None),
    "company": ("name of a company of the group", None),
    "passkey": ("id of the passkey", None),
    "role": ("role in the company", None),
    "identity": ("id of the binding of an account to a person", None),
    "session": ("id of the session", None),
    "token": ("id of the token", None),
    "place": ("key of a form", "goal/2026-q4/M0031/1/content"),
    "account": ("id of the program's account", "@program:hr-sync"),
    "Idempotency-Key": ("id of the request: a repeat with the same content changes nothing", "import-2026-11-28-17"),
}

_SAME_GOAL = {one: f"$request.path.{one}" for one in ("cycle", "owner", "number")}
_FIRST_GOAL = {"cycle": "$response.body#/goals/0/cycle", "owner": "$response.body#/goals/0/owner", "number": "1"}
_SAW = {"If-Match": "$response.header.ETag"}
_NEW_CYCLE, _NEW_INSTRUCTION = {"cycle": "$response.body#/cycle"}, {"instruction": "$response.body#/instruction"}
# Where an answer leads: the operation, its answer, the next operation, and what that one gets of them.
_LINKS: tuple[tuple[str, str, str, Mapping[str, str]], ...] = (
    ("launch_cycle", "202", "read_cycle", _NEW_CYCLE),
    ("launch_cycle", "202", "follow_launch", _NEW_CYCLE),
    ("list_cycles", "200", "read_cycle", {"cycle": "$response.body#/cycles/0/cycle"}),
    ("give_instruction", "202", "read_instruction", _NEW_INSTRUCTION),
    ("give_instruction", "202", "follow_instruction", _NEW_INSTRUCTION),
    ("apply_sync", "202", "read_instruction", _NEW_INSTRUCTION),
    ("apply_sync", "202", "follow_instruction", _NEW_INSTRUCTION),
    ("list_instructions", "200", "read_instruction", {"instruction": "$response.body#/instructions/0/id"}),
    ("add_problem", "201", "list_problems", {"cycle": "$request.path.cycle"}),
    ("compare_directory", "200", "apply_sync", _SAW),
    ("list_goals", "200", "read_goal", _FIRST_GOAL),
    ("read_goal", "200", "read_score", _SAME_GOAL),
    ("read_goal", "200", "read_ledger", _SAME_GOAL),
    *(
        ("read_goal", "200", one, _SAME_GOAL | _SAW)
        for one in ("revise", "submit", "approve", "return_for_changes", "decide_review")
    ),
)


def install(app: FastAPI) -> None:
    """Completes the document, when it is first asked for."""
    routes_only = app.openapi

    def whole() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = routes_only()
            document["info"]["description"] = _ABOUT
            _put_problems(document)
            _require_what_tells_forms_apart(document)
            routes = {one["operationId"]: one for one in _routes(document)}
            for name, route in routes.items():
                _describe(name, route)
                _require_if_match(route)
            for name, status, target, parameters in _LINKS:
                link = {"operationId": target, "parameters": dict(parameters)}
                routes[name]["responses"][status].setdefault("links", {})[target] = link
        return app.openapi_schema or {}

    app.openapi = whole  # type: ignore[method-assign]  # FastAPI's own way to extend the document


def _routes(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (route for ways in document["paths"].values() for route in ways.values())


def _put_problems(document: dict[str, Any]) -> None:
    """The form of a problem, once for each status."""
    own = Problem.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
    parts = {**own.pop("$defs", {}), "Problem": own}
    document["components"]["schemas"] = {**parts, **document["components"]["schemas"]}
    errors: dict[str, Any] = document["components"].setdefault("responses", {})
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for route in _routes(document):
        for status in (one for one in route["responses"] if one >= "400"):
            errors[status] = {"description": HTTPStatus(int(status)).phrase, "content": content}
            route["responses"][status] = {"$ref": f"#/components/responses/{status}"}


def _require_what_tells_forms_apart(document: dict[str, Any]) -> None:
    """Where an object has one of several forms, the key that says which one must be sent, also if its value is the only one."""
    forms = document["components"]["schemas"]
    for choice in _choices(document):
        for form in (forms[place.rpartition("/")[2]] for place in choice["mapping"].values()):
            form["required"] = sorted({*form.get("required", ()), choice["propertyName"]})


def _choices(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        if "discriminator" in part:
            yield part["discriminator"]
        part = list(part.values())
    for one in part if isinstance(part, list) else ():
        yield from _choices(one)


def _describe(name: str, route: dict[str, Any]) -> None:
    """The summary as a sentence, every parameter's description, and an example of the body."""
    route["summary"] = name.replace("_", " ").capitalize()
    for one in route.get("parameters", ()):
        if one["name"] in _PARAMETERS:
            description, example = _PARAMETERS[one["name"]]
            one.setdefault("description", description)
            if example is not None and not _is_list(one["schema"]):
                one.setdefault("example", example)
    if name in BODIES:
        route["requestBody"]["content"]["application/json"]["example"] = BODIES[name]


def _is_list(schema: dict[str, Any]) -> bool:
    return any(one.get("type") == "array" for one in (schema, *schema.get("anyOf", ())))


def _require_if_match(route: dict[str, Any]) -> None:
    """A route that answers 428 needs `If-Match`. Its parameter has a default, so that it is missed after the token."""
    for one in route.get("parameters", ()):
        if one["name"].lower() == "if-match" and "428" in route["responses"]:
            one.update(name="If-Match", required=True, schema={"type": "string"} | one["schema"])
            one["schema"].pop("anyOf", None)
            one["schema"].pop("title", None)
