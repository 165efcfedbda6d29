"""The OpenAPI document: what FastAPI makes of the routes, and what it cannot know of them."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

from web.problems import MEDIA_TYPE, Problem


def install(app: FastAPI) -> None:
    """Completes the document, when it is first asked for."""
    routes_only = app.openapi

    def whole() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = routes_only()
            _put_problems(document)
            for route in _routes(document):
                _require_if_match(route)
        return app.openapi_schema or {}

    app.openapi = whole  # type: ignore[method-assign]  # FastAPI's own way to extend the document


def _routes(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (route for ways in document["paths"].values() for route in ways.values())


def _put_problems(document: dict[str, Any]) -> None:
    """The form of a problem, once for each status."""
    own = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    parts = {**own.pop("$defs", {}), "Problem": own}
    document["components"]["schemas"] = {**parts, **document["components"]["schemas"]}
    errors: dict[str, Any] = document["components"].setdefault("responses", {})
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for route in _routes(document):
        for status in (one for one in route["responses"] if one >= "400"):
            errors[status] = {"description": HTTPStatus(int(status)).phrase, "content": content}
            route["responses"][status] = {"$ref": f"#/components/responses/{status}"}


def _require_if_match(route: dict[str, Any]) -> None:
    """A route that answers 428 needs `If-Match`. Its parameter has a default, so that it is missed after the token."""
    for one in route.get("parameters", ()):
        if one["name"].lower() == "if-match" and "428" in route["responses"]:
            one.update(name="If-Match", required=True, schema={"type": "string"} | one["schema"])
            one["schema"].pop("anyOf", None)
            one["schema"].pop("title", None)
